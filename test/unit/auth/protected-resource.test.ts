import { describe, expect, test } from 'vitest';
import { findProtectedResource } from '../../../src/auth/protected-resource.ts';
import { apiBase } from '../../../src/api/url.ts';
import { whole } from '../../support/raw-server.ts';
import type { RawServer } from '../../support/raw-server.ts';
import { facts, failureOf, openHttp, serve } from '../api/open-http.ts';
import { openPlatform } from './support/open-platform.ts';

function find(apiUrl: string): ReturnType<typeof findProtectedResource> {
  return findProtectedResource({
    http: openHttp(),
    apiUrl: apiBase(new URL(apiUrl)),
    signal: new AbortController().signal,
  });
}

/** An API that says the same at both addresses. */
function serveMetadata(answer: (origin: string) => Buffer): Promise<RawServer> {
  const serving = serve(async ({ write, end }) => {
    await write(answer((await serving).origin));
    end();
  });
  return serving;
}

const BOTH = ['/.well-known/oauth-protected-resource/v1', '/.well-known/oauth-protected-resource'];

describe('what the API says about who signs people in', () => {
  test('is read from the address with its path', async () => {
    const platform = await openPlatform();

    expect(await find(platform.apiUrl)).toEqual({
      resource: platform.apiUrl,
      authorizationServers: [platform.issuer],
      scopesSupported: ['openid', 'profile', 'email', 'offline_access'],
    });
    expect(platform.requests.map(({ method, path }) => [method, path])).toEqual([['GET', BOTH[0]]]);
  });

  test('is read from the origin where there is nothing at the path', async () => {
    const platform = await openPlatform({ metadata: 'root' });

    expect(await find(platform.apiUrl)).toMatchObject({ resource: platform.apiOrigin });
    expect(platform.requests.map(({ path }) => path)).toEqual(BOTH);
  });

  test('is asked of the origin alone when the API has no path', async () => {
    const server = await serve(({ write, end }) => write(whole(404)).then(end));
    await findProtectedResource({
      http: openHttp(),
      apiUrl: new URL(server.origin),
      signal: new AbortController().signal,
    });

    expect(server.requests.map(({ path }) => path)).toEqual([BOTH[1]]);
  });

  test('is asked without a credential', async () => {
    const platform = await openPlatform();
    await find(platform.apiUrl);

    expect(platform.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test.each([401, 403, 404, 405, 410, 500, 302])('is nothing when it answers %d', async (status) => {
    const server = await serveMetadata(() => whole(status));

    expect(await find(server.origin)).toBeUndefined();
    expect(server.requests.map(({ path }) => path)).toEqual(BOTH);
  });

  test.each<[string, (origin: string) => string]>([
    ['a page', () => '<!doctype html>'],
    ['nothing', () => ''],
    ['a list', () => '[]'],
    ['null', () => 'null'],
    ['no resource', (origin) => JSON.stringify({ authorization_servers: [origin] })],
    ['a resource that is none', (origin) => JSON.stringify({ resource: 7, authorization_servers: [origin] })],
    [
      'a resource that is no address',
      (origin) => JSON.stringify({ resource: 'api', authorization_servers: [origin] }),
    ],
    [
      'another resource',
      (origin) => JSON.stringify({ resource: 'https://other.example/v1', authorization_servers: [origin] }),
    ],
    [
      'another port',
      (origin) => JSON.stringify({ resource: origin.replace(/\d+$/, '1'), authorization_servers: [origin] }),
    ],
    [
      'another scheme',
      (origin) =>
        JSON.stringify({ resource: origin.replace('http:', 'https:'), authorization_servers: [origin] }),
    ],
  ])('is nothing when it speaks of %s', async (_, body) => {
    const server = await serveMetadata((origin) => whole(200, body(origin)));

    expect(await find(server.origin)).toBeUndefined();
  });

  test('keeps only what has the right shape', async () => {
    const server = await serveMetadata((origin) =>
      whole(
        200,
        JSON.stringify({
          resource: origin,
          authorization_servers: ['https://a.example', 7, null],
          scopes_supported: 'openid',
        }),
      ),
    );

    expect(await find(server.origin)).toEqual({
      resource: server.origin,
      authorizationServers: ['https://a.example'],
      scopesSupported: undefined,
    });
  });

  test('cannot be asked when nothing listens', async () => {
    const server = await serve(() => {});
    await server.close();

    expect(facts(await failureOf(find(server.origin)))).toMatchObject({
      code: 'connection_refused',
      exit: 6,
    });
  });
});
