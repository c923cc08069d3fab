import { onTestFinished } from 'vitest';
import type { Http, HttpRequest } from '../../../../src/api/http.ts';
import { formatSession, parseSession } from '../../../../src/auth/session.ts';
import type { SessionSecret } from '../../../../src/auth/session.ts';
import { createSessions } from '../../../../src/auth/sessions.ts';
import type { Sessions, SessionsDeps } from '../../../../src/auth/sessions.ts';
import { silentLog } from '../../../../src/log.ts';
import { withLock } from '../../../../src/store/lock.ts';
import type { SessionEntry } from '../../../../src/store/session-entry.ts';
import { createSessionIndex } from '../../../../src/store/session-index.ts';
import type { SessionIndex } from '../../../../src/store/session-index.ts';
import { createMemoryKeychain } from '../../../support/memory-keychain.ts';
import type { MemoryKeychain } from '../../../support/memory-keychain.ts';
import type { Platform } from '../../../support/platform/start-platform.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { openHttp } from '../../api/open-http.ts';
import { connect, grantedTokens } from './open-platform.ts';

export const NAME = 'default.0123456789ab';

/** What is kept on one machine: the index and the locks as files, the keychain in memory. */
export interface Machine {
  readonly dataDir: string;
  readonly index: SessionIndex;
  readonly keychain: MemoryKeychain;
  readonly withSessionLock: SessionsDeps['withSessionLock'];
  /** What was said to the person, and what was made known as secret. */
  readonly notices: readonly string[];
  readonly keptOut: ReadonlySet<string>;
  /** The sessions as one process of mira has them. */
  sessions(deps?: Partial<SessionsDeps>): Sessions;
  secret(name?: string): SessionSecret;
  entry(profile?: string): Promise<SessionEntry>;
  /** Signed in, as an earlier run left it. */
  keep(session: { readonly entry: SessionEntry; readonly secret: SessionSecret }): Promise<void>;
}

export async function openMachine(): Promise<Machine> {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const uid = process.geteuid?.();
  const openIndex = (): SessionIndex =>
    createSessionIndex({
      file: folder.in('sessions.json'),
      storeLockFile: folder.in('locks', 'store.db'),
      uid,
    });
  const keychain = createMemoryKeychain();
  const notices: string[] = [];
  const keptOut = new Set<string>();
  const index = openIndex();
  const withSessionLock: SessionsDeps['withSessionLock'] = (name, work, until) =>
    withLock({ file: folder.in('locks', `${name}.db`), uid, ...(until ? { until } : {}) }, work);
  return {
    dataDir: folder.path,
    index,
    keychain,
    withSessionLock,
    notices,
    keptOut,
    sessions: (deps) =>
      createSessions({
        index: openIndex(),
        openStore: async () => keychain,
        withSessionLock,
        withoutInterruption: (work) => work(),
        http: async () => openHttp(),
        now: Date.now,
        random: () => 0,
        sleep: async () => {},
        pid: 4711,
        log: silentLog,
        notice: (message) => void notices.push(message),
        keepOut: (secret) => void keptOut.add(secret),
        ...deps,
      }),
    secret: (name = NAME) => parseSession(keychain.items.get(name) ?? ''),
    async entry(profile = 'default') {
      const entry = await index.find(profile);
      if (!entry) throw new Error(`the index has no ${profile}`);
      return entry;
    },
    async keep({ entry, secret }) {
      await keychain.write(entry.name, formatSession(secret));
      await index.update((entries) => entries.set(entry.profile, entry));
    },
  };
}

export interface Age {
  /** Seconds the access token still has, by our clock; it was made for 600. */
  readonly leftS: number;
}

/** A session that the platform granted, with a token that is as old as wanted. */
export async function grantedSession(
  platform: Platform,
  { leftS }: Age,
): Promise<{ readonly entry: SessionEntry; readonly secret: SessionSecret }> {
  const tokens = await grantedTokens(platform, await connect(platform));
  const expiresAt = Date.now() + leftS * 1000;
  const moments = { obtainedAt: expiresAt - 600_000, expiresAt };
  return {
    secret: {
      v: 1,
      credential: 'session',
      accessToken: tokens.accessToken,
      refreshToken: tokens.refreshToken,
      ...moments,
      account: { id: 'ada' },
      gen: 1,
    },
    entry: {
      profile: 'default',
      name: NAME,
      credential: 'session',
      login: 'oidc',
      issuer: platform.issuer,
      clientId: platform.clientId,
      apiUrl: platform.apiUrl,
      resource: platform.apiUrl,
      scopes: ['openid'],
      hosts: [new URL(platform.issuer).host, new URL(platform.apiUrl).host],
      storage: 'keychain',
      protection: 'keychain',
      account: { id: 'ada' },
      gen: 1,
      ...moments,
      lifetimeS: 600,
      refreshable: true,
    },
  };
}

/** A machine that is signed in to the platform. */
export async function signedInMachine(platform: Platform, age: Age): Promise<Machine> {
  const machine = await openMachine();
  await machine.keep(await grantedSession(platform, age));
  return machine;
}

/** `http` that does something before a request to the token endpoint leaves. */
export function beforeTokenRequest(work: (request: HttpRequest) => Promise<void>): () => Promise<Http> {
  const http = openHttp();
  return async () => ({
    ...http,
    request: async (request) => {
      if (request.url.pathname === '/token') await work(request);
      return http.request(request);
    },
  });
}
