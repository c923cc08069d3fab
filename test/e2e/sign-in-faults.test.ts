/** Signing in when the network, the server or somebody in between misbehaves: one clear line, the right code, nothing kept. */
import { readdir } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { startPlatform } from '../support/platform/start-platform.ts';
import type { Fault, Platform } from '../support/platform/start-platform.ts';
import { isolatedHome } from '../support/run-mira.ts';
import type { RunResult } from '../support/run-mira.ts';
import { parseLines, shownCode, startLogin } from '../support/sign-in.ts';

type Json = Readonly<Record<string, unknown>>;
type Plan = Fault extends infer F ? (F extends Fault ? Omit<F, 'at'> : never) : never;

const JSON_ARGS = ['--json', '--storage', 'file'];

describe.concurrent('polling goes on', () => {
  const blips: readonly (readonly [string, Plan, string])[] = [
    ['after a dropped connection', { kind: 'drop' }, 'connection_reset'],
    ['after a 500', { kind: 'status', status: 500 }, 'server_error'],
    [
      'after a gateway’s 502 page',
      { kind: 'status', status: 502, body: '<html>bad gateway' },
      'server_error',
    ],
    [
      'after the page of a captive portal',
      { kind: 'raw', body: '<html>', contentType: 'text/html' },
      'malformed_response',
    ],
    [
      'after a redirect',
      { kind: 'status', status: 302, headers: { location: 'http://portal.test/' } },
      'redirect_refused',
    ],
  ];
  test.each(blips)('%s', async (_name, plan, code) => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    platform.faults.push({ ...plan, at: 'token' });
    const login = await startLogin(platform, { home, args: JSON_ARGS });
    await platform.approve(await shownCode(platform, login));
    const { code: exit, stdout, stderr } = await login.finished;

    const events = parseLines(stdout);
    expect({ exit, stderr, events: events.map(({ event }) => event) }).toEqual({
      exit: 0,
      stderr: '',
      events: ['device_code', 'offline', 'authorized'],
    });
    expect(events[1]).toMatchObject({ error: { code } });
  });

  test('after 429, no sooner than the server asked', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    platform.faults.push({ at: 'token', kind: 'status', status: 429, headers: { 'retry-after': '3' } });
    const login = await startLogin(platform, { home, args: JSON_ARGS });
    await platform.approve(await shownCode(platform, login));
    const { code, stdout } = await login.finished;

    expect({ code, events: names(stdout) }).toEqual({
      code: 0,
      events: ['device_code', 'offline', 'authorized'],
    });
    expect(pausesBetweenPolls(platform)[0]).toBeGreaterThanOrEqual(3_000);
  });

  test('more slowly after slow_down: five seconds are added for good', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    platform.faults.push({ at: 'token', kind: 'slow_down' });
    const login = await startLogin(platform, { home, args: JSON_ARGS });
    const userCode = await shownCode(platform, login);
    await platform.waitForRequest(({ point, status }) => point === 'token' && status === 400);
    await platform.approve(userCode);
    const { code, stdout } = await login.finished;

    expect(code).toBe(0);
    expect(parseLines(stdout)[1]).toMatchObject({ event: 'slow_down', interval: 6 });
    expect(pausesBetweenPolls(platform)[0]).toBeGreaterThanOrEqual(6_000);
  });

  test('while the server restarts, refusing connections meanwhile', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using relay = await startRelay(Number(new URL(platform.issuer).port));
    platform.faults.push({
      at: 'discovery',
      kind: 'tamper',
      change: (json) => ({ ...json, token_endpoint: `http://127.0.0.1:${relay.port}/token` }),
    });
    const login = await startLogin(platform, { home, args: JSON_ARGS });
    const userCode = await shownCode(platform, login);
    await login.waitFor('"event":"pending"');
    await relay.stop();
    await login.waitFor('"event":"offline"');
    await relay.start();
    await platform.approve(userCode);
    const { code, stdout } = await login.finished;

    expect(code).toBe(0);
    const offline = parseLines(stdout).find(({ event }) => event === 'offline');
    expect(offline).toMatchObject({ error: { code: 'connection_refused' } });
    expect(names(stdout).at(-1)).toBe('authorized');
  });

  test('every five seconds where the server names no interval, and without a complete address', async () => {
    await using platform = await startPlatform({ interval: 'absent' });
    await using home = await isolatedHome();
    platform.faults.push({
      at: 'device',
      kind: 'tamper',
      change: (json) => without(json, 'verification_uri_complete'),
    });
    const login = await startLogin(platform, { home, args: JSON_ARGS });
    await platform.approve(await shownCode(platform, login));
    const { code, stdout } = await login.finished;

    expect(code).toBe(0);
    const [first] = parseLines(stdout);
    expect(first).toMatchObject({ interval: 5 });
    expect(first).not.toHaveProperty('verification_uri_complete');
  });
});

