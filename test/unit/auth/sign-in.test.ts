import { describe, expect, test } from 'vitest';
import { apiBase } from '../../../src/api/url.ts';
import type { LoginEvent } from '../../../src/auth/login-event.ts';
import { keepKey, signIn } from '../../../src/auth/sign-in.ts';
import type { SignIn, SignInDeps } from '../../../src/auth/sign-in.ts';
import { MiraError } from '../../../src/errors.ts';
import { silentLog } from '../../../src/log.ts';
import type { SecretStore } from '../../../src/store/secret-store.ts';
import { createMemoryKeychain } from '../../support/memory-keychain.ts';
import type { Platform } from '../../support/platform/start-platform.ts';
import { facts, openHttp } from '../api/open-http.ts';
import { openMachine } from './support/machine.ts';
import type { Machine } from './support/machine.ts';
import { openPlatform, refreshesAt, requestsAt, SCOPES } from './support/open-platform.ts';
import { createSleepingClock } from './support/sleeping-clock.ts';

const ADA = { id: 'ada', name: 'Ada Example', email: 'ada@example.test' };
const KEYS_PAGE = 'https://keys.example/api-keys';

interface Terms {
  readonly deps?: Partial<SignInDeps>;
  readonly request?: Partial<SignIn>;
  /** A key that was pasted. */
  readonly key?: string;
  readonly decide?: 'approve' | 'deny';
}

interface Outcome {
  readonly events: readonly LoginEvent[];
  readonly last: LoginEvent | undefined;
  readonly error: MiraError | undefined;
}

async function logIn(machine: Machine, platform: Platform, terms: Terms = {}): Promise<Outcome> {
  const deps: SignInDeps = {
    index: machine.index,
    dataDir: machine.dataDir,
    withSessionLock: machine.withSessionLock,
    withoutInterruption: (work) => work(),
    http: openHttp(),
    ...createSleepingClock(),
    now: Date.now,
    log: silentLog,
    signal: new AbortController().signal,
    keepOut: () => {},
    keysPage: KEYS_PAGE,
    ...terms.deps,
  };
  const request: SignIn = {
    profile: 'default',
    store: machine.keychain,
    protection: 'keychain',
    apiUrl: apiBase(new URL(platform.apiUrl)),
    apiUrlGiven: true,
    issuer: undefined,
    clientId: 'mira-cli',
    scopes: SCOPES,
    resource: undefined,
    previous: await machine.sessions().find('default'),
    openPreviousStore: async () => machine.keychain,
    ...terms.request,
  };
  const events: LoginEvent[] = [];
  try {
    const stream =
      terms.key === undefined ? signIn(deps, request) : keepKey(deps, { request, key: terms.key });
    for await (const event of stream) {
      events.push(event);
      if (event.kind === 'device_code') await platform[terms.decide ?? 'approve'](event.userCode);
    }
    return { events, last: events.at(-1), error: undefined };
  } catch (error) {
    if (!(error instanceof MiraError)) throw error;
    return { events, last: events.at(-1), error };
  }
}

const fullDisk = (store: SecretStore): SecretStore => ({
  ...store,
  write: async () => {
    throw new MiraError('disk_full', 'There is no space left.');
  },
});

const hostOf = (url: string): string => new URL(url).host;
const soleName = (machine: Machine): string => [...machine.keychain.items.keys()].join(' ');

