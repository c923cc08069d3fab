/** A session between stores, with the keychain of Windows as well, which seals in the file what it has no room for. */
import { describe, expect, test } from 'vitest';
import { moveSession, removeStaleCopy, type MoveDeps, type Place } from '../../../src/auth/move-session.ts';
import { formatSession } from '../../../src/auth/session.ts';
import { createCredentialsFile } from '../../../src/store/credentials-file.ts';
import { withLock } from '../../../src/store/lock.ts';
import { createSealingKeychain, keychainKey } from '../../../src/store/sealing-keychain.ts';
import type { SecretStore } from '../../../src/store/secret-store.ts';
import { createSessionIndex, type SessionEntry } from '../../../src/store/session-index.ts';
import { createMemoryKeychain } from '../../support/memory-keychain.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

const FILE: Place = { storage: 'file', protection: 'key_file' };
const KEYCHAIN: Place = { storage: 'keychain', protection: 'keychain' };
const NAME = 'default.0123456789ab';

interface Machine {
  readonly deps: MoveDeps;
  readonly stores: Readonly<Record<Place['storage'], SecretStore>>;
  readonly items: ReadonlyMap<string, string>;
  readonly lockKeychain: () => void;
  /** What the list of sessions leads to. */
  read(): Promise<string | undefined>;
}

type Kind = 'plain' | 'windows';

async function machine(folder: TemporaryFolder, kind: Kind): Promise<Machine> {
  const keychain = createMemoryKeychain();
  const storeLockFile = folder.in('locks', 'store.db');
  const uid = process.geteuid?.();
  const file = createCredentialsFile({
    file: folder.in('data', 'credentials.json'),
    storeLockFile,
    uid,
    sources: {
      keyFile: folder.in('state', 'credentials.key'),
      keychain: keychainKey(async () => ({ keychain, name: 'sealing-key.0123456789ab' })),
    },
    createWith: 'key_file',
  });
  const sealing = createSealingKeychain({
    keychain,
    credentials: file.createdWith('keychain'),
    limitBytes: 2_000,
  });
  const stores = { file, keychain: kind === 'windows' ? sealing : keychain };
  const index = createSessionIndex({ file: folder.in('data', 'sessions.json'), storeLockFile, uid });
  const openStore = async ({ storage }: Place): Promise<SecretStore> => stores[storage];
  return {
    stores,
    items: keychain.items,
    lockKeychain: keychain.lock,
    deps: {
      index,
      openStore,
      withSessionLock: (name, work) => withLock({ file: folder.in('locks', `${name}.db`), uid }, work),
      withoutInterruption: (work) => work(),
      keepOut: () => {},
    },
    async read() {
      const entry = await index.find('default');
      return entry && (await stores[entry.storage === 'keychain' ? 'keychain' : 'file'].read(entry.name));
    },
  };
}

function session(length: number): string {
  return formatSession({
    v: 1,
    credential: 'session',
    accessToken: 'a'.repeat(length),
    refreshToken: 'r',
    obtainedAt: 0,
    gen: 3,
  });
}

async function signedIn(
  { deps, stores }: Machine,
  { place, text }: { place: Place; text: string },
): Promise<void> {
  const entry: SessionEntry = {
    profile: 'default',
    name: NAME,
    credential: 'session',
    login: 'oidc',
    apiUrl: 'https://api.example/v1',
    scopes: [],
    hosts: [],
    ...place,
    gen: 3,
    obtainedAt: 0,
    refreshable: true,
  };
  await stores[place.storage].write(NAME, text);
  await deps.index.update((entries) => void entries.set('default', entry));
}

const SIZES: readonly (readonly [Kind, number])[] = [
  ['plain', 100],
  ['windows', 100],
  ['windows', 5_000],
];

