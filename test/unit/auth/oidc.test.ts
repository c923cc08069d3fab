import { fork } from 'node:child_process';
import { on } from 'node:events';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findIssuer } from '../../../src/auth/oidc.ts';
import { abortError, MiraError } from '../../../src/errors.ts';
import type { FaultKind, FaultPoint } from '../../support/platform/faults.ts';
import type { Platform } from '../../support/platform/start-platform.ts';
import { whole } from '../../support/raw-server.ts';
import { facts, failureOf, openHttp, serve } from '../api/open-http.ts';
import {
  approvedCode,
  connect,
  grantedTokens,
  openPlatform,
  requestsAt,
  SCOPES,
} from './support/open-platform.ts';

const ADA = { id: 'ada', name: 'Ada Example', email: 'ada@example.test' };
const hostOf = (url: string): string => new URL(url).host;

function find(issuer: string): ReturnType<typeof findIssuer> {
  return findIssuer({ issuer: new URL(issuer), clientId: 'mira-cli', http: openHttp(), now: Date.now });
}

/** Queues a change of the JSON that the endpoint answers next. */
function tamper(
  platform: Platform,
  at: FaultPoint,
  change: (json: Record<string, unknown>) => Record<string, unknown>,
): void {
  platform.faults.push({ at, kind: 'tamper', change });
}

/** The same token with other claims; the signature is left as it was. */
function withClaims(token: unknown, claims: Readonly<Record<string, unknown>>): string {
  const [header = '', payload = '', signature = ''] = String(token).split('.');
  const changed = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), ...claims };
  return [header, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.');
}

describe('keys that cannot be read at the moment', () => {
  test('do not cost the token that was just given: they are asked for again', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const deviceCode = await approvedCode(platform, server);
    platform.faults.push({ at: 'jwks', kind: 'status', status: 503, times: 2 });
    const answer = await server.poll({ deviceCode, scopes: SCOPES });

    expect(answer).toMatchObject({ kind: 'approved', tokens: { account: ADA } });
    expect(requestsAt(platform, 'jwks')).toHaveLength(3);
    expect(requestsAt(platform, 'token')).toHaveLength(1);
  });
});

