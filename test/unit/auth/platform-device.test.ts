import { describe, expect, test } from 'vitest';
import type { DeviceGrant } from '../../../src/auth/device-grant.ts';
import { deviceLogin } from '../../../src/auth/device-login.ts';
import type { LoginEvent } from '../../../src/auth/login-event.ts';
import { findPlatformDevice } from '../../../src/auth/platform-device.ts';
import type { FaultKind } from '../../support/platform/faults.ts';
import type { Platform } from '../../support/platform/start-platform.ts';
import { facts, failureOf, openHttp } from '../api/open-http.ts';
import { openPlatform, requestsAt } from './support/open-platform.ts';
import { createSleepingClock } from './support/sleeping-clock.ts';

const KEYS_PAGE = 'https://keys.example/api-keys';
const signal = new AbortController().signal;

function find(platform: Platform): ReturnType<typeof findPlatformDevice> {
  return findPlatformDevice(
    { http: openHttp(), origin: new URL(platform.apiOrigin), keysPage: KEYS_PAGE },
    signal,
  );
}

async function grantOf(platform: Platform): Promise<DeviceGrant> {
  const grant = await find(platform);
  if (!grant) throw new Error('the platform has no device login');
  return grant;
}

const hostOf = (platform: Platform): string => new URL(platform.apiOrigin).host;

describe("the platform's own sign-in", () => {
  test.each([403, 404, 405, 410])('is absent when the server answers %d', async (status) => {
    const platform = await openPlatform();
    platform.faults.push({ at: 'device', kind: 'status', status, body: { detail: 'Forbidden' } });

    expect(await find(platform)).toBeUndefined();
  });

  test('is absent from a platform without it', async () => {
    expect(await find(await openPlatform({ platformDevice: false }))).toBeUndefined();
  });

  test('is found by asking for a code, without a credential, a client or a body', async () => {
    const platform = await openPlatform();
    const grant = await grantOf(platform);

    expect(grant).toMatchObject({
      dialect: 'platform',
      host: hostOf(platform),
      scopes: [],
      longestInterval: 30,
      orphanHint: `A key made for nothing may be left: look for mira-cli-… at ${KEYS_PAGE} and revoke it.`,
    });
    expect(
      platform.requests.map(({ method, path, body, headers }) => [method, path, body, headers.authorization]),
    ).toEqual([['POST', '/api/v1/auth/device/code', '', undefined]]);
  });

  test('uses the code it was found with, and asks for another only when one is wanted', async () => {
    const platform = await openPlatform({ interval: 2 });
    const grant = await grantOf(platform);
    const first = await grant.start(signal);
    expect(requestsAt(platform, 'device')).toHaveLength(1);
    const second = await grant.start(signal);

    expect(first).toEqual({
      deviceCode: expect.stringMatching(/^[0-9a-f]{40}$/),
      userCode: expect.stringMatching(/^[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}$/),
      verificationUri: `${platform.apiOrigin}/authorize`,
      verificationUriComplete: `${platform.apiOrigin}/authorize?code=${first.userCode}`,
      expiresIn: 600,
      interval: 2,
    });
    expect(second.userCode).not.toBe(first.userCode);
    expect(requestsAt(platform, 'device')).toHaveLength(2);
  });

  test('takes what else has been documented: a complete address, no interval, no lifetime', async () => {
    const platform = await openPlatform();
    platform.faults.push({
      at: 'device',
      kind: 'tamper',
      change: ({ expires_in: _e, interval: _i, ...json }) => ({
        ...json,
        verification_uri: 'https://platform.example/device?lang=en',
        verification_uri_complete: 'https://platform.example/device/AB',
      }),
    });

    expect(await (await grantOf(platform)).start(signal)).toMatchObject({
      verificationUri: 'https://platform.example/device?lang=en',
      verificationUriComplete: 'https://platform.example/device/AB',
      expiresIn: 600,
      interval: undefined,
    });
  });

  test.each<[string, FaultKind, string, number, string]>([
    [
      'too many attempts',
      { kind: 'status', status: 429, headers: { 'retry-after': '900' } },
      'rate_limited',
      7,
      'HOST allows no more sign-in attempts for now.',
    ],
    ['a failure', { kind: 'status', status: 503 }, 'server_error', 9, 'HOST failed (HTTP 503).'],
    [
      'a redirect',
      { kind: 'status', status: 302, headers: { location: 'https://x.example' } },
      'redirect_refused',
      9,
      'HOST answered with a redirect, which mira does not follow.',
    ],
    [
      'a refusal',
      { kind: 'status', status: 401, body: { detail: 'no' } },
      'login_unavailable',
      4,
      'HOST refused the sign-in (HTTP 401).',
    ],
    [
      'a page',
      { kind: 'raw', body: '<html>', contentType: 'text/html' },
      'malformed_response',
      9,
      'HOST sent an answer to the sign-in that is not valid.',
    ],
    [
      'a list',
      { kind: 'raw', body: '[]' },
      'malformed_response',
      9,
      'HOST sent an answer to the sign-in that is not valid.',
    ],
    [
      'no code',
      { kind: 'raw', body: '{"user_code":"AB","verification_uri":"https://x.example"}' },
      'malformed_response',
      9,
      'HOST sent an answer to the sign-in that is not valid.',
    ],
    [
      'a code that is none',
      { kind: 'raw', body: '{"device_code":"a","user_code":7,"verification_uri":"https://x.example"}' },
      'malformed_response',
      9,
      'HOST sent an answer to the sign-in that is not valid.',
    ],
  ])('that answers with %s says so', async (_, fault, code, exit, message) => {
    const platform = await openPlatform();
    platform.faults.push({ at: 'device', ...fault });
    const failure = await failureOf(find(platform));

    expect(facts(failure)).toEqual({ code, exit, message: message.replace('HOST', hostOf(platform)) });
  });

  test('names how long to wait when it allows no more attempts', async () => {
    const platform = await openPlatform();
    platform.faults.push({ at: 'device', kind: 'status', status: 429, headers: { 'retry-after': '900' } });
    const failure = await failureOf(find(platform));

    expect([failure.retryAfterS, failure.hint, failure.status, failure.retryable]).toEqual([
      900,
      'Try again in 15 min.',
      429,
      true,
    ]);
  });
});

