/**
 * Signing in, from the choice of the store to the report: prove that secrets can be kept before anyone is
 * sent to a browser, find out how the server signs people in, wait for the approval, save, and only then
 * let go of the session that was there before.
 */
import type { Http } from '../api/http.ts';
import { MiraError, toMiraError } from '../errors.ts';
import type { Log } from '../log.ts';
import { sessionName } from '../store/session-name.ts';
import type { ProtectionForm } from '../store/protection.ts';
import type { SecretStore } from '../store/secret-store.ts';
import type { SessionEntry } from '../store/session-entry.ts';
import type { SessionIndex } from '../store/session-index.ts';
import type { Account, LoginEvent } from './login-event.ts';
import { deviceLogin } from './device-login.ts';
import { findDialect } from './dialect.ts';
import type { Dialect } from './dialect.ts';
import { findAccount } from './account.ts';
import { expiryOf, formatSession } from './session.ts';
import type { SessionSecret, TokenSet } from './session.ts';
import type { Session } from './sessions.ts';
import { revokeCredential } from './sign-out.ts';
import { looksLikeJwt } from './key-format.ts';

export interface SignInDeps {
  readonly index: SessionIndex;
  readonly dataDir: string;
  readonly withSessionLock: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly withoutInterruption: <T>(work: () => Promise<T>) => Promise<T>;
  readonly http: Http;
  readonly now: () => number;
  readonly elapsed: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly keepOut: (secret: string) => void;
  readonly keysPage: string;
}

export interface PreviousSession {
  readonly entry: SessionEntry;
  /** Undefined when its store does not give it out: then there is nothing to revoke it with. */
  readonly secret: SessionSecret | undefined;
}

export interface SignIn {
  readonly profile: string;
  /** Already probed: it takes secrets. */
  readonly store: SecretStore;
  readonly protection: ProtectionForm;
  readonly apiUrl: URL;
  readonly apiUrlGiven: boolean;
  readonly issuer: URL | undefined;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly resource: string | undefined;
  /** The session of this profile that a success replaces. */
  readonly previous: PreviousSession | undefined;
  readonly openPreviousStore: (entry: SessionEntry) => Promise<SecretStore>;
}

/** Signs in by device code. @throws MiraError; nothing is stored and nothing is lost unless `authorized` was given. */
export async function* signIn(deps: SignInDeps, request: SignIn): AsyncGenerator<LoginEvent, void> {
  const dialect = await findDialect({ ...deps, ...request });
  const hosts = new Set(dialect.hosts);
  const login = deviceLogin({ ...deps, grant: dialect.grant });
  for (;;) {
    const next = await login.next();
    if (next.done) {
      yield { kind: 'approved' };
      yield await finish(deps, { request, tokens: next.value, dialect: { ...dialect, hosts: [...hosts] } });
      return;
    }
    // Providers send people to other hosts than they answer on; what was named is remembered (decisions.md 13).
    if (next.value.kind === 'device_code') hosts.add(new URL(next.value.verificationUri).host);
    yield next.value;
  }
}

/** Keeps a key that a person pasted, after its shape was checked. */
export async function* keepKey(
  deps: SignInDeps,
  { request, key }: { readonly request: SignIn; readonly key: string },
): AsyncGenerator<LoginEvent, void> {
  yield await finish(deps, { request, tokens: { accessToken: key }, dialect: undefined });
}

interface Outcome {
  readonly request: SignIn;
  readonly tokens: TokenSet;
  /** Undefined for a pasted key. */
  readonly dialect: Dialect | undefined;
}

async function finish(deps: SignInDeps, outcome: Outcome): Promise<LoginEvent> {
  const { request, tokens } = outcome;
  deps.keepOut(tokens.accessToken);
  if (tokens.refreshToken !== undefined) deps.keepOut(tokens.refreshToken);
  const granted = await record(deps, { outcome, receivedAt: deps.now() });
  const session = await keep(deps, { outcome, granted });
  const released = await releasePrevious(deps, { request, session });
  return {
    kind: 'authorized',
    profile: request.profile,
    account: session.entry.account,
    expiresAt: session.entry.expiresAt,
    storage: request.store.kind,
    notices: [...noticesFor(outcome, session.entry), ...released],
  };
}

