import { describe, expect, test } from 'vitest';
import type { Bearer, BearerSource } from '../../../../src/api/bearer.ts';
import { readPlatformUsage } from '../../../../src/commands/usage/platform-usage.ts';
import { whole } from '../../../support/raw-server.ts';
import { openHttp, serve } from '../../api/open-http.ts';

/** Gives `old` until it is refused, then `new`. */
function renewable(refreshable = true): BearerSource & { readonly given: string[] } {
  const given: string[] = [];
  return {
    given,
    get: async ({ rejected } = {}): Promise<Bearer> => {
      const value = rejected === undefined ? 'old' : 'new';
      given.push(value);
      return { value, source: 'the session', mend: 'mira auth login', refreshable };
    },
  };
}

/** Reads from a service that answers by credential and path. */
async function read(bearer: BearerSource, statusOf: (credential: string, path: string) => number) {
  const server = await serve(({ request, write }) => {
    const status = statusOf(request.headers['authorization']?.slice(7) ?? '', request.path);
    return write(whole(status, status === 200 ? '{"balance_kopecks":-5}' : '{"detail":"No"}'));
  });
  return readPlatformUsage({
    http: openHttp(),
    apiUrl: new URL(`${server.origin}/v1/`),
    bearer,
    signal: new AbortController().signal,
    now: () => 0,
  });
}

describe('the use of a platform', () => {
  test('is asked once more with another credential when nobody takes the first', async () => {
    const bearer = renewable();
    const usage = await read(bearer, (credential) => (credential === 'old' ? 401 : 200));

    expect(usage).toMatchObject({ balance: { amount: -0.05 } });
    expect(bearer.given).toEqual(['old', 'new']);
  });

  test('does not cost a credential that one part takes', async () => {
    const bearer = renewable();
    const usage = await read(bearer, (_credential, path) => (path.endsWith('/balance') ? 200 : 401));

    expect(usage).toMatchObject({ balance: { amount: -0.05 } });
    expect(bearer.given).toEqual(['old']);
  });

  test('fails with the credential that nobody takes', async () => {
    const bearer = renewable();

    await expect(read(bearer, () => 401)).rejects.toMatchObject({ code: 'credential_rejected', status: 401 });
    expect(bearer.given).toEqual(['old', 'new']);
  });
});
