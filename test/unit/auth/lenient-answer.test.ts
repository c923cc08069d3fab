import { describe, expect, test } from 'vitest';
import { lenientAnswer } from '../../../src/auth/lenient-answer.ts';
import type { GrantEndpoint } from '../../../src/auth/lenient-answer.ts';

interface Given {
  readonly endpoint: GrantEndpoint;
  readonly body: unknown;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly publishesKeys?: boolean;
  readonly isRenewal?: boolean;
}

async function repaired({ endpoint, body, status = 200, headers = {}, ...given }: Given) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const request = { endpoint, publishesKeys: true, ...given };
  const answer = await lenientAnswer(new Response(text, { status, headers }), request);
  const said = await answer.text();
  return {
    status: answer.status,
    body: said.startsWith('{') ? (JSON.parse(said) as unknown) : said,
    challenge: answer.headers.get('www-authenticate'),
  };
}

const CODE = { device_code: 'd', user_code: 'U', verification_uri: 'https://id.example', expires_in: 60 };
const TOKEN = { access_token: 'a', token_type: 'Bearer' };

describe('the answer to a request for a code', () => {
  test.each<[unknown, number | undefined]>([
    [3, 3],
    [1.5, 1.5],
    ['7', 7],
    [0, undefined],
    [-3, undefined],
    [null, undefined],
    ['soon', undefined],
  ])('keeps an interval of %j only where it is one', async (interval, kept) => {
    const { body } = await repaired({ endpoint: 'device', body: { ...CODE, interval } });

    expect(body).toEqual({ ...CODE, ...(kept === undefined ? {} : { interval: kept }) });
  });

  test('gets ten minutes where no life is named, and the one that is written as text', async () => {
    const { expires_in: _, ...withoutLife } = CODE;

    expect((await repaired({ endpoint: 'device', body: withoutLife })).body).toMatchObject({
      expires_in: 600,
    });
    expect((await repaired({ endpoint: 'device', body: { ...CODE, expires_in: '90' } })).body).toMatchObject({
      expires_in: 90,
    });
    expect((await repaired({ endpoint: 'device', body: { ...CODE, expires_in: 0 } })).body).toMatchObject({
      expires_in: 0,
    });
  });

  test('may spell the address the old way, which does not go before the standard one', async () => {
    const { verification_uri: url, ...rest } = CODE;

    expect(
      (await repaired({ endpoint: 'device', body: { ...rest, verification_url: url } })).body,
    ).toMatchObject({ verification_uri: url });
    expect(
      (await repaired({ endpoint: 'device', body: { ...CODE, verification_url: 'https://other.example' } }))
        .body,
    ).toMatchObject({ verification_uri: CODE.verification_uri });
  });
});

describe('the answer to a request for a token', () => {
  test('may write null for what it does not give', async () => {
    const { body } = await repaired({
      endpoint: 'token',
      body: { ...TOKEN, refresh_token: null, expires_in: null, id_token: null, scope: null },
    });

    expect(body).toEqual(TOKEN);
  });

  test('loses an ID token that nothing could be checked with, and no other', async () => {
    const body = { ...TOKEN, id_token: 'x.y.z' };

    expect((await repaired({ endpoint: 'token', body, publishesKeys: false })).body).toEqual(TOKEN);
    expect((await repaired({ endpoint: 'token', body, publishesKeys: true })).body).toEqual(body);
  });
});

describe('the answer to a renewal', () => {
  const RENEWED = { ...TOKEN, refresh_token: 'r', expires_in: 60 };
  const { expires_in: _, ...withoutLife } = RENEWED;
  const { refresh_token: __, ...withoutRefreshToken } = RENEWED;

  test.each<[string, object, object]>([
    ['is right', RENEWED, RENEWED],
    ['names no kind of token', { ...RENEWED, token_type: undefined }, RENEWED],
    ['names another kind of token', { ...RENEWED, token_type: 'mac' }, { ...RENEWED, token_type: 'mac' }],
    ['has a lifetime written as text', { ...RENEWED, expires_in: '60' }, RENEWED],
    ['has a lifetime in words', { ...RENEWED, expires_in: 'an hour' }, withoutLife],
    ['has a lifetime below zero', { ...RENEWED, expires_in: -1 }, withoutLife],
    ['has no lifetime left', { ...RENEWED, expires_in: 0 }, { ...RENEWED, expires_in: 0 }],
    ['has an empty refresh token', { ...RENEWED, refresh_token: '' }, withoutRefreshToken],
    ['has a number for a refresh token', { ...RENEWED, refresh_token: 7 }, withoutRefreshToken],
    ['has a list of scopes', { ...RENEWED, scope: ['openid'] }, RENEWED],
  ])('that %s gives the tokens that are in it', async (_name, body, expected) => {
    expect((await repaired({ endpoint: 'token', body, isRenewal: true })).body).toEqual(expected);
  });

  test('is mended there alone: at a sign-in such an answer is not taken', async () => {
    const body = { access_token: 'a', expires_in: 'an hour' };

    expect((await repaired({ endpoint: 'token', body })).body).toEqual(body);
  });
});

describe('an error', () => {
  test('is one with a status of 200, too; success may be 201', async () => {
    const pending = { error: 'authorization_pending' };

    expect(await repaired({ endpoint: 'token', body: pending })).toMatchObject({
      status: 400,
      body: pending,
    });
    expect((await repaired({ endpoint: 'token', body: TOKEN, status: 201 })).status).toBe(200);
    expect((await repaired({ endpoint: 'token', body: pending, status: 428 })).status).toBe(428);
  });

  test('is read although a challenge stands beside it', async () => {
    const headers = { 'www-authenticate': 'Basic realm="id"' };
    const named = { endpoint: 'token', body: { error: 'invalid_client' }, status: 401, headers } as const;

    expect((await repaired(named)).challenge).toBeNull();
    expect((await repaired({ ...named, body: { detail: 'no' } })).challenge).toBe(
      headers['www-authenticate'],
    );
  });
});

test('a token is revoked by an answer without a body, too', async () => {
  const empty = new Response(null, { status: 204 });
  const answer = await lenientAnswer(empty, { endpoint: 'revocation', publishesKeys: true });

  expect([answer.status, await answer.text()]).toEqual([200, '']);
});

test('what is no JSON object stays what it is', async () => {
  const page = { endpoint: 'token', body: '<h1>Sign in to the network</h1>', status: 200 } as const;

  expect(await repaired(page)).toMatchObject({ status: 200, body: page.body });
  expect(await repaired({ ...page, body: '', status: 500 })).toMatchObject({ status: 500, body: '' });
});