describe('signing in by device code', () => {
  test('keeps the session, notes it in the index without a secret, and says who it is', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    const { events } = await logIn(machine, platform);
    const entry = await machine.entry();
    const secret = machine.secret(entry.name);

    expect(events.map(({ kind }) => kind)).toEqual(['device_code', 'approved', 'authorized']);
    expect(events[2]).toEqual({
      kind: 'authorized',
      profile: 'default',
      account: ADA,
      expiresAt: secret.expiresAt,
      storage: 'keychain',
      notices: [],
    });
    expect(secret).toEqual({
      v: 1,
      credential: 'session',
      accessToken: expect.stringMatching(/^eyJ/),
      refreshToken: expect.stringMatching(/^[\w-]{20,}$/),
      obtainedAt: expect.any(Number),
      expiresAt: secret.obtainedAt + 600_000,
      account: ADA,
      gen: 1,
    });
    expect(entry).toEqual({
      profile: 'default',
      name: expect.stringMatching(/^default\.[0-9a-f]{12}$/),
      credential: 'session',
      login: 'oidc',
      issuer: platform.issuer,
      clientId: 'mira-cli',
      apiUrl: platform.apiUrl,
      resource: platform.apiUrl,
      scopes: [...SCOPES],
      hosts: [hostOf(platform.issuer), hostOf(platform.apiUrl)],
      storage: 'keychain',
      protection: 'keychain',
      account: ADA,
      gen: 1,
      obtainedAt: secret.obtainedAt,
      expiresAt: secret.expiresAt,
      lifetimeS: 600,
      refreshable: true,
    });
  });

  test('makes every token known as secret before anything is said', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    const keptOut = new Set<string>();
    await logIn(machine, platform, { deps: { keepOut: (secret) => void keptOut.add(secret) } });
    const { accessToken, refreshToken } = machine.secret(soleName(machine));

    expect([...keptOut]).toEqual([accessToken, refreshToken]);
  });

  test('remembers the host that people are sent to', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    platform.faults.push({
      at: 'device',
      kind: 'tamper',
      change: ({ verification_uri_complete: _, ...json }) => ({
        ...json,
        verification_uri: 'https://go.example/device',
      }),
    });
    await logIn(machine, platform);

    expect((await machine.entry()).hosts).toEqual([
      hostOf(platform.issuer),
      'go.example',
      hostOf(platform.apiUrl),
    ]);
  });

  test('gives each server its own name in the store', async () => {
    const one = await openPlatform();
    const two = await openPlatform();
    const machine = await openMachine();
    await logIn(machine, one, { request: { profile: 'one' } });
    await logIn(machine, two, { request: { profile: 'two' } });

    expect([...(await machine.index.read()).keys()]).toEqual(['one', 'two']);
    expect(machine.keychain.items.size).toBe(2);
  });

  test('says when the session is short, and when less was granted than asked', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    platform.faults.push({
      at: 'discovery',
      kind: 'tamper',
      change: ({ scopes_supported: _, ...json }) => json,
    });
    platform.faults.push({
      at: 'token',
      kind: 'tamper',
      change: ({ refresh_token: _, ...json }) => ({ ...json, scope: 'openid profile' }),
    });
    const { last } = await logIn(machine, platform, { request: { scopes: [...SCOPES, 'calls'] } });

    expect(last).toMatchObject({
      kind: 'authorized',
      notices: [
        'The server gave nothing to renew the session with; you will have to sign in again when it ends.',
        'Not granted: calls.',
      ],
    });
    expect(await machine.entry()).toMatchObject({ refreshable: false, scopes: ['openid', 'profile'] });
  });

  test('asks for the account when the ID token does not say more than an id', async () => {
    const platform = await openPlatform({ metadata: 'off' });
    const machine = await openMachine();
    const { last } = await logIn(machine, platform, {
      request: { issuer: new URL(platform.issuer), apiUrlGiven: false, scopes: ['openid', 'offline_access'] },
    });

    expect(last).toMatchObject({ kind: 'authorized', account: { id: 'ada' } });
    expect(requestsAt(platform, 'userinfo')).toHaveLength(1);
  });

  test('works although nobody says whose session it is', async () => {
    const platform = await openPlatform({ metadata: 'off' });
    const machine = await openMachine();
    platform.faults.push({ at: 'userinfo', kind: 'status', status: 503 });
    const { last } = await logIn(machine, platform, {
      request: { issuer: new URL(platform.issuer), apiUrlGiven: false, scopes: ['openid', 'offline_access'] },
    });

    expect(last).toMatchObject({ kind: 'authorized', account: { id: 'ada' } });
  });

  test.each<[string, (platform: Platform) => Terms, string]>([
    ['is denied', () => ({ decide: 'deny' }), 'access_denied'],
    [
      'is stopped',
      () => ({ deps: { signal: AbortSignal.abort(new MiraError('interrupted', 'Stopped.')) } }),
      'interrupted',
    ],
    [
      'brings an answer that is not valid',
      (platform) => {
        platform.faults.push({ at: 'token', kind: 'tamper', change: ({ token_type: _, ...json }) => json });
        return {};
      },
      'malformed_response',
    ],
  ])('that %s stores nothing', async (_, prepare, code) => {
    const platform = await openPlatform();
    const machine = await openMachine();
    const { error } = await logIn(machine, platform, prepare(platform));

    expect(error?.code).toBe(code);
    expect([[...machine.keychain.items], [...(await machine.index.read())]]).toEqual([[], []]);
  });
});

