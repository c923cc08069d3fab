import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createCredentialsFile, type CredentialsFile } from '../../../src/store/credentials-file.ts';
import type { SecretStore } from '../../../src/store/secret-store.ts';
import { createSealingKeychain, keychainKey } from '../../../src/store/sealing-keychain.ts';
import { createMemoryKeychain, type MemoryKeychain } from '../../support/memory-keychain.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

const KEY = 'credentials.0123456789ab';
const LARGE = JSON.stringify('x'.repeat(9_000));

function openIn(folder: TemporaryFolder): {
  keychain: MemoryKeychain;
  store: SecretStore;
  credentials: CredentialsFile;
} {
  const keychain = createMemoryKeychain();
  const credentials = createCredentialsFile({
    file: folder.in('data', 'credentials.json'),
    storeLockFile: folder.in('store.db'),
    uid: process.geteuid?.(),
    sources: { keychain: keychainKey(async () => ({ keychain, name: KEY })) },
    createWith: 'keychain',
  });
  return {
    keychain,
    credentials,
    store: createSealingKeychain({ keychain, credentials, limitBytes: 2_000 }),
  };
}

test('a small value is in the keychain alone', async () => {
  await using folder = await temporaryFolder();
  const { keychain, store, credentials } = openIn(folder);
  await store.write('one', '"small"');
  expect(Object.fromEntries(keychain.items)).toEqual({ one: '"small"' });
  expect(await credentials.sealedWith()).toBeUndefined();
});

test('a large value is sealed under a key that is in the keychain', async () => {
  await using folder = await temporaryFolder();
  const { keychain, store, credentials } = openIn(folder);
  await store.write('one', LARGE);
  expect([...keychain.items.keys()].sort()).toEqual([KEY, 'one'].sort());
  expect(keychain.items.get('one')).not.toContain('xxx');
  expect(await credentials.read('one')).toBe(LARGE);
});

test('a value that becomes small again, or is removed, leaves nothing sealed', async () => {
  await using folder = await temporaryFolder();
  const { store } = openIn(folder);
  await store.write('one', LARGE);
  await store.write('one', '"small"');
  expect(await readdir(folder.in('data'))).toEqual([]);
  await store.write('one', LARGE);
  expect(await store.remove('one')).toBe(true);
  expect(await readdir(folder.in('data'))).toEqual([]);
});

test('a locked keychain looks as it would without the file: nothing to read, nothing removed, nothing written', async () => {
  await using folder = await temporaryFolder();
  const { keychain, store } = openIn(folder);
  await store.write('one', LARGE);
  keychain.lock();
  expect(await store.read('one')).toBeUndefined();
  expect(await store.remove('one')).toBe(false);
  await expect(store.write('one', '"small"')).rejects.toMatchObject({ code: 'keychain_locked' });
  await expect(store.write('one', LARGE)).rejects.toMatchObject({ code: 'keychain_locked' });
  await expect(store.probe()).rejects.toMatchObject({ code: 'keychain_locked' });
  keychain.unlock();
  expect(await store.read('one')).toBe(LARGE);
});
