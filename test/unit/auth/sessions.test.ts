import { describe, expect, test } from 'vitest';
import { formatSession } from '../../../src/auth/session.ts';
import { MiraError } from '../../../src/errors.ts';
import { signOut } from '../../../src/auth/sign-out.ts';
import { silentLog } from '../../../src/log.ts';
import type { SecretStore } from '../../../src/store/secret-store.ts';
import type { Platform } from '../../support/platform/start-platform.ts';
import { signInAgain } from '../../support/sign-in.ts';
import { facts, failureOf, openHttp } from '../api/open-http.ts';
import { beforeTokenRequest, grantedSession, NAME, openMachine, signedInMachine } from './support/machine.ts';
import type { Machine } from './support/machine.ts';
import { openPlatform, refreshesAt, requestsAt } from './support/open-platform.ts';

const EXPIRED = { leftS: -1 };
const IN_WINDOW = { leftS: 30 };
const FRESH = { leftS: 500 };

/** The store, with writes that fail when `fails` says so; the first write is number 1. */
function unreliable(store: SecretStore, fails: (write: number) => boolean): SecretStore {
  let writes = 0;
  return {
    ...store,
    write: async (name, value) => {
      writes += 1;
      if (fails(writes)) throw new MiraError('disk_full', 'There is no space left.');
      await store.write(name, value);
    },
  };
}

async function store(
  machine: Machine,
  tokens: { readonly access: string; readonly refresh: string; readonly gen: number },
): Promise<void> {
  const before = machine.secret();
  const expiresAt = Date.now() + 600_000;
  await machine.keychain.write(
    NAME,
    formatSession({
      ...before,
      accessToken: tokens.access,
      refreshToken: tokens.refresh,
      gen: tokens.gen,
      obtainedAt: Date.now(),
      expiresAt,
    }),
  );
  await machine.index.update((entries) => {
    const entry = entries.get('default');
    if (entry) entries.set('default', { ...entry, gen: tokens.gen, obtainedAt: Date.now(), expiresAt });
  });
}

const hostOf = (platform: Platform): string => new URL(platform.issuer).host;

