/** A session that lasts: renewed before it ends, mended after a 401, shared by many processes, and honest about its end. */
import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { startPlatform } from '../support/platform/start-platform.ts';
import type { Platform } from '../support/platform/start-platform.ts';
import { isolatedHome, runMira, startMira } from '../support/run-mira.ts';
import type { IsolatedHome, RunResult } from '../support/run-mira.ts';
import { parseLines, shownCode, signIn, signInAgain } from '../support/sign-in.ts';

const MOMENT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const SHORT = { accessTokenTtlS: 5 };

describe.concurrent('a token of five seconds', () => {
  test('is renewed silently before it is used, once for ten processes that need it at the same time', async () => {
    await using platform = await startPlatform(SHORT);
    await using home = await isolatedHome();
    await signIn(platform, { home });
    await waitUntilExpired(home);
    const runs = await Promise.all(Array.from({ length: 10 }, () => runMira(['auth', 'token'], { home })));

    expect(runs.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      runs.map(() => ({ code: 0, stderr: '' })),
    );
    expect(new Set(runs.map(({ stdout }) => stdout)).size).toBe(1);
    expect(refreshes(platform)).toEqual([200]);
    expect(platform.problems).toEqual([]);
  });

  test('costs a chat nothing but time', async () => {
    await using platform = await startPlatform(SHORT);
    await using home = await isolatedHome();
    await signIn(platform, { home });
    await waitUntilExpired(home);

    expect(await runMira(['chat', 'hi'], { home })).toMatchObject({ code: 0, stderr: '' });
    expect(refreshes(platform)).toEqual([200]);
    expect(statuses(platform, 'chat')).toEqual([200]);
  });

  test('of which one process signs out while nine renew it leaves nobody signed in', async () => {
    await using platform = await startPlatform(SHORT);
    await using home = await isolatedHome();
    await signIn(platform, { home });
    await waitUntilExpired(home);
    const tokens = Array.from({ length: 9 }, () => runMira(['auth', 'token'], { home }));
    const [logout, ...runs] = await Promise.all([runMira(['auth', 'logout', '--json'], { home }), ...tokens]);

    expect(JSON.parse(logout.stdout)).toMatchObject({ removed: true, revoked: true });
    for (const { code, stderr } of runs) expect({ code, stderr }).toSatisfy(isTokenOrSignedOut);
    expect(refreshes(platform).length).toBeLessThanOrEqual(1);
    expect(await runMira(['auth', 'status', '--json'], { home })).toMatchObject({ code: 4 });
    expect(await runMira(['auth', 'list', '--json'], { home })).toMatchObject({
      stdout: '{"schema":"mira.auth.list/1","profiles":[]}\n',
    });
  });
});