describe('finding an issuer', () => {
  test('reads OpenID Discovery and says what the server can do', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);

    expect(server).toMatchObject({
      issuer: platform.issuer,
      hosts: [hostOf(platform.issuer)],
      scopesSupported: expect.arrayContaining([...SCOPES]),
      supportsDeviceLogin: true,
      supportsRevocation: true,
      supportsUserinfo: true,
    });
    expect(platform.requests.map(({ path }) => path)).toEqual(['/.well-known/openid-configuration']);
  });

  test('with a path: OpenID appends, RFC 8414 inserts, in this order', async () => {
    const server = await serve(({ request, write, end }) => {
      const found = request.path === '/.well-known/oauth-authorization-server/tenant';
      const metadata = {
        issuer: `${server.origin}/tenant`,
        token_endpoint: `${server.origin}/tenant/token`,
        device_authorization_endpoint: 'https://devices.example/code',
        revocation_endpoint: 'https://id.example:8443/revoke',
      };
      const body = found
        ? whole(200, JSON.stringify(metadata), { 'content-type': 'application/json' })
        : whole(404);
      return write(body).then(end);
    });

    expect(await find(`${server.origin}/tenant`)).toMatchObject({
      issuer: `${server.origin}/tenant`,
      hosts: [hostOf(server.origin), 'devices.example', 'id.example:8443'],
      scopesSupported: undefined,
      supportsDeviceLogin: true,
      supportsRevocation: true,
      supportsUserinfo: false,
    });
    expect(server.requests.map(({ path }) => path)).toEqual([
      '/tenant/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server/tenant',
    ]);
  });

  test.each([403, 404, 405, 410])('finds none where both addresses answer %d', async (status) => {
    const platform = await openPlatform();
    platform.faults.push({ at: 'discovery', kind: 'status', status, times: 2 });

    expect(await find(platform.issuer)).toBeUndefined();
    expect(platform.requests.map(({ path }) => path)).toEqual([
      '/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server',
    ]);
  });

  test.each<[string, FaultKind, string, number, string]>([
    [
      'a web page',
      { kind: 'raw', body: '<!doctype html><h1>hi', contentType: 'text/html' },
      'malformed_response',
      9,
      'HOST is no OpenID issuer: it did not answer with its metadata.',
    ],
    [
      'broken JSON',
      { kind: 'raw', body: '{"issuer":' },
      'malformed_response',
      9,
      'HOST is no OpenID issuer: it did not answer with its metadata.',
    ],
    [
      'JSON that is no metadata',
      { kind: 'raw', body: '[]' },
      'malformed_response',
      9,
      'HOST is no OpenID issuer: it did not answer with its metadata.',
    ],
    [
      'a failure',
      { kind: 'status', status: 503, body: 'down' },
      'server_error',
      9,
      'HOST failed (HTTP 503).',
    ],
    ['too many requests', { kind: 'status', status: 429 }, 'rate_limited', 7, 'HOST asks to slow down.'],
    [
      'another issuer',
      { kind: 'tamper', change: (json) => ({ ...json, issuer: 'https://evil.example' }) },
      'unsafe_url',
      11,
      'HOST names another issuer than the one you asked for.',
    ],
    [
      'a redirect',
      { kind: 'status', status: 302, headers: { location: 'https://evil.example/' } },
      'redirect_refused',
      9,
      'HOST redirects to https://evil.example; mira does not follow with a credential.',
    ],
    [
      'nothing, and closes',
      { kind: 'drop' },
      'connection_reset',
      6,
      'Cannot reach HOST: it closed the connection without an answer.',
    ],
  ])('is told when the server answers with %s', async (_, fault, code, exit, message) => {
    const platform = await openPlatform();
    platform.faults.push({ at: 'discovery', ...fault });
    const failure = await failureOf(find(platform.issuer));

    expect(facts(failure)).toEqual({ code, exit, message: message.replace('HOST', hostOf(platform.issuer)) });
  });

  test.each([
    'device_authorization_endpoint',
    'token_endpoint',
    'revocation_endpoint',
    'userinfo_endpoint',
    'jwks_uri',
  ])('is refused when its %s is not encrypted, and nothing is sent there', async (name) => {
    const platform = await openPlatform();
    tamper(platform, 'discovery', (json) => ({ ...json, [name]: 'http://id.example/x' }));
    const failure = await failureOf(find(platform.issuer));

    expect(facts(failure)).toEqual({
      code: 'unsafe_url',
      exit: 11,
      message: `The server named an address that mira does not use: the issuer's ${name} would be used without encryption (http to id.example).`,
    });
    expect(platform.requests).toHaveLength(1);
  });

  test('may lack what signing in and out needs', async () => {
    const platform = await openPlatform();
    tamper(platform, 'discovery', ({ issuer, jwks_uri }) => ({ issuer, jwks_uri }));

    expect(await find(platform.issuer)).toMatchObject({
      supportsDeviceLogin: false,
      supportsRevocation: false,
      supportsUserinfo: false,
    });
  });

  test('fails with the network when nothing listens', async () => {
    const server = await serve(() => {});
    await server.close();
    const failure = await failureOf(find(server.origin));

    expect(facts(failure)).toEqual({
      code: 'connection_refused',
      exit: 6,
      message: `Cannot reach ${hostOf(server.origin)}: connection refused.`,
    });
  });

  test('ends when it is stopped', async () => {
    const platform = await openPlatform();
    platform.faults.push({ at: 'discovery', kind: 'hang' });
    const stop = new AbortController();
    const finding = failureOf(connect(platform, { signal: stop.signal }));
    await expect.poll(() => platform.requests.length).toBe(1);
    stop.abort(new MiraError('interrupted', 'Stopped.'));

    expect(await finding).toBe(abortError(stop.signal));
  });
});