describe('a session', () => {
  test('that is fresh is given as it is, and nobody is asked', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    const asked = platform.requests.length;
    const before = machine.secret();

    expect((await machine.sessions().get('default')).secret).toEqual(before);
    expect(platform.requests).toHaveLength(asked);
    expect(machine.secret()).toEqual(before);
  });

  test('is renewed and saved without another request after the one that spends its token', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    platform.faults.push({ at: 'jwks', kind: 'drop' });
    const asked = platform.requests.length;
    await machine.sessions().get('default');

    expect(platform.requests.slice(asked).map(({ point }) => point)).toEqual(['discovery', 'token']);
    expect(machine.secret()).toMatchObject({ gen: 2 });
  });

  test('is renewed before it ends: saved whole, noted in the index, and used', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, IN_WINDOW);
    const before = machine.secret();
    const startedAt = Date.now();
    const { entry, secret } = await machine.sessions().get('default');

    expect(secret).toEqual({
      v: 1,
      credential: 'session',
      accessToken: expect.stringMatching(/^eyJ/),
      refreshToken: expect.stringMatching(/^[\w-]{20,}$/),
      obtainedAt: expect.any(Number),
      expiresAt: secret.obtainedAt + 600_000,
      account: { id: 'ada' },
      gen: 2,
    });
    expect([secret.accessToken === before.accessToken, secret.refreshToken === before.refreshToken]).toEqual([
      false,
      false,
    ]);
    expect(secret.obtainedAt).toBeGreaterThanOrEqual(startedAt);
    expect(machine.secret()).toEqual(secret);
    expect(await machine.entry()).toEqual(entry);
    expect(entry).toMatchObject({
      gen: 2,
      obtainedAt: secret.obtainedAt,
      expiresAt: secret.expiresAt,
      refreshable: true,
      lastRefresh: { at: secret.obtainedAt, outcome: 'ok' },
    });
    expect(refreshesAt(platform).map(({ fields }) => fields)).toEqual([
      {
        grant_type: 'refresh_token',
        client_id: 'mira-cli',
        refresh_token: before.refreshToken,
        resource: platform.apiUrl,
      },
    ]);
    expect(
      [before, secret]
        .flatMap(({ accessToken, refreshToken = '' }) => [accessToken, refreshToken])
        .filter((token) => !machine.keptOut.has(token)),
    ).toEqual([]);
  });

  test('that grew old while this process was stopped in its renewal is renewed once more', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    let asleepMs = 0;
    const http = beforeTokenRequest(async () => {
      asleepMs = refreshesAt(platform).length === 0 ? 2 * 3_600_000 : asleepMs;
    });
    const { secret } = await machine.sessions({ http, now: () => Date.now() + asleepMs }).get('default');

    expect(secret.expiresAt).toBeGreaterThan(Date.now() + asleepMs);
    expect(machine.secret()).toEqual(secret);
    expect(refreshesAt(platform).map(({ status }) => status)).toEqual([200, 200]);
  });

  test('that has no life at all is renewed once, not for ever', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    platform.faults.push({
      at: 'token',
      kind: 'tamper',
      times: 9,
      change: (json) => ({ ...json, expires_in: 0 }),
    });
    await machine.sessions().get('default');

    expect(refreshesAt(platform)).toHaveLength(1);
  });

  test('is renewed a little sooner or later by each process', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, { leftS: 45 });
    await machine.sessions({ random: () => 1 }).get('default');
    expect(refreshesAt(platform)).toHaveLength(0);
    await machine.sessions({ random: () => 0 }).get('default');

    expect(refreshesAt(platform)).toHaveLength(1);
  });

  test('is renewed when more time is needed than it has', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    const sessions = machine.sessions();
    await sessions.get('default', { needMs: 400_000 });
    expect(refreshesAt(platform)).toHaveLength(0);
    await sessions.get('default', { needMs: 550_000 });

    expect(refreshesAt(platform)).toHaveLength(1);
  });

  test('is renewed once when a server refuses its token', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    const rejected = machine.secret().accessToken;
    const first = await machine.sessions().get('default', { rejected });
    const second = await machine.sessions().get('default', { rejected });

    expect(first.secret.accessToken).not.toBe(rejected);
    expect(second.secret).toEqual(first.secret);
    expect(refreshesAt(platform)).toHaveLength(1);
  });

  test('is renewed when that is what is asked for', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    await machine.sessions().get('default', { force: true });

    expect([refreshesAt(platform).length, machine.secret().gen]).toEqual([1, 2]);
  });

  test('is renewed when the clock was set back, because nothing is known then', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    await machine.sessions({ now: () => Date.now() - 200_000 }).get('default');

    expect(refreshesAt(platform)).toHaveLength(1);
  });

  test('keeps its refresh token when the server gives no other, and lasts five minutes when it does not say', async () => {
    const platform = await openPlatform({ rotation: 'none' });
    const machine = await signedInMachine(platform, EXPIRED);
    const before = machine.secret();
    platform.faults.push({
      at: 'token',
      kind: 'tamper',
      change: ({ refresh_token: _r, expires_in: _e, scope: _s, ...json }) => json,
    });
    const { entry, secret } = await machine.sessions().get('default');

    expect(secret.refreshToken).toBe(before.refreshToken);
    expect(secret.expiresAt).toBe(secret.obtainedAt + 300_000);
    expect([entry.scopes, entry.refreshable]).toEqual([['openid'], true]);
  });

  test('knows its scopes by the last answer', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    platform.faults.push({
      at: 'token',
      kind: 'tamper',
      change: (json) => ({ ...json, scope: 'openid email' }),
    });
    await machine.sessions().get('default');

    expect((await machine.entry()).scopes).toEqual(['openid', 'email']);
  });
});