describe.concurrent('a refused token', () => {
  test('is renewed once, and the question asked once more', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await signIn(platform, { home });
    platform.refuseAccessTokens();
    const { code, stdout, stderr } = await runMira(['chat', 'hi', '--json', '--stream'], { home });

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(parseLines(stdout).at(-1)).toMatchObject({ event: 'end' });
    expect(statuses(platform, 'chat')).toEqual([401, 200]);
    expect(refreshes(platform)).toEqual([200]);
  });

  test('is refused for good: exit 4 with its source and what mends it', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await signIn(platform, { home });
    platform.faults.push({ at: 'chat', kind: 'status', status: 401, body: { detail: 'No' }, times: 9 });
    const result = await runMira(['chat', 'hi', '--json'], { home });

    const message = `${new URL(platform.apiUrl).host} refused the credential from the session of profile default (file): No.`;
    const mend = signInAgain(platform);
    expect(result).toMatchObject({ code: 4, stderr: `mira: ${message}\n  Mend it with: ${mend}\n` });
    expect(JSON.parse(result.stdout)).toEqual({
      schema: 'mira.error/1',
      error: {
        code: 'credential_rejected',
        message,
        exit_code: 4,
        retryable: false,
        hint: `Mend it with: ${mend}`,
        next: [{ command: mend, why: 'get a credential that works' }],
        status: 401,
      },
    });
    expect(statuses(platform, 'chat')).toEqual([401, 401]);
    expect(refreshes(platform)).toEqual([200]);
  });

  test.each(['MIRA_TOKEN', 'MIRA_API_KEY'])('from %s is named by its variable', async (variable) => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const value = variable === 'MIRA_API_KEY' ? `sk-mira-${'0'.repeat(40)}` : 'a.b.c';
    const env = { MIRA_API_URL: platform.apiUrl, [variable]: value };
    const result = await runMira(['chat', 'hi'], { home, env });

    expect(result).toEqual({
      code: 4,
      signal: null,
      stdout: '',
      stderr:
        `mira: ${new URL(platform.apiUrl).host} refused the credential from ${variable}: Invalid API key.\n` +
        `  Mend it with: unset ${variable} && mira auth login\n`,
    });
    expect(statuses(platform, 'chat')).toEqual([401]);
    const status = await runMira(['auth', 'status', '--json'], { home, env });
    expect({ code: status.code, status: JSON.parse(status.stdout) }).toMatchObject({
      code: 4,
      status: { signed_in: false, source: 'env', checked: 'server' },
    });
    expect((await runMira(['auth', 'status'], { home, env })).stdout).toMatch(
      new RegExp(`^next +unset ${variable} && mira auth login$`, 'm'),
    );
  });
});