describe('asking for a code', () => {
  test('gives what the server says', async () => {
    const platform = await openPlatform({ interval: 3 });
    const server = await connect(platform);
    const code = await server.startDevice({ scopes: SCOPES });

    expect(code).toEqual({
      deviceCode: expect.stringMatching(/^[\w-]{20,}$/),
      userCode: expect.stringMatching(/^\w{4}-\w{4}$/),
      verificationUri: `${platform.issuer}/device`,
      verificationUriComplete: `${platform.issuer}/device?user_code=${code.userCode}`,
      expiresIn: 600,
      interval: 3,
    });
  });

  test('takes an answer that leaves out, or writes null for, what the standard asks for', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    tamper(platform, 'device', ({ expires_in: _, ...json }) => ({ ...json, interval: null }));

    expect(await server.startDevice({ scopes: SCOPES })).toMatchObject({
      expiresIn: 600,
      interval: undefined,
    });
  });

  test('does not need an interval or a complete address', async () => {
    const platform = await openPlatform({ interval: 'absent' });
    const server = await connect(platform);
    tamper(platform, 'device', ({ verification_uri_complete: _, ...json }) => json);

    expect(await server.startDevice({ scopes: SCOPES })).toMatchObject({
      verificationUriComplete: undefined,
      interval: undefined,
    });
  });

  test('by a client the server does not know names the client and the setting', async () => {
    const platform = await openPlatform();
    const server = await connect(platform, { clientId: 'nobody\u001b[31m' });
    const failure = await failureOf(server.startDevice({ scopes: SCOPES }));

    expect([facts(failure), failure.hint]).toEqual([
      {
        code: 'client_unknown',
        exit: 4,
        message: `${hostOf(platform.issuer)} does not know the client \`nobody [31m\`.`,
      },
      'Set the client id it expects: --client-id, MIRA_CLIENT_ID or `mira config set client_id`.',
    ]);
  });

  test('brings them also where the rest of the answer is wrong, since the old ones are spent', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const before = await grantedTokens(platform, server);
    platform.faults.push({
      at: 'token',
      kind: 'tamper',
      change: ({ token_type: _, ...json }) => ({ ...json, expires_in: 'an hour', scope: 7 }),
    });
    const after = await server.refresh({ refreshToken: before.refreshToken ?? '', subject: 'ada' });

    expect(after).toEqual({
      accessToken: expect.stringMatching(/^eyJ/),
      refreshToken: expect.stringMatching(/^[\w-]{20,}$/),
      expiresIn: undefined,
      scopes: undefined,
      account: ADA,
    });
  });

  test('names the resource only when there is one', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    await server.startDevice({ scopes: ['openid'] });
    await server.startDevice({ scopes: ['openid'], resource: platform.apiUrl });

    expect(requestsAt(platform, 'device').map(({ fields }) => fields)).toEqual([
      { client_id: 'mira-cli', scope: 'openid' },
      { client_id: 'mira-cli', scope: 'openid', resource: platform.apiUrl },
    ]);
  });

  test.each<[string, object, string, number, string]>([
    [
      'invalid_scope',
      { error: 'invalid_scope' },
      'forbidden',
      5,
      'HOST does not grant the scopes that were asked for.',
    ],
    [
      'invalid_target',
      { error: 'invalid_target' },
      'invalid_request',
      2,
      'HOST does not know the API that the token is for.',
    ],
    [
      'temporarily_unavailable',
      { error: 'temporarily_unavailable' },
      'server_error',
      9,
      'HOST cannot answer at the moment.',
    ],
    [
      'an error of its own',
      { error: 'tea\u001b[2Jpot', error_description: 'secret' },
      'login_unavailable',
      4,
      'HOST refused: tea [2Jpot.',
    ],
  ])('that is refused with %s is told in our words', async (_, body, code, exit, message) => {
    const platform = await openPlatform();
    const server = await connect(platform);
    platform.faults.push({ at: 'device', kind: 'status', status: 400, body });
    const failure = await failureOf(server.startDevice({ scopes: SCOPES }));

    expect(facts(failure)).toEqual({ code, exit, message: message.replace('HOST', hostOf(platform.issuer)) });
  });
});

