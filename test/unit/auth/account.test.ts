import { describe, expect, test } from 'vitest';
import { apiBase } from '../../../src/api/url.ts';
import { findAccount } from '../../../src/auth/account.ts';
import type { AccountAnswer, AccountRequest } from '../../../src/auth/account.ts';
import type { FaultKind } from '../../support/platform/faults.ts';
import type { Platform } from '../../support/platform/start-platform.ts';
import { facts, failureOf, openHttp } from '../api/open-http.ts';
import { connect, grantedTokens, openPlatform } from './support/open-platform.ts';

const ADA = { id: 'ada', name: 'Ada Example', email: 'ada@example.test' };

function ask(platform: Platform, request: Partial<AccountRequest>): Promise<AccountAnswer> {
  return findAccount({
    http: openHttp(),
    apiUrl: apiBase(new URL(platform.apiUrl)),
    accessToken: 'none',
    boundToResource: false,
    signal: new AbortController().signal,
    ...request,
  });
}

const asked = (platform: Platform): readonly string[] =>
  platform.requests
    .filter(({ point }) => point === 'userinfo' || point === 'account' || point === 'models')
    .map(({ path }) => path);

describe('whose credential it is', () => {
  test("is asked of the issuer's userinfo, and of nobody else", async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const { accessToken } = await grantedTokens(platform, server);

    expect(await ask(platform, { accessToken, server, subject: 'ada' })).toEqual({
      kind: 'account',
      account: ADA,
    });
    expect(asked(platform)).toEqual(['/me']);
  });

  test('is asked of the API when the token was made for it', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    const { accessToken } = await grantedTokens(platform, server);

    expect(await ask(platform, { accessToken, server, boundToResource: true })).toEqual({
      kind: 'account',
      account: ADA,
    });
    expect(asked(platform)).toEqual(['/api/v1/auth/me']);
  });

  test('is asked of the API for a key', async () => {
    const platform = await openPlatform();

    expect(await ask(platform, { accessToken: platform.mintKey() })).toEqual({
      kind: 'account',
      account: ADA,
    });
  });

  test('is asked of the API when the issuer does not tell this session', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);
    platform.faults.push({ at: 'userinfo', kind: 'status', status: 403, body: {} });

    expect(await ask(platform, { accessToken: platform.mintKey(), server })).toEqual({
      kind: 'account',
      account: ADA,
    });
    expect(asked(platform)).toEqual(['/me', '/api/v1/auth/me']);
  });

  test('is not known when it is refused', async () => {
    const platform = await openPlatform();
    const server = await connect(platform);

    expect(await ask(platform, { accessToken: 'none' })).toEqual({ kind: 'rejected' });
    expect(await ask(platform, { accessToken: 'none', server })).toEqual({ kind: 'rejected' });
  });

  test.each<[string, FaultKind]>([
    ['nothing there', { kind: 'status', status: 404 }],
    ['a refusal to tell', { kind: 'status', status: 403 }],
    ['a page', { kind: 'raw', body: '<html>' }],
    ['null', { kind: 'raw', body: 'null' }],
    ['nobody', { kind: 'raw', body: '{"name":"Ada"}' }],
  ])(
    'is left open by an API with %s; the list of models tells whether the credential works',
    async (_, fault) => {
      const platform = await openPlatform();
      platform.faults.push({ at: 'account', ...fault });

      expect(await ask(platform, { accessToken: platform.mintKey() })).toEqual({ kind: 'valid' });
      expect(asked(platform)).toEqual(['/api/v1/auth/me', '/v1/models']);
    },
  );

  test.each<[number, AccountAnswer['kind']]>([
    [401, 'rejected'],
    [404, 'unknown'],
    [403, 'unknown'],
  ])('is as little known as the list of models says: %d is %s', async (status, kind) => {
    const platform = await openPlatform();
    platform.faults.push(
      { at: 'account', kind: 'status', status: 404 },
      { at: 'models', kind: 'status', status },
    );

    expect(await ask(platform, {})).toEqual({ kind });
  });

  test('is taken from what the API says, in one line each, as far as it is there', async () => {
    const platform = await openPlatform();
    platform.faults.push({
      at: 'account',
      kind: 'raw',
      body: JSON.stringify({ sub: 7, name: 'Ada\u001b[2J\nL', display_name: null, email: '' }),
    });

    expect(await ask(platform, {})).toEqual({ kind: 'account', account: { id: '7', name: 'Ada [2J L' } });
  });

  test('cannot be asked of a server that fails or is not there', async () => {
    const platform = await openPlatform();
    platform.faults.push({ at: 'account', kind: 'status', status: 502 });
    const host = new URL(platform.apiUrl).host;
    expect(facts(await failureOf(ask(platform, {})))).toEqual({
      code: 'server_error',
      exit: 9,
      message: `${host} failed (HTTP 502).`,
    });
    await platform.close();

    expect((await failureOf(ask(platform, {}))).code).toBe('connection_refused');
  });
});
