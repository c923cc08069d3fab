/** Tokens from end to end: the built program, the embedded platform, files and a real keychain. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { drawnKey } from '../support/drawn-key.ts';
import { hasKeyring, startKeyring } from '../support/keyring.ts';
import { createLeakScanner } from '../support/leak-scan.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import type { Environment, IsolatedHome, RunResult } from '../support/run-mira.ts';
import { pathsOf } from '../support/stored.ts';
import { openTerminal } from '../support/terminal.ts';

const FILE = { MIRA_STORAGE: 'file' };
const OPENAI = drawnKey.openaiProject('e2e');

interface Run {
  readonly home: IsolatedHome;
  readonly env?: Environment;
  readonly stdin?: string;
}

const tokens = (args: readonly string[], { home, env = FILE, stdin }: Run): Promise<RunResult> =>
  runMira(['tokens', ...args], { home, env, stdin });

const add = (label: string, variable: string, run: Run): Promise<RunResult> =>
  tokens(['add', '--label', label, '--env', variable], run);

async function listed(run: Run): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { stdout } = await tokens(['list', '--json'], run);
  return JSON.parse(stdout).tokens;
}

describe.concurrent('tokens', () => {
  test('are added from stdin, listed, and removed, and no byte of a value is anywhere in the clear', async () => {
    await using home = await isolatedHome();
    const github = drawnKey.github('e2e');
    const outputs = [
      await add('openai', 'OPENAI_API_KEY', { home, stdin: `${OPENAI}\n` }),
      await add('GitHub work', 'GITHUB_TOKEN', { home, stdin: github }),
      await tokens(['list', '--debug'], { home }),
    ];
    expect(outputs.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(outputs[0]?.stdout).toBe(
      'Kept openai: an OpenAI key for OPENAI_API_KEY.\n' +
        'Sealed; protects only against copying the file without its key; any program running as you can read it.\n',
    );
    expect(outputs[2]?.stdout).toBe(
      'LABEL        VARIABLE        KIND    ADDED     LAST USED  EXPIRES\n' +
        'GitHub work  GITHUB_TOKEN    github  just now  never\n' +
        'openai       OPENAI_API_KEY  openai  just now  never\n',
    );
    expect(await leaksIn(home, { outputs, secrets: [OPENAI, github] })).toEqual([]);
    expect(await tokens(['remove', 'openai', 'githb'], { home })).toMatchObject({
      code: 3,
      stderr: 'mira: There is no token githb.\n  See what there is: mira tokens list\n',
    });
    expect(await tokens(['remove', 'openai', 'GitHub work'], { home })).toMatchObject({
      code: 0,
      stdout: 'Removed openai.\nRemoved GitHub work.\n',
    });
    expect(await listed({ home })).toEqual([]);
    expect(await readdir(home.dataDir)).not.toContain('credentials.json');
  });

  test('are asked for unseen on a terminal', async () => {
    await using home = await isolatedHome();
    const args = ['tokens', 'add', '--label', 'openai', '--env', 'OPENAI_API_KEY', '--expires', '2099-01-31'];
    await using terminal = await openTerminal({ home, args, env: { MIRA_PASSPHRASE: 'a passphrase' } });
    await terminal.waitFor('Value of OPENAI_API_KEY:');
    terminal.write(`\x1b[200~${OPENAI}\n\x1b[201~\r`);
    expect(await terminal.exit).toMatchObject({ code: 0 });
    expect(
      terminal
        .scrollback()
        .slice(-4)
        .map((line) => line.trimEnd()),
    ).toEqual([
      'mira: There is no D-Bus session here, so the keychain cannot be reached. What you store goes into the encrypted file (MIRA_PASSPHRASE).',
      'Value of OPENAI_API_KEY:',
      'Kept openai: an OpenAI key for OPENAI_API_KEY, until 2099-01-31T00:00:00.000Z.',
      'Sealed; unreadable without the passphrase; protects backups, lost disks and other users.',
    ]);
    expect(terminal.output()).not.toContain(OPENAI.slice(8, 20));
    expect(await listed({ home })).toMatchObject([
      { label: 'openai', expires_at: '2099-01-31T00:00:00.000Z' },
    ]);
  });

  test('have their place chosen and opened before the value is asked for', async () => {
    await using home = await isolatedHome();
    const args = ['tokens', 'add', '--label', 'openai', '--env', 'OPENAI_API_KEY'];
    await using terminal = await openTerminal({ home, args, cols: 120 });
    await terminal.waitFor('Keep your tokens in a file with a passphrase instead');
    terminal.write('y');
    for (const question of ['New passphrase for the credentials file:', 'The same again:']) {
      await terminal.waitFor(question);
      terminal.write('correct horse\r');
    }
    await terminal.waitFor('Value of OPENAI_API_KEY:');
    terminal.write('\x03');
    expect(await terminal.exit).toMatchObject({ code: 130 });
    expect(await readdir(home.dataDir)).not.toContain('credentials.json');
    expect(await listed({ home })).toEqual([]);
  });

  test('are not asked for where the passphrase is wrong', async () => {
    await using home = await isolatedHome();
    const env = { MIRA_PASSPHRASE: 'correct horse' };
    expect(await add('openai', 'OPENAI_API_KEY', { home, env, stdin: OPENAI })).toMatchObject({ code: 0 });
    const args = ['tokens', 'add', '--label', 'another', '--env', 'OPENAI_API_KEY'];
    await using terminal = await openTerminal({ home, args });
    await terminal.waitFor('Passphrase of the credentials file:');
    terminal.write('wrong horse\r');
    expect(await terminal.exit).toMatchObject({ code: 10 });
    expect(terminal.output()).not.toContain('Value of');
  });

  test('need a place: without a keychain and without a choice nothing is stored', async () => {
    await using home = await isolatedHome();
    const run = { home, env: {}, stdin: OPENAI };
    expect(await add('openai', 'OPENAI_API_KEY', run)).toMatchObject({
      code: 10,
      stdout: '',
      stderr:
        'mira: There is no D-Bus session here, so the keychain cannot be reached.\n' +
        '  Run mira in a desktop session or under dbus-run-session, or keep it in an encrypted file: set MIRA_STORAGE=file (MIRA_PASSPHRASE gives its passphrase; without one a key file is made)\n',
    });
    for (const args of [[], ['--json']]) {
      const memory = { home, env: { MIRA_STORAGE: 'memory' }, stdin: OPENAI };
      const line = ['add', '--label', 'openai', '--env', 'OPENAI_API_KEY', ...args];
      expect(await tokens(line, memory)).toMatchObject({
        code: 2,
        stderr:
          'mira: What is kept in memory would end with this command.\n  Set MIRA_STORAGE to keychain or file, or unset it.\n',
      });
    }
    expect(await readdir(home.dataDir).catch(() => [])).not.toContain('credentials.json');
  });

  test('as long as they may be are kept, whatever mark and line break an editor put around them', async () => {
    await using home = await isolatedHome();
    const stdin = `\uFEFF${'x'.repeat(65_536)}\r\n`;
    expect(await tokens(['add', '--label', 'x', '--env', 'X'], { home, env: FILE, stdin })).toMatchObject({
      code: 0,
    });
  });

  test.each([
    [['--env', 'X'], 'x', 2, '--label is needed.'],
    [['--label', 'x'], 'x', 2, '--env is needed.'],
    [['--label', 'x', '--env', 'LD_PRELOAD'], 'x', 11, 'LD_PRELOAD changes how programs load or run'],
    [['--label', 'x', '--env', 'A=B'], 'x', 2, 'That is no name for an environment variable.'],
    [['--label', 'x/y', '--env', 'X'], 'x', 2, 'That is no label for a token.'],
    [['--label', 'x', '--env', 'X', '--expires', 'soon'], 'x', 2, '--expires takes a date.'],
    [['--label', 'x', '--env', 'X'], '', 2, 'The value from standard input is empty.'],
    [['--label', 'x', '--env', 'X'], 'a\0b', 2, 'The value has a NUL character in it; nothing was stored.'],
    [['--label', 'x', '--env', 'X'], Buffer.from([0xff, 0xfe, 0x61, 0]), 2, 'not text in UTF-8'],
    [['--label', 'x', '--env', 'X'], 'x'.repeat(65_537), 2, 'longer than 64 KiB'],
    [['--label', 'x', '--env', 'X'], 'x'.repeat(1_000_000), 2, 'longer than 64 KiB'],
    [
      ['--label', 'x', '--env', 'ANTHROPIC_API_KEY'],
      OPENAI,
      11,
      'is an OpenAI key, which belongs in OPENAI_API_KEY',
    ],
    [['--label', OPENAI, '--env', 'OPENAI_API_KEY'], OPENAI, 2, 'That looks like a key'],
  ])('are refused in one line with the right status (%#)', async (args, stdin, code, sentence) => {
    await using home = await isolatedHome();
    const result = await runMira(['tokens', 'add', ...args], { home, env: FILE, stdin });
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr.split('\n')[0]).toContain(sentence);
    expect(await readdir(home.dataDir).catch(() => [])).not.toContain('credentials.json');
    expect(await leaksIn(home, { outputs: [result], secrets: [OPENAI] })).toEqual([]);
  });
});

describe.skipIf(!hasKeyring())('a vault whose key is in the keychain', () => {
  test('is listed while that is locked, frozen or gone, and opened when it is there again', async () => {
    await using keyring = await startKeyring();
    await using home = await isolatedHome();
    await using platform = await startPlatform();
    const env = { ...keyring.env, MIRA_API_URL: platform.apiUrl };
    const key = platform.mintKey();
    expect(await add('mira', 'MIRA_API_KEY', { home, env, stdin: key })).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(JSON.parse(await readFile(pathsOf(home).credentialsFile, 'utf8')).key.kind).toBe('keychain');
    await keyring.lock();
    expect(await listed({ home, env })).toMatchObject([{ label: 'mira', kind: 'mira' }]);
    expect(await tokens(['test'], { home, env })).toMatchObject({
      code: 10,
      stderr:
        'mira: The keychain is locked.\n  Unlock it and run the command again (macOS: security unlock-keychain)\n',
    });
    keyring.freeze();
    expect(await listed({ home, env })).toHaveLength(1);
    keyring.thaw();
    await keyring.kill();
    expect(await listed({ home, env: { MIRA_STORAGE: 'memory' } })).toHaveLength(1);
    await keyring.restart();
    expect(await tokens(['test'], { home, env })).toMatchObject({ code: 0 });
    expect(await tokens(['remove', 'mira'], { home, env })).toMatchObject({ code: 0 });
  }, 60_000);

  test('and a session in the file beside it do not get in each other’s way', async () => {
    await using keyring = await startKeyring();
    await using home = await isolatedHome();
    await using platform = await startPlatform();
    const env = keyring.env;
    await add('openai', 'OPENAI_API_KEY', { home, env, stdin: OPENAI });
    const key = platform.mintKey();
    const login = ['auth', 'login', '--with-key', '--storage', 'file', '--api-url', platform.apiUrl];
    expect(await runMira(login, { home, env, stdin: key })).toMatchObject({ code: 0 });
    expect(await runMira(['auth', 'token'], { home, env })).toMatchObject({ code: 0, stdout: `${key}\n` });
    const { stdout } = await runMira(['auth', 'status', '--json', '--offline'], { home, env });
    expect(JSON.parse(stdout).storage).toEqual({
      kind: 'file',
      reason: 'protected by your login; other programs you run may ask for it',
    });
    // Without the keychain neither can be opened, and neither is given up.
    await keyring.lock();
    expect(await runMira(['auth', 'logout'], { home, env })).toMatchObject({ code: 10 });
    await keyring.restart();
    expect(await runMira(['auth', 'logout'], { home, env })).toMatchObject({ code: 0 });
    expect(await listed({ home, env })).toMatchObject([{ label: 'openai' }]);
    expect(JSON.parse(await readFile(pathsOf(home).credentialsFile, 'utf8')).key.kind).toBe('keychain');
  }, 60_000);
});

describe.concurrent('a vault in the file of a session', () => {
  test('takes its form, outlives the sign-out, and is never thrown away with a forgotten passphrase', async () => {
    await using home = await isolatedHome();
    await using platform = await startPlatform();
    const env = { MIRA_PASSPHRASE: 'a passphrase of a test' };
    const login = ['auth', 'login', '--with-key', '--storage', 'file', '--api-url', platform.apiUrl];
    expect(await runMira(login, { home, env, stdin: platform.mintKey() })).toMatchObject({ code: 0 });
    expect(await add('openai', 'OPENAI_API_KEY', { home, env, stdin: OPENAI })).toMatchObject({ code: 0 });
    expect(await runMira(['auth', 'logout'], { home })).toMatchObject({
      code: 11,
      stderr: expect.stringContaining('The session of profile default is still in the file'),
    });
    expect(await runMira(['auth', 'logout'], { home, env })).toMatchObject({ code: 0 });
    expect(await listed({ home, env: {} })).toMatchObject([{ label: 'openai' }]);
    // Another session may move in.
    expect(await runMira(login, { home, env, stdin: platform.mintKey() })).toMatchObject({ code: 0 });
    expect(JSON.parse(await readFile(pathsOf(home).credentialsFile, 'utf8')).key.kind).toBe('passphrase');
  });
});

describe.concurrent('a rotation', () => {
  test('takes a value that works, revokes the old one if that is wished, and says where otherwise', async () => {
    await using home = await isolatedHome();
    await using platform = await startPlatform();
    const run = { home, env: { ...FILE, MIRA_API_URL: platform.apiUrl } };
    const [first, second, third] = [
      platform.mintKey('first'),
      platform.mintKey('second'),
      platform.mintKey('third'),
    ];
    await add('mira', 'MIRA_API_KEY', { ...run, stdin: first });
    expect(await tokens(['rotate', 'mira'], { ...run, stdin: second })).toMatchObject({
      code: 0,
      stderr: '',
      stdout:
        'mira has its new value; it works at mira.\nThe old value may still work; revoke it: https://platform.vmira.ai/api-keys\n',
    });
    expect(platform.keyNames()).toEqual(['first', 'second', 'third']);
    const revoking = await tokens(['rotate', 'mira', '--revoke', '--json', '--expires', '90d'], {
      ...run,
      stdin: third,
    });
    expect(JSON.parse(revoking.stdout)).toMatchObject({
      schema: 'mira.tokens.rotate/1',
      outcome: 'valid',
      previous_kept: false,
      revoked: true,
    });
    expect(platform.keyNames()).toEqual(['first', 'third']);
    expect(await tokens(['test', 'mira'], run)).toMatchObject({ code: 0 });
    const leaks = await leaksIn(home, { outputs: [revoking], secrets: [first, second, third] });
    expect(leaks).toEqual([]);
  });

  test('asks whether the old key may be revoked where a person is there', async () => {
    await using home = await isolatedHome();
    await using platform = await startPlatform();
    const env = { ...FILE, MIRA_API_URL: platform.apiUrl };
    await add('mira', 'MIRA_API_KEY', { home, env, stdin: platform.mintKey('first') });
    const next = platform.mintKey('next');
    await using terminal = await openTerminal({ home, env, args: ['tokens', 'rotate', 'mira'] });
    await terminal.waitFor('New value of MIRA_API_KEY:');
    terminal.write(`${next}\r`);
    await terminal.waitFor(`Revoke the old key at ${new URL(platform.apiUrl).host}? [y/N]`);
    terminal.write('y');
    expect(await terminal.exit).toMatchObject({ code: 0 });
    expect(platform.keyNames()).toEqual(['next']);
    expect(terminal.scrollback().slice(-2)).toEqual([
      'mira has its new value; it works at mira.',
      'The old key was revoked at the service.',
    ]);
  });

  test('leaves all as it was when the new value is refused, malformed, another vendor’s, or cannot be tested', async () => {
    await using home = await isolatedHome();
    await using platform = await startPlatform();
    const run = { home, env: { ...FILE, MIRA_API_URL: platform.apiUrl } };
    const key = platform.mintKey();
    await add('mira', 'MIRA_API_KEY', { ...run, stdin: key });
    const before = await readFile(pathsOf(home).credentialsFile);
    const stranger = drawnKey.mira('unknown to the platform');
    const closed = { home, env: { ...FILE, MIRA_API_URL: 'http://127.0.0.1:9/v1' }, stdin: stranger };
    const cases = [
      [await tokens(['rotate', 'mira'], { ...run, stdin: stranger }), 4, 'The new value was not taken: '],
      [await tokens(['rotate', 'mira'], closed), 6, 'The new value was not taken: '],
      [
        await tokens(['rotate', 'mira'], { ...run, stdin: key.slice(0, 30) }),
        2,
        'it has 30 characters, not 48',
      ],
      [await tokens(['rotate', 'mira'], { ...run, stdin: OPENAI }), 11, 'is an OpenAI key'],
      [await tokens(['rotate', 'mira'], { ...run, stdin: key }), 2, 'That is the value mira has already.'],
      [await tokens(['rotate', 'mria'], { ...run, stdin: stranger }), 3, 'There is no token mria.'],
      [await tokens(['rotate', 'mira', '--back'], run), 3, 'No old value of mira is kept.'],
    ] as const;
    for (const [{ code, stderr }, exit, sentence] of cases) {
      expect([code, stderr.split('\n')[0]]).toEqual([exit, expect.stringContaining(sentence)]);
    }
    expect(await readFile(pathsOf(home).credentialsFile)).toEqual(before);
    const outputs = cases.map(([result]) => result);
    expect(await leaksIn(home, { outputs, secrets: [key, stranger, OPENAI] })).toEqual([]);
  });

  test('of a value whose service nobody knows says how it is ended by hand', async () => {
    await using home = await isolatedHome();
    await add('my db', 'DATABASE_PASSWORD', { home, stdin: 'first' });
    expect(await tokens(['rotate', 'my db'], { home, stdin: 'second' })).toMatchObject({
      code: 0,
      stderr: '',
      stdout:
        'my db has its new value, untested (no service is known whose key is in DATABASE_PASSWORD).\n' +
        "The old value is kept. When the new one works, forget it: mira tokens rotate 'my db' --forget; if not, go back: mira tokens rotate 'my db' --back\n" +
        'The old value may still work; revoke it where it was made.\n',
    });
    expect(await tokens(['rotate', 'my db', '--forget'], { home })).toMatchObject({ code: 0 });
  });

  test('that nobody can test keeps the old value for the way back, until the new one answers', async () => {
    await using home = await isolatedHome();
    await using platform = await startPlatform();
    const run = { home, env: { ...FILE, MIRA_API_URL: platform.apiUrl } };
    const [first, second] = [platform.mintKey('first'), platform.mintKey('second')];
    await add('mira', 'MIRA_API_KEY', { ...run, stdin: first });
    const stranger = drawnKey.mira('unknown to the platform');
    expect(
      await tokens(['rotate', 'mira', '--no-test', '--revoke'], { ...run, stdin: stranger }),
    ).toMatchObject({
      code: 0,
      stdout:
        'mira has its new value, untested.\n' +
        'The old value is kept until the new one answers: mira tokens test mira\n' +
        'Back to it: mira tokens rotate mira --back; or forget it: mira tokens rotate mira --forget\n' +
        'The old value may still work; revoke it (not done: the new value was not tested): https://platform.vmira.ai/api-keys\n',
    });
    expect(await listed(run)).toMatchObject([{ previous_kept_since: expect.any(String) }]);
    expect(await tokens(['test'], run)).toMatchObject({ code: 4 });
    expect(await tokens(['rotate', 'mira', '--back'], run)).toMatchObject({
      code: 0,
      stdout: 'mira has its old value again.\n',
    });
    expect(await tokens(['test'], run)).toMatchObject({ code: 0 });
    await tokens(['rotate', 'mira', '--no-test'], { ...run, stdin: second });
    expect(await tokens(['test'], run)).toMatchObject({ code: 0 });
    expect(Object.keys((await listed(run))[0] ?? {})).not.toContain('previous_kept_since');
    expect(await tokens(['rotate', 'mira', '--back'], run)).toMatchObject({ code: 3 });
    await tokens(['rotate', 'mira', '--no-test'], { ...run, stdin: first });
    expect(await tokens(['rotate', 'mira', '--forget'], run)).toMatchObject({
      code: 0,
      stdout: 'The old value of mira is forgotten.\n',
    });
    expect(await tokens(['rotate', 'mira', '--back', '--forget'], run)).toMatchObject({ code: 2 });
  });
});

/** Where a secret is that should be nowhere: in what was printed, or in a file. */
async function leaksIn(
  home: IsolatedHome,
  { outputs, secrets }: { readonly outputs: readonly RunResult[]; readonly secrets: readonly string[] },
): Promise<readonly unknown[]> {
  const scanner = createLeakScanner(
    secrets.map((value, at) => ({ name: `secret ${at}`, value, publicPrefix: 8 })),
  );
  const printed = outputs.flatMap(({ stdout, stderr }, at) => [
    { name: `stdout ${at}`, content: stdout },
    { name: `stderr ${at}`, content: stderr },
  ]);
  const entries = await readdir(home.path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(files.map(async (name) => ({ name, content: await readFile(name) })));
  return scanner.scan([...printed, ...contents]);
}