describe('a poll', () => {
  test('is pending until somebody approves, then brings the tokens and who they are for', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const { deviceCode, userCode } = await server.startDevice({ scopes: SCOPES });
    expect(await server.poll({ deviceCode, scopes: SCOPES })).toEqual({ kind: 'pending' });
    await platform.approve(userCode);

    expect(await server.poll({ deviceCode, scopes: SCOPES })).toEqual({
      kind: 'approved',
      tokens: {
        accessToken: expect.stringMatching(/^eyJ/),
        refreshToken: expect.stringMatching(/^[\w-]{20,}$/),
        expiresIn: 600,
        scopes: [...SCOPES],
        account: ADA,
      },
    });
  });

  test.each([
    ['authorization_pending', { kind: 'pending' }],
    ['slow_down', { kind: 'slow_down', interval: undefined }],
  ])('reads %s from an answer that calls itself a success', async (error, kind) => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const { deviceCode } = await server.startDevice({ scopes: SCOPES });
    platform.faults.push({ at: 'token', kind: 'status', status: 200, body: { error } });

    expect(await server.poll({ deviceCode, scopes: SCOPES })).toEqual(kind);
  });

  test('that is denied or too late says so', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const denied = await server.startDevice({ scopes: SCOPES });
    const late = await server.startDevice({ scopes: SCOPES });
    await platform.deny(denied.userCode);
    platform.expire(late.userCode);

    expect(facts(await failureOf(server.poll({ ...denied, scopes: SCOPES })))).toEqual({
      code: 'access_denied',
      exit: 4,
      message: 'The request was denied in the browser.',
    });
    expect(facts(await failureOf(server.poll({ ...late, scopes: SCOPES })))).toEqual({
      code: 'device_code_expired',
      exit: 4,
      message: 'The code expired before it was approved.',
    });
  });

  test('with a code that was used already finds it gone', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const deviceCode = await approvedCode(platform, server);
    await server.poll({ deviceCode, scopes: SCOPES });

    expect(await server.poll({ deviceCode, scopes: SCOPES })).toEqual({
      kind: 'gone',
      error: expect.objectContaining({
        code: 'device_code_expired',
        message: 'The server does not know the code any more.',
      }),
    });
  });

  test.each([
    ['without an interval', {}, undefined],
    ['with one', { interval: 12 }, 12],
    ['with an absurd one', { interval: -12 }, undefined],
    ['with one that is no number', { interval: 'soon' }, undefined],
  ])('may be told to slow down %s', async (_, extra, interval) => {
    const platform = await openPlatform();
    const server = await connect(platform);
    platform.faults.push({
      at: 'token',
      kind: 'status',
      status: 400,
      body: { error: 'slow_down', ...extra },
    });

    expect(await server.poll({ deviceCode: 'x', scopes: SCOPES })).toEqual({ kind: 'slow_down', interval });
  });

  test.each<[string, FaultKind, string, number | undefined]>([
    ['a dropped connection', { kind: 'drop' }, 'connection_reset', undefined],
    ['HTTP 500', { kind: 'status', status: 500 }, 'server_error', undefined],
    [
      'HTTP 500 with an OAuth error',
      { kind: 'status', status: 500, body: { error: 'server_error' } },
      'server_error',
      undefined,
    ],
    ['HTTP 502 and a page', { kind: 'status', status: 502, body: '<html>' }, 'server_error', undefined],
    [
      'HTTP 503 with Retry-After',
      { kind: 'status', status: 503, headers: { 'retry-after': '7' } },
      'server_error',
      7,
    ],
    [
      'HTTP 429 with Retry-After',
      { kind: 'status', status: 429, headers: { 'retry-after': '900' } },
      'rate_limited',
      900,
    ],
    ['HTTP 408', { kind: 'status', status: 408 }, 'timeout', undefined],
    [
      'a login page of the network',
      { kind: 'raw', body: '<html>', contentType: 'text/html' },
      'malformed_response',
      undefined,
    ],
    [
      'a redirect',
      { kind: 'status', status: 302, headers: { location: 'http://portal.example/' } },
      'redirect_refused',
      undefined,
    ],
  ])('that meets %s says nothing about the code: ask again', async (_, fault, code, retryAfterS) => {
    const platform = await openPlatform();
    const server = await connect(platform);
    platform.faults.push({ at: 'token', ...fault });

    expect(await server.poll({ deviceCode: 'x', scopes: SCOPES })).toEqual({
      kind: 'unknown',
      error: expect.objectContaining({ code, retryAfterS }),
    });
  });

  test('that is stopped ends at once', async () => {
    const platform = await openPlatform();
    const stop = new AbortController();
    const server = await connect(platform, { signal: stop.signal });
    platform.faults.push({ at: 'token', kind: 'hang' });
    const polling = failureOf(server.poll({ deviceCode: 'x', scopes: SCOPES }));
    await expect.poll(() => requestsAt(platform, 'token').length).toBe(1);
    stop.abort(new MiraError('terminated', 'Stopped from outside.'));

    expect((await polling).code).toBe('terminated');
  });
});

