import { describe, expect, test } from 'vitest';
import { apiBase } from '../../../src/api/url.ts';
import { findDialect } from '../../../src/auth/dialect.ts';
import type { Dialect, DialectRequest } from '../../../src/auth/dialect.ts';
import { silentLog } from '../../../src/log.ts';
import type { Platform } from '../../support/platform/start-platform.ts';
import { whole } from '../../support/raw-server.ts';
import type { RawServer } from '../../support/raw-server.ts';
import { facts, failureOf, openHttp, serve } from '../api/open-http.ts';
import { openPlatform, requestsAt, SCOPES } from './support/open-platform.ts';

const signal = new AbortController().signal;

function find(apiUrl: string, request: Partial<DialectRequest> = {}): Promise<Dialect> {
  return findDialect({
    http: openHttp(),
    log: silentLog,
    now: Date.now,
    signal,
    apiUrl: apiBase(new URL(apiUrl)),
    apiUrlGiven: true,
    issuer: undefined,
    clientId: 'mira-cli',
    scopes: SCOPES,
    resource: undefined,
    keysPage: 'https://keys.example',
    ...request,
  });
}

const asked = (platform: Platform): readonly string[] =>
  platform.requests.map(({ server, method, path }) => `${server} ${method} ${path}`);

const METADATA = 'GET /.well-known/oauth-protected-resource';
const OPENID = 'GET /.well-known/openid-configuration';
const OAUTH = 'GET /.well-known/oauth-authorization-server';
const DEVICE = 'POST /api/v1/auth/device/code';

/** A server that answers what `answers` has for a path, as JSON, and `otherwise` elsewhere. */
function serveApi(
  answers: (origin: string) => Readonly<Record<string, object>>,
  otherwise: Buffer = whole(404),
): Promise<RawServer> {
  const serving = serve(async ({ request, write, end }) => {
    const found = answers((await serving).origin)[request.path];
    await write(
      found ? whole(200, JSON.stringify(found), { 'content-type': 'application/json' }) : otherwise,
    );
    end();
  });
  return serving;
}

const issuerMetadata = (origin: string): Readonly<Record<string, unknown>> => ({
  issuer: origin,
  token_endpoint: `${origin}/token`,
  device_authorization_endpoint: `${origin}/device`,
});

describe('an issuer that was given', () => {
  test('is asked, and nothing of a default API address', async () => {
    const platform = await openPlatform();
    const { grant, oidc, hosts } = await find(platform.apiUrl, {
      issuer: new URL(platform.issuer),
      apiUrlGiven: false,
    });

    expect(asked(platform)).toEqual([`issuer ${OPENID}`]);
    expect([grant.dialect, grant.host, grant.scopes, grant.longestInterval, oidc?.resource(), hosts]).toEqual(
      ['oidc', new URL(platform.issuer).host, SCOPES, 60, undefined, [new URL(platform.issuer).host]],
    );
  });

  test('is asked for tokens for the API, when the API names it', async () => {
    const platform = await openPlatform();
    const { oidc, grant } = await find(platform.apiUrl, { issuer: new URL(platform.issuer) });
    await grant.start(signal);

    expect(new Set(asked(platform).slice(0, 2))).toEqual(new Set([`issuer ${OPENID}`, `api ${METADATA}/v1`]));
    expect(oidc?.resource()).toBe(platform.apiUrl);
    expect(requestsAt(platform, 'device').map(({ fields }) => fields['resource'])).toEqual([platform.apiUrl]);
  });

  test.each<[string, (platform: Platform) => void]>([
    [
      'names another',
      (platform) =>
        platform.faults.push({
          at: 'metadata',
          kind: 'tamper',
          change: (json) => ({ ...json, authorization_servers: ['https://other.example'] }),
        }),
    ],
    [
      'says nothing',
      (platform) => platform.faults.push({ at: 'metadata', kind: 'status', status: 404, times: 2 }),
    ],
    ['cannot be reached', (platform) => platform.faults.push({ at: 'metadata', kind: 'drop' })],
    ['fails', (platform) => platform.faults.push({ at: 'metadata', kind: 'status', status: 500, times: 2 })],
  ])('is asked without a resource when the API %s', async (_, prepare) => {
    const platform = await openPlatform();
    prepare(platform);
    const { oidc, grant } = await find(platform.apiUrl, { issuer: new URL(platform.issuer) });
    await grant.start(signal);

    expect(oidc?.resource()).toBeUndefined();
    expect(requestsAt(platform, 'device').map(({ fields }) => 'resource' in fields)).toEqual([false]);
    expect(platform.faults.pending).toBe(0);
  });

  test('is asked for the resource of the profile, and the API for nothing', async () => {
    const platform = await openPlatform();
    const { oidc } = await find(platform.apiUrl, {
      issuer: new URL(platform.issuer),
      resource: platform.apiOrigin,
    });

    expect(asked(platform)).toEqual([`issuer ${OPENID}`]);
    expect(oidc?.resource()).toBe(platform.apiOrigin);
  });

  test.each<[string, Readonly<Record<string, object>>, string]>([
    ['publishes nothing', {}, 'publishes no sign-in metadata.'],
    [
      'has no device endpoint',
      { '/.well-known/openid-configuration': { token_endpoint: 'https://id.example/token' } },
      'offers no sign-in by device code.',
    ],
    [
      'has no token endpoint',
      { '/.well-known/openid-configuration': { device_authorization_endpoint: 'https://id.example/d' } },
      'offers no sign-in by device code.',
    ],
  ])('that %s cannot be signed in at; a key can be used', async (_, answers, message) => {
    const server = await serveApi((origin) =>
      Object.fromEntries(Object.entries(answers).map(([path, json]) => [path, { issuer: origin, ...json }])),
    );
    const platform = await openPlatform();
    const failure = await failureOf(find(platform.apiUrl, { issuer: new URL(server.origin) }));

    expect([facts(failure), failure.hint, failure.next]).toEqual([
      { code: 'login_unavailable', exit: 4, message: `${new URL(server.origin).host} ${message}` },
      'Sign in with a key instead: mira auth login --with-key',
      [{ command: 'mira auth login --with-key', why: 'stores an API key that you paste' }],
    ]);
    expect(requestsAt(platform, 'device')).toEqual([]);
  });
});

