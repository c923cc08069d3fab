import { describe, expect, test } from 'vitest';
import { createAccessTokens } from '../../support/platform/access-token.ts';
import { startPlatform, type Platform } from '../../support/platform/start-platform.ts';
import { signIn } from '../../support/platform/openid-sign-in.ts';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

function ask(platform: Platform, options: { readonly token?: string; readonly body?: object | string }) {
  const body = options.body ?? { model: 'mira', messages: [{ role: 'user', content: 'hi' }] };
  return fetch(`${platform.apiUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(options.token ?? platform.mintKey()) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

describe('credentials', () => {
  test('takes access tokens of its issuer and keys it minted, nothing else', async () => {
    await using platform = await startPlatform();
    await using other = await startPlatform();
    const { accessToken } = await signIn(platform);
    const foreign = await signIn(other);
    const status = async (token: string) => (await ask(platform, { token })).status;

    expect(await status(accessToken)).toBe(200);
    expect(await status(platform.mintKey())).toBe(200);
    expect(await status(foreign.accessToken)).toBe(401);
    expect(await status(`${accessToken.slice(0, -6)}AAAAAA`)).toBe(401);
    expect(await status('anything')).toBe(401);
  });

  test('refuses an access token made for another audience', async () => {
    await using platform = await startPlatform();
    const { accessToken } = await signIn(platform);
    const verify = (audience: string) =>
      createAccessTokens({
        issuer: platform.issuer,
        audiences: [audience],
        jwksUrl: new URL('/jwks', platform.issuer),
      }).verify(accessToken);

    expect(await verify(platform.apiUrl)).toEqual({
      sub: 'ada',
      scope: 'openid profile email offline_access',
    });
    expect(await verify('https://other.test')).toBeUndefined();
  });

  test('a refusal names the metadata that tells where to sign in', async () => {
    await using platform = await startPlatform();
    const answer = await fetch(`${platform.apiUrl}/chat/completions`, { method: 'POST' });

    expect(answer.status).toBe(401);
    expect(await answer.json()).toEqual({ detail: 'API key required' });
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer resource_metadata="${platform.apiOrigin}/.well-known/oauth-protected-resource/v1"`,
    );
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('refuses an access token it was told to, and takes the next one', async () => {
    await using platform = await startPlatform();
    const first = await signIn(platform);
    platform.refuseAccessTokens();
    const second = await signIn(platform);

    expect((await ask(platform, { token: first.accessToken })).status).toBe(401);
    expect((await ask(platform, { token: second.accessToken })).status).toBe(200);
  });
});

describe('metadata (RFC 9728)', () => {
  test.each([
    ['both', 200, 200],
    ['path', 200, 404],
    ['root', 404, 200],
    ['off', 404, 404],
  ] as const)('%s: path form %i, root form %i', async (metadata, pathStatus, rootStatus) => {
    await using platform = await startPlatform({ metadata });
    const well = `${platform.apiOrigin}/.well-known/oauth-protected-resource`;

    expect((await fetch(`${well}/v1`)).status).toBe(pathStatus);
    expect((await fetch(well)).status).toBe(rootStatus);
  });

  test('each form names the resource its address was made from', async () => {
    await using platform = await startPlatform();
    const well = `${platform.apiOrigin}/.well-known/oauth-protected-resource`;

    expect(await (await fetch(`${well}/v1`)).json()).toMatchObject({
      resource: platform.apiUrl,
      authorization_servers: [platform.issuer],
    });
    expect(await (await fetch(well)).json()).toMatchObject({ resource: platform.apiOrigin });
  });
});

