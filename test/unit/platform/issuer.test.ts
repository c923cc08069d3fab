import { execa } from 'execa';
import * as client from 'openid-client';
import { describe, expect, test } from 'vitest';
import { startPlatform } from '../../support/platform/start-platform.ts';
import { discover, oauthError, poll, requestCode, signIn } from '../../support/platform/openid-sign-in.ts';

// Node 22 warns of the types it takes out, and of the runner's yes and no to colours.
const QUIET = ['--disable-warning=ExperimentalWarning'];
const NO_WORD_OF_COLOURS = { NO_COLOR: undefined, FORCE_COLOR: undefined };

describe('signing in by device code', () => {
  test('gives tokens, and an ID token that names the person, once approved in the pages', async () => {
    await using platform = await startPlatform({ interval: 3 });
    const config = await discover(platform);
    const code = await requestCode(platform, config);

    expect(code.interval).toBe(3);
    expect(code.user_code).toMatch(/^[A-Z]{4}-[A-Z]{4}$/);
    expect(code.verification_uri).toBe(`${platform.issuer}/device`);
    expect(platform.pendingUserCodes()).toEqual([code.user_code]);
    expect(await oauthError(poll(config, code.device_code))).toBe('authorization_pending');

    await platform.approve(code.user_code);
    const tokens = await poll(config, code.device_code);

    expect(tokens.claims()).toMatchObject({ sub: 'ada', name: 'Ada Example', email: 'ada@example.test' });
    expect(tokens.scope).toBe('openid profile email offline_access');
    expect(tokens.expires_in).toBe(600);
    expect(platform.pendingUserCodes()).toEqual([]);
    expect(platform.problems).toEqual([]);
  });

  test('says so when the person denies, when the code ran out, and when it is used twice', async () => {
    await using platform = await startPlatform();
    const config = await discover(platform);
    const denied = await requestCode(platform, config);
    const expired = await requestCode(platform, config);
    const used = await requestCode(platform, config);

    await platform.deny(denied.user_code);
    platform.expire(expired.user_code);
    await platform.approve(used.user_code);
    await poll(config, used.device_code);

    expect(await oauthError(poll(config, denied.device_code))).toBe('access_denied');
    expect(await oauthError(poll(config, expired.device_code))).toBe('expired_token');
    expect(await oauthError(poll(config, used.device_code))).toBe('invalid_grant');
    await expect(platform.approve(expired.user_code)).rejects.toThrow('This code has run out');
    await expect(platform.approve('AAAA-AAAA')).rejects.toThrow('There is no such code');
    expect(platform.problems).toEqual([]);
  });

  test('leaves the interval out when asked to', async () => {
    await using platform = await startPlatform({ interval: 'absent' });
    const code = await requestCode(platform, await discover(platform));

    expect(code.interval).toBeUndefined();
  });

  test('gives a token for the API when the client names no resource, and refuses one it does not know', async () => {
    await using platform = await startPlatform();
    const config = await discover(platform);
    const code = await client.initiateDeviceAuthorization(config, { scope: 'openid' });
    await platform.approve(code.user_code);
    const { access_token: token } = await poll(config, code.device_code);
    const me = await fetch(`${platform.apiOrigin}/api/v1/auth/me`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const unknown = client.initiateDeviceAuthorization(config, {
      scope: 'openid',
      resource: 'https://other.test',
    });

    expect(me.status).toBe(200);
    expect(await oauthError(unknown)).toBe('invalid_target');
  });

  test('prints nothing: every development warning is configured away', async () => {
    const script = `
      const { startPlatform } = await import(${JSON.stringify(new URL('../../support/platform/start-platform.ts', import.meta.url).href)});
      const platform = await startPlatform();
      const body = new URLSearchParams({ client_id: platform.clientId, scope: 'openid' });
      const code = await (await fetch(platform.issuer + '/device/auth', { method: 'POST', body })).json();
      await platform.approve(code.user_code);
      await fetch(platform.issuer + '/auth?client_id=nobody', { headers: { accept: 'text/html' } });
      await platform[Symbol.asyncDispose]();`;
    const { all } = await execa(process.execPath, [...QUIET, '--input-type=module', '-e', script], {
      all: true,
      env: NO_WORD_OF_COLOURS,
      timeout: 30_000,
    });

    // Of a Node that is not in long-term support yet it always warns.
    expect(all.replace(/^oidc-provider WARNING: Unsupported runtime.*$/, '')).toBe('');
  });
});

describe('refreshing', () => {
  test('with strict rotation, using a refresh token again ends the session', async () => {
    await using platform = await startPlatform();
    const { config, refreshToken } = await signIn(platform);
    const next = await client.refreshTokenGrant(config, refreshToken);

    expect(next.refresh_token).not.toBe(refreshToken);
    expect(await oauthError(client.refreshTokenGrant(config, refreshToken))).toBe('invalid_grant');
    expect(await oauthError(client.refreshTokenGrant(config, next.refresh_token ?? ''))).toBe(
      'invalid_grant',
    );
  });

  test('with strict rotation, of ten clients racing with one token only one wins', async () => {
    await using platform = await startPlatform();
    const { config, refreshToken } = await signIn(platform);
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, () => oauthError(client.refreshTokenGrant(config, refreshToken))),
    );

    expect(outcomes.filter((outcome) => outcome === 'none')).toHaveLength(1);
  });

  test('with a grace period, the same refresh token gets the same answer again', async () => {
    await using platform = await startPlatform({ rotation: 'grace' });
    const { config, refreshToken } = await signIn(platform);
    const first = await client.refreshTokenGrant(config, refreshToken);
    const again = await client.refreshTokenGrant(config, refreshToken);

    expect(again.refresh_token).toBe(first.refresh_token);
    expect(first.refresh_token).not.toBe(refreshToken);
    expect(await oauthError(client.refreshTokenGrant(config, first.refresh_token ?? ''))).toBe('none');
  });

  test('without rotation, the refresh token stays', async () => {
    await using platform = await startPlatform({ rotation: 'none' });
    const { config, refreshToken } = await signIn(platform);

    expect((await client.refreshTokenGrant(config, refreshToken)).refresh_token).toBe(refreshToken);
  });

  test('is refused once the server has ended the session', async () => {
    await using platform = await startPlatform();
    const { config, refreshToken } = await signIn(platform);
    platform.endSessions();

    expect(await oauthError(client.refreshTokenGrant(config, refreshToken))).toBe('invalid_grant');
  });
});

describe('signing out', () => {
  test('a revoked refresh token is refused; a JWT access token cannot be revoked, as with many servers', async () => {
    await using platform = await startPlatform();
    const { config, refreshToken, accessToken } = await signIn(platform);
    await client.tokenRevocation(config, refreshToken, { token_type_hint: 'refresh_token' });

    expect(await oauthError(client.refreshTokenGrant(config, refreshToken))).toBe('invalid_grant');
    expect(await oauthError(client.tokenRevocation(config, accessToken))).toBe('unsupported_token_type');
  });
});

describe('userinfo', () => {
  test('takes tokens made for the API, unless told to be as strict as oidc-provider', async () => {
    await using generous = await startPlatform();
    await using strict = await startPlatform({ userinfoForApiTokens: false });
    const one = await signIn(generous);
    const two = await signIn(strict);
    const answer = await fetch(`${strict.issuer}/me`, {
      headers: { authorization: `Bearer ${two.accessToken}` },
    });

    expect(await client.fetchUserInfo(one.config, one.accessToken, 'ada')).toEqual({
      sub: 'ada',
      name: 'Ada Example',
      email: 'ada@example.test',
      email_verified: true,
    });
    expect(answer.status).toBe(401);
  });
});
