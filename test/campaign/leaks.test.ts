/**
 * A whole run, from the first sign-in to the last sign-out, with secrets that were made for it: afterwards none of them
 * may be in any file, argument list or output, in any form. The same search then has to find what is planted.
 */
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canTrace, traceArguments } from '../support/argument-lists.ts';
import type { Tracing } from '../support/argument-lists.ts';
import { drawnKey } from '../support/drawn-key.ts';
import { hasKeyring, startKeyring } from '../support/keyring.ts';
import { holdRequest } from '../support/held-request.ts';
import { createLeakScanner } from '../support/leak-scan.ts';
import type { Canary, Leak, Sink } from '../support/leak-scan.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import type { Fault, Platform } from '../support/platform/start-platform.ts';
import { isolatedHome, MIRA, startMira } from '../support/run-mira.ts';
import type { Environment, IsolatedHome, RunningMira, RunOptions, RunResult } from '../support/run-mira.ts';
import { shownCode } from '../support/sign-in.ts';
import { printFigures, spread } from './figures.ts';
import { sized } from './size.ts';

/** Everything that can be loud is. */
const LOUD = { MIRA_LOG: 'debug', NODE_DEBUG: 'net,http,undici,fetch,tls' };
const PLANTER = new URL('../support/leak-planter-program.ts', import.meta.url).pathname;

const withoutTrace = !canTrace();
const withoutKeyring = withoutTrace || !hasKeyring();
if (withoutTrace) process.stdout.write('leaks: all skipped: strace\n');
else if (withoutKeyring) process.stdout.write('leaks: 1 skipped: no gnome-keyring\n');

describe.concurrent('a whole run leaves nothing of its secrets anywhere', () => {
  test.skipIf(withoutTrace)('with its sessions in a file under a passphrase', async () => {
    const passphrase = awkwardPassphrase();
    const leaks = await leaksOfAWholeRun('passphrase', {
      args: ['--storage', 'file'],
      env: { MIRA_PASSPHRASE: passphrase },
      secrets: [{ name: 'passphrase', value: passphrase }],
      closedBy: { MIRA_PASSPHRASE: randomBytes(12).toString('hex') },
    });
    expect(leaks).toEqual([]);
  });

  test.skipIf(withoutKeyring)('with its sessions in the keychain', async () => {
    await using keyring = await startKeyring();
    const nobody = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' };
    const story = { args: [], env: keyring.env, secrets: [], closedBy: nobody };
    expect(await leaksOfAWholeRun('keychain', story)).toEqual([]);
  });

  // The same code as under a passphrase, but for where the key comes from: in the full size only.
  const keyFiles = sized({ small: [], full: ['key file'] });
  test.skipIf(withoutTrace).for(keyFiles)('with its sessions in a file under a %s', async (name) => {
    const story = { args: ['--storage', 'file'], env: {}, secrets: [], closedBy: {} };
    expect(await leaksOfAWholeRun(name, story)).toEqual([]);
  });
});

describe('what is planted is found', () => {
  const canary = { name: 'canary', value: awkwardPassphrase() };
  const bytes = Buffer.from(canary.value);
  const forms: readonly (readonly [string, string])[] = [
    ['as it is', canary.value],
    ['twelve characters of it', canary.value.slice(5, 17)],
    ...['', 'x', 'xx'].map(
      (before) =>
        [
          `base64 after ${before.length} bytes`,
          Buffer.from(before + canary.value).toString('base64'),
        ] as const,
    ),
    ['base64url', bytes.toString('base64url')],
    ['hex', bytes.toString('hex')],
    ['upper-case hex', bytes.toString('hex').toUpperCase()],
    ['URL-encoded', encodeURIComponent(canary.value)],
    ['as a form field', new URLSearchParams({ a: canary.value }).toString()],
    ['JSON-escaped', JSON.stringify(canary.value)],
    ['JSON in JSON', JSON.stringify(JSON.stringify(canary.value))],
  ];

  test.skipIf(withoutTrace)('in every place, in every form', async () => {
    let planted = 0;
    for (const [form, leak] of forms) {
      const sinks = await plant(leak);
      const found = new Set(
        createLeakScanner([canary])
          .scan(sinks)
          .map(({ sink }) => sink),
      );
      expect({ form, found: [...found].sort() }).toEqual({ form, found: PLACES });
      planted += found.size;
    }
    const other = createLeakScanner([{ name: 'another', value: awkwardPassphrase() }]);
    expect(other.scan(await plant(canary.value))).toEqual([]);
    printFigures('leaks, planted', { forms: forms.length, places: PLACES.length, found: planted });
  });
});