describe.concurrent('signing in ends with one clear line and keeps nothing', () => {
  test('when the answer to an approval was lost', async () => {
    const { platform, result } = await signInWith({ at: 'token', kind: 'dropAfter' });

    expect(result.code).toBe(4);
    expect(lastError(result)).toEqual({
      code: 'approval_lost',
      message:
        'The connection broke while the server answered; if you approved the code, the answer was lost.',
      exit_code: 4,
      retryable: false,
      hint: 'Sign in again: mira auth login.',
    });
    expect(platform.problems).toEqual([]);
  });

  const token = 'never-to-be-printed-0123456789';
  const malformed: readonly (readonly [string, Plan])[] = [
    ['has no token type', { kind: 'raw', body: JSON.stringify({ access_token: token }) }],
    ['is a list', { kind: 'raw', body: '[]' }],
    ['breaks off', { kind: 'raw', body: `{"access_token":"${token}` }],
    ['has no access token', { kind: 'tamper', change: (json) => without(json, 'access_token') }],
    ['has an unknown token type', { kind: 'tamper', change: (json) => ({ ...json, token_type: 'mac' }) }],
    [
      'has a lifetime that is no number',
      { kind: 'tamper', change: (json) => ({ ...json, expires_in: 'abc' }) },
    ],
    ['has an ID token with another signature', { kind: 'tamper', change: forgeIdToken }],
  ];
  test.each(malformed)('when the token response %s', async (_name, plan) => {
    const { platform, result } = await signInWith({ ...plan, at: 'token' }, ['--debug']);

    expect(result.code).toBe(9);
    expect(lastError(result)).toMatchObject({
      code: 'malformed_response',
      message: `${new URL(platform.issuer).host} sent an answer that is not valid.`,
    });
    expect(result.stdout + result.stderr).not.toContain(token);
    expect(result.stdout + result.stderr).not.toMatch(/eyJ/);
  });

  test('when the ID token that was asked for is missing', async () => {
    const { platform, result } = await signInWith({
      at: 'token',
      kind: 'tamper',
      change: (json) => without(json, 'id_token'),
    });

    expect(result.code).toBe(9);
    expect(lastError(result)).toMatchObject({
      message: `${new URL(platform.issuer).host} signed you in without saying who you are (no ID token).`,
    });
  });

  const addresses: readonly string[] = [
    'javascript:alert(1)',
    'file:///etc/passwd',
    'http://login.example.test/device',
    'https://login.example.test@evil.example.test/'.replace('@', ':pw@'),
    'https://login.example.test/\u001b[2J',
    'https://login.example.test/\u202egnp.exe',
    'https://login.example.test/\nhttps://evil.example.test/',
    `https://login.example.test/${'a'.repeat(3_000)}`,
    '//login.example.test/device',
  ];
  test.each(addresses)('when the page to approve at is %j: not shown, not opened', async (address) => {
    for (const name of ['verification_uri', 'verification_uri_complete']) {
      await using platform = await startPlatform();
      await using home = await isolatedHome();
      platform.faults.push({
        at: 'device',
        kind: 'tamper',
        change: (json) => ({ ...json, [name]: address }),
      });
      const login = await startLogin(platform, { home });
      const { code, stdout, stderr } = await login.finished;

      expect({ code, stdout }).toEqual({ code: 11, stdout: '' });
      expect(stderr).toMatch(/^mira: The (sign-in )?server named an address [^\n]+\n(  [^\n]+\n)?$/);
      expect(stderr).not.toContain(address);
      expect(platform.requests.some(({ point }) => point === 'token')).toBe(false);
    }
  });

  const codes = ['AB\u001b]52;c;aGk=\u0007CD', 'AB\nCD', 'x'.repeat(65), 'AB-\u202eCD', 'AB\u0000CD'];
  test.each(codes)('when the code is %j', async (userCode) => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    platform.faults.push({
      at: 'device',
      kind: 'tamper',
      change: (json) => ({ ...json, user_code: userCode }),
    });
    const login = await startLogin(platform, { home });

    expect(await login.finished).toEqual({
      code: 9,
      signal: null,
      stdout: '',
      stderr: 'mira: The sign-in server sent a code that cannot be shown.\n',
    });
  });
});