describe('many at once', () => {
  test('in one process make one request, and all get its token', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    let locked = 0;
    const sessions = machine.sessions({
      withSessionLock: (name, work, until) => {
        locked += 1;
        return machine.withSessionLock(name, work, until);
      },
    });
    const all = await Promise.all(Array.from({ length: 20 }, () => sessions.get('default')));

    expect(new Set(all.map(({ secret }) => secret.accessToken)).size).toBe(1);
    expect([locked, refreshesAt(platform).length]).toEqual([1, 1]);
  });

  test('processes make one request, and all get its token', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    const all = await Promise.all(Array.from({ length: 10 }, () => machine.sessions().get('default')));

    expect(new Set(all.map(({ secret }) => secret.accessToken)).size).toBe(1);
    expect(refreshesAt(platform)).toHaveLength(1);
    expect((await machine.entry()).gen).toBe(2);
  });

  test('processes whose token was refused make one request', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    const rejected = machine.secret().accessToken;
    const all = await Promise.all(
      Array.from({ length: 5 }, () => machine.sessions().get('default', { rejected })),
    );

    expect(new Set(all.map(({ secret }) => secret.accessToken)).size).toBe(1);
    expect(refreshesAt(platform)).toHaveLength(1);
  });

  test.each([
    ['that is needed', {}],
    ['that was asked for', { force: true }],
  ])('a renewal %s takes what another process stored, without waiting for its lock', async (_, need) => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    let waiting: Promise<unknown> | undefined;
    const given = await machine.withSessionLock(NAME, async () => {
      const looked = Promise.withResolvers<void>();
      waiting = machine
        .sessions({
          withSessionLock: (name, work, until) =>
            machine.withSessionLock(name, work, async () => {
              looked.resolve();
              return until?.();
            }),
        })
        .get('default', need);
      await looked.promise;
      await store(machine, { access: 'of-another', refresh: 'of-another-too', gen: 2 });
      return waiting;
    });

    expect(given).toMatchObject({ secret: { accessToken: 'of-another', gen: 2 } });
    expect(refreshesAt(platform)).toHaveLength(0);
  });

  test('a renewal that was asked for takes what another process stored just before the lock was its own', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    const { secret } = await machine
      .sessions({
        withSessionLock: async (_name, work) => {
          await store(machine, { access: 'of-another', refresh: 'of-another-too', gen: 2 });
          return work();
        },
      })
      .get('default', { force: true });

    expect([secret.accessToken, refreshesAt(platform).length]).toEqual(['of-another', 0]);
  });

  test('a session that is signed out meanwhile is revoked with its newest token, and nothing is written back', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    const { index, withSessionLock, keychain } = machine;
    let leaving: ReturnType<typeof signOut> | undefined;
    const http = beforeTokenRequest(async () => {
      leaving = signOut(
        {
          index,
          withSessionLock,
          openStore: async () => keychain,
          http: async () => openHttp(),
          now: Date.now,
          log: silentLog,
          signal: new AbortController().signal,
          keepOut: () => {},
          abandonFile: async () => false,
          withoutInterruption: (work) => work(),
        },
        { profile: 'default', local: false },
      );
      await Promise.resolve();
    });
    const { secret } = await machine.sessions({ http }).get('default');

    expect(await leaving).toEqual({ profile: 'default', removed: true, revoked: true, reason: undefined });
    expect(requestsAt(platform, 'revocation')[0]?.fields['token']).toBe(secret.refreshToken);
    expect([[...keychain.items], await index.find('default')]).toEqual([[], undefined]);
  });

  test('a process that finds the secret gone and the entry still there waits, and is signed out', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    const { promise: looked, resolve: noteLook } = Promise.withResolvers<void>();
    const keychain: SecretStore = {
      ...machine.keychain,
      read: async (name) => {
        const value = await machine.keychain.read(name);
        noteLook();
        return value;
      },
    };
    let asking: Promise<unknown> = Promise.resolve();
    await machine.withSessionLock(NAME, async () => {
      await machine.keychain.remove(NAME);
      asking = failureOf(machine.sessions({ openStore: async () => keychain }).get('default'));
      await looked;
      await machine.index.update((entries) => entries.delete('default'));
    });

    expect(await asking).toMatchObject({ code: 'not_signed_in' });
  });

  test('a process that waited for a sign-out is signed out, and writes nothing', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    let waiting: Promise<MiraError> | undefined;
    await machine.withSessionLock(NAME, async () => {
      const looked = Promise.withResolvers<void>();
      waiting = failureOf(
        machine
          .sessions({
            withSessionLock: (name, work, until) =>
              machine.withSessionLock(name, work, async () => {
                looked.resolve();
                return until?.();
              }),
          })
          .get('default'),
      );
      await looked.promise;
      await machine.index.update((entries) => entries.delete('default'));
      await machine.keychain.remove(NAME);
    });

    expect((await waiting)?.code).toBe('not_signed_in');
    expect([...machine.keychain.items]).toEqual([]);
    expect(refreshesAt(platform)).toHaveLength(0);
  });
});

