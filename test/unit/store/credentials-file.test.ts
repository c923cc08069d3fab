import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createCredentialsFile, type CredentialsFile } from '../../../src/store/credentials-file.ts';
import type { KeyKind } from '../../../src/store/credentials-format.ts';
import type { KeySources } from '../../../src/store/credentials-key.ts';
import { withLock } from '../../../src/store/lock.ts';
import { startScript } from '../../support/script.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

const PASSPHRASE = 'correct horse';

function openIn(
  folder: TemporaryFolder,
  { kind, sources = {} }: { kind: KeyKind; sources?: KeySources },
): CredentialsFile {
  return createCredentialsFile({
    file: folder.in('data', 'credentials.json'),
    storeLockFile: folder.in('locks', 'store.db'),
    uid: process.geteuid?.(),
    sources: { keyFile: folder.in('state', 'credentials.key'), ...sources },
    createWith: kind,
  });
}

const withPassphrase = (passphrase: string | undefined): { kind: KeyKind; sources: KeySources } => ({
  kind: 'passphrase',
  sources: { passphrase: async () => passphrase },
});

describe('the credentials file', () => {
  test('shows no value, and what it shows says how it is sealed', async () => {
    await using folder = await temporaryFolder();
    const store = openIn(folder, { kind: 'key_file' });
    await store.write('default.0123456789ab', '{"access":"canary"}');
    const text = await readFile(folder.in('data', 'credentials.json'), 'utf8');
    expect(text).not.toContain('canary');
    expect(JSON.parse(text)).toEqual({
      fmt: 'mira-credentials',
      v: 1,
      key: { kind: 'key_file', check: expect.any(String) },
      meta: [],
      nonce: expect.any(String),
      body: expect.any(String),
    });
    expect(await store.sealedWith()).toBe('key_file');
    expect((await stat(folder.in('data', 'credentials.json'))).mode & 0o777).toBe(0o600);
    expect(await stat(folder.in('state', 'credentials.key'))).toMatchObject({ size: 32 });
    expect((await stat(folder.in('state', 'credentials.key'))).mode & 0o777).toBe(0o600);
  });

  test('uses a new nonce for each write', async () => {
    await using folder = await temporaryFolder();
    const store = openIn(folder, { kind: 'key_file' });
    const nonces = new Set<string>();
    for (let i = 0; i < 5; i += 1) {
      await store.write('one', `${i}`);
      nonces.add(JSON.parse(await readFile(folder.in('data', 'credentials.json'), 'utf8')).nonce);
    }
    expect(nonces.size).toBe(5);
  });

  test('is gone when its last entry is, so that a forgotten passphrase can be replaced', async () => {
    await using folder = await temporaryFolder();
    const old = openIn(folder, withPassphrase(PASSPHRASE));
    await old.write('one', '"1"');
    await old.remove('one');
    expect(await readdir(folder.in('data'))).toEqual([]);
    const anew = openIn(folder, withPassphrase('another'));
    await anew.write('one', '"2"');
    expect(await anew.read('one')).toBe('"2"');
  });

  test('lists labels without a key, and they cannot be changed without one', async () => {
    await using folder = await temporaryFolder();
    const store = openIn(folder, withPassphrase(PASSPHRASE));
    await store.update(({ values, meta }) => {
      values.set('github', '"value"');
      meta.set('github', { label: 'github', kind: 'token', added: 1 });
    });
    expect(await openIn(folder, withPassphrase(undefined)).list()).toEqual([
      { label: 'github', kind: 'token', added: 1 },
    ]);
    const file = folder.in('data', 'credentials.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"kind":"token"', '"kind":"tokem"'));
    await expect(store.read('github')).rejects.toMatchObject({ code: 'credentials_unreadable' });
  });

  test('says what it protects against by how it is sealed, not by how a new one would be', async () => {
    await using folder = await temporaryFolder();
    await openIn(folder, { kind: 'key_file' }).write('one', '"1"');
    const store = openIn(folder, withPassphrase(PASSPHRASE));
    expect(await store.read('one')).toBe('"1"');
    expect(store.protection).toContain('any program running as you can read it');
  });
});