const PLACES = [
  'argv of true',
  'file data/state/planted',
  'file planted',
  'file tmp/planted',
  'name of a file',
  'stderr of the planter',
  'stdout of the planter',
];

/** Where one process has leaked a text by all the ways there are. */
async function plant(leak: string): Promise<readonly Sink[]> {
  await using home = await isolatedHome();
  await using tracing = await traceArguments();
  const run = traced({ home, tracing, env: { LEAK: leak } });
  const { finished } = await run([], { target: PLANTER });
  const { stdout, stderr } = await finished;
  const files = await filesOf(home);
  return [
    { name: 'stdout of the planter', content: stdout },
    { name: 'stderr of the planter', content: stderr },
    ...files.map((file) =>
      file.name.startsWith('name of file planted-') ? { ...file, name: 'name of a file' } : file,
    ),
    ...(await argumentsOf(tracing)),
  ];
}

interface Story {
  readonly args: readonly string[];
  readonly env: Environment;
  /** What is secret besides what the server gives out. */
  readonly secrets: readonly Canary[];
  /** With this in its environment, the program cannot open its store. */
  readonly closedBy: Environment;
}

async function leaksOfAWholeRun(
  name: string,
  { args, env, secrets, closedBy }: Story,
): Promise<readonly Leak[]> {
  await using platform = await startPlatform();
  await using home = await isolatedHome();
  await using tracing = await traceArguments();
  const grants = listen(platform);
  const key = platform.mintKey();
  const start = traced({ home, tracing, env: { ...LOUD, ...env } });
  const outputs: (RunResult & { readonly args: readonly string[] })[] = [];
  const durations: number[] = [];
  const run = async (command: readonly string[], more: Omit<RunOptions, 'home' | 'program'> = {}) => {
    const startedAt = performance.now();
    const result = await (await start(command, more)).finished;
    durations.push(performance.now() - startedAt);
    outputs.push({ ...result, args: command });
    return result;
  };
  const server = ['--issuer', platform.issuer, '--api-url', platform.apiUrl];

  const login = await start(['auth', 'login', '--debug', ...server, ...args]);
  await platform.approve(await shownCode(platform, login));
  outputs.push({ ...(await login.finished), args: ['auth', 'login'] });
  const codes = [
    await run(['auth', 'status', '--debug']),
    await run(['auth', 'token']),
    await run(['auth', 'token', '--json', '--min-ttl', '60', '--debug']),
    await run(['chat', '--debug', '--system', 'Answer in one word.', 'hi']),
    await run(['chat', '--json', '--stream', 'hi']),
    await run(['auth', 'refresh', '--json', '--debug']),
  ].map(({ code }) => code);
  expect(codes).toEqual([0, 0, 0, 0, 0, 0]);

  const keyed = ['--profile', 'keyed'];
  const keyLogin = [
    'auth',
    'login',
    '--with-key',
    '--debug',
    ...args,
    ...keyed,
    '--api-url',
    platform.apiUrl,
  ];
  const withKey = [
    await run(keyLogin, { stdin: `${key}\n` }),
    await run(['chat', '--debug', ...keyed, 'hi']),
    await run(['chat', 'hi', '--debug'], { env: { MIRA_API_KEY: key, MIRA_API_URL: platform.apiUrl } }),
  ].map(({ code }) => code);
  expect(withKey).toEqual([0, 0, 0]);

  platform.refuseAccessTokens();
  await run(['chat', 'hi', '--debug']);
  // Servers that say what they were sent.
  const echo = () => `You sent ${[...grants.values].at(-1)} and ${[...grants.values].join(' ')}.`;
  for (const fault of [
    { at: 'chat', kind: 'status', status: 401, body: { detail: echo() }, times: 9 },
    { at: 'chat', kind: 'status', status: 400, body: { error: { message: echo(), code: echo() } } },
    { at: 'chat', kind: 'status', status: 400, body: { detail: `Bad key ${key}` } },
  ] as const) {
    grants.after(fault);
    await run(['chat', 'hi', '--debug', '--json']);
  }
  for (const fault of [
    { at: 'token', kind: 'status', status: 503, body: echo() },
    { at: 'token', kind: 'raw', body: `<html>${echo()}`, contentType: 'text/html' },
    {
      at: 'token',
      kind: 'status',
      status: 400,
      body: { error: 'invalid_request', error_description: echo() },
    },
    { at: 'token', kind: 'raw', body: JSON.stringify({ access_token: { value: echo() } }) },
  ] as const) {
    grants.after(fault);
    expect(await run(['auth', 'refresh', '--debug'])).toMatchObject({ stdout: '' });
  }
  grants.after();
  await run(['auth', 'token', '--debug'], { env: closedBy });
  await run(['auth', 'explain']);
  await run(['auth', 'list', '--json']);
  const vault = await keepTokens({ platform, run });
  await killedAmidRefresh({ platform, home, env: { ...LOUD, ...env }, grants });
  const kept = await filesOf(home);
  const end = await run(['auth', 'logout', '--all', '--json', '--debug']);
  expect(end.code).toBe(0);
  const ended = [
    await run(['tokens', 'list', '--debug']),
    await run(['tokens', 'remove', 'stays', '--debug']),
  ];
  expect(ended.map(({ code }) => code)).toEqual([0, 0]);

  const canaries: readonly Canary[] = [
    ...secrets,
    // The prefix a key is listed by is no secret, and kept in order to find the key at sign-out.
    { name: 'API key', value: key, publicPrefix: 16 },
    ...vault,
    ...grants.canaries(),
  ];
  // Device code, and of each grant the three tokens.
  expect(canaries.length).toBeGreaterThanOrEqual(2 + secrets.length + 1 + 6);
  const sinks = [
    ...outputs.flatMap((output) => sinksOf(output, grants.values)),
    ...kept,
    ...(await filesOf(home)),
    ...(await argumentsOf(tracing)),
  ];
  const leaks = createLeakScanner(canaries).scan(sinks);
  expect(outputs.filter(({ stderr }) => stderr.includes('debug ')).length).toBeGreaterThan(10);
  printFigures(`leaks, ${name}`, {
    commands: outputs.length,
    'p50/p95': spread(durations),
    secrets: canaries.length,
    'places searched': sinks.length,
    bytes: sinks.reduce((sum, { content }) => sum + content.length, 0),
    found: leaks.length,
  });
  return leaks;
}