describe('the lock', () => {
  const busy = {
    withSessionLock: async (): Promise<never> => {
      throw new MiraError('lock_timeout', 'Another mira has held it for 30 s.');
    },
  };

  test('that is never free does not keep a token back that is still valid', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, IN_WINDOW);
    const before = machine.secret();

    expect((await machine.sessions(busy).get('default')).secret).toEqual(before);
    expect(refreshesAt(platform)).toHaveLength(0);
  });

  test.each([
    ['has expired', EXPIRED, {}],
    ['was refused', FRESH, { rejected: true }],
    ['does not last long enough', FRESH, { needMs: 550_000 }],
    ['is to be renewed', FRESH, { force: true }],
  ])('that is never free is told when the token %s', async (_, age, need) => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, age);
    const {
      rejected,
      ...rest
    }: { readonly rejected?: boolean; readonly needMs?: number; readonly force?: boolean } = need;
    const failure = await failureOf(
      machine
        .sessions(busy)
        .get('default', { ...rest, ...(rejected ? { rejected: machine.secret().accessToken } : {}) }),
    );

    expect([failure.code, failure.exitCode]).toEqual(['lock_timeout', 10]);
  });
});

describe('a server that has ended the session', () => {
  test('is believed: it is noted, the secret stays, and nobody asks again', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    const before = machine.secret();
    platform.endSessions();
    const first = await failureOf(machine.sessions().get('default'));
    const asked = platform.requests.length;
    const second = await failureOf(machine.sessions().get('default'));
    const forced = await failureOf(machine.sessions().get('default', { force: true }));

    for (const failure of [first, second, forced]) {
      expect([facts(failure), failure.hint, failure.next]).toEqual([
        { code: 'session_ended', exit: 4, message: `${hostOf(platform)} has ended the session.` },
        signInAgain(platform),
        [{ command: signInAgain(platform), why: 'signs you in' }],
      ]);
    }
    expect(platform.requests).toHaveLength(asked);
    const { accessToken, refreshToken, gen } = machine.secret();
    expect({ accessToken, refreshToken, gen }).toEqual({
      accessToken: before.accessToken,
      refreshToken: before.refreshToken,
      gen: 1,
    });
    expect(await machine.entry()).toMatchObject({
      gen: 1,
      ended: { at: expect.any(Number), reason: `${hostOf(platform)} has ended the session.` },
      lastRefresh: { at: expect.any(Number), outcome: 'refused' },
    });
  });

  test('is explained when an earlier mira was stopped while it renewed the session', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    const intent = { at: Date.now(), pid: 1 };
    await machine.keep({ entry: await machine.entry(), secret: { ...machine.secret(), intent } });
    platform.endSessions();
    const failures = [
      await failureOf(machine.sessions().get('default')),
      await failureOf(machine.sessions().get('default')),
    ];

    const message = `${hostOf(platform)} has ended the session. An earlier mira was stopped while it renewed it.`;
    expect(failures.map(facts)).toEqual(Array(2).fill({ code: 'session_ended', exit: 4, message }));
  });

  test('is not explained so when that mira lived to see the renewal fail', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    platform.faults.push({ at: 'token', kind: 'status', status: 503 });
    await failureOf(machine.sessions().get('default'));
    platform.endSessions();

    const message = `${hostOf(platform)} has ended the session.`;
    expect(facts(await failureOf(machine.sessions().get('default')))).toEqual({
      code: 'session_ended',
      exit: 4,
      message,
    });
  });

  test('is not believed when the store has a newer token: that one is used', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    platform.endSessions();
    const http = beforeTokenRequest(() => store(machine, { access: 'newer', refresh: 'newer-too', gen: 5 }));
    const { secret } = await machine.sessions({ http }).get('default');

    expect(secret).toMatchObject({ accessToken: 'newer', refreshToken: 'newer-too', gen: 5 });
    expect((await machine.entry()).ended).toBeUndefined();
    expect(refreshesAt(platform)).toHaveLength(1);
  });

  test.each<[string, (platform: Platform) => void]>([
    ['ends', (platform) => platform.endSessions()],
    ['cannot renew', (platform) => platform.faults.push({ at: 'token', kind: 'status', status: 503 })],
  ])('leaves alone the session that took the place of the one it %s', async (_, fail) => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    const { entry, secret } = await grantedSession(platform, FRESH);
    const other = { ...entry, name: 'default.ffffffffffff' };
    fail(platform);
    const http = beforeTokenRequest(() => machine.keep({ entry: other, secret }));
    await machine
      .sessions({ http })
      .get('default')
      .catch(() => {});

    expect(await machine.entry()).toEqual(other);
  });

  test('names the profile to sign in to', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    const { entry, secret } = await grantedSession(platform, EXPIRED);
    await machine.keep({ entry: { ...entry, profile: 'work' }, secret });
    platform.endSessions();

    expect((await failureOf(machine.sessions().get('work'))).hint).toBe(
      signInAgain(platform).replace(' --issuer', ' --profile work --issuer'),
    );
  });

  test("by answering with somebody else's tokens keeps nothing of them", async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    const { entry, secret } = await grantedSession(platform, EXPIRED);
    await machine.keep({ entry, secret: { ...secret, account: { id: 'eve' } } });
    const failure = await failureOf(machine.sessions().get('default'));

    expect(facts(failure)).toEqual({
      code: 'session_ended',
      exit: 4,
      message: `${hostOf(platform)} answered the renewal with somebody else's session.`,
    });
    expect(machine.secret().accessToken).toBe(secret.accessToken);
  });
});

