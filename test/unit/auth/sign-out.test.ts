import { describe, expect, test } from 'vitest';
import { signOut } from '../../../src/auth/sign-out.ts';
import type { SignOutDeps, SignOutReport } from '../../../src/auth/sign-out.ts';
import { MiraError } from '../../../src/errors.ts';
import { silentLog } from '../../../src/log.ts';
import { facts, failureOf, openHttp } from '../api/open-http.ts';
import { grantedSession, NAME, openMachine, signedInMachine } from './support/machine.ts';
import type { Machine } from './support/machine.ts';
import { openPlatform, requestsAt } from './support/open-platform.ts';
import type { Platform } from '../../support/platform/start-platform.ts';

const FRESH = { leftS: 500 };

function leave(
  machine: Machine,
  {
    local = false,
    profile = 'default',
    ...deps
  }: Partial<SignOutDeps> & { local?: boolean; profile?: string } = {},
): Promise<SignOutReport> {
  return signOut(
    {
      index: machine.index,
      openStore: async () => machine.keychain,
      withSessionLock: machine.withSessionLock,
      http: async () => openHttp(),
      now: Date.now,
      log: silentLog,
      signal: new AbortController().signal,
      keepOut: () => {},
      abandonFile: async () => false,
      withoutInterruption: (work) => work(),
      ...deps,
    },
    { profile, local },
  );
}

async function remains(machine: Machine): Promise<readonly [readonly string[], readonly string[]]> {
  return [[...machine.keychain.items.keys()], [...(await machine.index.read()).keys()]];
}

const NOTHING = [[], []];

/** A machine with a key of the platform, as it came there. */
async function machineWithKey(platform: Platform, login: 'platform' | 'pasted'): Promise<Machine> {
  const machine = await openMachine();
  const { entry } = await grantedSession(platform, FRESH);
  const key = platform.mintKey('mira-cli-today');
  platform.mintKey('of-another-machine');
  await machine.keep({
    entry: {
      ...entry,
      credential: 'api_key',
      login,
      issuer: undefined,
      clientId: undefined,
      expiresAt: undefined,
      refreshable: false,
      keyPrefix: key.slice(0, 16),
    },
    secret: { v: 1, credential: 'api_key', accessToken: key, obtainedAt: Date.now(), gen: 1 },
  });
  return machine;
}