describe('a session', () => {
  test.each(SIZES)(
    'moves into the file and back, and is in one place alone: %s, %i',
    async (kind, length) => {
      await using folder = await temporaryFolder();
      const it = await machine(folder, kind);
      const text = session(length);
      await signedIn(it, { place: KEYCHAIN, text });

      expect(await moveSession(it.deps, { profile: 'default', to: FILE })).toBe(true);
      expect(await it.deps.index.find('default')).toMatchObject({
        storage: 'file',
        protection: 'key_file',
        gen: 3,
      });
      expect([await it.stores.file.read(NAME), it.items.get(NAME)]).toEqual([text, undefined]);
      expect(await moveSession(it.deps, { profile: 'default', to: FILE })).toBe(false);

      expect(await moveSession(it.deps, { profile: 'default', to: KEYCHAIN })).toBe(true);
      expect(await it.read()).toBe(text);
      expect(await it.deps.index.find('default')).toMatchObject({
        storage: 'keychain',
        protection: 'keychain',
      });
      // What the keychain has no room for is sealed in the file under its name.
      expect(await it.stores.file.read(NAME)).toBe(length > 2_000 ? text : undefined);
    },
  );

  test.each(SIZES)(
    'has no copy once a move that was stopped is cleared away: %s, %i',
    async (kind, length) => {
      await using folder = await temporaryFolder();
      const it = await machine(folder, kind);
      const text = session(length);
      await signedIn(it, { place: KEYCHAIN, text });
      await it.stores.file.write('other.0123456789ab', 'stays');
      if (length < 2_000) await it.stores.file.write(NAME, session(50));
      await removeStaleCopy(it.deps, { profile: 'default', other: FILE });
      expect(await it.read()).toBe(text);
      expect(await it.stores.file.read('other.0123456789ab')).toBe('stays');
      // What the keychain has no room for is sealed in the file, and no copy.
      expect(await it.stores.file.read(NAME)).toBe(length > 2_000 ? text : undefined);

      await moveSession(it.deps, { profile: 'default', to: FILE });
      await it.stores.keychain.write(NAME, text);
      await removeStaleCopy(it.deps, { profile: 'default', other: KEYCHAIN });
      expect([await it.read(), it.items.get(NAME)]).toEqual([text, undefined]);
    },
  );

  test('stays where it is when its store does not give it out, or the other does not take it', async () => {
    await using folder = await temporaryFolder();
    const it = await machine(folder, 'plain');
    await signedIn(it, { place: FILE, text: session(5_000) });
    // Too large for the keychain of Windows, on which nothing is sealed here.
    await expect(moveSession(it.deps, { profile: 'default', to: KEYCHAIN })).rejects.toMatchObject({
      exitCode: 10,
    });
    expect(await it.read()).toBe(session(5_000));

    await signedIn(it, { place: KEYCHAIN, text: session(100) });
    it.lockKeychain();
    await expect(moveSession(it.deps, { profile: 'default', to: FILE })).rejects.toMatchObject({
      code: 'keychain_locked',
    });
    expect(await it.deps.index.find('default')).toMatchObject({ storage: 'keychain' });
    await expect(removeStaleCopy(it.deps, { profile: 'default', other: FILE })).rejects.toMatchObject({
      code: 'keychain_locked',
    });
  });

  test('is not removed when the other store does not hold what it took', async () => {
    await using folder = await temporaryFolder();
    const it = await machine(folder, 'plain');
    await signedIn(it, { place: KEYCHAIN, text: session(100) });
    const forgetful: SecretStore = { ...it.stores.file, write: async () => {}, read: async () => undefined };
    const deps = {
      ...it.deps,
      openStore: async (place: Place) => (place.storage === 'file' ? forgetful : it.deps.openStore(place)),
    };
    await expect(moveSession(deps, { profile: 'default', to: FILE })).rejects.toMatchObject({
      code: 'storage_failed',
      message: 'The file does not hold what was written to it.',
    });
    expect(await it.read()).toBe(session(100));
  });

  test('that is not there has nothing to move', async () => {
    await using folder = await temporaryFolder();
    const { deps } = await machine(folder, 'plain');
    expect(await moveSession(deps, { profile: 'default', to: FILE })).toBe(false);
    await removeStaleCopy(deps, { profile: 'default', other: FILE });
  });
});