describe('a renewal that fails for now', () => {
  test.each<[string, (platform: Platform) => unknown]>([
    [
      'the server fails',
      (platform: Platform) => platform.faults.push({ at: 'token', kind: 'status', status: 503 }),
    ],
    ['the connection breaks', (platform: Platform) => platform.faults.push({ at: 'token', kind: 'drop' })],
    ['there is no network', (platform: Platform) => platform.close()],
  ])('does not matter while the token is valid: %s', async (_, fail) => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, IN_WINDOW);
    const before = machine.secret();
    await fail(platform);
    const { secret } = await machine.sessions().get('default');

    expect(secret).toEqual(before);
    expect((await machine.entry()).lastRefresh?.outcome).toBe('failed');
  });

  test('is told as it is once the token has expired, and everything is kept', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    const before = machine.secret();
    await platform.close();
    const failure = await failureOf(machine.sessions().get('default'));

    expect(facts(failure)).toEqual({
      code: 'connection_refused',
      exit: 6,
      message: `Cannot reach ${hostOf(platform)}: connection refused.`,
    });
    const { intent: _, ...kept } = machine.secret();
    expect(kept).toEqual(before);
    expect(await machine.entry()).toMatchObject({ gen: 1, lastRefresh: { outcome: 'failed' } });
    expect((await machine.entry()).ended).toBeUndefined();
  });

  test('can be tried again, and then works', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    platform.faults.push({ at: 'token', kind: 'status', status: 500 });
    const sessions = machine.sessions();
    expect((await failureOf(sessions.get('default'))).code).toBe('server_error');

    expect((await sessions.get('default')).secret.gen).toBe(2);
    expect((await machine.entry()).lastRefresh?.outcome).toBe('ok');
  });

  test.each([
    ['was refused', (token: string) => ({ rejected: token })],
    ['is to be renewed', () => ({ force: true })],
    ['does not last long enough', () => ({ needMs: 550_000 })],
  ])('is told although the token is valid when it %s', async (_, need) => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    platform.faults.push({ at: 'token', kind: 'status', status: 503 });
    const failure = await failureOf(machine.sessions().get('default', need(machine.secret().accessToken)));

    expect([failure.code, failure.exitCode]).toEqual(['server_error', 9]);
  });
});

