import { readdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createCredentialsFile } from '../../../src/store/credentials-file.ts';
import { keychainKey } from '../../../src/store/sealing-keychain.ts';
import { createMemoryKeychain } from '../../support/memory-keychain.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { credentialsIn, lastUsedIn, NOW, openVault } from './support/open-vault.ts';

const GITHUB = { label: 'github', env: 'GITHUB_TOKEN', kind: 'github', value: 'first value' };
const OPENAI = { label: 'OpenAI API Key', env: 'OPENAI_API_KEY', kind: 'openai', value: 'second value' };

/** How the list shows a token that was added now and nothing else. */
const shown = ({ label, env, kind }: { label: string; env: string; kind: string }) => ({
  label,
  env,
  kind,
  addedAt: NOW,
  lastUsedAt: undefined,
  expiresAt: undefined,
  rotatedAt: undefined,
});

describe('the vault', () => {
  test('is empty, and makes no file, until something is added', async () => {
    await using folder = await temporaryFolder();
    const vault = openVault(folder);
    expect(await vault.list()).toEqual([]);
    expect(await vault.allValues()).toEqual([]);
    expect(await vault.values([])).toEqual(new Map());
    await expect(vault.remove(['github'])).rejects.toMatchObject({ code: 'not_found' });
    await vault.markUsed([]);
    expect(await readdir(folder.path)).toEqual([]);
  });

  test('lists labels in order, without the key, and gives values with it', async () => {
    await using folder = await temporaryFolder();
    const form = 'passphrase' as const;
    const vault = openVault(folder, { form, sources: { passphrase: async () => 'correct horse' } });
    await vault.add(GITHUB);
    await vault.add({ ...OPENAI, expiresAt: NOW + 1_000 });
    const keyless = openVault(folder, { form, sources: { passphrase: async () => undefined } });
    expect(await keyless.list()).toEqual([{ ...shown(OPENAI), expiresAt: NOW + 1_000 }, shown(GITHUB)]);
    await expect(keyless.values(['github'])).rejects.toMatchObject({ code: 'input_required' });
    expect(await vault.values(['OpenAI API Key', 'github'])).toEqual(
      new Map([
        ['OpenAI API Key', 'second value'],
        ['github', 'first value'],
      ]),
    );
    expect(await readFile(credentialsIn(folder), 'utf8')).not.toContain('value');
  });

  test('seals under a key of the keychain, and lists while that is locked', async () => {
    await using folder = await temporaryFolder();
    const keychain = createMemoryKeychain();
    const sources = { keychain: keychainKey(async () => ({ keychain, name: 'sealing-key' })) };
    await openVault(folder, { form: 'keychain', sources }).add(GITHUB);
    expect([...keychain.items.keys()]).toEqual(['sealing-key']);
    keychain.lock();
    const again = openVault(folder, { form: 'keychain', sources });
    expect(await again.list()).toEqual([shown(GITHUB)]);
    await expect(again.values(['github'])).rejects.toMatchObject({
      code: 'keychain_locked',
      exitCode: 10,
      hint: 'Unlock it and run the command again (macOS: security unlock-keychain)',
    });
    keychain.unlock();
    expect(await again.values(['github'])).toEqual(new Map([['github', 'first value']]));
  });

  test('keeps the form that its file has, whatever a new one would get', async () => {
    await using folder = await temporaryFolder();
    await openVault(folder).add(GITHUB);
    const asked: unknown[] = [];
    const vault = openVault(folder, {
      chooseForm: async (existing) => {
        asked.push(existing);
        return 'passphrase';
      },
    });
    await vault.add(OPENAI);
    expect(asked).toEqual(['key_file']);
    expect(JSON.parse(await readFile(credentialsIn(folder), 'utf8')).key.kind).toBe('key_file');
  });

  test.each(['github', 'GitHub', 'GITHUB'])('takes no label twice (%s)', async (label) => {
    await using folder = await temporaryFolder();
    const vault = openVault(folder);
    await vault.add(GITHUB);
    await expect(vault.add({ ...GITHUB, label, value: 'another' })).rejects.toMatchObject({
      code: 'invalid_input',
      message: 'There is a token github already.',
      hint: 'Exchange its value: mira tokens rotate github; or remove it first: mira tokens remove github',
    });
    expect(await vault.values(['github'])).toEqual(new Map([['github', 'first value']]));
  });

  test.each([
    ['', 'is empty'],
    ['a\0b', 'has a NUL character in it'],
    ['\ud800', 'is not valid Unicode'],
    ['x'.repeat(65_537), 'is longer than 64 KiB'],
  ])('refuses a value that cannot be kept (%#)', async (value, flaw) => {
    await using folder = await temporaryFolder();
    await expect(openVault(folder).add({ ...GITHUB, value })).rejects.toMatchObject({
      exitCode: 2,
      message: `The value ${flaw}; nothing was stored.`,
    });
    expect(await readdir(folder.path)).toEqual([]);
  });

  test('takes a value of 64 KiB', async () => {
    await using folder = await temporaryFolder();
    const vault = openVault(folder);
    const value = 'x'.repeat(65_536);
    await vault.add({ ...GITHUB, value });
    expect(await vault.values(['github'])).toEqual(new Map([['github', value]]));
  });

  test('names a label that there is not, and the one that was meant', async () => {
    await using folder = await temporaryFolder();
    const vault = openVault(folder);
    await vault.add(GITHUB);
    await expect(vault.values(['github', 'githb'])).rejects.toMatchObject({
      code: 'not_found',
      exitCode: 3,
      message: 'There is no token githb.',
      hint: 'Did you mean github?',
    });
    await expect(vault.settle('zzz')).rejects.toMatchObject({
      message: 'There is no token zzz.',
      hint: 'See what there is: mira tokens list',
    });
  });

  test('removes all that are named or none', async () => {
    await using folder = await temporaryFolder();
    const vault = openVault(folder);
    await vault.add(GITHUB);
    await vault.add(OPENAI);
    await expect(vault.remove(['github', 'nothing'])).rejects.toMatchObject({ code: 'not_found' });
    expect(await vault.list()).toHaveLength(2);
    await vault.remove(['github', 'OpenAI API Key']);
    expect(await readdir(folder.in('data'))).toEqual([]);
  });
});

