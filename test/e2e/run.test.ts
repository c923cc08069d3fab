/** `mira run` with real programs, on pipes. What needs a terminal is in run-terminal.test.ts. */
import { execFile, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { canTrace, traceArguments } from '../support/argument-lists.ts';
import { drawnKey } from '../support/drawn-key.ts';
import { createLeakScanner } from '../support/leak-scan.ts';
import { createCredentialsFile } from '../../src/store/credentials-file.ts';
import { createVault } from '../../src/vault/vault.ts';
import { keepToken } from '../support/keep-token.ts';
import { environmentOf, isolatedHome } from '../support/isolated-home.ts';
import type { Environment, IsolatedHome } from '../support/isolated-home.ts';
import { MIRA, OPEN, runMira, startMira } from '../support/run-mira.ts';
import type { RunResult } from '../support/run-mira.ts';
import { pathsOf } from '../support/stored.ts';

const FILE = { MIRA_STORAGE: 'file' };
const WORK = drawnKey.mira('run');
const GITHUB = drawnKey.github('run');

/** A home with a vault in it: `work` for OPENAI_API_KEY, `GitHub work` for GITHUB_TOKEN. */
async function homeWithTokens(): Promise<IsolatedHome> {
  const home = await isolatedHome();
  await keepToken(home, { label: 'work', env: 'OPENAI_API_KEY', value: WORK });
  await keepToken(home, { label: 'GitHub work', env: 'GITHUB_TOKEN', value: GITHUB });
  return home;
}

/** `old` for OLD, which has expired; no command would take it. */
function keepExpired(home: IsolatedHome): Promise<void> {
  const { credentialsFile: file, storeLockFile, keyFile, lastUsedFile } = pathsOf(home);
  const uid = process.geteuid?.();
  const sealed = createCredentialsFile({
    file,
    storeLockFile,
    uid,
    sources: { keyFile },
    createWith: 'key_file',
  });
  const vault = createVault({
    file: sealed,
    chooseForm: async () => 'key_file',
    lastUsedFile,
    now: Date.now,
  });
  const expiresAt = Date.UTC(2000, 0, 1);
  return vault.add({ label: 'old', env: 'OLD', kind: 'other', value: 'the old value', expiresAt });
}

const run = (home: IsolatedHome, args: readonly string[], env: Environment = {}): Promise<RunResult> =>
  runMira(['run', ...args], { home, env: { ...FILE, ...env } });

/** The environment of a program that was run, by name. */
async function environment(
  home: IsolatedHome,
  args: readonly string[],
  env: Environment = {},
): Promise<Readonly<Record<string, string>>> {
  const result = await run(home, ['--no-masking', ...args, '--', 'env', '-0'], env);
  expect(result).toMatchObject({ code: 0 });
  return Object.fromEntries(
    result.stdout
      .split('\0')
      .filter(Boolean)
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

describe.concurrent('the environment of the program', () => {
  test('holds all tokens, and all that mira was started with but its own credentials', async () => {
    await using home = await homeWithTokens();
    const kept = {
      EMPTY: '',
      CI: '0',
      ODD: 'two\nlines = "x"',
      OLLAMA_BASE_URL: 'http://localhost:1',
      ANTHROPIC_API_KEY: 'of your own',
      MIRA_PROFILE: 'default',
    };
    const own = {
      MIRA_TOKEN: 'never',
      MIRA_API_KEY: 'never',
      MIRA_PASSPHRASE: 'never',
      MIRA_MEETINGS_API_KEY: 'never',
    };
    expect(await environment(home, [], { ...kept, ...own })).toEqual({
      ...environmentOf(home, { ...FILE, ...kept }),
      OPENAI_API_KEY: WORK,
      GITHUB_TOKEN: GITHUB,
    });
  });

  test('holds those of --only, under the names of --as', async () => {
    await using home = await homeWithTokens();
    const tokensIn = async (args: readonly string[]) => {
      const env = await environment(home, args);
      return Object.entries(env).filter(([, value]) => value === WORK || value === GITHUB);
    };
    expect(await tokensIn(['--only', 'work'])).toEqual([['OPENAI_API_KEY', WORK]]);
    expect(await tokensIn(['--only', 'work, GitHub work'])).toHaveLength(2);
    expect(await tokensIn(['--only', ''])).toEqual([]);
    expect(Object.fromEntries(await tokensIn(['--as', 'KEY=work', '--as', 'KEY2=work']))).toEqual({
      KEY: WORK,
      KEY2: WORK,
      GITHUB_TOKEN: GITHUB,
    });
    expect(await tokensIn(['--only', '', '--as', 'MIRA_API_KEY=work'])).toEqual([['MIRA_API_KEY', WORK]]);
  });

  test('has the token in place of a variable of yours, and says so, unless yours is to stay', async () => {
    await using home = await homeWithTokens();
    const yours = { OPENAI_API_KEY: 'mine' };
    const print = ['--no-masking', '--', 'sh', '-c', 'echo $OPENAI_API_KEY'];
    expect(await run(home, print, yours)).toMatchObject({
      stdout: `${WORK}\n`,
      stderr:
        'mira: OPENAI_API_KEY comes from work, not from your environment (--preserve-env OPENAI_API_KEY keeps yours).\n',
    });
    expect(await run(home, ['--quiet', ...print], yours)).toMatchObject({ stdout: `${WORK}\n`, stderr: '' });
    const kept = ['--preserve-env', 'OPENAI_API_KEY', ...print];
    expect(await run(home, kept, yours)).toMatchObject({ stdout: 'mine\n', stderr: '' });
    expect(await run(home, kept)).toMatchObject({ stdout: `${WORK}\n`, stderr: '' });
  });

  test('is little with --clean-env', async () => {
    await using home = await homeWithTokens();
    const given = { LC_ALL: 'C', SHELL: '/bin/sh', SECRET: 'x', HTTPS_PROXY: 'http://p', KEPT: 'yes' };
    const { PATH, HOME, LANG, TZ, TMPDIR } = environmentOf(home);
    expect(
      await environment(home, ['--clean-env', '--preserve-env', 'KEPT', '--only', 'work'], given),
    ).toEqual({
      ...{ PATH, HOME, LANG, TZ, TMPDIR, LC_ALL: 'C', SHELL: '/bin/sh', KEPT: 'yes' },
      OPENAI_API_KEY: WORK,
    });
  });

  test('has what an env file says: texts, and tokens by reference', async () => {
    await using home = await homeWithTokens();
    const first = join(home.path, 'first.env');
    const second = join(home.path, 'second.env');
    await writeFile(
      first,
      'PORT=1\nexport KEY="mira://GitHub work" # ours\nOPENAI_API_KEY=old\nWHO=\'first\'\n',
    );
    await writeFile(second, 'WHO=second\n');
    const args = ['--env-file', first, '--env-from', second];
    expect(await environment(home, args, { PORT: '2', WHO: 'you' })).toMatchObject({
      PORT: '1',
      KEY: GITHUB,
      OPENAI_API_KEY: WORK,
      WHO: 'second',
    });
    expect(await environment(home, [...args, '--preserve-env', 'PORT,WHO'], { PORT: '2' })).toMatchObject({
      PORT: '2',
      WHO: 'second',
    });
  });

  test('has the credentials of AWS under their own names, and nothing that would lead elsewhere', async () => {
    await using home = await homeWithTokens();
    const keys = { id: drawnKey.aws('run'), secret: drawnKey.awsSecret('run') };
    const stdin = `AWS_ACCESS_KEY_ID=${keys.id}\nAWS_SECRET_ACCESS_KEY=${keys.secret}\n`;
    const set = ['aws', 'set', '--no-test', '--region', 'eu-central-1'];
    expect(await runMira(set, { home, env: FILE, stdin })).toMatchObject({ code: 0 });
    const yours = { AWS_PROFILE: 'old', AWS_SESSION_TOKEN: 'old', AWS_PAGER: 'cat', AWS_REGION: 'us-east-1' };
    const ofAws = async (args: readonly string[]) =>
      Object.fromEntries(
        Object.entries(await environment(home, args, yours)).filter(([name]) => name.startsWith('AWS_')),
      );
    const expected = {
      AWS_ACCESS_KEY_ID: keys.id,
      AWS_SECRET_ACCESS_KEY: keys.secret,
      AWS_REGION: 'eu-central-1',
      AWS_DEFAULT_REGION: 'eu-central-1',
      AWS_PAGER: 'cat',
    };
    expect(await ofAws([])).toEqual(expected);
    expect(await ofAws(['--only', 'aws'])).toEqual(expected);
    expect(await ofAws(['--only', 'work'])).toEqual(yours);
    expect(await ofAws(['--only', 'aws', '--preserve-env', 'AWS_REGION'])).toMatchObject({
      AWS_REGION: 'us-east-1',
    });
    expect(await run(home, ['--as', 'X=aws', '--', 'env'])).toMatchObject({ code: 2 });
    const printed = await run(home, [
      '--',
      'sh',
      '-c',
      'echo $AWS_SECRET_ACCESS_KEY $AWS_ACCESS_KEY_ID $AWS_REGION',
    ]);
    expect(printed.stdout).toBe('[masked aws] [masked aws] eu-central-1\n');
  });

  test('leaves the umask and the folder as mira found them', async () => {
    await using home = await homeWithTokens();
    const script = 'umask 027; exec "$0" "$1" run -- sh -c "umask; pwd; : > made; ls -l made | cut -c1-10"';
    const { stdout } = await promisify(execFile)('sh', ['-c', script, process.execPath, MIRA], {
      cwd: home.dataDir,
      env: environmentOf(home, FILE),
    });
    expect(stdout).toBe(`0027\n${home.dataDir}\n-rw-r-----\n`);
  });
});

describe.concurrent('the program', () => {
  test.each([
    [['sh', '-c', 'exit 7'], 7, ''],
    [['true'], 0, ''],
    [['sh', '-c', 'kill -9 $$'], 137, ''],
    [['sh', '-c', 'kill -TERM $$'], 143, ''],
    [
      ['no-such-program', WORK],
      127,
      'mira: There is no program no-such-program.\n  Check its name, and PATH.\n',
    ],
    [['./gone'], 127, 'mira: There is no program ./gone.\n  Check the path.\n'],
    [[''], 127, 'mira: There is no program without a name.\n  Check its name, and PATH.\n'],
    [['./plain'], 126, 'mira: ./plain may not be run.\n'],
    [['.'], 126, 'mira: . may not be run.\n'],
    [['./odd'], 126, 'mira: ./odd cannot be run: what its first line names is not there.\n'],
  ])('%j ends with its own status', async (command, code, stderr) => {
    await using home = await homeWithTokens();
    await writeFile(join(home.path, 'plain'), '');
    await writeFile(join(home.path, 'odd'), '#!/no/such/program\n', { mode: 0o755 });
    const result = await run(home, ['--', ...command]);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr.startsWith(stderr)).toBe(true);
    expect(result.stderr).not.toContain(WORK);
  });

  test('is given its arguments as they are, options and dashes of its own included', async () => {
    await using home = await homeWithTokens();
    const args = ['-x', '--json', '--', '--only', 'a b', '', '*', '--help'];
    for (const before of [[], ['--only', 'work']]) {
      const { stdout } = await run(home, [...before, '--', 'printf', '%s|', ...args]);
      expect(stdout).toBe(`${args.join('|')}|`);
    }
  });

  test('reads what mira was given to read, to the last byte', async () => {
    await using home = await homeWithTokens();
    const stdin = 'line\n'.repeat(100_000);
    const options = { home, env: FILE, stdin };
    expect(await runMira(['run', '--', 'cat'], options)).toMatchObject({ code: 0, stdout: stdin });
  });

  test('it runs under the profiler that NODE_OPTIONS asks for, which counts by SIGPROF', async () => {
    await using home = await homeWithTokens();
    const NODE_OPTIONS = `--cpu-prof --cpu-prof-interval=100 --cpu-prof-dir=${join(home.path, 'profiles')}`;
    const env = { ...FILE, NODE_OPTIONS };
    const told = await runMira(['run', '--clean-env', '--', 'echo', 'done'], { home, env });
    expect(told).toMatchObject({ code: 0, stdout: 'done\n', stderr: '' });
    expect(await readdir(join(home.path, 'profiles'))).toHaveLength(1);
  });

  test.each([
    ...(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGWINCH'] as const),
    ...(['SIGALRM', 'SIGXCPU', 'SIGVTALRM'] as const),
  ])('gets %s once, and mira ends when the program does', async (signal) => {
    await using home = await homeWithTokens();
    const program = `
        let count = 0;
        process.on(${JSON.stringify(signal)}, () => {
          count += 1;
          console.log('got', count);
          setTimeout(() => process.exit(9), 200);
        });
        setInterval(() => {}, 1000);
        console.log('ready');`;
    const mira = await startMira(['run', '--', process.execPath, '-e', program], { home, env: FILE });
    await mira.waitFor('ready');
    mira.signal(signal);
    expect(await mira.finished).toMatchObject({ code: 9, stdout: 'ready\ngot 1\n', stderr: '' });
  });

  test('is not started from a folder that is gone, where other commands do', async () => {
    await using home = await homeWithTokens();
    const inRemoved = (...args: readonly string[]) =>
      promisify(execFile)(
        'sh',
        ['-c', 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', 'sh', process.execPath, MIRA, ...args],
        { cwd: home.path, env: { ...environmentOf(home), ...FILE } },
      );
    expect((await inRemoved('run', '--check')).stdout).toContain('OPENAI_API_KEY');
    await expect(inRemoved('run', '--', 'true')).rejects.toMatchObject({
      code: 3,
      stderr: 'mira: The current folder is not there any more.\n  Go to one that is, for example: cd ~\n',
    });
  });

  test('that ignores SIGTERM is waited for', async () => {
    await using home = await homeWithTokens();
    const program = `process.on('SIGTERM', () => console.log('no')); setInterval(() => {}, 1000); console.log('ready')`;
    const mira = await startMira(['run', '--', process.execPath, '-e', program], { home, env: FILE });
    await mira.waitFor('ready');
    mira.signal('SIGTERM');
    await mira.waitFor('no');
    mira.signal('SIGTERM');
    await mira.waitFor('no\nno');
    for (const { pid } of await childrenOf(mira.pid)) process.kill(pid, 'SIGKILL');
    expect(await mira.finished).toMatchObject({ code: 137, stderr: '' });
  });

  test('whose reader has gone ends as it would without mira', async () => {
    await using home = await homeWithTokens();
    const mira = await startMira(['run', '--', 'yes'], { home, env: FILE });
    await mira.waitFor('y\ny\n');
    mira.closeOutput();
    expect(await mira.finished).toMatchObject({ code: 141, stderr: '' });
  });

  test('whose output nobody reads leaves a mira that can be ended', async () => {
    await using home = await homeWithTokens();
    // Nothing reads the pipe, which sooner or later takes no more.
    const script = '{ "$0" "$1" run -- yes & echo $! >&2; wait $!; echo "ended $?" >&2; } | sleep 300';
    const shell = spawn('sh', ['-c', script, process.execPath, MIRA], {
      env: environmentOf(home, FILE),
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    let said = '';
    shell.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    await waitUntil(async () => /^\d+\n/.test(said));
    const mira = Number.parseInt(said, 10);
    const find = async () => (await childrenOf(mira)).find(({ program }) => program === 'yes')?.pid;
    await waitUntil(async () => (await find()) !== undefined);
    const child = (await find()) ?? 0;
    let before = '';
    let unchanged = 0;
    await waitUntil(async () => {
      const written = await readFile(`/proc/${child}/io`, 'utf8');
      unchanged = written === before ? unchanged + 1 : 0;
      before = written;
      return unchanged > 30;
    });
    process.kill(child, 'SIGKILL');
    await waitUntil(async () => (await childrenOf(mira)).length === 0);
    process.kill(mira, 'SIGTERM');
    await waitUntil(async () => said.includes('ended'));
    process.kill(-(shell.pid ?? 0), 'SIGKILL');
    expect(said).toBe(`${mira}\nended 143\n`);
  });

  test('that leaves somebody behind with its output is not waited for without end', async () => {
    await using home = await homeWithTokens();
    const mira = await startMira(['run', '--', 'sh', '-c', 'sleep 300 & echo $!; exit 4'], {
      home,
      env: FILE,
    });
    const result = await mira.finished;
    process.kill(Number(result.stdout), 'SIGKILL');
    expect(result).toMatchObject({ code: 4, stderr: '' });
  });

  test('that leaves somebody behind who goes on writing is heard to the end', async () => {
    await using home = await homeWithTokens();
    const { stdout } = await run(home, [
      '--',
      'sh',
      '-c',
      '(sleep 0.3; echo one; sleep 0.3; echo two) & echo start',
    ]);
    expect(stdout).toBe('start\none\ntwo\n');
  });

  test('is needed', async () => {
    await using home = await homeWithTokens();
    expect(await run(home, [])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'mira: The program to run is missing.\n  It stands after two dashes: mira run -- env\n',
    });
    const json = await run(home, ['--json', '--', 'env']);
    expect(json).toMatchObject({ code: 2 });
    expect(JSON.parse(json.stdout)).toMatchObject({
      schema: 'mira.error/1',
      error: { code: 'invalid_usage' },
    });
  });
});

describe.concurrent('what the program prints', () => {
  const print = (code: string): readonly string[] => [
    '--',
    process.execPath,
    '-e',
    `const key = process.env.OPENAI_API_KEY; ${code}`,
  ];
  const all = `[key, encodeURIComponent(key + '/'), JSON.stringify({ key }), Buffer.from(key).toString('hex'),
    ...['', 'a', 'ab'].flatMap((before) => ['base64', 'base64url'].map((form) => Buffer.from(before + key).toString(form)))]`;

  test('is masked, in every encoding, on both streams, also where another token is chosen', async () => {
    await using home = await homeWithTokens();
    const args = ['--only', 'GitHub work', '--as', 'OPENAI_API_KEY=work'];
    const result = await run(home, [
      ...args,
      ...print(`for (const text of ${all}) { console.log(text); console.error(text) }`),
    ]);
    expect(result.code).toBe(0);
    expect(result.stdout.match(/\[masked work\]/g)).toHaveLength(10);
    expect(result.stderr).toBe(result.stdout);
    const scanner = createLeakScanner([{ name: 'work', value: WORK, publicPrefix: 'sk-mira-'.length }]);
    expect(scanner.scan([{ name: 'stdout', content: result.stdout }])).toEqual([]);
    expect(await run(home, ['--only', '', '--', 'echo', WORK])).toMatchObject({ stdout: '[masked work]\n' });
  });

  test('is left as it is with --no-masking', async () => {
    await using home = await homeWithTokens();
    expect(await run(home, ['--no-masking', ...print('console.log(key)')])).toMatchObject({
      stdout: `${WORK}\n`,
    });
  });

  test('is masked when it comes byte by byte, but for what a pause lets go of at its beginning', async () => {
    await using home = await homeWithTokens();
    const slowly = `let at = 0; const next = () => {
      if (at === key.length) return console.log('.');
      require('fs').writeSync(1, key[at++]); setImmediate(next); }; next();`;
    expect((await run(home, print(slowly))).stdout).toMatch(/^[\w-]{0,7}\[masked work\]\.\n$/);
  });

  test('is told at once when it looks like the beginning of a secret and pauses', async () => {
    await using home = await homeWithTokens();
    const program = `process.stdout.write('Delete task'); process.stdin.once('data', () => process.exit(0));`;
    const mira = await startMira(['run', ...print(program)], { home, env: FILE, stdin: OPEN });
    await mira.waitFor('Delete task');
    const beginning = `process.stdout.write(key.slice(0, 10)); process.stdin.once('data', () => process.exit(0));`;
    const other = await startMira(['run', ...print(beginning)], { home, env: FILE, stdin: OPEN });
    await other.waitFor(WORK.slice(0, 10));
    mira.write('x');
    other.write('x');
    expect(await Promise.all([mira.finished, other.finished])).toMatchObject([{ code: 0 }, { code: 0 }]);
  });

  test('arrives byte for byte where it is no secret', async () => {
    await using home = await homeWithTokens();
    const file = join(home.path, 'bytes');
    await writeFile(
      file,
      Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * index + (index >> 7)) & 255),
    );
    const script = '"$0" "$1" run -- cat "$2" | cmp - "$2"';
    const compared = promisify(execFile)('sh', ['-c', script, process.execPath, MIRA, file], {
      env: environmentOf(home, FILE),
    });
    expect(await compared).toMatchObject({ stdout: '', stderr: '' });
  });

  test('stays in order where both streams go to one place', async () => {
    await using home = await homeWithTokens();
    const lines = 'for i in 1 2 3 4 5 6 7 8 9; do echo out $i; echo error $i >&2; done';
    const script = '"$0" "$1" run -- sh -c "$2" 2>&1 | cat';
    const { stdout } = await promisify(execFile)('sh', ['-c', script, process.execPath, MIRA, lines], {
      env: environmentOf(home, FILE),
    });
    const expected = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((number) => `out ${number}\nerror ${number}\n`);
    expect(stdout).toBe(expected.join(''));
  });

  test('goes into a pipe that stays as its other writers know it', async () => {
    await using home = await homeWithTokens();
    // A descriptor that does not wait (O_NONBLOCK) would not wait for anybody who shares it.
    const flags = 'grep flags /proc/$PPID/fdinfo/1';
    const script = '"$0" "$1" run -- sh -c "$2" | cat';
    const { stdout } = await promisify(execFile)('sh', ['-c', script, process.execPath, MIRA, flags], {
      env: environmentOf(home, FILE),
    });
    const [, octal = ''] = /^flags:\s+([0-7]+)\n$/.exec(stdout) ?? [];
    expect(Number.parseInt(octal, 8) & constants.O_NONBLOCK).toBe(0);
  });

  test('may be written to /dev/stdout and /dev/stderr', async () => {
    await using home = await homeWithTokens();
    const script = 'echo one > /dev/stdout; echo two > /dev/stderr';
    expect(await run(home, ['--', 'sh', '-c', script])).toMatchObject({ stdout: 'one\n', stderr: 'two\n' });
  });

  test('is carried by pipes of another kind where there is no mkfifo', async () => {
    await using home = await homeWithTokens();
    const args = [
      '--',
      process.execPath,
      '-e',
      'console.log(process.env.OPENAI_API_KEY); console.error("e")',
    ];
    expect(await run(home, args, { PATH: '/nowhere' })).toMatchObject({
      code: 0,
      stdout: '[masked work]\n',
      stderr: 'e\n',
    });
  });

  test('on a full disk is a failure, whatever the program says', async () => {
    await using home = await homeWithTokens();
    const script = '"$0" "$1" run -- echo hello > /dev/full';
    const outcome = promisify(execFile)('sh', ['-c', script, process.execPath, MIRA], {
      env: environmentOf(home, FILE),
    });
    await expect(outcome).rejects.toMatchObject({
      code: 10,
      stderr: 'mira: There is no space left to write standard output to.\n',
    });
  });

  test('is not masked for a value that is too short, which is said', async () => {
    await using home = await homeWithTokens();
    await keepToken(home, { label: 'pin', env: 'PIN', value: '12345' });
    expect(await run(home, ['--', 'sh', '-c', 'echo $PIN'])).toMatchObject({
      stdout: '12345\n',
      stderr: 'mira: Under 6 characters nothing is masked in the output, which leaves out: pin.\n',
    });
  });
});

describe.concurrent('what stands in the way', () => {
  test.each([
    [['--only', 'work,githb'], 3, 'There is no token githb.'],
    [['--only', 'gone', '--as', 'X=lost'], 3, 'There are no tokens gone or lost.'],
    [
      ['--as', 'OPENAI_API_KEY=GitHub work', '--as', 'OPENAI_API_KEY=work'],
      2,
      'OPENAI_API_KEY would be set from',
    ],
    [['--as', 'LD_PRELOAD=work'], 11, 'LD_PRELOAD changes how programs load or run'],
    [['--as', 'MIRA_TOKEN=work'], 11, 'MIRA_TOKEN changes how programs load or run'],
    [['--preserve-env', 'MIRA_PASSPHRASE'], 11, 'MIRA_PASSPHRASE changes how programs load or run'],
    [['--as', 'A-B=work'], 2, 'That is no name for an environment variable.'],
    [['--as', 'work'], 2, '--as takes a variable and a label'],
    [['--preserve-env', 'A=B'], 2, '--preserve-env takes names of variables, without values.'],
    [['--allow-name', 'PATH=/x'], 2, '--allow-name takes names of variables, without values.'],
    [['--env-from', 'bad.env'], 2, 'Line 2 of bad.env is not of the form NAME=value.'],
    [['--env-from', 'loader.env'], 11, 'PATH changes how programs load or run'],
    [['--env-from', 'lost.env'], 3, 'There is no token lost.'],
    [['--env-from', 'no.env'], 2, '--env-from: no.env cannot be read'],
  ])('%j is told before anything runs', async (args, code, sentence) => {
    await using home = await homeWithTokens();
    await writeFile(join(home.path, 'bad.env'), `A=1\nsecret ${WORK}\n`);
    await writeFile(join(home.path, 'loader.env'), 'PATH=.\n');
    await writeFile(join(home.path, 'lost.env'), 'A=mira://lost\n');
    const result = await run(home, [...args, '--', 'touch', 'ran']);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toContain(`mira: ${sentence}`);
    expect(result.stderr).not.toContain(WORK);
    expect(await readdir(home.path)).not.toContain('ran');
  });

  test('are two tokens for one variable, until one of them is chosen', async () => {
    await using home = await homeWithTokens();
    await keepToken(home, { label: 'home', env: 'OPENAI_API_KEY', value: drawnKey.openai('run') });
    expect(await run(home, ['--', 'env'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        'mira: OPENAI_API_KEY would be set from home and work at once.\n' +
        '  Say which: --as OPENAI_API_KEY=home; or give one another name: --as OTHER_NAME=work\n',
    });
    for (const args of [
      ['--only', 'work'],
      ['--as', 'OPENAI_API_KEY=work'],
      ['--as', 'OTHER=home'],
    ]) {
      expect(await environment(home, args)).toMatchObject({ OPENAI_API_KEY: WORK });
    }
  });

  test('is a token that has expired, unless it is allowed', async () => {
    await using home = await homeWithTokens();
    await keepExpired(home);
    expect(await run(home, ['--', 'env'])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('mira: The token old expired on 2000-01-01.\n'),
    });
    expect(await run(home, ['--only', 'work', '--', 'true'])).toMatchObject({ code: 0 });
    expect(await environment(home, ['--allow-expired'])).toMatchObject({ OLD: 'the old value' });
  });

  test.each(['--env-file', '--env-from'])('is a file with options for Node (%s)', async (option) => {
    await using home = await homeWithTokens();
    const file = join(home.path, 'app.env');
    await writeFile(file, 'NODE_OPTIONS=--title=x\n');
    expect(await run(home, [option, file, '--', 'touch', 'ran'])).toMatchObject({
      code: 11,
      stderr: expect.stringContaining('NODE_OPTIONS changes how programs load or run'),
    });
    expect(await readdir(home.path)).not.toContain('ran');
  });

  test('names that are allowed are set', async () => {
    await using home = await homeWithTokens();
    expect(
      await environment(home, ['--as', 'LD_PRELOADED=work', '--allow-name', 'LD_PRELOADED']),
    ).toMatchObject({
      LD_PRELOADED: WORK,
    });
  });

  test('is an inspector, for mira alone', async () => {
    await using home = await homeWithTokens();
    const inspected = { NODE_OPTIONS: '--inspect=127.0.0.1:0' };
    const refused = await run(home, ['--', 'touch', 'ran'], inspected);
    expect(refused).toMatchObject({ code: 11, stdout: '' });
    expect(refused.stderr).toContain('mira: mira itself runs under --inspect, where its memory can be read.');
    expect(await readdir(home.path)).not.toContain('ran');
  });
});

describe.concurrent('--check', () => {
  test('tells names and labels without the key, and what is the matter', async () => {
    await using home = await homeWithTokens();
    await keepExpired(home);
    await keepToken(home, { label: 'home', env: 'OPENAI_API_KEY', value: drawnKey.openai('check') });
    await rm(pathsOf(home).keyFile);
    const check = async (args: readonly string[]) => {
      const result = await run(home, ['--check', '--json', ...args], { GITHUB_TOKEN: 'mine' });
      const { schema, variables } = JSON.parse(result.stdout);
      return [result.code, schema, ...variables.map((each: object) => Object.values(each).join(' '))];
    };
    const schema = 'mira.run.check/1';
    expect(await check(['--only', 'work'])).toEqual([0, schema, 'OPENAI_API_KEY work ok']);
    expect(await check(['--only', 'work,old'])).toEqual([
      4,
      schema,
      'OLD old expired',
      'OPENAI_API_KEY work ok',
    ]);
    expect(await check(['--only', 'old,gone', '--as', 'X=lost'])).toEqual([
      3,
      schema,
      ' gone missing',
      'OLD old expired',
      'X lost missing',
    ]);
    expect(await check(['--preserve-env', 'GITHUB_TOKEN', '--', 'any', 'program'])).toEqual([
      2,
      schema,
      'GITHUB_TOKEN GitHub work preserved',
      'OLD old expired',
      'OPENAI_API_KEY home conflict',
      'OPENAI_API_KEY work conflict',
    ]);
    expect(await check(['--only', '', '--as', 'PATH=work'])).toEqual([11, schema, 'PATH work refused']);
  });

  test('is read by people too', async () => {
    await using home = await homeWithTokens();
    expect(await run(home, ['--check', '--as', 'KEY=gone'])).toEqual({
      code: 3,
      signal: null,
      stdout:
        'GITHUB_TOKEN    GitHub work  ok\nKEY             gone         missing: there is no such token\nOPENAI_API_KEY  work         ok\n',
      stderr: 'mira: There is no token gone.\n  See what there is: mira tokens list\n',
    });
  });
});

describe('secrets of a run', () => {
  test.skipIf(!canTrace())('are in no argument, no file and no diagnostics', async () => {
    await using home = await homeWithTokens();
    await using tracing = await traceArguments();
    const args = ['run', '--debug', '--', 'sh', '-c', 'echo $OPENAI_API_KEY; echo $GITHUB_TOKEN >&2'];
    const { program, env } = tracing;
    const result = await runMira([MIRA, ...args], { home, program, env: { ...FILE, ...env } });
    expect(result.stdout).toBe('[masked work]\n');
    expect(result.stderr).toContain('[masked GitHub work]\n');
    expect(result.stderr).toContain('run: started');
    const files = await readdir(home.path, { recursive: true, withFileTypes: true });
    const contents = files
      .filter((file) => file.isFile())
      .map(async (file) => ({ name: file.name, content: await readFile(join(file.parentPath, file.name)) }));
    const scanner = createLeakScanner([
      { name: 'work', value: WORK, publicPrefix: 'sk-mira-'.length },
      { name: 'github', value: GITHUB, publicPrefix: 'ghp_'.length },
    ]);
    const commands = (await tracing.commands()).map(({ program: name, argv }) => ({ name, content: argv }));
    expect(commands.map(({ name }) => name)).toContain('sh');
    expect(
      scanner.scan([
        ...(await Promise.all(contents)),
        ...commands,
        { name: 'stderr', content: result.stderr },
      ]),
    ).toEqual([]);
  });

  test('are marked as used when the program has them', async () => {
    await using home = await homeWithTokens();
    await run(home, ['--only', 'work', '--', 'true']);
    const { stdout } = await runMira(['tokens', 'list', '--json'], { home, env: FILE });
    const used = JSON.parse(stdout).tokens.map((token: Readonly<Record<string, unknown>>) => [
      token['label'],
      'last_used_at' in token,
    ]);
    expect(used).toEqual([
      ['GitHub work', false],
      ['work', true],
    ]);
  });
});

interface Process {
  readonly pid: number;
  /** Undefined when it has just gone. */
  readonly program: string | undefined;
}

async function childrenOf(pid: number | undefined): Promise<readonly Process[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const pids = list.split(' ').filter(Boolean).map(Number);
  const programOf = (child: number) => readFile(`/proc/${child}/comm`, 'utf8').catch(() => undefined);
  return Promise.all(pids.map(async (child) => ({ pid: child, program: (await programOf(child))?.trim() })));
}

/** The system does not tell when another process changes. */
async function waitUntil(isMet: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < 1_000; round += 1) {
    if (await isMet()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('It did not come true.');
}