describe('a token answer that is not as it should be', () => {
  const tokens: string[] = [];
  const remember = (json: Record<string, unknown>): void => {
    tokens.push(
      ...Object.values(json)
        .filter((value) => typeof value === 'string' && value.length > 20)
        .map(String),
    );
  };

  test.each<[string, (json: Record<string, unknown>) => unknown]>([
    ['no kind of token', ({ token_type: _, ...json }) => json],
    ['an unknown kind of token', (json) => ({ ...json, token_type: 'mac' })],
    ['no access token', ({ access_token: _, ...json }) => json],
    ['an access token that is none', (json) => ({ ...json, access_token: 7 })],
    ['an empty access token', (json) => ({ ...json, access_token: '' })],
    ['an access token that no header takes', (json) => ({ ...json, access_token: 'a\u001b[2J\r\nb' })],
    ['a lifetime in words', (json) => ({ ...json, expires_in: 'abc' })],
    ['a lifetime below zero', (json) => ({ ...json, expires_in: -1 })],
    ['a refresh token that is none', (json) => ({ ...json, refresh_token: {} })],
    ['scopes that are none', (json) => ({ ...json, scope: ['openid'] })],
    ['a list', (json) => [json]],
    [
      'an ID token for somebody else',
      (json) => ({ ...json, id_token: withClaims(json['id_token'], { sub: 'eve' }) }),
    ],
    [
      'an ID token for another client',
      (json) => ({ ...json, id_token: withClaims(json['id_token'], { aud: 'other' }) }),
    ],
    [
      'an ID token of another issuer',
      (json) => ({ ...json, id_token: withClaims(json['id_token'], { iss: 'https://evil.example' }) }),
    ],
    [
      'an ID token that has expired',
      (json) => ({ ...json, id_token: withClaims(json['id_token'], { exp: 1 }) }),
    ],
    ['an ID token without a signature', (json) => ({ ...json, id_token: unsigned(json['id_token']) })],
    ['an ID token that is none', (json) => ({ ...json, id_token: 'x.y.z' })],
    ['no ID token', ({ id_token: _, ...json }) => json],
  ])('is refused, and no token is in the error: %s', async (_, change) => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const deviceCode = await approvedCode(platform, server);
    platform.faults.push({
      at: 'token',
      kind: 'tamper',
      change: (json) => {
        remember(json);
        return change(json);
      },
    });
    const failure = await failureOf(server.poll({ deviceCode, scopes: SCOPES }));

    expect([failure.code, failure.exitCode]).toEqual(['malformed_response', 9]);
    expect(shownTokens(failure, tokens)).toEqual([]);
  });

  test('is refused when it is cut short, and no token is in the error', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const token = 'opaque'.repeat(10);
    platform.faults.push({
      at: 'token',
      kind: 'raw',
      body: `{"access_token":"${token}","refresh_token":"${token}`,
    });
    const failure = await failureOf(server.poll({ deviceCode: 'x', scopes: SCOPES }));

    expect([failure.code, failure.exitCode]).toEqual(['malformed_response', 9]);
    expect(shownTokens(failure, [token])).toEqual([]);
  });

  test('says that there was no ID token, and what may help', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const deviceCode = await approvedCode(platform, server);
    tamper(platform, 'token', ({ id_token: _, ...json }) => json);
    const failure = await failureOf(server.poll({ deviceCode, scopes: SCOPES }));

    expect([failure.message, failure.hint]).toEqual([
      `${hostOf(platform.issuer)} signed you in without saying who you are (no ID token).`,
      'Ask whoever runs it to allow the scope `openid`, or sign in with --scope offline_access.',
    ]);
  });

  test('may lack an ID token when none was asked for, or `openid` was not granted', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const first = await approvedCode(platform, server);
    tamper(platform, 'token', ({ id_token: _, ...json }) => json);
    const notAsked = await server.poll({ deviceCode: first, scopes: ['offline_access'] });
    const second = await approvedCode(platform, server);
    tamper(platform, 'token', ({ id_token: _, ...json }) => ({ ...json, scope: 'email' }));
    const notGranted = await server.poll({ deviceCode: second, scopes: SCOPES });

    expect([notAsked, notGranted]).toEqual([
      { kind: 'approved', tokens: expect.objectContaining({ account: undefined }) },
      { kind: 'approved', tokens: expect.objectContaining({ account: undefined, scopes: ['email'] }) },
    ]);
  });

  test('is taken with those of its scopes that are some', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const deviceCode = await approvedCode(platform, server);
    tamper(platform, 'token', (json) => ({ ...json, scope: 'openid  a\u001b[2J "b" email' }));

    expect(await server.poll({ deviceCode, scopes: SCOPES })).toMatchObject({
      kind: 'approved',
      tokens: { scopes: ['openid', 'email'] },
    });
  });

  test('may leave out what has a default, and write the kind as it likes', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const deviceCode = await approvedCode(platform, server);
    tamper(platform, 'token', ({ refresh_token: _r, expires_in: _e, scope: _s, ...json }) => ({
      ...json,
      token_type: 'BEARER',
    }));

    expect(await server.poll({ deviceCode, scopes: SCOPES })).toEqual({
      kind: 'approved',
      tokens: {
        accessToken: expect.any(String),
        refreshToken: undefined,
        expiresIn: undefined,
        scopes: SCOPES,
        account: ADA,
      },
    });
  });
});