/** Stores the session with its account, or gives back what was granted: also when Ctrl-C comes in between. */
async function keep(
  deps: SignInDeps,
  { outcome, granted }: { readonly outcome: Outcome; readonly granted: Session },
): Promise<Session> {
  const { request, dialect } = outcome;
  try {
    const account = await accountFor(deps, outcome);
    const session: Session = {
      entry: { ...granted.entry, account },
      secret: { ...granted.secret, account },
    };
    await deps.withoutInterruption(() =>
      deps.withSessionLock(session.entry.name, () => save(deps, { request, session })),
    );
    return session;
  } catch (error) {
    if (dialect) await giveBack(deps, granted);
    throw error;
  }
}

async function accountFor(
  deps: SignInDeps,
  { request, tokens, dialect }: Outcome,
): Promise<Account | undefined> {
  try {
    const known = tokens.account;
    if (known?.name !== undefined || known?.email !== undefined) return known;
    const isOpenId = (tokens.scopes ?? dialect?.grant.scopes ?? []).includes('openid');
    const found = await findAccount({
      http: deps.http,
      apiUrl: request.apiUrl,
      accessToken: tokens.accessToken,
      server: isOpenId ? dialect?.oidc?.server : undefined,
      subject: known?.id,
      boundToResource: dialect?.oidc?.resource() !== undefined,
      signal: deps.signal,
    });
    if (found.kind === 'rejected' && !dialect) {
      throw new MiraError('credential_rejected', `${request.apiUrl.host} refused the key.`, {
        hint: `Create a new one at ${deps.keysPage} and run mira auth login --with-key again.`,
        status: 401,
      });
    }
    return found.kind === 'account' ? found.account : known;
  } catch (error) {
    const failure = toMiraError(error);
    if (failure.code === 'credential_rejected' || failure.exitCode >= 129 || failure.code === 'unexpected')
      throw failure;
    deps.log('sign-in: the account could not be asked for', { code: failure.code });
    return tokens.account;
  }
}

interface Received {
  readonly outcome: Outcome;
  readonly receivedAt: number;
}

async function record(deps: SignInDeps, { outcome, receivedAt }: Received): Promise<Session> {
  const { request, tokens, dialect } = outcome;
  const oidc = dialect?.oidc;
  const isKey =
    dialect === undefined ||
    (!oidc && !looksLikeJwt(tokens.accessToken) && tokens.refreshToken === undefined);
  const credential = isKey ? 'api_key' : 'session';
  const expiresAt = isKey && tokens.expiresIn === undefined ? undefined : expiryOf(tokens, receivedAt);
  const gen = Math.max(request.previous?.secret?.gen ?? 0, request.previous?.entry.gen ?? 0) + 1;
  const issuer = oidc?.server.issuer;
  const secret: SessionSecret = {
    v: 1,
    credential,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    obtainedAt: receivedAt,
    expiresAt,
    gen,
  };
  const entry: SessionEntry = {
    profile: request.profile,
    name: await sessionName({
      profile: request.profile,
      issuer: issuer ?? request.apiUrl.origin,
      clientId: request.clientId,
      dataDir: deps.dataDir,
    }),
    credential,
    login: dialect?.grant.dialect ?? 'pasted',
    issuer,
    clientId: oidc ? request.clientId : undefined,
    apiUrl: request.apiUrl.href.replace(/\/$/, ''),
    resource: oidc?.resource(),
    scopes: tokens.scopes ?? dialect?.grant.scopes ?? [],
    hosts: [...new Set([...(dialect?.hosts ?? []), request.apiUrl.host])],
    storage: request.store.kind,
    protection: request.protection,
    keyPrefix: isKey ? tokens.accessToken.slice(0, 16) : undefined,
    gen,
    obtainedAt: receivedAt,
    expiresAt,
    lifetimeS: tokens.expiresIn,
    clockAheadS: oidc?.server.clockAheadS,
    refreshable: tokens.refreshToken !== undefined && issuer !== undefined,
  };
  return { entry, secret };
}