describe('before the refresh token is spent', () => {
  test('the intent is in the store, proof that it can be written to', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    const before = machine.secret();
    const seen: unknown[] = [];
    platform.faults.push({
      at: 'token',
      kind: 'drop',
      when: () => {
        seen.push(machine.secret());
        return false;
      },
    });
    await machine.sessions({ now: () => 7_000_000_000_000, pid: 123 }).get('default');

    expect(seen).toEqual([{ ...before, intent: { at: 7_000_000_000_000, pid: 123 } }]);
    expect(machine.secret().intent).toBeUndefined();
  });

  test('a store that cannot be written to stops it', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    const before = machine.secret();
    const failure = await failureOf(
      machine.sessions({ openStore: async () => unreliable(machine.keychain, () => true) }).get('default'),
    );

    expect(facts(failure)).toEqual({ code: 'disk_full', exit: 10, message: 'There is no space left.' });
    expect([refreshesAt(platform).length, machine.secret()]).toEqual([0, before]);
  });

  test('a store that cannot be written to does not keep a valid token back', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, IN_WINDOW);
    const before = machine.secret();
    const { secret } = await machine
      .sessions({ openStore: async () => unreliable(machine.keychain, () => true) })
      .get('default');

    expect([secret, refreshesAt(platform).length]).toEqual([before, 0]);
  });

  test("the issuer's hosts are compared with those of the sign-in", async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    platform.faults.push({
      at: 'discovery',
      kind: 'tamper',
      change: (json) => ({ ...json, token_endpoint: 'https://evil.example/token' }),
    });
    const failure = await failureOf(machine.sessions().get('default'));

    expect([facts(failure), failure.hint]).toEqual([
      {
        code: 'unsafe_url',
        exit: 11,
        message: 'The issuer now names another host than when you signed in: evil.example.',
      },
      `If you trust it, sign in again: ${signInAgain(platform)}`,
    ]);
    expect(refreshesAt(platform)).toHaveLength(0);
  });

  test('an issuer that publishes nothing any more is told', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    platform.faults.push({ at: 'discovery', kind: 'status', status: 404, times: 2 });

    expect(facts(await failureOf(machine.sessions().get('default')))).toEqual({
      code: 'server_error',
      exit: 9,
      message: `${hostOf(platform)} publishes no sign-in metadata any more.`,
    });
  });

  test('signals are held back', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    const held: string[] = [];
    await machine
      .sessions({
        withoutInterruption: async (work) => {
          held.push(`from gen ${machine.secret().gen}, ${refreshesAt(platform).length} requests`);
          const result = await work();
          held.push(`to gen ${machine.secret().gen}, ${refreshesAt(platform).length} requests`);
          return result;
        },
      })
      .get('default');

    expect(held).toEqual(['from gen 1, 0 requests', 'to gen 2, 1 requests']);
  });
});

describe('a renewed session that cannot be saved', () => {
  test('is used all the same, and the person is told', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    const pauses: number[] = [];
    const { secret } = await machine
      .sessions({
        openStore: async () => unreliable(machine.keychain, (write) => write > 1),
        sleep: async (ms) => void pauses.push(ms),
      })
      .get('default');

    expect(secret.gen).toBe(2);
    expect(pauses).toEqual([500, 500, 500, 500]);
    expect(machine.notices).toEqual([
      'The renewed session could not be saved (There is no space left.); sign in again if the next command asks for it.',
    ]);
    expect([machine.secret().gen, (await machine.entry()).gen]).toEqual([1, 1]);
  });

  test('at first is saved at the next try', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, EXPIRED);
    await machine
      .sessions({
        openStore: async () => unreliable(machine.keychain, (write) => write === 2 || write === 3),
      })
      .get('default');

    expect([machine.secret().gen, (await machine.entry()).gen, machine.notices]).toEqual([2, 2, []]);
  });
});