describe('a clock that is wrong', () => {
  test.each([
    ['eleven minutes fast', 11 * 60_000],
    ['eleven minutes slow', -11 * 60_000],
    ['a day fast', 24 * 3_600_000],
  ])('by %s does not keep anybody out', async (_, skewMs) => {
    const platform = await openPlatform();
    const child = fork(
      fileURLToPath(new URL('support/skewed-sign-in.ts', import.meta.url)),
      [platform.issuer, platform.clientId, String(skewMs)],
      { execArgv: [], stdio: 'ignore' },
    );
    onTestFinished(() => void child.kill());
    const outcomes: unknown[] = [];
    for await (const [message] of on(child, 'message', { close: ['exit', 'disconnect'] })) {
      const { userCode, outcome } = message as { readonly userCode?: string; readonly outcome?: unknown };
      if (userCode === undefined) outcomes.push(outcome);
      else {
        await platform.approve(userCode);
        child.send('approved');
      }
    }

    expect(outcomes).toEqual(['ada']);
  });
});

describe('renewing', () => {
  test('brings new tokens for the same person', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const before = await grantedTokens(platform, server);
    const after = await server.refresh({ refreshToken: before.refreshToken ?? '', subject: 'ada' });

    expect(after).toEqual({
      accessToken: expect.stringMatching(/^eyJ/),
      refreshToken: expect.stringMatching(/^[\w-]{20,}$/),
      expiresIn: 600,
      scopes: [...SCOPES],
      account: ADA,
    });
    expect(after.accessToken).not.toBe(before.accessToken);
    expect(after.refreshToken).not.toBe(before.refreshToken);
  });

  test('brings them also where the rest of the answer is wrong, since the old ones are spent', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const before = await grantedTokens(platform, server);
    platform.faults.push({
      at: 'token',
      kind: 'tamper',
      change: ({ token_type: _, ...json }) => ({ ...json, expires_in: 'an hour', scope: 7 }),
    });
    const after = await server.refresh({ refreshToken: before.refreshToken ?? '', subject: 'ada' });

    expect(after).toEqual({
      accessToken: expect.stringMatching(/^eyJ/),
      refreshToken: expect.stringMatching(/^[\w-]{20,}$/),
      expiresIn: undefined,
      scopes: undefined,
      account: ADA,
    });
  });

  test('names the resource only when there is one', async () => {
    const platform = await openPlatform({ rotation: 'none' });
    const server = await connect(platform);
    const { refreshToken = '' } = await grantedTokens(platform, server);
    await server.refresh({ refreshToken });
    await server.refresh({ refreshToken, resource: platform.apiUrl });

    expect(
      requestsAt(platform, 'token')
        .slice(-2)
        .map(({ fields }) => fields['resource']),
    ).toEqual([undefined, platform.apiUrl]);
  });

  test("ends the session when the answer is somebody else's", async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const { refreshToken = '' } = await grantedTokens(platform, server);
    const failure = await failureOf(server.refresh({ refreshToken, subject: 'eve' }));

    expect([facts(failure), failure.hint]).toEqual([
      {
        code: 'session_ended',
        exit: 4,
        message: `${hostOf(platform.issuer)} answered the renewal with somebody else's session.`,
      },
      'Sign in again: mira auth login',
    ]);
  });

  test.each<[string, FaultKind]>([
    ['invalid_grant', { kind: 'status', status: 400, body: { error: 'invalid_grant' } }],
    ['400 and no body', { kind: 'status', status: 400 }],
    ['401 and no body', { kind: 'status', status: 401 }],
    ['400 and a page', { kind: 'status', status: 400, body: '<html>' }],
  ])('ends the session when the server answers with %s', async (_, fault) => {
    const platform = await openPlatform();
    const server = await connect(platform);
    platform.faults.push({ at: 'token', ...fault });
    const failure = await failureOf(server.refresh({ refreshToken: 'x' }));

    expect(facts(failure)).toEqual({
      code: 'session_ended',
      exit: 4,
      message: `${hostOf(platform.issuer)} has ended the session.`,
    });
  });

  test.each<[string, FaultKind, string]>([
    ['HTTP 500', { kind: 'status', status: 500 }, 'server_error'],
    ['HTTP 429', { kind: 'status', status: 429 }, 'rate_limited'],
    ['a dropped connection', { kind: 'drop' }, 'connection_reset'],
    ['a page', { kind: 'raw', body: '<html>', contentType: 'text/html' }, 'malformed_response'],
    ['invalid_client', { kind: 'status', status: 401, body: { error: 'invalid_client' } }, 'client_unknown'],
  ])('does not end the session when it meets %s', async (_, fault, code) => {
    const platform = await openPlatform();
    const server = await connect(platform);
    platform.faults.push({ at: 'token', ...fault });

    expect((await failureOf(server.refresh({ refreshToken: 'x' }))).code).toBe(code);
  });
});