describe('without an issuer', () => {
  test('the API is asked first, and its issuer is asked for tokens for the API', async () => {
    const platform = await openPlatform();
    const { oidc, grant } = await find(platform.apiUrl);

    expect(asked(platform)).toEqual([`api ${METADATA}/v1`, `issuer ${OPENID}`]);
    expect([grant.dialect, oidc?.server.issuer, oidc?.resource()]).toEqual([
      'oidc',
      platform.issuer,
      platform.apiUrl,
    ]);
  });

  test('the API may say it for its whole origin', async () => {
    const platform = await openPlatform({ metadata: 'root' });
    const { oidc } = await find(platform.apiUrl);

    expect(asked(platform)).toEqual([`api ${METADATA}/v1`, `api ${METADATA}`, `issuer ${OPENID}`]);
    expect(oidc?.resource()).toBe(platform.apiOrigin);
  });

  test('the resource of the profile goes before the one the API names', async () => {
    const platform = await openPlatform();
    const { oidc } = await find(platform.apiUrl, { resource: platform.apiOrigin });

    expect(oidc?.resource()).toBe(platform.apiOrigin);
  });

  test.each(['http://id.example', 'https://user@id.example', 'javascript:alert(1)'])(
    'an issuer that must not be asked is refused: %s',
    async (issuer) => {
      const platform = await openPlatform();
      platform.faults.push({
        at: 'metadata',
        kind: 'tamper',
        change: (json) => ({ ...json, authorization_servers: [issuer] }),
      });
      const failure = await failureOf(find(platform.apiUrl));

      expect([failure.code, failure.exitCode]).toEqual(['unsafe_url', 11]);
      expect(asked(platform)).toEqual([`api ${METADATA}/v1`]);
    },
  );

  test("then an issuer at the API's own origin is looked for, OpenID first", async () => {
    const server = await serveApi((origin) => ({
      '/.well-known/oauth-authorization-server': issuerMetadata(origin),
    }));
    const { oidc, grant } = await find(`${server.origin}/v1`);

    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `${METADATA}/v1`,
      METADATA,
      OPENID,
      OAUTH,
    ]);
    expect([grant.dialect, oidc?.server.issuer, oidc?.resource()]).toEqual([
      'oidc',
      server.origin,
      undefined,
    ]);
  });

  test("then the platform's own sign-in is looked for", async () => {
    const platform = await openPlatform({ metadata: 'off' });
    const { grant, oidc, hosts } = await find(platform.apiUrl);

    expect(asked(platform)).toEqual([
      `api ${METADATA}/v1`,
      `api ${METADATA}`,
      `api ${OPENID}`,
      `api ${OAUTH}`,
      `api ${DEVICE}`,
    ]);
    expect([grant.dialect, oidc, hosts]).toEqual(['platform', undefined, [new URL(platform.apiUrl).host]]);
  });

  test('metadata that speaks of another origin is not followed', async () => {
    const platform = await openPlatform();
    platform.faults.push({
      at: 'metadata',
      kind: 'tamper',
      times: 2,
      change: (json) => ({ ...json, resource: 'https://other.example/v1' }),
    });
    const { grant } = await find(platform.apiUrl);

    expect(grant.dialect).toBe('platform');
    expect(requestsAt(platform, 'discovery').filter(({ server }) => server === 'issuer')).toEqual([]);
  });

  test('metadata without an issuer is as good as none', async () => {
    const platform = await openPlatform();
    platform.faults.push({
      at: 'metadata',
      kind: 'tamper',
      change: ({ authorization_servers: _, ...json }) => json,
    });

    expect((await find(platform.apiUrl)).grant.dialect).toBe('platform');
  });

  test.each<[string, (origin: string) => Readonly<Record<string, object>>]>([
    [
      'has no device endpoint',
      (origin) => ({
        '/.well-known/openid-configuration': { issuer: origin, token_endpoint: `${origin}/t` },
      }),
    ],
    ['is no metadata', () => ({ '/.well-known/openid-configuration': [] })],
  ])("what is at the API's origin counts as none when it %s", async (_, answers) => {
    const code = { device_code: 'd', user_code: 'AB', verification_uri: 'https://x.example' };
    const server = await serveApi((origin) => ({ ...answers(origin), '/api/v1/auth/device/code': code }));

    expect((await find(`${server.origin}/v1`)).grant.dialect).toBe('platform');
  });

  test.each([403, 404, 405])('%d everywhere means there is nothing but a key', async (status) => {
    const server = await serveApi(() => ({}), whole(status));
    const failure = await failureOf(find(`${server.origin}/v1`));

    expect([facts(failure), failure.hint]).toEqual([
      {
        code: 'login_unavailable',
        exit: 4,
        message: `${new URL(server.origin).host} offers no sign-in by device code.`,
      },
      'Sign in with a key instead: mira auth login --with-key',
    ]);
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `${METADATA}/v1`,
      METADATA,
      OPENID,
      OAUTH,
      DEVICE,
    ]);
  });

  test('an API that fails or cannot be reached is told as that, not as absent', async () => {
    const failing = await serveApi(() => ({}), whole(503));
    const silent = await serveApi(() => ({}));
    await silent.close();

    expect((await failureOf(find(`${failing.origin}/v1`))).code).toBe('server_error');
    expect((await failureOf(find(`${silent.origin}/v1`))).code).toBe('connection_refused');
  });
});

