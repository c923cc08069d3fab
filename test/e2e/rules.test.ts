/** The rules of the command line that hold for every command (cli.md, section 1). */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ERROR_KINDS } from '../../src/errors.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import { isolatedHome, OPEN, runMira, startMira } from '../support/run-mira.ts';
import type { IsolatedHome } from '../support/run-mira.ts';
import { parseLines, signIn } from '../support/sign-in.ts';
import { openTerminal } from '../support/terminal.ts';

const COMMANDS: readonly (readonly string[])[] = [
  ['auth', 'login'],
  ['auth', 'logout'],
  ['auth', 'status'],
  ['auth', 'token'],
  ['auth', 'refresh'],
  ['auth', 'explain'],
  ['auth', 'list'],
  ['auth', 'switch'],
  ['chat'],
  ['models'],
  ['history', 'list'],
  ['history', 'show'],
  ['history', 'search'],
  ['history', 'export'],
  ['history', 'delete'],
  ['history', 'prune'],
  ['tokens', 'test'],
  ['config', 'get'],
  ['config', 'set'],
  ['config', 'list'],
  ['config', 'path'],
  ['help', 'exit-codes'],
];

describe.concurrent('every command', () => {
  test.each(COMMANDS.map((words) => [words.join(' '), words] as const))(
    '(%s) has a help with examples, as text and as JSON',
    async (name, words) => {
      const text = await runMira([...words, '--help']);
      const json = await runMira([...words, '--help', '--json']);
      const help = JSON.parse(json.stdout);

      expect({ code: text.code, stderr: text.stderr }).toEqual({ code: 0, stderr: '' });
      expect(text.stdout).toMatch(new RegExp(`^Usage: mira ${name}[^]*\nExamples:\n  `));
      expect(Math.max(...text.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
      expect({ code: json.code, stderr: json.stderr }).toEqual({ code: 0, stderr: '' });
      expect(help).toMatchObject({
        schema: 'mira.help/1',
        command: `mira ${name}`,
        summary: expect.any(String),
      });
      expect(help.examples.length).toBeGreaterThan(0);
    },
  );

  test.each(COMMANDS.map((words) => [words.join(' '), words] as const))(
    '(%s) refuses an unknown option without repeating its value, in JSON where the line asks for it',
    async (name, words) => {
      const secret = `sk-mira-${'e1'.repeat(20)}`;
      const { code, stdout, stderr } = await runMira([...words, `--tokne=${secret}`, '--json']);
      const error = {
        code: 'unknown_option',
        message: 'There is no option --tokne.',
        exit_code: 2,
        retryable: false,
        hint: expect.any(String),
      };

      expect({ code, object: JSON.parse(stdout) }).toEqual({
        code: 2,
        object: { schema: 'mira.error/1', error },
      });
      expect(stderr).toBe(`mira: There is no option --tokne.\n  ${JSON.parse(stdout).error.hint}\n`);
      expect(stdout + stderr).not.toContain(secret.slice(0, 12));
      const after = await runMira(['--json', ...words, `--tokne=${secret}`]);
      expect({ name, code: after.code, stdout: after.stdout }).toEqual({ name, code: 2, stdout });
    },
  );

  test('that is none is answered with the one that was meant', async () => {
    const typos: readonly (readonly [readonly string[], string])[] = [
      [['auht'], 'mira: There is no command `auht`.\n  Did you mean mira auth?\n'],
      [['auth', 'lgin'], 'mira: There is no command `lgin`.\n  Did you mean mira auth login?\n'],
      [['chat', '--modle', 'x'], 'mira: There is no option --modle.\n  Did you mean --model?\n'],
    ];
    for (const [args, stderr] of typos) {
      expect(await runMira(args)).toEqual({ code: 2, signal: null, stdout: '', stderr });
    }
    const secret = `sk-mira-${'e1'.repeat(20)}`;
    const pasted = await runMira([secret, '--json']);
    expect(pasted.code).toBe(2);
    expect(pasted.stdout + pasted.stderr).not.toContain(secret.slice(0, 12));
  });

  test('needs --json only before `--`', async () => {
    const { code, stdout } = await runMira(['auth', 'list', '--', '--json']);

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('knows its version and the meaning of its exit codes', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await runMira(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
    expect(await runMira(['--version', '--json'])).toMatchObject({
      stdout: `{"schema":"mira.version/1","version":"${version}"}\n`,
    });
    const codes = JSON.parse((await runMira(['help', 'exit-codes', '--json'])).stdout);
    const known = codes.exit_codes.map(({ code }: { code: number }) => code);
    const used = Object.values(ERROR_KINDS).map(({ exit }) => exit);
    expect(known).toEqual(expect.arrayContaining([0, ...used]));
    const text = await runMira(['help', 'exit-codes']);
    expect(text.stdout.split('\n').filter((line) => /^\s*\d+  \S/.test(line))).toHaveLength(known.length);
  });

  test('that would have to ask somebody, and may not, exits 11 and names what answers', async () => {
    await using home = await isolatedHome();
    const args = ['auth', 'login', '--with-key', '--storage', 'file'];
    for (const [more, env] of [
      [['--no-input'], {}],
      [[], { MIRA_NO_INPUT: '1' }],
      [[], { CI: 'true' }],
    ] as const) {
      await using terminal = await openTerminal({ args: [...args, ...more], home, env });
      expect(await terminal.exit).toEqual({ code: 11, signal: 0 });
      expect(terminal.scrollback()).toEqual([
        'mira: A key is needed, and nobody can be asked for it.',
        '  Give it on stdin: mira auth login --with-key < key.txt',
      ]);
    }
  });
});

describe.concurrent('colour', () => {
  const plain: readonly (readonly [string, readonly string[], Readonly<Record<string, string>>, boolean])[] =
    [
      ['a pipe', [], {}, false],
      ['a pipe and --color always', ['--color', 'always'], { NO_COLOR: '1' }, true],
      ['a pipe and FORCE_COLOR', [], { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
      ['a pipe and CLICOLOR_FORCE', [], { CLICOLOR_FORCE: '1' }, true],
      ['a pipe and FORCE_COLOR, but --color never', ['--color', 'never'], { FORCE_COLOR: '1' }, false],
      ['a pipe and an empty FORCE_COLOR', [], { FORCE_COLOR: '' }, false],
    ];
  test.each(plain)('on %s', async (_name, args, env, colored) => {
    const { stdout } = await runMira(['auth', 'status', ...args], { env });
    expect(stdout.includes('\u001b[')).toBe(colored);
    const json = await runMira(['auth', 'status', '--json', ...args], { env });
    expect(json.stdout).not.toContain('\u001b');
  });

  test('on a terminal, unless NO_COLOR', async () => {
    await using home = await isolatedHome();
    for (const [env, colored] of [
      [{}, true],
      [{ NO_COLOR: '1' }, false],
    ] as const) {
      await using terminal = await openTerminal({ args: ['auth', 'status'], home, env });
      await terminal.exit;
      expect(terminal.output().includes('\u001b[')).toBe(colored);
    }
  });
});

describe.concurrent('settings', () => {
  test('come from option, environment, profile and default, in this order, and say so', async () => {
    await using home = await isolatedHome();
    const get = async (...args: readonly string[]) =>
      JSON.parse((await runMira(['config', 'get', 'model', '--json', ...args], { home })).stdout);
    const row = { schema: 'mira.config/1', key: 'model' };

    expect(await get()).toEqual({ ...row, value: 'mira', origin: 'default', from: 'default' });
    expect(await runMira(['config', 'set', 'model', 'mira-pro'], { home })).toEqual({
      code: 0,
      signal: null,
      stdout: 'model is now mira-pro for profile default.\n',
      stderr: '',
    });
    expect(await get()).toEqual({ ...row, value: 'mira-pro', origin: 'profile', from: 'profile default' });
    expect(await get('--profile', 'work')).toMatchObject({ value: 'mira', origin: 'default' });
    const env = { MIRA_MODEL: 'other' };
    const fromEnv = await runMira(['config', 'get', 'model', '--json'], { home, env });
    expect(JSON.parse(fromEnv.stdout)).toEqual({
      ...row,
      value: 'other',
      origin: 'environment',
      from: 'MIRA_MODEL',
    });
    const empty = await runMira(['config', 'get', 'model'], { home, env: { MIRA_MODEL: '' } });
    expect(empty.stdout).toBe('mira-pro\n');
    expect(await runMira(['config', 'set', 'model', '--unset'], { home })).toMatchObject({ code: 0 });
    expect(await get()).toMatchObject({ value: 'mira', origin: 'default' });
    expect(await runMira(['config', 'path'], { home })).toMatchObject({
      stdout: `${join(home.configDir, 'config.json')}\n`,
    });
  });

  test('are kept to their owner: folders 0700, files 0600', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await runMira(['config', 'set', 'model', 'mira-pro'], { home });
    await signIn(platform, { home });
    const mode = async (...path: readonly string[]) =>
      ((await stat(join(home.path, ...path))).mode & 0o777).toString(8);

    expect(await mode('config')).toBe('700');
    expect(await mode('data')).toBe('700');
    expect(await mode('config', 'config.json')).toBe('600');
    expect(await mode('data', 'sessions.json')).toBe('600');
    expect(await mode('data', 'credentials.json')).toBe('600');
  });

  test('that do not exist, or take no such value, are refused: exit 2', async () => {
    await using home = await isolatedHome();
    const lines: readonly (readonly string[])[] = [
      ['config', 'set', 'nothing', 'x'],
      ['config', 'get', 'nothing'],
      ['config', 'set', 'storage', 'cloud'],
      ['config', 'set', 'api_url', 'http://evil.test'],
      ['config', 'set', 'model'],
      ['config', 'set', 'model', 'x', '--unset'],
      ['auth', 'list', '--profile', '../x'],
      ['auth', 'list', '--profile', 'CON/x'],
      ['auth', 'list', '--color', 'blue'],
    ];
    for (const args of lines) {
      const { code, stdout, stderr } = await runMira(args, { home });
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' });
      expect(stderr).toMatch(/^mira: [^\n]+\n(  [^\n]+\n)?$/);
    }
    await expect(stat(join(home.configDir, 'config.json'))).rejects.toThrow('ENOENT');
  });

  test('in a broken file are named with their place, and the file stays byte for byte', async () => {
    await using home = await isolatedHome();
    const file = join(home.configDir, 'config.json');
    await mkdir(home.configDir, { mode: 0o700 });
    const broken = '{"profiles": {broken\n\u00e9';
    await writeFile(file, broken, { mode: 0o600 });
    const lines: readonly (readonly string[])[] = [
      ['config', 'list'],
      ['config', 'set', 'model', 'x'],
      ['auth', 'status'],
      ['chat', 'x'],
    ];
    for (const args of lines) {
      expect({ args, ...(await runMira(args, { home })) }).toEqual({
        args,
        code: 2,
        signal: null,
        stdout: '',
        stderr:
          `mira: ${file} is not valid JSON at line 1, column 15.\n` +
          `  Correct it in an editor, or move it aside: mv ${file} ${file}.aside\n`,
      });
    }
    expect(await readFile(file, 'utf8')).toBe(broken);
    expect(await runMira(['config', 'path'], { home })).toMatchObject({ code: 0, stdout: `${file}\n` });
  });

  test('of another client are pointed out once', async () => {
    const env = { MIRA_BASE_URL: 'https://api.example' };
    const sentence =
      'mira: MIRA_BASE_URL belongs to another client and is not read; mira reads MIRA_API_URL.\n';
    expect(await runMira(['auth', 'status'], { env })).toMatchObject({ code: 4, stderr: sentence });
    const both = { ...env, MIRA_API_URL: 'https://api.example' };
    expect(await runMira(['auth', 'status'], { env: both })).toMatchObject({ code: 4, stderr: '' });
    const empty = { ...env, MIRA_API_URL: '' };
    expect(await runMira(['auth', 'status'], { env: empty })).toMatchObject({ code: 4, stderr: sentence });
  });
});

describe.concurrent('a data folder that cannot be written', () => {
  test('is named: exit 10, before anybody is sent to a browser', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const env = await withoutDataFolder(home);
    const login = [
      'auth',
      'login',
      '--issuer',
      platform.issuer,
      '--api-url',
      platform.apiUrl,
      '--storage',
      'file',
    ];
    const named = new RegExp(
      `^mira: [^\n]*${env.MIRA_DATA_DIR}[^\n]*a part of its path is a file, not a folder`,
    );
    for (const args of [login, ['auth', 'status'], ['auth', 'logout'], ['chat', 'x']]) {
      const { code, stderr } = await runMira(args, { home, env });
      expect({ args, code }).toEqual({ args, code: 10 });
      expect(stderr).toMatch(named);
    }
    const json = await runMira([...login, '--json'], { home, env });
    expect({ code: json.code, events: parseLines(json.stdout) }).toMatchObject({
      code: 10,
      events: [{ event: 'error', error: { exit_code: 10 } }],
    });
    expect(platform.requests).toEqual([]);
  });

  test('is not needed for a key of the environment', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const env = {
      ...(await withoutDataFolder(home)),
      MIRA_API_URL: platform.apiUrl,
      MIRA_API_KEY: platform.mintKey(),
    };

    expect(await runMira(['chat', 'x'], { home, env })).toMatchObject({
      code: 0,
      stderr: `mira: Cannot make the folder ${env.MIRA_DATA_DIR}: a part of its path is a file, not a folder. This conversation is not saved.\n`,
    });
    expect(await runMira(['chat', 'x', '--no-save'], { home, env })).toMatchObject({ code: 0, stderr: '' });
  });
});

/** A data folder below a regular file, which stops root as well. */
async function withoutDataFolder(home: IsolatedHome): Promise<{ readonly MIRA_DATA_DIR: string }> {
  await writeFile(join(home.path, 'file'), '');
  return { MIRA_DATA_DIR: join(home.path, 'file', 'data') };
}

test.each([
  ['an error', 'throw new Error("opaque")'],
  ['a promise', 'void Promise.reject(new Error("opaque"))'],
])(
  'a bug that nobody waits for (%s) ends like every other: one sentence, one object, exit 1',
  async (_, code) => {
    const module = encodeURIComponent(`setTimeout(() => { ${code} }, 100);`);
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${module}` };
    const { finished } = await startMira(['chat', '-', '--json'], { env, stdin: OPEN });
    const result = await finished;

    expect({ ...result, stdout: JSON.parse(result.stdout) }).toMatchObject({
      code: 1,
      stdout: { schema: 'mira.error/1', error: { code: 'unexpected', exit_code: 1 } },
      stderr:
        'mira: mira failed in a way it should not have.\n  Run the command again with --debug and report what it prints; secrets are taken out of it.\n',
    });
  },
);