describe('revoking', () => {
  test('ends the refresh token, and says which kind it was', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const { refreshToken = '' } = await grantedTokens(platform, server);

    expect(await server.revoke({ token: refreshToken, hint: 'refresh_token' })).toBe('revoked');
    expect(requestsAt(platform, 'revocation').map(({ fields }) => fields)).toEqual([
      { client_id: 'mira-cli', token: refreshToken, token_type_hint: 'refresh_token' },
    ]);
    expect((await failureOf(server.refresh({ refreshToken }))).code).toBe('session_ended');
  });

  test('a JWT access token is not possible at many servers, which is no failure', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const { accessToken } = await grantedTokens(platform, server);

    expect(await server.revoke({ token: accessToken, hint: 'access_token' })).toBe('unsupported');
  });

  test.each(['invalid_token', 'invalid_grant'])(
    'a token the server does not know (%s) is done',
    async (error) => {
      const platform = await openPlatform();
      const server = await connect(platform);
      platform.faults.push({ at: 'revocation', kind: 'status', status: 400, body: { error } });

      expect(await server.revoke({ token: 'x', hint: 'refresh_token' })).toBe('revoked');
    },
  );

  test('is told when the server fails', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    platform.faults.push({ at: 'revocation', kind: 'status', status: 503, body: 'down' });

    expect(facts(await failureOf(server.revoke({ token: 'x', hint: 'refresh_token' })))).toEqual({
      code: 'server_error',
      exit: 9,
      message: `${hostOf(platform.issuer)} failed (HTTP 503).`,
    });
  });
});