describe('signing out of a session', () => {
  test('revokes the refresh token, then the access token, then removes both here', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    const { accessToken, refreshToken } = machine.secret();
    const report = await leave(machine);

    expect(report).toEqual({ profile: 'default', removed: true, revoked: true, reason: undefined });
    expect(
      requestsAt(platform, 'revocation').map(({ fields }) => [fields['token'], fields['token_type_hint']]),
    ).toEqual([
      [refreshToken, 'refresh_token'],
      [accessToken, 'access_token'],
    ]);
    expect(await remains(machine)).toEqual(NOTHING);
  });

  test('leaves other profiles as they are', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    const { entry, secret } = await grantedSession(platform, FRESH);
    await machine.keep({ entry: { ...entry, profile: 'work', name: 'work.0123456789ab' }, secret });
    await leave(machine);

    expect(await remains(machine)).toEqual([['work.0123456789ab'], ['work']]);
    expect((await machine.sessions().get('work', { force: true })).secret.gen).toBe(2);
  });

  test('that has ended already, or expired, is done all the same', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    const { entry, secret } = await grantedSession(platform, { leftS: -1 });
    await machine.keep({ entry: { ...entry, ended: { at: 1, reason: 'It has ended.' } }, secret });

    expect(await leave(machine)).toEqual({
      profile: 'default',
      removed: true,
      revoked: true,
      reason: undefined,
    });
    expect(await remains(machine)).toEqual(NOTHING);
  });

  test('revokes the access token of a session that has no other', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    const { entry, secret } = await grantedSession(platform, FRESH);
    await machine.keep({
      entry: { ...entry, refreshable: false },
      secret: { ...secret, refreshToken: undefined },
    });

    expect(await leave(machine)).toEqual({
      profile: 'default',
      removed: true,
      revoked: false,
      reason: 'the server does not revoke access tokens; it ends by itself',
    });
    expect(requestsAt(platform, 'revocation').map(({ fields }) => fields['token_type_hint'])).toEqual([
      'access_token',
    ]);
  });

  test('asks a second time when the server fails, and not a third', async () => {
    const platform = await openPlatform();
    const [one, two] = [await signedInMachine(platform, FRESH), await signedInMachine(platform, FRESH)];
    platform.faults.push({ at: 'revocation', kind: 'status', status: 503 });
    expect(await leave(one)).toMatchObject({ removed: true, revoked: true });
    platform.faults.push({ at: 'revocation', kind: 'status', status: 503, times: 9 });

    expect(await leave(two)).toEqual({
      profile: 'default',
      removed: true,
      revoked: false,
      reason: `${new URL(platform.issuer).host} failed (HTTP 503)`,
    });
    expect(platform.faults.pending).toBe(7);
    expect(await remains(two)).toEqual(NOTHING);
  });

  test.each<[string, (platform: Platform) => unknown, (platform: Platform) => string]>([
    [
      'cannot be reached',
      (platform) => platform.close(),
      (platform) => `Cannot reach ${new URL(platform.issuer).host}: connection refused`,
    ],
    [
      'offers no revocation',
      (platform) =>
        platform.faults.push({
          at: 'discovery',
          kind: 'tamper',
          change: ({ revocation_endpoint: _, ...json }) => json,
        }),
      () => 'the server offers no revocation',
    ],
    [
      'publishes nothing any more',
      (platform) => platform.faults.push({ at: 'discovery', kind: 'status', status: 404, times: 2 }),
      () => 'the server offers no revocation',
    ],
    [
      'sends us to another host',
      (platform) =>
        platform.faults.push({
          at: 'discovery',
          kind: 'tamper',
          change: (json) => ({ ...json, revocation_endpoint: 'https://evil.example/r' }),
        }),
      () => 'The issuer now names another host than when you signed in: evil.example',
    ],
    [
      'revokes no refresh tokens',
      (platform) =>
        platform.faults.push({
          at: 'revocation',
          kind: 'status',
          status: 400,
          body: { error: 'unsupported_token_type' },
        }),
      () => 'the server does not revoke refresh tokens',
    ],
  ])('removes it here although the server %s, and says what was not done', async (_, prepare, reason) => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    await prepare(platform);

    expect(await leave(machine)).toEqual({
      profile: 'default',
      removed: true,
      revoked: false,
      reason: reason(platform),
    });
    expect(await remains(machine)).toEqual(NOTHING);
  });

  test('is done when the refresh token is revoked, whatever becomes of the access token', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    platform.faults.push({
      at: 'revocation',
      kind: 'status',
      status: 500,
      times: 5,
      when: ({ fields }) => fields['token_type_hint'] === 'access_token',
    });

    expect(await leave(machine)).toMatchObject({ removed: true, revoked: true });
  });

  test('asks nobody with --local', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    const asked = platform.requests.length;

    expect(await leave(machine, { local: true })).toEqual({
      profile: 'default',
      removed: true,
      revoked: false,
      reason: 'the server was not asked (--local)',
    });
    expect(platform.requests).toHaveLength(asked);
    expect(await remains(machine)).toEqual(NOTHING);
  });

  test('of a profile that is not signed in is no failure', async () => {
    const machine = await openMachine();

    expect(await leave(machine, { profile: 'work' })).toEqual({
      profile: 'work',
      removed: false,
      revoked: false,
      reason: 'not signed in',
    });
  });

  test('makes what it reads known as secret', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    const { accessToken, refreshToken } = machine.secret();
    const keptOut: string[] = [];
    await leave(machine, { keepOut: (secret) => void keptOut.push(secret) });

    expect(keptOut).toEqual([accessToken, refreshToken]);
  });
});