interface Chapter {
  readonly platform: Platform;
  readonly run: (
    command: readonly string[],
    more?: Omit<RunOptions, 'home' | 'program'>,
  ) => Promise<RunResult>;
}

/** Tokens that are kept, tested, exchanged, refused and removed; one stays. */
async function keepTokens({ platform, run }: Chapter): Promise<readonly Canary[]> {
  const env = { MIRA_API_URL: platform.apiUrl };
  const [first, second, third] = [platform.mintKey('a'), platform.mintKey('b'), platform.mintKey('c')];
  const unknown = drawnKey.mira('unknown to the platform');
  const [github, openai, stays] = [
    drawnKey.github('leaks'),
    drawnKey.openaiProject('leaks'),
    awkwardPassphrase(),
  ];
  const add = (label: string, variable: string): readonly string[] => [
    ...['tokens', 'add', '--label', label, '--env', variable, '--debug'],
  ];
  const rotate = ['tokens', 'rotate', 'mira', '--debug'];
  const codes = [
    await run(add('mira', 'MIRA_API_KEY'), { stdin: `${first}\n` }),
    await run(add('stays', 'STAYS'), { stdin: stays }),
    await run(add('github', 'GITHUB_TOKEN'), { stdin: github }),
    await run(['tokens', 'test', 'mira', '--debug'], { env }),
    await run([...rotate, '--revoke'], { stdin: second, env }),
    await run([...rotate, '--json'], { stdin: unknown, env }),
    await run([...rotate, '--no-test'], { stdin: unknown, env }),
    await run(['tokens', 'test', 'mira', '--debug', '--json'], { env }),
    await run([...rotate, '--back'], { env }),
    await run([...rotate], { stdin: third, env }),
    // A value of another vendor, and one that is cut.
    await run(add('other', 'ANTHROPIC_API_KEY'), { stdin: openai }),
    await run(add('other', 'OPENAI_API_KEY'), { stdin: openai.slice(0, 20) }),
    await run(['tokens', 'remove', 'github', 'mira', '--debug']),
  ].map(({ code }) => code);
  expect(codes).toEqual([0, 0, 0, 0, 0, 4, 0, 4, 0, 0, 11, 2, 0]);
  return [
    // By their first sixteen characters the platform lists its keys.
    ...[first, second, third, unknown].map((value, at) => ({ name: `token ${at}`, value, publicPrefix: 16 })),
    { name: 'GitHub token', value: github, publicPrefix: 4 },
    { name: 'OpenAI token', value: openai, publicPrefix: 8 },
    { name: 'token without a format', value: stays },
  ];
}

