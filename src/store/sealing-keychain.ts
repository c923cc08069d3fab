import type { CredentialsFile } from './credentials-file.ts';
import type { KeychainKey } from './credentials-key.ts';
import type { SecretStore } from './secret-store.ts';
import { withOtherWayOut } from './keychain-failure.ts';
import { requireStorable } from './storable.ts';

/** Stands in the keychain for a value that is in the credentials file. No secret is ever this text. */
const ELSEWHERE = '{"mira":"sealed"}';

export interface SealingKeychainOptions {
  readonly keychain: SecretStore;
  /** Sealed with a key that is itself an item of the keychain. */
  readonly credentials: CredentialsFile;
  /** The longest value, in bytes of UTF-8, that goes into the keychain itself. */
  readonly limitBytes: number;
}

/**
 * A keychain for values of any size, where the system's own takes small ones alone (Windows: 2,560 bytes). What is over
 * the limit is sealed in the credentials file; the item then says so, so that the keychain stays the one place that
 * knows whether there is a secret, and a write takes effect in one step whichever way the size changes.
 */
export function createSealingKeychain({
  keychain,
  credentials,
  limitBytes,
}: SealingKeychainOptions): SecretStore {
  return {
    kind: 'keychain',
    protection: keychain.protection,
    async read(name) {
      const item = await keychain.read(name);
      return item === ELSEWHERE ? credentials.read(name) : item;
    },
    async write(name, value) {
      requireStorable(value);
      if (Buffer.byteLength(value) > limitBytes || value === ELSEWHERE) {
        await credentials.write(name, value);
        await keychain.write(name, ELSEWHERE);
        return;
      }
      const before = await keychain.read(name);
      await keychain.write(name, value);
      if (before === ELSEWHERE) await credentials.remove(name);
    },
    async remove(name) {
      const sealed = (await keychain.read(name)) === ELSEWHERE;
      const removed = await keychain.remove(name);
      if (sealed && removed) await credentials.remove(name);
      return removed;
    },
    overflow: {
      holds: async (name) => (await keychain.read(name)) === ELSEWHERE,
      async letGo(name) {
        await keychain.remove(name);
      },
    },
    async probe() {
      await keychain.probe();
    },
  };
}

/** The key of the credentials file as an item of the keychain, which is opened when the key is asked for. */
export function keychainKey(where: () => Promise<KeychainItem>): KeychainKey {
  const withItem = async <T>(work: (item: KeychainItem) => Promise<T>): Promise<T> => {
    try {
      return await work(await where());
    } catch (error) {
      throw withOtherWayOut(error);
    }
  };
  return {
    read: () =>
      withItem(async ({ keychain, name }) => {
        const item = await keychain.read(name);
        return item === undefined ? undefined : Buffer.from(item, 'base64url');
      }),
    remove: () => withItem(({ keychain, name }) => keychain.remove(name)),
    create: (key) =>
      withItem(({ keychain, name }) => keychain.write(name, Buffer.from(key).toString('base64url'))),
    probe: () => withItem(({ keychain }) => keychain.probe()),
  };
}

export interface KeychainItem {
  readonly keychain: SecretStore;
  readonly name: string;
}