describe('signing out with a key', () => {
  test('deletes the one that was made for the sign-in, found by its prefix, and no other', async () => {
    const platform = await openPlatform();
    const machine = await machineWithKey(platform, 'platform');
    const { accessToken } = machine.secret();

    expect(await leave(machine)).toEqual({
      profile: 'default',
      removed: true,
      revoked: true,
      reason: undefined,
    });
    expect(platform.keyNames()).toEqual(['of-another-machine']);
    expect(
      requestsAt(platform, 'keys').map(({ method, path, headers }) => [method, path, headers.authorization]),
    ).toEqual([
      ['GET', '/api/v1/api-keys', `Bearer ${accessToken}`],
      ['DELETE', expect.stringMatching(/^\/api\/v1\/api-keys\/[0-9a-f-]{36}$/), `Bearer ${accessToken}`],
    ]);
    expect(await remains(machine)).toEqual(NOTHING);
  });

  test('never deletes one that was pasted', async () => {
    const platform = await openPlatform();
    const machine = await machineWithKey(platform, 'pasted');

    expect(await leave(machine)).toEqual({
      profile: 'default',
      removed: true,
      revoked: false,
      reason: 'the key was pasted; revoke it where it was created',
    });
    expect([platform.keyNames(), requestsAt(platform, 'keys')]).toEqual([
      ['mira-cli-today', 'of-another-machine'],
      [],
    ]);
    expect(await remains(machine)).toEqual(NOTHING);
  });

  test.each<[string, (platform: Platform) => unknown, boolean, ((platform: Platform) => string) | undefined]>(
    [
      [
        'does not know it any more',
        (platform) => platform.faults.push({ at: 'keys', kind: 'status', status: 401 }),
        true,
        undefined,
      ],
      [
        'has deleted it meanwhile',
        (platform) =>
          platform.faults.push({
            at: 'keys',
            kind: 'status',
            status: 404,
            when: ({ method }) => method === 'DELETE',
          }),
        true,
        undefined,
      ],
      [
        'does not list it',
        (platform) =>
          platform.faults.push({ at: 'keys', kind: 'raw', body: '[{"id":"x","key_prefix":"other"},null,7]' }),
        false,
        () => 'the server does not list the key; revoke it where keys are managed',
      ],
      [
        'lists nothing that can be read',
        (platform) => platform.faults.push({ at: 'keys', kind: 'raw', body: '<html>' }),
        false,
        () => 'the server does not list the key; revoke it where keys are managed',
      ],
      [
        'does not let it go',
        (platform) =>
          platform.faults.push({
            at: 'keys',
            kind: 'status',
            status: 500,
            when: ({ method }) => method === 'DELETE',
          }),
        false,
        () => 'the server answered HTTP 500',
      ],
      [
        'cannot be reached',
        (platform) => platform.close(),
        false,
        (platform) => `Cannot reach ${new URL(platform.apiUrl).host}: connection refused`,
      ],
    ],
  )('removes it here although the server %s', async (_, prepare, revoked, reason) => {
    const platform = await openPlatform();
    const machine = await machineWithKey(platform, 'platform');
    await prepare(platform);

    expect(await leave(machine)).toEqual({
      profile: 'default',
      removed: true,
      revoked,
      reason: reason?.(platform),
    });
    expect(await remains(machine)).toEqual(NOTHING);
  });
});

describe('a store that does not let go', () => {
  test('is reported: the session is still there, and the index says so', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    machine.keychain.lock();
    const failure = await failureOf(leave(machine));
    machine.keychain.unlock();

    expect([failure.code, failure.exitCode, failure.hint]).toEqual([
      'keychain_locked',
      10,
      'Mend that and run mira auth logout again.',
    ]);
    expect(failure.message).toMatch(/^The session of profile default is still in the keychain: /);
    expect(await remains(machine)).toEqual([[NAME], ['default']]);
    expect(await leave(machine)).toMatchObject({ removed: true, revoked: true });
  });

  test('of which nothing can be read or removed is reported with its own reason', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    const refuse = async (): Promise<never> => {
      throw new MiraError('keychain_timeout', 'The keychain did not answer.');
    };
    const store = { ...machine.keychain, read: refuse, remove: refuse, write: refuse, probe: refuse };

    expect(facts(await failureOf(leave(machine, { openStore: async () => store })))).toEqual({
      code: 'keychain_timeout',
      exit: 10,
      message: 'The session of profile default is still in the keychain: The keychain did not answer.',
    });
    expect(await remains(machine)).toEqual([[NAME], ['default']]);
  });

  test('because the file is not the one it was says how to go on', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    const refuse = async (): Promise<never> => {
      throw new MiraError('credentials_unreadable', 'The file is not sealed with the key.');
    };
    const store = { ...machine.keychain, read: refuse, remove: refuse };

    expect((await failureOf(leave(machine, { openStore: async () => store }))).hint).toBe(
      'Put back the file or the key that belongs here, or move the file aside, and run mira auth logout again.',
    );
    expect(await remains(machine)).toEqual([[NAME], ['default']]);
  });

  test('but that was emptied by somebody else lets the profile go', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    await machine.keychain.remove(NAME);

    expect(await leave(machine)).toEqual({
      profile: 'default',
      removed: true,
      revoked: false,
      reason: 'nothing to revoke was found in the store',
    });
    expect(await remains(machine)).toEqual(NOTHING);
  });

  test('with a record that cannot be read is emptied all the same', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    await machine.keychain.write(NAME, '{"v":9}');

    expect(await leave(machine)).toEqual({
      profile: 'default',
      removed: true,
      revoked: false,
      reason: 'The stored session is damaged or was written by a newer mira',
    });
    expect(await remains(machine)).toEqual(NOTHING);
  });
});