describe('asking who it is', () => {
  test('gives the account', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const { accessToken } = await grantedTokens(platform, server);

    expect(await server.userinfo({ accessToken, subject: 'ada' })).toEqual(ADA);
    expect(await server.userinfo({ accessToken, subject: undefined })).toEqual(ADA);
  });

  test('does not take the word of a server that speaks of somebody else', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const { accessToken } = await grantedTokens(platform, server);
    tamper(platform, 'userinfo', (json) => ({ ...json, sub: 'eve' }));
    const failure = await failureOf(server.userinfo({ accessToken, subject: 'ada' }));

    expect([failure.code, failure.exitCode]).toEqual(['malformed_response', 9]);
    expect(shownTokens(failure, [accessToken])).toEqual([]);
  });

  test.each([
    [401, 'credential_rejected', 4, 'refused the access token.'],
    [403, 'forbidden', 5, 'does not tell this session whose it is.'],
  ])(
    'tells a token that is refused from one that is good for other things (%d)',
    async (status, code, exit, what) => {
      const platform = await openPlatform();
      const server = await connect(platform);
      platform.faults.push({ at: 'userinfo', kind: 'status', status, body: {} });

      expect(facts(await failureOf(server.userinfo({ accessToken: 'x', subject: 'ada' })))).toEqual({
        code,
        exit,
        message: `${hostOf(platform.issuer)} ${what}`,
      });
    },
  );

  test('leaves out of a name what a terminal would obey', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const { accessToken } = await grantedTokens(platform, server);
    tamper(platform, 'userinfo', (json) => ({ ...json, name: 'Ada\u001b[2J\n\u202eLovelace', email: '' }));

    expect(await server.userinfo({ accessToken, subject: 'ada' })).toEqual({
      id: 'ada',
      name: 'Ada [2J Lovelace',
    });
  });
});

test('no request of a public client carries an Authorization header, and each names the client', async () => {
  const platform = await openPlatform();
  const server = await connect(platform);
  const { refreshToken = '' } = await grantedTokens(platform, server);
  const next = await server.refresh({ refreshToken, subject: 'ada' });
  await server.revoke({ token: next.refreshToken ?? '', hint: 'refresh_token' });
  const sent = ['device', 'token', 'revocation'] as const;
  const requests = sent.flatMap((point) => requestsAt(platform, point));

  expect(
    requests.map(({ method, headers, fields, query }) => [
      method,
      headers['content-type'],
      headers.authorization,
      fields['client_id'],
      fields['client_secret'],
      query.size,
    ]),
  ).toEqual(
    Array.from({ length: 4 }, () => [
      'POST',
      expect.stringMatching(/^application\/x-www-form-urlencoded/),
      undefined,
      'mira-cli',
      undefined,
      0,
    ]),
  );
});

function unsigned(token: unknown): string {
  const [, payload = ''] = String(token).split('.');
  return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
}

/** Those of the tokens that something printed of the error would show. */
function shownTokens(error: MiraError, tokens: readonly string[]): readonly string[] {
  const shown = inspect(error, { depth: null, showHidden: true, maxStringLength: null });
  return tokens.filter((token) => shown.includes(token));
}