describe('a probe', () => {
  test('leaves nothing of itself, and everything that was there', async () => {
    await using folder = await temporaryFolder();
    const store = openIn(folder, { kind: 'key_file' });
    await store.probe();
    expect(await readdir(folder.in('data'))).toEqual([]);
    await store.write('one', '"1"');
    const file = folder.in('data', 'credentials.json');
    const before = await readFile(file, 'utf8');
    await store.probe();
    // Written anew, with a new nonce.
    expect(await readFile(file, 'utf8')).not.toBe(before);
    expect(await store.update(({ values }) => [...values])).toEqual([['one', '"1"']]);
  });

  test('that is killed leaves no file that would need its passphrase, and nothing in the end', async () => {
    await using folder = await temporaryFolder();
    const options = {
      file: folder.in('data', 'credentials.json'),
      storeLockFile: folder.in('locks', 'store.db'),
      createWith: 'passphrase',
    };
    // Killed at the first removal of a file: what was written is to go.
    const code = `import fs from 'node:fs';
      import { syncBuiltinESMExports } from 'node:module';
      fs.promises.rm = fs.promises.unlink = async () => process.kill(process.pid, 'SIGKILL');
      syncBuiltinESMExports();
      const { createCredentialsFile } = await store('credentials-file.ts');
      await createCredentialsFile({ ...${JSON.stringify(options)}, uid: process.geteuid?.(),
        sources: { passphrase: async () => 'forgotten' } }).probe();`;
    expect(await startScript(code).ended).toMatchObject({ signal: 'SIGKILL', stderr: '' });
    const next = openIn(folder, withPassphrase(PASSPHRASE));
    await next.write('one', '"1"');
    expect(await next.read('one')).toBe('"1"');
    await next.remove('one');
    expect(await readdir(folder.in('data'))).toEqual([]);
  });
});

describe('a passphrase', () => {
  test('that is wrong is told from damage, and can be asked for again', async () => {
    await using folder = await temporaryFolder();
    await openIn(folder, withPassphrase(PASSPHRASE)).write('one', '"1"');
    const typed = ['wrong', PASSPHRASE];
    const store = openIn(folder, { kind: 'passphrase', sources: { passphrase: async () => typed.shift() } });
    await expect(store.read('one')).rejects.toMatchObject({ code: 'wrong_passphrase', exitCode: 10 });
    expect(await store.read('one')).toBe('"1"');
  });

  test('that nobody can give is asked for by name', async () => {
    await using folder = await temporaryFolder();
    await openIn(folder, withPassphrase(PASSPHRASE)).write('one', '"1"');
    await expect(openIn(folder, withPassphrase(undefined)).read('one')).rejects.toMatchObject({
      code: 'input_required',
      exitCode: 11,
      hint: expect.stringContaining('MIRA_PASSPHRASE'),
    });
  });

  test('is asked for once in a process, however often the file is used', async () => {
    await using folder = await temporaryFolder();
    const asked: string[] = [];
    const passphrase = async (purpose: string): Promise<string> => {
      asked.push(purpose);
      return PASSPHRASE;
    };
    const store = openIn(folder, { kind: 'passphrase', sources: { passphrase } });
    await Promise.all([store.write('one', '"1"'), store.write('two', '"2"')]);
    expect(await store.read('one')).toBe('"1"');
    expect(asked).toEqual(['create']);
  });

  test('is the same typed in other code points', async () => {
    await using folder = await temporaryFolder();
    await openIn(folder, withPassphrase('pässwörd'.normalize('NFC'))).write('one', '"1"');
    expect(await openIn(folder, withPassphrase('pässwörd'.normalize('NFD'))).read('one')).toBe('"1"');
  });

  test('is asked again, never while the lock is held, when another process made the file first', async () => {
    await using folder = await temporaryFolder();
    const other = openIn(folder, withPassphrase(PASSPHRASE));
    const store = openIn(folder, {
      kind: 'passphrase',
      sources: {
        passphrase: async (purpose) => {
          if (purpose === 'create') await other.write('theirs', '"1"');
          await withLock(
            { file: folder.in('locks', 'store.db'), uid: process.geteuid?.(), timeoutMs: 0 },
            async () => {},
          );
          return PASSPHRASE;
        },
      },
    });
    await store.write('ours', '"2"');
    expect([await store.read('theirs'), await store.read('ours')]).toEqual(['"1"', '"2"']);
  });
});