test('a header that somebody else wrote is listed as far as it makes sense', async () => {
  await using folder = await temporaryFolder();
  const vault = openVault(folder);
  await vault.add({ ...GITHUB, expiresAt: NOW + 1_000 });
  const file = credentialsIn(folder);
  const text = await readFile(file, 'utf8');
  for (const date of ['1e300', '-1', '253402300800000', '"soon"', 'true']) {
    await writeFile(file, text.replace(`"expires":${NOW + 1_000}`, `"expires":${date}`));
    expect(await vault.list()).toEqual([shown(GITHUB)]);
    await expect(vault.values(['github'])).rejects.toMatchObject({ code: 'credentials_unreadable' });
  }
  for (const part of ['"label":"token/github"', '"meta":[', '],"nonce":"', '"v":1', '"}\n']) {
    await writeFile(file, text.replace(part, part.slice(1)));
    await expect(vault.list()).rejects.toMatchObject({ code: 'credentials_unreadable', exitCode: 10 });
  }
  await writeFile(file, text.replace('"v":1', '"v":2'));
  await expect(vault.list()).rejects.toMatchObject({ message: expect.stringContaining('newer mira') });
});

test('ten thousand tokens with long keys fit into one file', async () => {
  await using folder = await temporaryFolder();
  const options = { file: credentialsIn(folder), storeLockFile: folder.in('locks', 'store.db') };
  const file = createCredentialsFile({
    ...options,
    uid: process.geteuid?.(),
    sources: { keyFile: folder.in('keys', 'credentials.key') },
    createWith: 'key_file',
  });
  await file.update(({ values, meta }) => {
    for (let at = 0; at < 10_000; at += 1) {
      const name = `token/the label of a token, such as ${at}`;
      values.set(name, `${at}`.padEnd(200, 'x'));
      meta.set(name, { label: name, kind: 'openai', env: `SERVICE_${at}_API_KEY`, added: NOW, expires: NOW });
    }
  });
  const vault = openVault(folder);
  await vault.add(GITHUB);
  expect(await vault.list()).toHaveLength(10_001);
  expect(await vault.values(['github'])).toEqual(new Map([['github', 'first value']]));
});