describe("the platform's own sign-in", () => {
  test('keeps the key it makes, and by which prefix the platform lists it', async () => {
    const platform = await openPlatform({ metadata: 'off' });
    const machine = await openMachine();
    const { last } = await logIn(machine, platform);
    const entry = await machine.entry();
    const secret = machine.secret(entry.name);

    expect(last).toEqual({
      kind: 'authorized',
      profile: 'default',
      account: ADA,
      expiresAt: undefined,
      storage: 'keychain',
      notices: [],
    });
    expect(secret).toEqual({
      v: 1,
      credential: 'api_key',
      accessToken: expect.stringMatching(/^sk-mira-[0-9a-f]{40}$/),
      obtainedAt: expect.any(Number),
      account: ADA,
      gen: 1,
    });
    expect(entry).toMatchObject({
      credential: 'api_key',
      login: 'platform',
      apiUrl: platform.apiUrl,
      keyPrefix: secret.accessToken.slice(0, 16),
      refreshable: false,
    });
    expect([entry.issuer, entry.clientId, entry.expiresAt]).toEqual([undefined, undefined, undefined]);
  });

  test('may bring a token instead of a key: a session that cannot be renewed', async () => {
    const platform = await openPlatform({ metadata: 'off' });
    const machine = await openMachine();
    const token = ['eyJ', 'a'.repeat(20), '.', 'b'.repeat(20), '.', 'c'.repeat(20)].join('');
    platform.faults.push({
      at: 'token',
      kind: 'raw',
      body: JSON.stringify({ status: 'approved', access_token: token, expires_in: 900 }),
    });
    const { last } = await logIn(machine, platform);
    const entry = await machine.entry();

    expect(entry).toMatchObject({
      credential: 'session',
      login: 'platform',
      refreshable: false,
      lifetimeS: 900,
    });
    expect([entry.keyPrefix, (entry.expiresAt ?? 0) - entry.obtainedAt]).toEqual([undefined, 900_000]);
    expect(last).toMatchObject({
      notices: [
        'The server gave nothing to renew the session with; you will have to sign in again when it ends.',
      ],
    });
  });
});

describe('a key that was pasted', () => {
  test('is kept when the server takes it', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    const key = platform.mintKey();
    const { events } = await logIn(machine, platform, { key });
    const entry = await machine.entry();

    expect(events).toEqual([
      {
        kind: 'authorized',
        profile: 'default',
        account: ADA,
        expiresAt: undefined,
        storage: 'keychain',
        notices: [],
      },
    ]);
    expect(entry).toMatchObject({
      credential: 'api_key',
      login: 'pasted',
      keyPrefix: key.slice(0, 16),
      refreshable: false,
    });
    expect(machine.secret(entry.name).accessToken).toBe(key);
  });

  test('is not kept when the server refuses it', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    const { error } = await logIn(machine, platform, { key: 'not-a-key-of-theirs' });

    expect([error && facts(error), error?.hint]).toEqual([
      { code: 'credential_rejected', exit: 4, message: `${hostOf(platform.apiUrl)} refused the key.` },
      `Create a new one at ${KEYS_PAGE} and run mira auth login --with-key again.`,
    ]);
    expect([...machine.keychain.items]).toEqual([]);
  });

  test('is kept when the server cannot say', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    const key = platform.mintKey();
    await platform.close();
    const { last } = await logIn(machine, platform, { key });

    expect(last).toMatchObject({ kind: 'authorized', account: undefined });
    expect(machine.secret(soleName(machine)).accessToken).toBe(key);
  });
});