describe('a credentials file that is not as it should be', () => {
  const readAndWrite = async (folder: TemporaryFolder, kind: KeyKind = 'key_file'): Promise<unknown[]> => {
    const store = openIn(folder, { kind });
    const failure = (error: unknown): unknown => error;
    return [
      await store.read('one').catch(failure),
      await store.write('one', '"new"').catch(failure),
      await store.remove('one').catch(failure),
    ];
  };

  test.each([
    ['of the desktop program', '{"token":"theirs"}', /was not written by mira/],
    ['that is no JSON', 'not json', /was not written by mira/],
    ['that is empty', '', /is damaged/],
    ['that is cut', '{"fmt":"mira-credentials","v":1,"key":{"ki', /is damaged/],
    ['of a newer mira', '{"fmt":"mira-credentials","v":2}', /written by a newer mira \(format 2\)/],
  ])('%s is refused and never touched', async (_, text, message) => {
    await using folder = await temporaryFolder();
    const file = folder.in('data', 'credentials.json');
    await mkdir(folder.in('data'));
    await writeFile(file, text, { mode: 0o600 });
    for (const error of await readAndWrite(folder)) {
      expect(error).toMatchObject({
        code: 'credentials_unreadable',
        message: expect.stringMatching(message),
      });
      expect((error as Error).message).toContain(file);
    }
    expect(await readFile(file, 'utf8')).toBe(text);
  });

  test('asks for no more work than it may', async () => {
    await using folder = await temporaryFolder();
    await openIn(folder, withPassphrase(PASSPHRASE)).write('one', '"1"');
    const file = folder.in('data', 'credentials.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"N":32768', '"N":1073741824'));
    await expect(openIn(folder, withPassphrase(PASSPHRASE)).read('one')).rejects.toMatchObject({
      code: 'credentials_unreadable',
    });
  });

  test('with more work than usual, within the limit, is read', async () => {
    await using folder = await temporaryFolder();
    const { deriveKeys, formatCredentials, seal } = await import('../../../src/store/credentials-format.ts');
    const { findSecret, newScrypt } = await import('../../../src/store/credentials-key.ts');
    const { kind, sources } = withPassphrase(PASSPHRASE);
    const kdf = { ...newScrypt(), N: 2 ** 17 };
    const secret = await findSecret({ kind, sources, kdf, file: '', uid: undefined, purpose: 'open' });
    const { sealing, check } = deriveKeys(secret ?? new Uint8Array());
    const key = { kind, kdf, check };
    const text = formatCredentials(seal({ key, meta: [], sealing, values: new Map([['one', '"1"']]) }));
    await mkdir(folder.in('data'));
    await writeFile(folder.in('data', 'credentials.json'), text, { mode: 0o600 });
    expect(await openIn(folder, { kind, sources }).read('one')).toBe('"1"');
  });

  test('without its key, or with another, is refused', async () => {
    await using folder = await temporaryFolder();
    await openIn(folder, { kind: 'key_file' }).write('one', '"1"');
    const keyFile = folder.in('state', 'credentials.key');
    await writeFile(keyFile, Buffer.alloc(32, 7), { mode: 0o600 });
    expect((await readAndWrite(folder))[0]).toMatchObject({
      code: 'credentials_unreadable',
      message: expect.stringContaining(`is not sealed with the key in ${keyFile}`),
    });
    await rm(keyFile);
    for (const error of await readAndWrite(folder)) {
      expect(error).toMatchObject({
        code: 'credentials_unreadable',
        message: expect.stringContaining(`the key in ${keyFile} is gone`),
      });
    }
    await expect(stat(keyFile)).rejects.toThrow('ENOENT');
  });

  test('that others can read, or that is a link, is refused', async () => {
    await using folder = await temporaryFolder();
    const file = folder.in('data', 'credentials.json');
    await openIn(folder, { kind: 'key_file' }).write('one', '"1"');
    const bytes = await readFile(file);
    await rm(file);
    await writeFile(file, bytes, { mode: 0o640 });
    for (const error of await readAndWrite(folder))
      expect(error).toMatchObject({ code: 'unsafe_file', exitCode: 11 });
    await rm(file);
    await writeFile(folder.in('elsewhere'), bytes, { mode: 0o600 });
    await symlink(folder.in('elsewhere'), file);
    for (const error of await readAndWrite(folder))
      expect(error).toMatchObject({ code: 'unsafe_file', exitCode: 11 });
    expect(await readFile(folder.in('elsewhere'))).toEqual(bytes);
  });

  test('by a single bit, or by its length, is refused', { timeout: 120_000 }, async () => {
    await using folder = await temporaryFolder();
    const file = folder.in('data', 'credentials.json');
    await openIn(folder, { kind: 'key_file' }).write('one', '"1"');
    const { parseCredentials, deriveKeys, unseal } = await import('../../../src/store/credentials-format.ts');
    const { isSameCheck } = await import('../../../src/store/credentials-format.ts');
    const { sealing, check } = deriveKeys(await readFile(folder.in('state', 'credentials.key')));
    const opens = (bytes: Uint8Array): boolean => {
      const parsed = parseCredentials(bytes);
      if (parsed.kind !== 'sealed' || parsed.sealed.key.kind !== 'key_file') return false;
      return isSameCheck(check, parsed.sealed.key.check) && unseal(parsed.sealed, sealing) !== undefined;
    };
    const whole = await readFile(file);
    expect(opens(whole)).toBe(true);
    const accepted: string[] = [];
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const flipped = Buffer.from(whole);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (opens(flipped)) accepted.push(`bit ${bit}`);
    }
    for (let length = 0; length < whole.length; length += 1) {
      if (opens(whole.subarray(0, length))) accepted.push(`length ${length}`);
    }
    expect(accepted).toEqual([]);
    // The same through the store, for a few: what it throws is always one of its own refusals.
    for (let at = 0; at < whole.length; at += 17) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      await writeFile(file, flipped, { mode: 0o600 });
      await expect(openIn(folder, { kind: 'key_file' }).read('one')).rejects.toMatchObject({
        code: 'credentials_unreadable',
      });
    }
  });
});

