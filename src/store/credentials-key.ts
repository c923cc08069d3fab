/** Where the key of the credentials file comes from. Each source gives 32 bytes; only a passphrase is work to turn into them. */
import { randomBytes, scrypt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { MiraError } from '../errors.ts';
import { removeWithLeftovers, writeFileAtomically } from './atomic-file.ts';
import type { KeyKind, ScryptParameters } from './credentials-format.ts';
import { readPrivateFile } from './private-file.ts';

const KEY_BYTES = 32;

export interface KeySources {
  /**
   * Gives the passphrase: from the environment, or by asking; undefined when neither is possible.
   * `purpose` is `create` when a new file is made, so that a prompt can ask twice.
   */
  readonly passphrase?: ((purpose: 'open' | 'create') => Promise<string | undefined>) | undefined;
  /** A file of 32 random bytes, in another folder than the credentials. */
  readonly keyFile?: string | undefined;
  /** A 32-byte key kept elsewhere. */
  readonly keychain?: KeychainKey | undefined;
}

export interface KeychainKey {
  read(): Promise<Uint8Array | undefined>;
  /** Called once, under the store lock. */
  create(key: Uint8Array): Promise<void>;
  /** False when there was none. */
  remove(): Promise<boolean>;
  /** Throws when the keychain cannot be used: a key that is not found may be behind a lock. */
  probe(): Promise<void>;
}

export interface KeyRequest {
  readonly sources: KeySources;
  readonly kind: KeyKind;
  readonly kdf: ScryptParameters | undefined;
  /** The credentials file, for messages. */
  readonly file: string;
  readonly uid: number | undefined;
  readonly purpose: 'open' | 'create';
}

/**
 * The secret, or undefined when a key file or keychain key does not exist yet.
 * @throws MiraError `input_required` when a passphrase is needed and cannot be had
 */
export async function findSecret(request: KeyRequest): Promise<Uint8Array | undefined> {
  const { sources, kind, file, uid } = request;
  switch (kind) {
    case 'passphrase':
      return derive(await requirePassphrase(request), request.kdf ?? newScrypt());
    case 'key_file': {
      if (sources.keyFile === undefined) throw noSource({ kind, file });
      return requireKey(
        await readPrivateFile({ file: sources.keyFile, maxBytes: KEY_BYTES, uid }),
        sources.keyFile,
      );
    }
    case 'keychain': {
      if (sources.keychain === undefined) throw noSource({ kind, file });
      return requireKey(await sources.keychain.read(), 'the keychain');
    }
  }
}

/** Makes and keeps a new random key. Called under the store lock, after `findSecret` found none there. */
export async function createSecret({ sources, kind, file }: KeyRequest): Promise<Uint8Array> {
  const key = randomBytes(KEY_BYTES);
  if (kind === 'key_file' && sources.keyFile !== undefined) {
    await writeFileAtomically({ file: sources.keyFile, data: key });
    return key;
  }
  if (kind === 'keychain' && sources.keychain !== undefined) {
    await sources.keychain.create(key);
    return key;
  }
  throw noSource({ kind, file });
}

/** Called under the store lock. Nothing is kept for a passphrase. False when there was no key. */
export async function removeSecret({
  sources,
  kind,
}: Pick<KeyRequest, 'sources' | 'kind'>): Promise<boolean> {
  switch (kind) {
    case 'passphrase':
      return false;
    case 'key_file': {
      if (sources.keyFile === undefined || !existsSync(sources.keyFile)) return false;
      await removeWithLeftovers(sources.keyFile);
      return true;
    }
    case 'keychain':
      return (await sources.keychain?.remove()) ?? false;
  }
}

export function newScrypt(): ScryptParameters {
  return { name: 'scrypt', N: 2 ** 15, r: 8, p: 1, salt: randomBytes(16).toString('base64url') };
}

/** Where a key of this kind is, in words. */
export function describeKey({ sources, kind }: Pick<KeyRequest, 'sources' | 'kind'>): string {
  if (kind === 'passphrase') return 'the passphrase';
  return kind === 'keychain' ? 'the key in the keychain' : `the key in ${sources.keyFile ?? 'the key file'}`;
}

async function requirePassphrase({ sources, file, purpose }: KeyRequest): Promise<string> {
  const passphrase = await sources.passphrase?.(purpose);
  if (passphrase) return passphrase;
  throw new MiraError('input_required', `${file} needs its passphrase.`, {
    hint: 'Set MIRA_PASSPHRASE, or run the command on a terminal to be asked.',
  });
}

/** NFKC: the same passphrase typed on another system may arrive in other code points. */
function derive(passphrase: string, { N, r, p, salt }: ScryptParameters): Promise<Uint8Array> {
  const options = { N, r, p, maxmem: 128 * r * (N + p + 2) + 1024 * 1024 };
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFKC'), Buffer.from(salt, 'base64url'), KEY_BYTES, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

function requireKey(key: Uint8Array | undefined, where: string): Uint8Array | undefined {
  if (key === undefined || key.length === KEY_BYTES) return key;
  throw new MiraError(
    'credentials_unreadable',
    `The key in ${where} is damaged: it has ${key.length} bytes, not 32.`,
    {
      hint: 'Restore it from a backup, or move the credentials file aside and sign in again.',
    },
  );
}

function noSource({ kind, file }: Pick<KeyRequest, 'kind' | 'file'>): MiraError {
  const where = kind === 'keychain' ? 'the keychain' : 'a key file';
  return new MiraError(
    'credentials_unreadable',
    `${file} is sealed with a key in ${where}, which is not in use here.`,
  );
}