describe('the session that was there before', () => {
  test('is revoked, and only after the new one is kept', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    await logIn(machine, platform);
    const before = machine.secret(soleName(machine));
    const kept: string[] = [];
    platform.faults.push({
      at: 'revocation',
      kind: 'drop',
      when: ({ fields }) => {
        kept.push(
          fields['token'] === before.refreshToken ? machine.secret(soleName(machine)).accessToken : 'another',
        );
        return false;
      },
    });
    const { last } = await logIn(machine, platform);
    const after = machine.secret(soleName(machine));

    expect(last).toMatchObject({ kind: 'authorized', notices: [] });
    expect(kept[0]).toBe(after.accessToken);
    expect([after.gen, after.refreshToken === before.refreshToken]).toEqual([2, false]);
    expect(
      requestsAt(platform, 'revocation').map(({ fields }) => [fields['token'], fields['token_type_hint']]),
    ).toEqual([
      [before.refreshToken, 'refresh_token'],
      [before.accessToken, 'access_token'],
    ]);
  });

  test.each<[string, Terms]>([
    ['was denied', { decide: 'deny' }],
    ['could not be saved', {}],
  ])('is kept and not revoked when the new sign-in %s', async (what, terms) => {
    const platform = await openPlatform();
    const machine = await openMachine();
    await logIn(machine, platform);
    const [before, entry] = [machine.secret(soleName(machine)), await machine.entry()];
    const request = what === 'could not be saved' ? { store: fullDisk(machine.keychain) } : {};
    const { error } = await logIn(machine, platform, { ...terms, request });

    expect(error).toBeInstanceOf(MiraError);
    expect([machine.secret(soleName(machine)), await machine.entry()]).toEqual([before, entry]);
    expect(requestsAt(platform, 'revocation').map(({ fields }) => fields['token'])).not.toContain(
      before.refreshToken,
    );
    await machine.sessions().get('default', { force: true });
    expect(refreshesAt(platform).at(-1)?.status).toBe(200);
  });

  test('is in the store again when the index cannot be written', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    await logIn(machine, platform);
    const before = machine.secret(soleName(machine));
    const index = {
      ...machine.index,
      update: async () => {
        throw new MiraError('disk_full', 'There is no space left.');
      },
    };
    const { error } = await logIn(machine, platform, { deps: { index } });

    expect(error?.code).toBe('disk_full');
    expect(machine.secret(soleName(machine))).toEqual(before);
  });

  test('of another server is revoked there and removed here, under the lock of each', async () => {
    const one = await openPlatform();
    const two = await openPlatform();
    const machine = await openMachine();
    await logIn(machine, one);
    const name = soleName(machine);
    const before = machine.secret(name);
    const locked: string[] = [];
    const withSessionLock: SignInDeps['withSessionLock'] = (lock, work) => {
      locked.push(lock);
      return machine.withSessionLock(lock, work);
    };
    await logIn(machine, two, { deps: { withSessionLock } });

    expect(locked).toEqual([(await machine.entry()).name, name]);
    expect(requestsAt(one, 'revocation')[0]?.fields['token']).toBe(before.refreshToken);
    expect(requestsAt(two, 'revocation')).toEqual([]);
    expect(soleName(machine)).toBe((await machine.entry()).name);
  });

  test('in another store is removed from that one', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    await logIn(machine, platform);
    const elsewhere = createMemoryKeychain();
    await logIn(machine, platform, {
      request: { store: { ...elsewhere, kind: 'file' }, protection: 'passphrase' },
    });

    expect([[...machine.keychain.items], elsewhere.items.size]).toEqual([[], 1]);
    expect((await machine.entry()).storage).toBe('file');
  });

  test('that cannot be revoked or removed is told of', async () => {
    const one = await openPlatform();
    const two = await openPlatform();
    const machine = await openMachine();
    await logIn(machine, one);
    await one.close();
    const { last } = await logIn(machine, two, {
      request: {
        openPreviousStore: async () => {
          throw new MiraError('keychain_locked', 'The keychain is locked.');
        },
      },
    });

    expect(last).toMatchObject({
      kind: 'authorized',
      notices: [
        `The session that was replaced was not revoked at the server: Cannot reach ${hostOf(one.issuer)}: connection refused.`,
        'What was stored before is still in: keychain (The keychain is locked.)',
      ],
    });
  });

  test('that cannot be read is removed and told of, and its generation goes on', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    await logIn(machine, platform);
    const previous = {
      entry: { ...(await machine.entry()), name: 'default.000000000000', gen: 7 },
      secret: undefined,
    };
    await machine.keychain.write(previous.entry.name, 'what nobody can read');
    const { last } = await logIn(machine, platform, { request: { previous } });

    expect(last).toMatchObject({
      kind: 'authorized',
      notices: ['The session that was replaced was not revoked at the server: it could not be read.'],
    });
    expect([soleName(machine), (await machine.entry()).gen]).toEqual([(await machine.entry()).name, 8]);
  });

  test('is not revoked when it is the same key that is kept again', async () => {
    const platform = await openPlatform({ metadata: 'off' });
    const machine = await openMachine();
    await logIn(machine, platform);
    const minted = machine.secret(soleName(machine)).accessToken;
    const { last } = await logIn(machine, platform, { key: minted });

    expect(last).toMatchObject({ kind: 'authorized', notices: [] });
    expect(platform.keyNames()).toHaveLength(1);
    expect(machine.secret(soleName(machine)).accessToken).toBe(minted);
  });

  test('that was a pasted key stays valid at the server, and nothing is said', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    const key = platform.mintKey('mine');
    await logIn(machine, platform, { key });
    const { last } = await logIn(machine, platform);

    expect(last).toMatchObject({ notices: [] });
    expect(platform.keyNames()).toEqual(['mine']);
  });
});