describe('several processes at the credentials file', { timeout: 60_000 }, () => {
  const code = (folder: TemporaryFolder, work: string): string => `
    const { createCredentialsFile } = await store('credentials-file.ts');
    const file = createCredentialsFile({ ...${JSON.stringify({
      file: folder.in('data', 'credentials.json'),
      storeLockFile: folder.in('locks', 'store.db'),
      sources: { keyFile: folder.in('state', 'credentials.key') },
      createWith: 'key_file',
    })}, uid: process.geteuid?.() });
    ${work}`;

  test('lose no entry when twenty write at once, the first of them making the key', async () => {
    await using folder = await temporaryFolder();
    const names = Array.from({ length: 20 }, (_, i) => `entry-${i}`);
    const outcomes = await Promise.all(
      names.map((name) => startScript(code(folder, `await file.write('${name}', '"${name}"');`)).ended),
    );
    expect(outcomes.map(({ stderr }) => stderr).join('')).toBe('');
    const store = openIn(folder, { kind: 'key_file' });
    expect(await Promise.all(names.map((name) => store.read(name)))).toEqual(
      names.map((name) => `"${name}"`),
    );
  });

  test('find all entries whole after one of them was killed', async () => {
    await using folder = await temporaryFolder();
    const store = openIn(folder, { kind: 'key_file' });
    await store.write('kept', '"kept"');
    for (let round = 0; round < 5; round += 1) {
      const writer = startScript(
        code(
          folder,
          `for (let i = 0; ; i += 1) { await file.write('busy', JSON.stringify(i)); if (i === ${round}) console.log('busy'); }`,
        ),
      );
      await writer.started;
      writer.child.kill('SIGKILL');
      await writer.ended;
      expect(await store.read('kept')).toBe('"kept"');
      expect(await store.read('busy')).toMatch(/^\d+$/);
    }
  });

  test('keep the old entries when the disk is full', async () => {
    await using folder = await temporaryFolder();
    await openIn(folder, { kind: 'key_file' }).write('kept', '"kept"');
    const work = `await file.write('large', JSON.stringify('x'.repeat(100_000))).catch((error) => process.stdout.write(error.code));`;
    expect((await startScript(code(folder, work), { before: 'ulimit -f 8' }).ended).stdout).toBe('disk_full');
    expect(await openIn(folder, { kind: 'key_file' }).read('kept')).toBe('"kept"');
    expect(await readdir(folder.in('data'))).toEqual(['credentials.json']);
  });
});