describe.concurrent('an issuer that cannot be used', () => {
  const issuers: readonly (readonly [string, number, string])[] = [
    ['nonsense', 2, 'mira: --issuer does not start with https:// and a host.\n'],
    [
      'http://id.example.test',
      2,
      'mira: --issuer would be used without encryption (http to id.example.test).\n',
    ],
    ['https://ada:word@id.example.test', 2, 'mira: --issuer contains a user name or password.\n'],
    ['https://id.invalid', 6, 'mira: Cannot reach id.invalid: the name could not be looked up.\n'],
    ['http://127.0.0.1:9', 6, 'mira: Cannot reach 127.0.0.1:9: connection refused.\n'],
  ];
  test.each(issuers)('%s', async (issuer, code, sentence) => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const result = await (await startLogin({ ...platform, issuer }, { home })).finished;

    expect({ ...result, stderr: undefined }).toEqual({ code, signal: null, stdout: '', stderr: undefined });
    expect(result.stderr.startsWith(sentence)).toBe(true);
    expect(result.stderr.split('\n')).toHaveLength(3);
    expect(result.stderr).not.toContain('word@');
  });

  const metadata: readonly (readonly [string, Plan, number, string, RegExp])[] = [
    [
      'a web page',
      { kind: 'raw', body: '<html>', contentType: 'text/html' },
      9,
      'malformed_response',
      /is no OpenID issuer/,
    ],
    ['an error of its own', { kind: 'status', status: 503 }, 9, 'server_error', /failed \(HTTP 503\)/],
    [
      'no device endpoint',
      { kind: 'tamper', change: (json) => without(json, 'device_authorization_endpoint') },
      4,
      'login_unavailable',
      /offers no sign-in by device code/,
    ],
    [
      'the name of another issuer',
      { kind: 'tamper', change: (json) => ({ ...json, issuer: 'https://evil.test' }) },
      11,
      'unsafe_url',
      /names another issuer/,
    ],
    [
      'a token endpoint without encryption',
      { kind: 'tamper', change: (json) => ({ ...json, token_endpoint: 'http://evil.test/' }) },
      11,
      'unsafe_url',
      /token_endpoint would be used without encryption/,
    ],
    [
      'keys from a file',
      { kind: 'tamper', change: (json) => ({ ...json, jwks_uri: 'file:///etc/passwd' }) },
      11,
      'unsafe_url',
      /jwks_uri does not start with https/,
    ],
  ];
  test.each(metadata)('answers with %s', async (_name, plan, exit, code, message) => {
    const { platform, result } = await refusedWith({ ...plan, at: 'discovery' });

    expect(result.code).toBe(exit);
    expect(lastError(result)).toMatchObject({
      code,
      exit_code: exit,
      message: expect.stringMatching(message),
    });
    expect(platform.requests.some(({ point }) => point === 'device')).toBe(false);
  });

  test('does not know the client', async () => {
    const { platform, result } = await refusedWith({
      at: 'device',
      kind: 'status',
      status: 401,
      body: { error: 'invalid_client', error_description: 'client is unknown' },
    });

    expect(lastError(result)).toEqual({
      code: 'client_unknown',
      message: `${new URL(platform.issuer).host} does not know the client \`mira-cli\`.`,
      exit_code: 4,
      retryable: false,
      hint: 'Set the client id it expects: --client-id, MIRA_CLIENT_ID or `mira config set client_id`.',
    });
  });

  test('is given without a resource once it says that it does not know it (RFC 8707)', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    platform.faults.push({ at: 'device', kind: 'status', status: 400, body: { error: 'invalid_target' } });
    const login = await startLogin(platform, { home, args: JSON_ARGS });
    await platform.approve(await shownCode(platform, login));

    expect(await login.finished).toMatchObject({ code: 0 });
    const asked = platform.requests.filter(({ point }) => point === 'device');
    expect(asked.map(({ fields }) => fields['resource'])).toEqual([platform.apiUrl, undefined]);
  });
});