describe('chat completions', () => {
  test('streams chunks in the OpenAI shape, then [DONE], with what is left of the limit', async () => {
    await using platform = await startPlatform();
    const body = { model: 'mira', stream: true, messages: [{ role: 'user', content: 'zzzz' }] };
    const answer = await ask(platform, { body });
    const events = (await answer.text()).split('\n\n').filter(Boolean);
    const chunks = events.slice(0, -1).map((event) => JSON.parse(event.slice('data: '.length)) as Chunk);
    const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');

    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    expect(Number(answer.headers.get('x-ratelimit-remaining'))).toBeLessThan(1000);
    expect(events.at(-1)).toBe('data: [DONE]');
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' });
    expect(chunks.at(-1)?.choices[0]).toEqual({ index: 0, delta: {}, finish_reason: 'stop' });
    expect(text).toMatch(/^I only know mira's own documents/);
  });

  test('gives usage at the end of a stream only when asked', async () => {
    await using platform = await startPlatform();
    const body = { model: 'mira', stream: true, messages: [{ role: 'user', content: 'two words' }] };
    const silent = await (await ask(platform, { body })).text();
    const asked = await (
      await ask(platform, { body: { ...body, stream_options: { include_usage: true } } })
    ).text();

    expect(silent).not.toContain('prompt_tokens');
    expect(asked).toContain('"prompt_tokens":2');
  });

  test.each([
    ['{', 400, 'Failed to parse the request body as JSON'],
    [{ model: 'gpt', messages: [{ role: 'user', content: 'x' }] }, 400, 'Must be one of: mira, mira-pro'],
    [{ model: 'mira', messages: [{ role: 'user', content: null }] }, 422, 'messages: expected a list'],
  ])('refuses %j with %i', async (body, status, said) => {
    await using platform = await startPlatform();
    const answer = await ask(platform, { body });

    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain(said);
  });

  test('lists its models', async () => {
    await using platform = await startPlatform();
    const { data } = (await (await fetch(`${platform.apiUrl}/models`)).json()) as { data: { id: string }[] };

    expect(data.map(({ id }) => id)).toEqual(['mira', 'mira-pro']);
  });
});

interface Chunk {
  readonly choices: readonly { readonly delta: { readonly content?: string } }[];
}

describe("the platform's own device login", () => {
  const post = async (platform: Platform, path: string, body?: object) => {
    const init = body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const answer = await fetch(`${platform.apiOrigin}/api/v1/auth/device/${path}`, {
      method: 'POST',
      ...init,
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, string> };
  };

  test('mints a key once approved, gives it once, and lists and deletes it', async () => {
    await using platform = await startPlatform();
    const code = (await post(platform, 'code')).body;
    const poll = () => post(platform, 'token', { device_code: code.device_code });

    expect(code.user_code).toMatch(/^[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}$/);
    expect(code.verification_uri).toBe(`${platform.apiOrigin}/authorize`);
    expect(await poll()).toEqual({ status: 200, body: { status: 'pending' } });
    await platform.approve(code.user_code ?? '');
    const { body: approved } = await poll();
    expect(approved).toMatchObject({ status: 'approved', token_type: 'bearer' });
    expect(approved.access_token).toMatch(/^sk-mira-[0-9a-f]{40}$/);
    expect(await poll()).toEqual({ status: 200, body: { status: 'expired' } });

    const headers = bearer(approved.access_token ?? '');
    const keys = `${platform.apiOrigin}/api/v1/api-keys`;
    const [listed] = (await (await fetch(keys, { headers })).json()) as { id: string; key_prefix: string }[];
    expect(listed?.key_prefix).toBe(approved.access_token?.slice(0, 16));
    expect((await fetch(`${keys}/${listed?.id}`, { method: 'DELETE', headers })).status).toBe(204);
    expect((await fetch(keys, { headers })).status).toBe(401);
    expect(platform.keyNames()).toEqual([]);
  });

  test('a denied code and one that ran out are both "expired": the dialect has no other word', async () => {
    await using platform = await startPlatform();
    const denied = (await post(platform, 'code')).body;
    const expired = (await post(platform, 'code')).body;
    await platform.deny(denied.user_code ?? '');
    platform.expire(expired.user_code ?? '');

    for (const { device_code } of [denied, expired]) {
      expect((await post(platform, 'token', { device_code })).body).toEqual({ status: 'expired' });
    }
  });

  test('is approved by the JSON call of the web page too', async () => {
    await using platform = await startPlatform();
    const { user_code } = (await post(platform, 'code')).body;

    expect((await post(platform, 'approve', { user_code })).body).toEqual({ approved: true });
    expect((await post(platform, 'approve', { user_code })).body).toMatchObject({ approved: false });
  });

  test('switched off, its paths answer as unknown ones do', async () => {
    await using platform = await startPlatform({ platformDevice: false });

    expect(await post(platform, 'code')).toEqual({ status: 403, body: { detail: 'Forbidden' } });
  });
});