describe.concurrent('a session', () => {
  test('that the server has ended is over after one request, and says how to begin anew', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await signIn(platform, { home });
    platform.endSessions();
    const sentence = `mira: ${new URL(platform.issuer).host} has ended the session.\n  ${signInAgain(platform)}\n`;
    for (const args of [
      ['auth', 'refresh'],
      ['auth', 'token'],
      ['chat', 'hi'],
    ]) {
      expect(await runMira(args, { home })).toEqual({ code: 4, signal: null, stdout: '', stderr: sentence });
    }

    expect(refreshes(platform)).toEqual([400]);
    const status = await runMira(['auth', 'status', '--json'], { home });
    expect(status.code).toBe(4);
    expect(JSON.parse(status.stdout)).toMatchObject({
      signed_in: false,
      refreshable: false,
      last_refresh: { at: MOMENT, outcome: 'refused' },
      checked: 'local',
    });
    const login = await startMira([...signInAgain(platform).split(' ').slice(1), '--storage', 'file'], {
      home,
    });
    await platform.approve(await shownCode(platform, login));
    expect(await login.finished).toMatchObject({ code: 0 });
    expect(await runMira(['chat', 'hi'], { home })).toMatchObject({ code: 0 });
  });

  test('is shown with what the server says, and with what is known here', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await signIn(platform, { home });
    const online = await runMira(['auth', 'status', '--json'], { home });
    const asked = platform.requests.length;
    const offline = await runMira(['auth', 'status', '--json', '--offline'], { home });

    const status = {
      schema: 'mira.auth.status/1',
      profile: 'default',
      signed_in: true,
      account: { id: 'ada', name: 'Ada Example', email: 'ada@example.test' },
      credential: 'session',
      source: 'file',
      storage: {
        kind: 'file',
        reason:
          'protects only against copying the file without its key; any program running as you can read it',
      },
      api_url: platform.apiUrl,
      issuer: platform.issuer,
      scopes: ['openid', 'profile', 'email', 'offline_access'],
      expires_at: MOMENT,
      expires_in: expect.any(Number),
      refreshable: true,
    };
    expect({ ...online, stdout: JSON.parse(online.stdout) }).toEqual({
      code: 0,
      signal: null,
      stderr: '',
      stdout: { ...status, checked: 'server' },
    });
    expect({ ...offline, stdout: JSON.parse(offline.stdout) }).toEqual({
      code: 0,
      signal: null,
      stderr: '',
      stdout: { ...status, checked: 'local' },
    });
    expect(platform.requests).toHaveLength(asked);
  });

  test('without `openid` is asked for at the API, not at userinfo, which knows no such sessions', async () => {
    await using platform = await startPlatform({ metadata: 'off' });
    await using home = await isolatedHome();
    await signIn(platform, { home, args: ['--storage', 'file', '--scope', 'offline_access'] });
    const { code, stdout } = await runMira(['auth', 'status', '--json'], { home });

    expect({ code, status: JSON.parse(stdout) }).toMatchObject({
      code: 0,
      status: { signed_in: true, checked: 'server', account: { id: 'ada' } },
    });
    expect(platform.requests.filter(({ point }) => point === 'userinfo')).toEqual([]);
  });

  test('whose server is down is shown all the same, expired or not; what needs the server exits 6', async () => {
    await using home = await isolatedHome();
    const platform = await startPlatform(SHORT);
    await signIn(platform, { home });
    await platform.close();
    const host = new URL(platform.apiUrl).host;
    const fresh = await runMira(['auth', 'status', '--json'], { home });
    expect(JSON.parse(fresh.stdout)).toMatchObject({ signed_in: true, checked: 'local' });
    expect({ ...fresh, stdout: undefined }).toEqual({
      code: 0,
      signal: null,
      stdout: undefined,
      stderr: `mira: The server could not be asked: Cannot reach ${host}: connection refused.\n`,
    });
    await waitUntilExpired(home);

    const expired = await runMira(['auth', 'status', '--json'], { home });
    expect({ code: expired.code, status: JSON.parse(expired.stdout) }).toMatchObject({
      code: 0,
      status: { signed_in: true, refreshable: true, checked: 'local' },
    });
    expect(await runMira(['auth', 'token'], { home })).toEqual({
      code: 6,
      signal: null,
      stdout: '',
      stderr:
        `mira: Cannot reach ${new URL(platform.issuer).host}: connection refused.\n` +
        '  Check the address and the port, and that the service runs.\n',
    });
    const logout = await runMira(['auth', 'logout', '--json'], { home });
    expect({ code: logout.code, report: JSON.parse(logout.stdout) }).toMatchObject({
      code: 0,
      report: { removed: true, revoked: false, reason: expect.stringContaining('connection refused') },
    });
  });

  test('survives a refresh that fails: the same refresh token works afterwards', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await signIn(platform, { home });
    platform.faults.push(
      { at: 'token', kind: 'status', status: 503 },
      { at: 'token', kind: 'drop' },
      { at: 'token', kind: 'raw', body: '<html>', contentType: 'text/html' },
    );
    const codes: (number | null)[] = [];
    for (const _ of platform.faults.pending === 3 ? [503, 'drop', 'html'] : []) {
      codes.push((await runMira(['auth', 'refresh'], { home })).code);
    }

    expect(codes).toEqual([9, 6, 9]);
    expect(await runMira(['auth', 'token'], { home })).toMatchObject({ code: 0 });
    const renewed = await runMira(['auth', 'refresh', '--json'], { home });
    expect(JSON.parse(renewed.stdout)).toEqual({
      schema: 'mira.auth.refresh/1',
      profile: 'default',
      expires_at: MOMENT,
      expires_in: expect.any(Number),
      rotated: true,
    });
  });

  test('is signed out of with its refresh token first, and twice where the server stumbles', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await signIn(platform, { home });
    platform.faults.push({ at: 'revocation', kind: 'status', status: 503 });

    expect(await runMira(['auth', 'logout'], { home })).toEqual({
      code: 0,
      signal: null,
      stdout: 'Signed out; the session was revoked at the server.\n',
      stderr: '',
    });
    const revoked = platform.requests.filter(({ point }) => point === 'revocation');
    expect(revoked.map(({ fields, status }) => [fields['token_type_hint'], status])).toEqual([
      ['refresh_token', 503],
      ['refresh_token', 200],
      ['access_token', 400],
    ]);
    expect(await runMira(['auth', 'logout'], { home })).toEqual({
      code: 0,
      signal: null,
      stdout: 'You were not signed in.\n',
      stderr: '',
    });
  });

  test('that cannot be revoked is removed all the same, and the report says why it was not', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await signIn(platform, { home });
    platform.faults.push({ at: 'revocation', kind: 'status', status: 503, times: 9 });

    expect(await runMira(['auth', 'logout'], { home })).toEqual({
      code: 0,
      signal: null,
      stdout: `Signed out on this machine; not revoked at the server: ${new URL(platform.issuer).host} failed (HTTP 503).\n`,
      stderr: '',
    });
    expect(await runMira(['auth', 'status', '--offline'], { home })).toMatchObject({ code: 4 });
  });

  test('in a file whose passphrase is not there is removed with the file, unless something else is in it', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const env = { MIRA_PASSPHRASE: 'correct horse battery staple' };
    await signIn(platform, { home, env });
    await signIn(platform, { home, env, args: ['--storage', 'file', '--profile', 'work'] });
    const kept = await runMira(['auth', 'logout'], { home });
    await runMira(['auth', 'logout', '--profile', 'work'], { home, env });
    const removed = await runMira(['auth', 'logout', '--json'], { home });

    expect([kept.code, kept.stderr]).toEqual([11, expect.stringContaining('MIRA_PASSPHRASE')]);
    expect([removed.code, JSON.parse(removed.stdout)]).toEqual([
      0,
      {
        schema: 'mira.auth.logout/1',
        profile: 'default',
        removed: true,
        revoked: false,
        reason: expect.stringContaining('passphrase'),
      },
    ]);
    expect((await readdir(home.dataDir)).includes('credentials.json')).toBe(false);
    expect((await runMira(['auth', 'status'], { home })).code).toBe(4);
  });

  test('gives a token of at least --min-ttl, or says that the server never does, without asking it', async () => {
    await using platform = await startPlatform({ accessTokenTtlS: 20 });
    await using home = await isolatedHome();
    await signIn(platform, { home });
    const enough = await runMira(['auth', 'token', '--min-ttl', '5', '--json'], { home });
    expect(refreshes(platform)).toEqual([]);
    await waitUntilLeft(home, 11_000);
    const needsNew = await runMira(['auth', 'token', '--min-ttl', '12', '--json'], { home });
    expect(refreshes(platform)).toEqual([200]);
    const tooMuch = await runMira(['auth', 'token', '--min-ttl', '21', '--json'], { home });

    expect(enough).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(enough.stdout)).toEqual({
      schema: 'mira.auth.token/1',
      token: expect.stringMatching(/^eyJ/),
      token_type: 'Bearer',
      expires_at: MOMENT,
      expires_in: expect.any(Number),
      source: 'file',
    });
    expect(needsNew.code).toBe(0);
    expect(JSON.parse(needsNew.stdout).token).not.toBe(JSON.parse(enough.stdout).token);
    expect({ code: tooMuch.code, error: JSON.parse(tooMuch.stdout).error }).toEqual({
      code: 4,
      error: {
        code: 'ttl_unattainable',
        message: 'Tokens of this server last 20 s, less than the 21 s asked for.',
        exit_code: 4,
        retryable: false,
        hint: 'Ask for less with --min-ttl.',
      },
    });
    expect(refreshes(platform)).toEqual([200]);
  });

  test('is never sent to another origin than the one it was made for', async () => {
    await using platform = await startPlatform();
    await using other = await startPlatform();
    await using home = await isolatedHome();
    await signIn(platform, { home });
    const env = { MIRA_API_URL: other.apiUrl };
    const [own, foreign] = [new URL(platform.apiUrl).host, new URL(other.apiUrl).host];

    expect(await runMira(['chat', 'hi'], { home, env })).toEqual({
      code: 11,
      signal: null,
      stdout: '',
      stderr:
        `mira: The credential of profile default was obtained for ${own}; it was not sent to ${foreign} (MIRA_API_URL).\n` +
        `  Sign in for that address under a profile of its own: mira auth login --profile NAME --api-url ${other.apiUrl}/\n`,
    });
    for (const args of [['models'], ['auth', 'status'], ['chat', 'hi', '--json', '--stream']]) {
      expect(await runMira(args, { home, env })).toMatchObject({ code: 11 });
    }
    expect(other.requests).toEqual([]);
  });

  test('goes to no host that the issuer did not name when it began', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await signIn(platform, { home });
    platform.faults.push({
      at: 'discovery',
      kind: 'tamper',
      change: (json) => ({ ...json, token_endpoint: 'https://elsewhere.invalid/token' }),
    });
    const result = await runMira(['auth', 'refresh'], { home });

    expect(result).toEqual({
      code: 11,
      signal: null,
      stdout: '',
      stderr:
        'mira: The issuer now names another host than when you signed in: elsewhere.invalid.\n' +
        `  If you trust it, sign in again: ${signInAgain(platform)}\n`,
    });
    expect(await runMira(['auth', 'refresh'], { home })).toMatchObject({ code: 0 });
  });

  test('belongs to its profile: two of them, listed, switched, signed out of together', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await signIn(platform, { home });
    await signIn(platform, { home, args: ['--storage', 'file', '--profile', 'work'] });
    const rows = async () =>
      JSON.parse((await runMira(['auth', 'list', '--json'], { home })).stdout).profiles;
    const row = { signed_in: true, issuer: platform.issuer, api_url: platform.apiUrl, storage: 'file' };

    expect(await rows()).toEqual([
      { ...row, profile: 'default', default: true },
      { ...row, profile: 'work', default: false },
    ]);
    expect(await runMira(['auth', 'switch', 'work', '--json'], { home })).toEqual({
      code: 0,
      signal: null,
      stdout: '{"schema":"mira.auth.switch/1","profile":"work"}\n',
      stderr: '',
    });
    expect((await rows()).map(({ default: is }: { default: boolean }) => is)).toEqual([false, true]);
    expect(await runMira(['auth', 'switch', 'nobody'], { home })).toMatchObject({ code: 3, stdout: '' });
    const all = await runMira(['auth', 'logout', '--all', '--json'], { home });
    expect(JSON.parse(all.stdout)).toEqual({
      schema: 'mira.auth.logout/1',
      profiles: ['default', 'work'].map((profile) => ({ profile, removed: true, revoked: true })),
    });
    expect(await rows()).toEqual([]);
  });
});

function waitUntilExpired(home: IsolatedHome): Promise<void> {
  return waitUntilLeft(home, 0);
}

/** The token lives no longer than this by this machine's clock: a condition of the session, not a pause of the test's. */
async function waitUntilLeft(home: IsolatedHome, leftMs: number): Promise<void> {
  const { stdout } = await runMira(['auth', 'status', '--offline', '--json'], { home });
  const moment = Date.parse(JSON.parse(stdout).expires_at) - leftMs;
  await expect.poll(() => Date.now(), { timeout: 15_000, interval: 50 }).toBeGreaterThan(moment);
}

function refreshes(platform: Platform): readonly unknown[] {
  return platform.requests
    .filter(({ point, fields }) => point === 'token' && fields['grant_type'] === 'refresh_token')
    .map(({ status }) => status);
}

function statuses(platform: Platform, point: string): readonly unknown[] {
  return platform.requests.filter((request) => request.point === point).map(({ status }) => status);
}

function isTokenOrSignedOut({ code, stderr }: Pick<RunResult, 'code' | 'stderr'>): boolean {
  if (code === 0) return stderr === '';
  return code === 4 && stderr === 'mira: You are not signed in.\n  mira auth login, or set MIRA_API_KEY\n';
}