/** Words, quotes, and what URLs and JSON write differently: no form of it looks like another. */
function awkwardPassphrase(): string {
  const part = () => randomBytes(9).toString('base64url');
  return `${part()} "${part()}" \\ ${part()}&é/+%=${part()}`;
}

interface Setting {
  readonly home: IsolatedHome;
  readonly tracing: Tracing;
  readonly env: Environment;
}

type Start = (
  args: readonly string[],
  options?: RunOptions & { readonly target?: string },
) => Promise<RunningMira>;

function traced({ home, tracing, env }: Setting): Start {
  return (args, { target = MIRA, ...options } = {}) =>
    startMira([target, ...args], {
      ...options,
      home,
      env: { ...env, ...options.env, ...tracing.env },
      program: tracing.program,
    });
}

interface Grants {
  /** Every token and device code that the server has given out. */
  readonly values: ReadonlySet<string>;
  canaries(): readonly Canary[];
  /** Orders faults, and goes on listening after them. */
  after(...faults: readonly Fault[]): void;
}

function listen(platform: Platform): Grants {
  const values = new Set<string>();
  const canaries: Canary[] = [];
  const note = (json: Record<string, unknown>) => {
    for (const name of ['device_code', 'access_token', 'refresh_token', 'id_token']) {
      const value = json[name];
      if (typeof value !== 'string' || values.has(value)) continue;
      values.add(value);
      // What the header of a JWT says is no secret.
      canaries.push({ name, value, publicPrefix: value.startsWith('eyJ') ? value.indexOf('.') + 1 : 0 });
    }
    return json;
  };
  const after = (...faults: readonly Fault[]) => {
    platform.faults.clear();
    platform.faults.push(...faults);
    for (const at of ['device', 'token'] as const) {
      platform.faults.push({ at, kind: 'tamper', times: 1_000, change: note });
    }
  };
  after();
  return { values, canaries: () => canaries, after };
}

/** What a killed process had in its hands may not lie about in a temporary file. */
async function killedAmidRefresh({
  platform,
  home,
  env,
  grants,
}: {
  readonly platform: Platform;
  readonly home: IsolatedHome;
  readonly env: Environment;
  readonly grants: Grants;
}): Promise<void> {
  platform.faults.clear();
  const request = holdRequest(platform, 'token');
  const mira = await startMira(['auth', 'refresh'], { home, env });
  await Promise.race([request.arrived, mira.finished]);
  mira.signal('SIGKILL');
  expect(await mira.finished).toMatchObject({ signal: 'SIGKILL', stdout: '' });
  grants.after();
  request.release();
}

/** The streams of one command. `auth token` prints a token because it was asked to; the rest of its output counts. */
function sinksOf(
  { args, stdout, stderr }: RunResult & { readonly args: readonly string[] },
  tokens: ReadonlySet<string>,
): readonly Sink[] {
  const name = `mira ${args.slice(0, 3).join(' ')}`;
  const isToken = args[0] === 'auth' && args[1] === 'token';
  const asked = isToken ? [...tokens].reduce((text, token) => text.replace(token, ''), stdout) : stdout;
  return [
    { name: `stdout of ${name}`, content: asked },
    { name: `stderr of ${name}`, content: stderr },
  ];
}

async function filesOf(home: IsolatedHome): Promise<readonly Sink[]> {
  const entries = await readdir(home.path, { recursive: true, withFileTypes: true });
  const sinks: Sink[] = [];
  for (const entry of entries) {
    const file = join(entry.parentPath, entry.name);
    const name = relative(home.path, file);
    sinks.push({ name: `name of file ${name}`, content: name });
    if (entry.isFile()) sinks.push({ name: `file ${name}`, content: await readFile(file) });
  }
  return sinks;
}

async function argumentsOf(tracing: Tracing): Promise<readonly Sink[]> {
  const commands = await tracing.commands();
  return commands.map(({ program, argv }) => ({
    name: `argv of ${program}`,
    content: Buffer.from(argv, 'latin1'),
  }));
}