describe('what was granted and cannot be kept', () => {
  test('is given back, and nothing is stored', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    const { error, events } = await logIn(machine, platform, {
      request: { store: fullDisk(machine.keychain) },
    });

    expect([error?.code, events.map(({ kind }) => kind)]).toEqual(['disk_full', ['device_code', 'approved']]);
    expect(
      requestsAt(platform, 'revocation').map(({ fields, status }) => [fields['token_type_hint'], status]),
    ).toEqual([
      ['refresh_token', 200],
      ['access_token', 400],
    ]);
    expect([[...machine.keychain.items], [...(await machine.index.read())]]).toEqual([[], []]);
  });

  test('is taken out of the store again when the index cannot be written', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    const index = {
      ...machine.index,
      update: async () => {
        throw new MiraError('disk_full', 'There is no space left.');
      },
    };
    const { error } = await logIn(machine, platform, { deps: { index } });

    expect(error?.code).toBe('disk_full');
    expect([...machine.keychain.items]).toEqual([]);
    expect(requestsAt(platform, 'revocation')).toHaveLength(2);
  });

  test('is deleted at the platform when it is a key that was made for it', async () => {
    const platform = await openPlatform({ metadata: 'off' });
    const machine = await openMachine();
    const mine = platform.mintKey('mine');
    await logIn(machine, platform, { request: { store: fullDisk(machine.keychain) } });

    expect([platform.keyNames(), mine.length]).toEqual([['mine'], 48]);
  });

  test.each(['a session', 'a key'])('is given back after Ctrl-C too: %s', async (what) => {
    const platform = await openPlatform(what === 'a key' ? { metadata: 'off' } : {});
    const machine = await openMachine();
    const stop = new AbortController();
    platform.faults.push({
      at: 'account',
      kind: 'drop',
      when: () => {
        stop.abort(new MiraError('interrupted', 'Stopped.'));
        return false;
      },
    });
    const { error } = await logIn(machine, platform, {
      deps: { signal: stop.signal },
      request: { scopes: ['openid', 'offline_access'] },
    });

    expect(error?.code).toBe('interrupted');
    expect([[...machine.keychain.items], [...(await machine.index.read())]]).toEqual([[], []]);
    expect(platform.keyNames()).toEqual([]);
    expect(requestsAt(platform, 'revocation').map(({ fields }) => fields['token_type_hint'])).toEqual(
      what === 'a key' ? [] : ['refresh_token', 'access_token'],
    );
  });

  test('is never deleted when it is a key that was pasted', async () => {
    const platform = await openPlatform();
    const machine = await openMachine();
    const key = platform.mintKey('mine');
    const { error } = await logIn(machine, platform, { key, request: { store: fullDisk(machine.keychain) } });

    expect([error?.code, platform.keyNames()]).toEqual(['disk_full', ['mine']]);
  });
});