async function signInWith(
  fault: Fault,
  more: readonly string[] = [],
): Promise<{ readonly platform: Platform; readonly result: RunResult }> {
  await using platform = await startPlatform();
  await using home = await isolatedHome();
  platform.faults.push(fault);
  const login = await startLogin(platform, { home, args: [...JSON_ARGS, ...more] });
  await platform.approve(await shownCode(platform, login));
  const result = await login.finished;
  expect(await readdir(home.path, { recursive: true })).not.toContain('data/credentials.json');
  return { platform, result };
}

async function refusedWith(
  fault: Fault,
): Promise<{ readonly platform: Platform; readonly result: RunResult }> {
  await using platform = await startPlatform();
  await using home = await isolatedHome();
  platform.faults.push(fault);
  const login = await startLogin(platform, { home, args: JSON_ARGS });
  return { platform, result: await login.finished };
}

function without(json: Record<string, unknown>, name: string): unknown {
  return Object.fromEntries(Object.entries(json).filter(([key]) => key !== name));
}

/** Another claim under the old signature. */
function forgeIdToken(json: Record<string, unknown>): unknown {
  if (typeof json['id_token'] !== 'string') return json;
  const [head = '', claims = '', signature = ''] = json['id_token'].split('.');
  const forged = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), name: 'Mallory' };
  return {
    ...json,
    id_token: [head, Buffer.from(JSON.stringify(forged)).toString('base64url'), signature].join('.'),
  };
}

function names(stdout: string): readonly unknown[] {
  return parseLines(stdout).map(({ event }) => event);
}

function lastError(result: RunResult): Json {
  const last = parseLines(result.stdout).at(-1);
  expect(last).toMatchObject({ schema: 'mira.auth.login/1', event: 'error' });
  return last?.['error'] as Json;
}

function pausesBetweenPolls(platform: Platform): readonly number[] {
  const times = platform.requests.filter(({ point }) => point === 'token').map(({ at }) => at);
  return times.slice(1).map((at, index) => at - (times[index] ?? at));
}

interface Relay extends AsyncDisposable {
  readonly port: number;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A port that leads to another one, and can be closed and opened again like a server that restarts. */
async function startRelay(target: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  const start = async (): Promise<void> => {
    const next = createServer((socket) => {
      const onward = connect(target, '127.0.0.1');
      for (const end of [socket, onward]) {
        sockets.add(end);
        end.on('error', () => end.destroy());
      }
      socket.pipe(onward).pipe(socket);
    });
    await new Promise<void>((resolve, reject) => {
      next.once('error', reject);
      next.listen(port, '127.0.0.1', resolve);
    });
    port = (next.address() as AddressInfo).port;
    server = next;
  };
  const stop = async (): Promise<void> => {
    const closing = server;
    server = undefined;
    if (closing === undefined) return;
    const closed = new Promise<void>((resolve) => closing.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await start();
  return {
    get port() {
      return port;
    },
    start,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
