import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCredentialsFile, type CredentialsFile } from '../../src/store/credentials-file.ts';
import type { KeySources } from '../../src/store/credentials-key.ts';
import type { KeyKind } from '../../src/store/credentials-format.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { createSealingKeychain, keychainKey } from '../../src/store/sealing-keychain.ts';
import { startKeychainProcess, type KeychainProcess } from '../support/keychain-process.ts';
import { startKeyring } from '../support/keyring.ts';
import { createMemoryKeychain } from '../support/memory-keychain.ts';
import { describeSecretStore } from './secret-store.ts';

describeSecretStore({
  name: 'memory',
  survivesReopen: false,
  start: async () => ({ open: async () => createMemoryStore(), stop: async () => {} }),
});

describeSecretStore({
  name: 'the credentials file with a passphrase',
  survivesReopen: true,
  timeoutMs: 60_000,
  start: () =>
    credentialsFiles({
      createWith: 'passphrase',
      sources: { passphrase: async () => 'a passphrase of a test' },
    }),
});

describeSecretStore({
  name: 'the credentials file with a key file',
  survivesReopen: true,
  start: () => credentialsFiles({ createWith: 'key_file', sources: {} }),
});

describeSecretStore({
  name: 'a keychain with the limits of Windows',
  survivesReopen: true,
  start: async () => {
    const items = new Map<string, string>();
    const keychain = createMemoryKeychain(items);
    const sources = { keychain: keychainKey(async () => ({ keychain, name: 'key.0123456789ab' })) };
    const files = await credentialsFiles({ createWith: 'keychain', sources });
    return {
      open: async () =>
        createSealingKeychain({
          keychain: createMemoryKeychain(items),
          credentials: await files.open(),
          limitBytes: 2_000,
        }),
      stop: files.stop,
    };
  },
});

describeSecretStore({
  name: 'gnome-keyring',
  survivesReopen: true,
  timeoutMs: 60_000,
  start: async () => {
    const keyring = await startKeyring();
    const children: KeychainProcess[] = [];
    return {
      async open() {
        const child = startKeychainProcess({ env: keyring.env });
        children.push(child);
        return child.store;
      },
      async stop() {
        await Promise.all(children.map((child) => child.end()));
        await keyring.stop();
      },
    };
  },
});

async function credentialsFiles(options: {
  readonly createWith: KeyKind;
  readonly sources: KeySources;
}): Promise<{ open(): Promise<CredentialsFile>; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'mira-credentials-'));
  return {
    open: async () =>
      createCredentialsFile({
        file: join(folder, 'data', 'credentials.json'),
        storeLockFile: join(folder, 'state', 'store.db'),
        uid: process.geteuid?.(),
        sources: { keyFile: join(folder, 'state', 'credentials.key'), ...options.sources },
        createWith: options.createWith,
      }),
    stop: () => rm(folder, { recursive: true }),
  };
}