async function save(
  deps: SignInDeps,
  { request, session }: { readonly request: SignIn; readonly session: Session },
): Promise<void> {
  const { store } = request;
  const { entry, secret } = session;
  const before = await store.read(entry.name);
  await store.write(entry.name, formatSession(secret));
  try {
    await deps.index.update((entries) => entries.set(entry.profile, entry));
  } catch (error) {
    // A secret that the index does not know of would never be used and never be removed; the one it knows still is.
    await (before === undefined ? store.remove(entry.name) : store.write(entry.name, before));
    throw error;
  }
}

/** Shorter than the time that work gets after Ctrl-C (signals.ts). */
const GIVE_BACK_LIMIT_MS = 4_000;

/**
 * What was granted but cannot be kept is revoked, so that it does not live on unseen. By connections of its own,
 * because those of the sign-in end with its signal.
 */
async function giveBack(deps: SignInDeps, granted: Session): Promise<void> {
  const signal = AbortSignal.timeout(GIVE_BACK_LIMIT_MS);
  const report = await deps.withoutInterruption(() => revokeCredential({ ...deps, signal }, granted));
  deps.log('sign-in: could not be saved, given back', { revoked: report.revoked });
}

async function releasePrevious(
  deps: SignInDeps,
  { request, session }: { readonly request: SignIn; readonly session: Session },
): Promise<readonly string[]> {
  const { previous } = request;
  if (!previous) return [];
  const { entry } = session;
  const unrevoked = isSameCredential(previous, session) ? undefined : await revokePrevious(deps, previous);
  const notices =
    unrevoked === undefined
      ? []
      : [`The session that was replaced was not revoked at the server: ${unrevoked}.`];
  if (previous.entry.name === entry.name && previous.entry.storage === entry.storage) return notices;
  try {
    // Under its lock: a renewal that is under way must not write it back.
    await deps.withSessionLock(previous.entry.name, async () =>
      (await request.openPreviousStore(previous.entry)).remove(previous.entry.name),
    );
    return notices;
  } catch (error) {
    return [
      ...notices,
      `What was stored before is still in: ${previous.entry.storage} (${toMiraError(error).message})`,
    ];
  }
}

/** Revoking it would end the new session too: a server may give the same key again, and so may a person. */
function isSameCredential({ secret: one }: PreviousSession, { secret: other }: Session): boolean {
  if (!one) return false;
  return (
    one.accessToken === other.accessToken ||
    (one.refreshToken !== undefined && one.refreshToken === other.refreshToken)
  );
}

/** @returns why it was not revoked; undefined when there is nothing to tell */
async function revokePrevious(
  deps: SignInDeps,
  { entry, secret }: PreviousSession,
): Promise<string | undefined> {
  if (!secret) return 'it could not be read';
  const report = await revokeCredential(deps, { entry, secret });
  return report.revoked || report.pasted ? undefined : (report.reason ?? 'no answer');
}

function noticesFor({ tokens, dialect, request }: Outcome, entry: SessionEntry): readonly string[] {
  const notices: string[] = [];
  if (entry.credential === 'session' && !entry.refreshable) {
    notices.push(
      'The server gave nothing to renew the session with; you will have to sign in again when it ends.',
    );
  }
  const granted = tokens.scopes;
  const missing =
    dialect && granted
      ? dialect.grant.scopes.filter((scope) => !granted.includes(scope) && !IDENTITY_SCOPES.includes(scope))
      : [];
  if (missing.length > 0 && request.resource === undefined)
    notices.push(`Not granted: ${missing.join(' ')}.`);
  return notices;
}

/** A token for an API lists the API's scopes only; these show in the ID token and the refresh token instead. */
const IDENTITY_SCOPES = ['openid', 'profile', 'email', 'offline_access'];