describe('without something to renew with', () => {
  test.each([
    ['a token that is valid is given', FRESH, {}, undefined],
    [
      'a token that has expired ends the session',
      EXPIRED,
      {},
      ['session_ended', 4, 'The session has expired, and the server gave nothing to renew it with.'],
    ],
    [
      'a token that is to be renewed cannot be',
      FRESH,
      { force: true },
      ['not_refreshable', 4, 'The session cannot be renewed: the server gave no refresh token.'],
    ],
  ] as const)('%s', async (_, age, need, expected) => {
    const platform = await openPlatform();
    const machine = await openMachine();
    const { entry, secret } = await grantedSession(platform, age);
    await machine.keep({
      entry: { ...entry, refreshable: false },
      secret: { ...secret, refreshToken: undefined },
    });
    const asked = platform.requests.length;
    const outcome = await machine
      .sessions()
      .get('default', need)
      .catch((error: unknown) => error);

    expect(outcome instanceof MiraError ? Object.values(facts(outcome)) : undefined).toEqual(expected);
    expect(platform.requests).toHaveLength(asked);
  });

  test('a key is given as it is, however old; one that was refused cannot be renewed', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    const { entry } = await grantedSession(platform, FRESH);
    const key = platform.mintKey();
    await machine.keep({
      entry: {
        ...entry,
        credential: 'api_key',
        login: 'pasted',
        issuer: undefined,
        expiresAt: undefined,
        refreshable: false,
      },
      secret: { v: 1, credential: 'api_key', accessToken: key, obtainedAt: 1, gen: 1 },
    });
    expect((await machine.sessions().get('default')).secret.accessToken).toBe(key);
    const failure = await failureOf(machine.sessions().get('default', { rejected: key }));

    expect([facts(failure), failure.hint]).toEqual([
      {
        code: 'credential_rejected',
        exit: 4,
        message: 'The key stored for profile default was refused; a key cannot be renewed.',
      },
      `mira auth login --with-key --api-url ${platform.apiUrl}`,
    ]);
  });
});

describe('what is not there', () => {
  test.each([
    ['default', 'You are not signed in.', 'mira auth login'],
    ['work', 'You are not signed in to profile work.', 'mira auth login --profile work'],
  ])('a profile that is not signed in: %s', async (profile, message, command) => {
    const machine = await openMachine();
    const failure = await failureOf(machine.sessions().get(profile));

    expect([facts(failure), failure.hint, failure.next]).toEqual([
      { code: 'not_signed_in', exit: 4, message },
      `${command}, or set MIRA_API_KEY`,
      [{ command, why: 'signs you in' }],
    ]);
    expect(await machine.sessions().find(profile)).toBeUndefined();
  });

  test('a keychain that gives nothing although the index knows of a session is locked or was reset', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    machine.keychain.lock();
    const failure = await failureOf(machine.sessions().get('default'));
    machine.keychain.unlock();

    expect([facts(failure), failure.hint]).toEqual([
      {
        code: 'keychain_locked',
        exit: 10,
        message: 'The keychain holds no session although you signed in: it is locked, or it was reset.',
      },
      `Unlock it and try again; if it was reset, sign in again: ${signInAgain(platform)}`,
    ]);
    expect((await machine.sessions().get('default')).secret.gen).toBe(1);
  });

  test('a credentials file that gives nothing although the index knows of a session was replaced', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    const { entry, secret } = await grantedSession(platform, FRESH);
    await machine.keep({ entry: { ...entry, storage: 'file', protection: 'passphrase' }, secret });
    await machine.keychain.remove(NAME);
    const failure = await failureOf(machine.sessions().find('default'));

    expect([failure.code, failure.exitCode, failure.hint]).toEqual([
      'credentials_unreadable',
      10,
      `Put it back, or sign in again: ${signInAgain(platform)}`,
    ]);
  });

  test('a record that is damaged is told, and left as it is', async () => {
    const platform = await openPlatform();
    const machine = await signedInMachine(platform, FRESH);
    await machine.keychain.write(NAME, '{"v":1');

    expect((await failureOf(machine.sessions().get('default'))).code).toBe('credentials_unreadable');
    expect(machine.keychain.items.get(NAME)).toBe('{"v":1');
  });
});