describe('what is asked for', () => {
  test('are the scopes that the issuer knows', async () => {
    const platform = await openPlatform();
    const { grant } = await find(platform.apiUrl, { scopes: ['openid', 'calls', 'email'] });
    await grant.start(signal);

    expect(grant.scopes).toEqual(['openid', 'email']);
    expect(requestsAt(platform, 'device').map(({ fields }) => fields['scope'])).toEqual(['openid email']);
  });

  test('are all of them where the issuer does not say what it knows', async () => {
    const platform = await openPlatform();
    platform.faults.push({
      at: 'discovery',
      kind: 'tamper',
      change: ({ scopes_supported: _, ...json }) => json,
    });

    expect((await find(platform.apiUrl, { scopes: ['openid', 'calls'] })).grant.scopes).toEqual([
      'openid',
      'calls',
    ]);
  });

  test('is the resource, and once without it when the issuer does not know it', async () => {
    const platform = await openPlatform();
    const { grant, oidc } = await find(platform.apiUrl, { resource: 'https://unknown.example/v1' });
    const { deviceCode, userCode } = await grant.start(signal);
    await platform.approve(userCode);
    const answer = await grant.poll(deviceCode, signal);

    expect(answer.kind).toBe('approved');
    expect(oidc?.resource()).toBeUndefined();
    expect(
      ['device', 'token'].map((point) =>
        platform.requests
          .filter((request) => request.point === point)
          .map(({ fields, status }) => [fields['resource'], status]),
      ),
    ).toEqual([
      [
        ['https://unknown.example/v1', 400],
        [undefined, 200],
      ],
      [[undefined, 200]],
    ]);
  });

  test('is not asked again without a resource when there was none, or for another reason', async () => {
    const platform = await openPlatform({ metadata: 'off' });
    const issuer = new URL(platform.issuer);
    const without = await find(platform.apiUrl, { issuer });
    platform.faults.push({ at: 'device', kind: 'status', status: 400, body: { error: 'invalid_target' } });
    expect((await failureOf(without.grant.start(signal))).code).toBe('invalid_request');
    const named = await find(platform.apiUrl, { issuer, resource: platform.apiUrl });
    platform.faults.push({ at: 'device', kind: 'status', status: 400, body: { error: 'invalid_scope' } });

    expect((await failureOf(named.grant.start(signal))).code).toBe('forbidden');
    expect(requestsAt(platform, 'device')).toHaveLength(2);
  });
});