describe('a poll of the platform', () => {
  test('is pending, then approved with a key, then gone', async () => {
    const platform = await openPlatform();
    const grant = await grantOf(platform);
    const { deviceCode, userCode } = await grant.start(signal);
    expect(await grant.poll(deviceCode, signal)).toEqual({ kind: 'pending' });
    await platform.approve(userCode);

    expect(await grant.poll(deviceCode, signal)).toEqual({
      kind: 'approved',
      tokens: {
        accessToken: expect.stringMatching(/^sk-mira-[0-9a-f]{40}$/),
        refreshToken: undefined,
        expiresIn: undefined,
      },
    });
    expect(await grant.poll(deviceCode, signal)).toEqual({
      kind: 'gone',
      error: expect.objectContaining({
        code: 'device_code_expired',
        message: 'The code expired before it was approved.',
      }),
    });
    expect(requestsAt(platform, 'token').map(({ body, headers }) => [body, headers.authorization])).toEqual(
      Array.from({ length: 3 }, () => [JSON.stringify({ device_code: deviceCode }), undefined]),
    );
  });

  test.each<[string, FaultKind, object]>([
    [
      'pending, as an OAuth error',
      { kind: 'status', status: 400, body: { error: 'authorization_pending' } },
      { kind: 'pending' },
    ],
    ['slow down, as an OAuth error', { kind: 'slow_down' }, { kind: 'slow_down', interval: undefined }],
    [
      'slow down, with an interval',
      { kind: 'raw', body: '{"status":"slow_down","interval":9}' },
      { kind: 'slow_down', interval: 9 },
    ],
    [
      'expired, as an OAuth error',
      { kind: 'status', status: 400, body: { error: 'expired_token' } },
      { kind: 'gone', error: expect.objectContaining({ code: 'device_code_expired' }) },
    ],
    [
      'a token with a lifetime and a refresh token',
      {
        kind: 'raw',
        body: '{"access_token":"t","token_type":"Bearer","expires_in":900,"refresh_token":"r"}',
      },
      { kind: 'approved', tokens: { accessToken: 't', refreshToken: 'r', expiresIn: 900 } },
    ],
    [
      'a token with an absurd lifetime',
      { kind: 'raw', body: '{"status":"approved","access_token":"t","expires_in":-1,"refresh_token":7}' },
      { kind: 'approved', tokens: { accessToken: 't', refreshToken: undefined, expiresIn: undefined } },
    ],
    [
      'too many requests',
      { kind: 'status', status: 429, headers: { 'retry-after': '900' } },
      { kind: 'unknown', error: expect.objectContaining({ code: 'rate_limited', retryAfterS: 900 }) },
    ],
    [
      'a failure',
      { kind: 'status', status: 502, body: '<html>' },
      { kind: 'unknown', error: expect.objectContaining({ code: 'server_error' }) },
    ],
    [
      'a redirect',
      { kind: 'status', status: 307, headers: { location: 'https://x.example' } },
      { kind: 'unknown', error: expect.objectContaining({ code: 'redirect_refused' }) },
    ],
    [
      'a dropped connection',
      { kind: 'drop' },
      { kind: 'unknown', error: expect.objectContaining({ code: 'connection_reset' }) },
    ],
    [
      'a login page of the network',
      { kind: 'raw', body: '<html>', contentType: 'text/html' },
      { kind: 'unknown', error: expect.objectContaining({ code: 'malformed_response' }) },
    ],
  ])('understands: %s', async (_, fault, answer) => {
    const platform = await openPlatform();
    const grant = await grantOf(platform);
    platform.faults.push({ at: 'token', ...fault });

    expect(await grant.poll('code', signal)).toEqual(answer);
  });

  test.each<[string, object, string, number, string]>([
    ['denied', { status: 'denied' }, 'access_denied', 4, 'The request was denied in the browser.'],
    [
      'access_denied',
      { error: 'access_denied' },
      'access_denied',
      4,
      'The request was denied in the browser.',
    ],
    ['its own failure', { status: 'error' }, 'server_error', 9, 'HOST could not finish the sign-in (error).'],
    [
      'something unheard of',
      { status: 'te\u001b[2Ja' },
      'server_error',
      9,
      'HOST could not finish the sign-in (te [2Ja).',
    ],
    [
      'approved, without anything',
      { status: 'approved' },
      'server_error',
      9,
      'HOST could not finish the sign-in (approved).',
    ],
    [
      'an empty key',
      { status: 'approved', access_token: '' },
      'server_error',
      9,
      'HOST could not finish the sign-in (approved).',
    ],
    [
      'a key that no header takes',
      { status: 'approved', access_token: 'a\r\nb' },
      'server_error',
      9,
      'HOST could not finish the sign-in (approved).',
    ],
    ['nothing', {}, 'malformed_response', 9, 'HOST sent an answer to the sign-in that is not valid.'],
  ])('ends with: %s', async (_, body, code, exit, message) => {
    const platform = await openPlatform();
    const grant = await grantOf(platform);
    platform.faults.push({ at: 'token', kind: 'status', status: 200, body });

    expect(facts(await failureOf(grant.poll('code', signal)))).toEqual({
      code,
      exit,
      message: message.replace('HOST', hostOf(platform)),
    });
  });

  test('that is stopped ends at once', async () => {
    const platform = await openPlatform();
    const grant = await grantOf(platform);
    platform.faults.push({ at: 'token', kind: 'hang' });
    const stop = new AbortController();
    const polling = failureOf(grant.poll('code', stop.signal));
    await expect.poll(() => requestsAt(platform, 'token').length).toBe(1);
    stop.abort();

    expect((await polling).code).toBe('interrupted');
  });
});

test('an approval whose answer is lost names the page where its key can be revoked', async () => {
  const platform = await openPlatform();
  const grant = await grantOf(platform);
  platform.faults.push({ at: 'token', kind: 'dropAfter' });
  const events: LoginEvent['kind'][] = [];
  const login = async (): Promise<void> => {
    for await (const event of deviceLogin({ grant, signal, ...createSleepingClock() })) {
      events.push(event.kind);
      if (event.kind === 'device_code') await platform.approve(event.userCode);
    }
  };
  const failure = await failureOf(login());

  expect([facts(failure), failure.hint, events]).toEqual([
    {
      code: 'approval_lost',
      exit: 4,
      message:
        'The connection broke while the server answered; if you approved the code, the answer was lost.',
    },
    `Sign in again: mira auth login. A key made for nothing may be left: look for mira-cli-… at ${KEYS_PAGE} and revoke it.`,
    ['device_code', 'offline'],
  ]);
  expect(platform.keyNames()).toHaveLength(1);
});