describe('an exchange of the value', () => {
  test('that is proven keeps nothing of the old', async () => {
    await using folder = await temporaryFolder();
    const vault = openVault(folder);
    await vault.add({ ...GITHUB, expiresAt: NOW });
    await vault.replace({ label: 'github', value: 'new value', kind: 'other', proven: true });
    expect(await vault.list()).toEqual([shown({ ...GITHUB, kind: 'other' })]);
    expect(await vault.previousValue('github')).toBeUndefined();
    expect(await vault.restore('github')).toBe(false);
    expect(await vault.allValues()).toEqual([{ label: 'github', kind: 'other', value: 'new value' }]);
  });

  test('that is not keeps the old, with its kind and expiry, for the way back', async () => {
    await using folder = await temporaryFolder();
    const vault = openVault(folder);
    await vault.add({ ...GITHUB, expiresAt: NOW + 5 });
    await vault.replace({ label: 'github', value: 'new value', kind: 'other', proven: false });
    expect(await vault.list()).toEqual([{ ...shown(GITHUB), kind: 'other', rotatedAt: NOW }]);
    expect(await vault.previousValue('github')).toBe('first value');
    expect(await vault.allValues()).toEqual([
      { label: 'github', kind: 'other', value: 'new value' },
      { label: 'github', kind: 'github', value: 'first value' },
    ]);
    expect(await vault.restore('github')).toBe(true);
    expect(await vault.list()).toEqual([{ ...shown(GITHUB), expiresAt: NOW + 5 }]);
    expect(await vault.values(['github'])).toEqual(new Map([['github', 'first value']]));
  });

  test('that failed twice still leads back to the value that worked', async () => {
    await using folder = await temporaryFolder();
    const vault = openVault(folder);
    await vault.add(GITHUB);
    await vault.replace({ label: 'github', value: 'bad', kind: 'other', proven: false });
    await vault.replace({ label: 'github', value: 'worse', kind: 'other', proven: false });
    expect(await vault.previousValue('github')).toBe('first value');
    await vault.restore('github');
    expect(await vault.values(['github'])).toEqual(new Map([['github', 'first value']]));
  });

  test('is settled once the new value answered', async () => {
    await using folder = await temporaryFolder();
    const vault = openVault(folder);
    await vault.add(GITHUB);
    expect(await vault.settle('github')).toBe(false);
    await vault.replace({ label: 'github', value: 'new value', kind: 'github', proven: false });
    expect(await vault.settle('github')).toBe(true);
    expect(await vault.list()).toEqual([shown(GITHUB)]);
    expect(await vault.values(['github'])).toEqual(new Map([['github', 'new value']]));
    expect(await vault.allValues()).toHaveLength(1);
  });

  test('that is removed takes the old along', async () => {
    await using folder = await temporaryFolder();
    const vault = openVault(folder);
    await vault.add(OPENAI);
    await vault.add(GITHUB);
    await vault.replace({ label: 'github', value: 'new value', kind: 'github', proven: false });
    await vault.remove(['github']);
    expect(await vault.allValues()).toEqual([
      { label: 'OpenAI API Key', kind: 'openai', value: 'second value' },
    ]);
  });
});

describe('when a token was last used', () => {
  test('is told to the minute, and forgotten with the token', async () => {
    await using folder = await temporaryFolder();
    let now = NOW;
    const vault = openVault(folder, { now: () => now });
    await vault.add(GITHUB);
    now += 120_000;
    await vault.markUsed(['github']);
    expect(await vault.list()).toEqual([{ ...shown(GITHUB), lastUsedAt: NOW + 120_000 }]);
    now += 59_000;
    await vault.markUsed(['github']);
    expect(await vault.list()).toEqual([{ ...shown(GITHUB), lastUsedAt: NOW + 120_000 }]);
    now += 1_000;
    await vault.markUsed(['github']);
    expect(await vault.list()).toEqual([{ ...shown(GITHUB), lastUsedAt: NOW + 180_000 }]);
    await vault.remove(['github']);
    expect(await readdir(folder.in('state'))).toEqual([]);
  });

  test('is not said of a token that took the label of another', async () => {
    await using folder = await temporaryFolder();
    const vault = openVault(folder);
    await vault.add(OPENAI);
    await vault.markUsed(['github']);
    let now = NOW + 1;
    const later = openVault(folder, { now: () => (now += 1) });
    await later.add(GITHUB);
    expect((await later.list()).map(({ lastUsedAt }) => lastUsedAt)).toEqual([undefined, undefined]);
  });

  test('never gets in the way, whatever is in its place', async () => {
    await using folder = await temporaryFolder();
    const vault = openVault(folder);
    await vault.add(GITHUB);
    await vault.markUsed(['github']);
    for (const content of ['', 'garbage', '{"fmt":"mira-last-used","tokens":{"github":"soon"}}', '[]']) {
      await writeFile(lastUsedIn(folder), content);
      expect(await vault.list()).toEqual([shown(GITHUB)]);
      await vault.markUsed(['github']);
      expect(await vault.list()).toEqual([{ ...shown(GITHUB), lastUsedAt: NOW }]);
    }
    await writeFile(folder.in('a file'), '');
    await openVault({ ...folder, in: (...parts) => folder.in('a file', ...parts) }).markUsed(['github']);
  });
});

describe('a sealed record', () => {
  test('shows its fields without the key, and its secrets with it', async () => {
    await using folder = await temporaryFolder();
    const { records, ...vault } = openVault(folder);
    expect(await records.read({ kind: 'aws', name: 'default' })).toBeUndefined();
    const record = { kind: 'aws', name: 'default', fields: { region: 'eu-central-1' } };
    await records.write({ ...record, value: '{"secret":"the secret","session":["a","",1]}' });
    expect(await records.list('aws')).toEqual([record]);
    expect(await records.list('mcp')).toEqual([]);
    expect(await vault.list()).toEqual([]);
    expect(await records.read(record)).toBe('{"secret":"the secret","session":["a","",1]}');
    expect(await vault.allValues()).toEqual([
      { label: 'aws/default', kind: 'aws', value: 'the secret' },
      { label: 'aws/default', kind: 'aws', value: 'a' },
    ]);
    expect(await records.remove(record)).toBe(true);
    expect(await records.remove(record)).toBe(false);
    expect(await readdir(folder.in('data'))).toEqual([]);
  });
});
