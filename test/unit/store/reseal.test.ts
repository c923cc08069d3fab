/** One credentials file under another key: what is in it stays, whatever fails on the way. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createCredentialsFile, type CredentialsFile } from '../../../src/store/credentials-file.ts';
import type { KeyKind } from '../../../src/store/credentials-format.ts';
import type { KeychainKey } from '../../../src/store/credentials-key.ts';
import { keychainKey } from '../../../src/store/sealing-keychain.ts';
import { createMemoryKeychain, type MemoryKeychain } from '../../support/memory-keychain.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

const KINDS: readonly KeyKind[] = ['keychain', 'passphrase', 'key_file'];
const PAIRS = KINDS.flatMap((from) => KINDS.filter((to) => to !== from).map((to) => [from, to] as const));
const META = { label: 'token/db', kind: 'other', env: 'DB' };

interface Opening {
  readonly folder: TemporaryFolder;
  readonly keychain: MemoryKeychain;
  readonly key?: Partial<KeychainKey>;
  readonly passphrase?: string;
}

function open({ folder, keychain, key = {}, passphrase = 'correct horse' }: Opening): CredentialsFile {
  const inKeychain = keychainKey(async () => ({ keychain, name: 'sealing-key.0123456789ab' }));
  return createCredentialsFile({
    file: folder.in('data', 'credentials.json'),
    storeLockFile: folder.in('locks', 'store.db'),
    uid: process.geteuid?.(),
    sources: {
      keyFile: folder.in('state', 'credentials.key'),
      passphrase: async () => passphrase,
      keychain: { ...inKeychain, ...key },
    },
    createWith: 'key_file',
  });
}

async function filled(opening: Opening, kind: KeyKind): Promise<CredentialsFile> {
  const file = open(opening).createdWith(kind);
  await file.update(({ values, meta }) => {
    values.set('token/db', 'a value');
    values.set('default.0123456789ab', '{"access":"a token"}');
    meta.set(META.label, META);
  });
  return file;
}

const content = async (file: CredentialsFile) => ({
  values: Object.fromEntries(await file.readAll(() => true)),
  meta: await file.list(),
});

const CONTENT = {
  values: { 'token/db': 'a value', 'default.0123456789ab': '{"access":"a token"}' },
  meta: [META],
};

describe('sealing the credentials file anew', () => {
  test.each(PAIRS)('keeps what is in it: from %s to %s', async (from, to) => {
    await using folder = await temporaryFolder();
    const opening = { folder, keychain: createMemoryKeychain() };
    const file = await filled(opening, from);
    expect(await file.reseal(to)).toBe(true);
    expect([await file.sealedWith(), await content(file)]).toEqual([to, CONTENT]);
    // As another process finds it.
    expect(await content(open(opening))).toEqual(CONTENT);

    expect(await file.forgetKey(to)).toBe(false);
    expect(await file.forgetKey(from)).toBe(from !== 'passphrase');
    expect(await file.forgetKey(from)).toBe(false);
    expect(await content(open(opening))).toEqual(CONTENT);
    expect(existsSync(folder.in('state', 'credentials.key'))).toBe(to === 'key_file');
    expect(opening.keychain.items.size).toBe(to === 'keychain' ? 1 : 0);
  });

  test('does nothing where there is no file, or where it is sealed so', async () => {
    await using folder = await temporaryFolder();
    const opening = { folder, keychain: createMemoryKeychain() };
    expect(await open(opening).reseal('keychain')).toBe(false);
    expect(opening.keychain.items.size).toBe(0);
    const file = await filled(opening, 'key_file');
    const before = await readFile(folder.in('data', 'credentials.json'));
    expect(await file.reseal('key_file')).toBe(false);
    expect(await readFile(folder.in('data', 'credentials.json'))).toEqual(before);
  });

  test('changes nothing when the new key cannot be kept', async () => {
    await using folder = await temporaryFolder();
    const keychain = createMemoryKeychain();
    await filled({ folder, keychain }, 'key_file');
    const before = await readFile(folder.in('data', 'credentials.json'));
    keychain.lock();
    await expect(open({ folder, keychain }).reseal('keychain')).rejects.toMatchObject({ exitCode: 10 });
    keychain.unlock();
    const forgets = { create: async () => {}, read: async () => undefined };
    await expect(open({ folder, keychain, key: forgets }).reseal('keychain')).rejects.toMatchObject({
      code: 'storage_failed',
      message: expect.stringContaining('its new key was not kept where it was put'),
    });
    expect(await readFile(folder.in('data', 'credentials.json'))).toEqual(before);
    expect(await content(open({ folder, keychain }))).toEqual(CONTENT);
  });

  test('changes nothing when the old key does not open it', async () => {
    await using folder = await temporaryFolder();
    const keychain = createMemoryKeychain();
    await filled({ folder, keychain }, 'passphrase');
    const wrong = open({ folder, keychain, passphrase: 'another horse' });
    await expect(wrong.reseal('key_file')).rejects.toMatchObject({ code: 'wrong_passphrase' });
    expect(await content(open({ folder, keychain }))).toEqual(CONTENT);
  });

  test('goes on with a key that a stopped run has left', async () => {
    await using folder = await temporaryFolder();
    const opening = { folder, keychain: createMemoryKeychain() };
    const file = await filled(opening, 'key_file');
    const key = Buffer.alloc(32, 7).toString('base64url');
    await opening.keychain.write('sealing-key.0123456789ab', key);
    await file.reseal('keychain');
    expect([...opening.keychain.items.values()]).toEqual([key]);
    expect(await content(open(opening))).toEqual(CONTENT);
  });

  test('loses nothing of what is written at the same time', async () => {
    await using folder = await temporaryFolder();
    const opening = { folder, keychain: createMemoryKeychain() };
    await filled(opening, 'key_file');
    const writers = Array.from({ length: 12 }, (_, at) => open(opening).write(`writer.${at}`, `${at}`));
    const turns = (async () => {
      for (const kind of ['keychain', 'passphrase', 'key_file', 'keychain'] as const)
        await open(opening).reseal(kind);
    })();
    await Promise.all([...writers, turns]);
    const { values } = await content(open(opening));
    expect(Object.keys(values).filter((name) => name.startsWith('writer.'))).toHaveLength(12);
    expect(values).toMatchObject(CONTENT.values);
  });

  test.each([
    ['reads', (file: CredentialsFile) => file.read('token/db'), 'a value'],
    ['writes', (file: CredentialsFile) => file.write('writer', '1'), undefined],
    ['seals it so as well', (file: CredentialsFile) => file.reseal('key_file'), false],
  ])('is not noticed by another that %s meanwhile, though the old key goes', async (_, work, result) => {
    await using folder = await temporaryFolder();
    const opening = { folder, keychain: createMemoryKeychain() };
    await filled(opening, 'keychain');
    let reads = 0;
    // The other has seen how the file is sealed, and looks for that key, when both change.
    const read = async () => {
      if (++reads > 1) throw new Error('The key of the keychain is looked for once.');
      await open(opening).reseal('key_file');
      await open(opening).forgetKey('keychain');
      return undefined;
    };
    expect(await work(open({ ...opening, key: { read } }))).toBe(result);
    expect((await content(open(opening))).values).toMatchObject(CONTENT.values);
  });

  test('does not touch a file that is not ours', async () => {
    await using folder = await temporaryFolder();
    const keychain = createMemoryKeychain();
    await filled({ folder, keychain }, 'key_file');
    await writeFile(folder.in('data', 'credentials.json'), '{"access_token":"theirs"}', { mode: 0o600 });
    await expect(open({ folder, keychain }).reseal('keychain')).rejects.toMatchObject({
      code: 'credentials_unreadable',
    });
    await expect(open({ folder, keychain }).forgetKey('key_file')).rejects.toMatchObject({
      code: 'credentials_unreadable',
    });
    expect(existsSync(folder.in('state', 'credentials.key'))).toBe(true);
  });
});
