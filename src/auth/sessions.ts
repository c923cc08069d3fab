/**
 * An access token that is always valid, with one refresh at a time over all processes: lock, re-read, adopt
 * what another process stored, or record the intent through the real store, exchange, save, bump the
 * generation, unlock. Nothing is blanked because a refresh failed; only the token that was refused ends a session.
 */
import type { Http } from '../api/http.ts';
import { MiraError, toMiraError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { SecretStore } from '../store/secret-store.ts';
import type { SessionEntry } from '../store/session-entry.ts';
import type { SessionIndex } from '../store/session-index.ts';
import { findSessionIssuer } from './session-issuer.ts';
import { expiryOf, formatSession, isFresh, parseSession, refreshWindowMs } from './session.ts';
import type { SessionSecret, TokenSet } from './session.ts';
import { notSignedIn, signInAgain, signInStep } from './sign-in-command.ts';

const SAVE_TRIES = 5;
const CUT_SHORT = 'An earlier mira was stopped while it renewed it.';
const SAVE_PAUSE_MS = 500;

export interface SessionsDeps {
  readonly index: SessionIndex;
  readonly openStore: (entry: SessionEntry) => Promise<SecretStore>;
  readonly withSessionLock: <T>(
    name: string,
    work: () => Promise<T>,
    until?: () => Promise<T | undefined>,
  ) => Promise<T>;
  /** Runs work that a signal must not cut: the program waits for it before it leaves. */
  readonly withoutInterruption: <T>(work: () => Promise<T>) => Promise<T>;
  readonly http: () => Promise<Http>;
  readonly now: () => number;
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly pid: number;
  readonly log: Log;
  readonly notice: (message: string) => void;
  /** Every secret that is read is made known, so that nothing prints it by accident. */
  readonly keepOut: (secret: string) => void;
}

export interface Session {
  readonly entry: SessionEntry;
  readonly secret: SessionSecret;
}

export interface SessionNeed {
  /** The token must live at least this long; default: until its refresh window begins. */
  readonly needMs?: number | undefined;
  /** A token that a server has just refused. */
  readonly rejected?: string | undefined;
  /** Refresh although the token is fresh. */
  readonly force?: boolean | undefined;
}

export interface Sessions {
  /**
   * The profile's session, refreshed if it has to be.
   * @throws MiraError `not_signed_in`, `session_ended`, `not_refreshable`, `keychain_*`, network codes
   */
  get(profile: string, need?: SessionNeed): Promise<Session>;
  /** The session as it is stored, fresh or not; undefined when the profile has none. */
  find(profile: string): Promise<Session | undefined>;
}

export function createSessions(deps: SessionsDeps): Sessions {
  const flights = new Map<string, Promise<Session>>();
  const oneFlight = (renewal: Renewal): Promise<Session> => {
    const { profile } = renewal;
    const flying = flights.get(profile);
    if (flying) return flying;
    const flight = renew(deps, renewal).finally(() => flights.delete(profile));
    flights.set(profile, flight);
    return flight;
  };
  return {
    find: (profile) => findSession(deps, profile),
    get: async (profile, need = {}) => {
      const session = await findSession(deps, profile);
      if (!session) throw notSignedIn(profile);
      if (session.entry.ended) throw endedError(session.entry);
      const jitter = deps.random();
      return serves(deps, { session, need, jitter }) ? session : oneFlight({ profile, need, jitter });
    },
  };
}

/**
 * As it is stored. A sign-out removes first the secret and then the entry, under the lock: whoever comes between
 * the two looks again when it is through, before a secret counts as lost.
 */
async function findSession(deps: SessionsDeps, profile: string): Promise<Session | undefined> {
  const seen = await look(deps, profile);
  if (seen?.secret !== undefined || seen === undefined) return seen;
  return deps.withSessionLock(seen.entry.name, () => findLocked(deps, profile));
}

async function findLocked(deps: SessionsDeps, profile: string): Promise<Session | undefined> {
  const seen = await look(deps, profile);
  if (seen?.secret !== undefined || seen === undefined) return seen;
  throw missingSecret(seen.entry);
}

type Seen = Session | { readonly entry: SessionEntry; readonly secret: undefined };

async function look(deps: SessionsDeps, profile: string): Promise<Seen | undefined> {
  const entry = await deps.index.find(profile);
  if (!entry) return undefined;
  const store = await deps.openStore(entry);
  const text = await store.read(entry.name);
  if (text === undefined) return { entry, secret: undefined };
  const secret = parseSession(text);
  deps.keepOut(secret.accessToken);
  if (secret.refreshToken !== undefined) deps.keepOut(secret.refreshToken);
  return { entry, secret };
}

interface Question {
  readonly session: Session;
  readonly need: SessionNeed;
  readonly jitter: number;
}

function serves(deps: SessionsDeps, { session, need, jitter }: Question): boolean {
  const { secret } = session;
  if (secret.accessToken === need.rejected || need.force) return false;
  const needMs = need.needMs ?? refreshWindowMs(secret, jitter);
  return isFresh(secret, { now: deps.now(), needMs });
}

interface Renewal {
  readonly profile: string;
  readonly need: SessionNeed;
  /** By which the session was found too old; a second look by another would find it young enough again. */
  readonly jitter: number;
}

async function renew(deps: SessionsDeps, renewal: Renewal): Promise<Session> {
  try {
    return await renewLocked(deps, renewal);
  } catch (error) {
    const failure = toMiraError(error);
    // A lock that is not free keeps nobody from using a token that is still valid.
    const session = failure.code === 'lock_timeout' ? await look(deps, renewal.profile) : undefined;
    if (session?.secret === undefined || !isStillGood(deps, { session, need: renewal.need })) throw error;
    return session;
  }
}

async function renewLocked(deps: SessionsDeps, { profile, need, jitter }: Renewal): Promise<Session> {
  const before = await deps.index.find(profile);
  if (!before) throw notSignedIn(profile);
  const startedAt = before.gen;
  /** What another process stored while we waited is as good as our own refresh, even a forced one. */
  const adopt = async (): Promise<Session | undefined> => {
    const entry = await deps.index.find(profile);
    if (!entry || entry.gen === startedAt) return undefined;
    const session = await look(deps, profile);
    if (session?.secret === undefined || session.entry.ended) return undefined;
    return serves(deps, { session, need: { ...need, force: false }, jitter: 1 }) ? session : undefined;
  };
  return deps.withSessionLock(
    before.name,
    async () => {
      const adopted = await adopt();
      if (adopted) return adopted;
      const session = await findLocked(deps, profile);
      if (!session) throw notSignedIn(profile);
      if (session.entry.ended) throw endedError(session.entry);
      if (serves(deps, { session, need, jitter })) return session;
      const renewed = await refreshLocked(deps, { session, need });
      // While this process was stopped, a laptop asleep, the token may have grown old on its way here.
      return isOutlived(deps, renewed) ? refreshLocked(deps, { session: renewed, need: {} }) : renewed;
    },
    adopt,
  );
}

async function refreshLocked(
  deps: SessionsDeps,
  work: { readonly session: Session; readonly need: SessionNeed },
): Promise<Session> {
  const { session, need } = work;
  const { entry, secret } = session;
  if (secret.refreshToken === undefined) throw notRefreshable(deps, { session, need });
  const store = await deps.openStore(entry);
  const intent = { at: deps.now(), pid: deps.pid };
  try {
    await store.write(entry.name, formatSession({ ...secret, intent }));
    return await deps.withoutInterruption(async () => {
      const receivedFrom = deps.now();
      const renewed = await exchange(deps, { entry, secret, refreshToken: secret.refreshToken ?? '' });
      return save(deps, { entry, secret, ...renewed, store, receivedAt: receivedFrom });
    });
  } catch (error) {
    return afterFailure(deps, { session, need, failure: toMiraError(error) });
  }
}

interface Renewed {
  readonly tokens: TokenSet;
  readonly clockAheadS: number | undefined;
}

interface Exchange {
  readonly entry: SessionEntry;
  readonly secret: SessionSecret;
  readonly refreshToken: string;
}

async function exchange(deps: SessionsDeps, { entry, secret, refreshToken }: Exchange): Promise<Renewed> {
  if (entry.issuer === undefined || entry.clientId === undefined) {
    throw new MiraError('not_refreshable', 'The session cannot be renewed: no issuer is known for it.', {
      hint: signInAgain(entry),
    });
  }
  const server = await findSessionIssuer(entry, { http: await deps.http(), now: deps.now });
  if (!server) {
    const { host } = new URL(entry.issuer);
    throw new MiraError('server_error', `${host} publishes no sign-in metadata any more.`);
  }
  const tokens = await server.refresh({
    refreshToken,
    subject: secret.account?.id,
    resource: entry.resource,
  });
  return { tokens, clockAheadS: server.clockAheadS };
}

interface Save extends Renewed {
  readonly entry: SessionEntry;
  readonly secret: SessionSecret;
  readonly store: SecretStore;
  readonly receivedAt: number;
}

async function save(
  deps: SessionsDeps,
  { entry, secret, tokens, clockAheadS, store, receivedAt }: Save,
): Promise<Session> {
  deps.keepOut(tokens.accessToken);
  if (tokens.refreshToken !== undefined) deps.keepOut(tokens.refreshToken);
  const fresh: SessionSecret = {
    v: 1,
    credential: 'session',
    accessToken: tokens.accessToken,
    // RFC 6749, section 6: an answer without a refresh token keeps the old one.
    refreshToken: tokens.refreshToken ?? secret.refreshToken,
    obtainedAt: receivedAt,
    expiresAt: expiryOf(tokens, receivedAt),
    account: secret.account ?? tokens.account,
    gen: secret.gen + 1,
  };
  const updated: SessionEntry = {
    ...entry,
    gen: fresh.gen,
    obtainedAt: fresh.obtainedAt,
    expiresAt: fresh.expiresAt,
    refreshable: fresh.refreshToken !== undefined,
    scopes: tokens.scopes ?? entry.scopes,
    lifetimeS: tokens.expiresIn ?? entry.lifetimeS,
    clockAheadS,
    lastRefresh: { at: receivedAt, outcome: 'ok' },
  };
  try {
    await persist(deps, { store, name: entry.name, fresh });
    await deps.index.update((entries) => {
      if (entries.get(entry.profile)?.name === entry.name) entries.set(entry.profile, updated);
    });
  } catch (error) {
    // The new token is good and in our hands; losing this run's answer as well would help nobody.
    deps.notice(
      `The renewed session could not be saved (${toMiraError(error).message}); sign in again if the next command asks for it.`,
    );
  }
  return { entry: updated, secret: fresh };
}

async function persist(
  deps: SessionsDeps,
  { store, name, fresh }: { store: SecretStore; name: string; fresh: SessionSecret },
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await store.write(name, formatSession(fresh));
      return;
    } catch (error) {
      if (attempt === SAVE_TRIES) throw error;
      deps.log('session: saving failed, trying again', { attempt, code: toMiraError(error).code });
      await deps.sleep(SAVE_PAUSE_MS);
    }
  }
}

interface Failure {
  readonly session: Session;
  readonly need: SessionNeed;
  readonly failure: MiraError;
}

async function afterFailure(deps: SessionsDeps, { session, need, failure }: Failure): Promise<Session> {
  const { entry, secret } = session;
  if (failure.code === 'session_ended') {
    const stored = await findLocked(deps, entry.profile);
    if (
      stored &&
      stored.secret.refreshToken !== secret.refreshToken &&
      stored.secret.accessToken !== need.rejected
    )
      return stored;
    const reason = wasCutShort(session) ? `${failure.message} ${CUT_SHORT}` : failure.message;
    await note(deps, {
      entry,
      change: { ended: { at: deps.now(), reason }, lastRefresh: { at: deps.now(), outcome: 'refused' } },
    });
    throw failure.with({
      message: reason,
      hint: signInAgain(entry),
      next: [signInStep(signInAgain(entry))],
    });
  }
  await note(deps, { entry, change: { lastRefresh: { at: deps.now(), outcome: 'failed' } } });
  if (!isStillGood(deps, { session, need })) throw failure;
  deps.log('session: refresh failed, the token is still valid', { code: failure.code });
  return session;
}

/**
 * With an intent its token was spent and the answer never saved, which is why the server does not take it any more;
 * unless whoever meant to renew it lived to note that it failed.
 */
function wasCutShort({ entry, secret }: Session): boolean {
  if (secret.intent === undefined) return false;
  return entry.lastRefresh === undefined || entry.lastRefresh.at < secret.intent.at;
}

/** Not for a server that gives tokens without any life: there is always another to ask for. */
function isOutlived(deps: SessionsDeps, { secret }: Session): boolean {
  const { obtainedAt, expiresAt } = secret;
  return (
    expiresAt !== undefined && expiresAt > obtainedAt && !isFresh(secret, { now: deps.now(), needMs: 0 })
  );
}

/** Past the moment to renew it, and good for what is needed all the same. */
function isStillGood(
  deps: SessionsDeps,
  { session, need }: { readonly session: Session; readonly need: SessionNeed },
): boolean {
  const { secret } = session;
  if (session.entry.ended || secret.accessToken === need.rejected || need.force) return false;
  return isFresh(secret, { now: deps.now(), needMs: need.needMs ?? 0 });
}

async function note(
  deps: SessionsDeps,
  { entry, change }: { entry: SessionEntry; change: Partial<SessionEntry> },
): Promise<void> {
  try {
    await deps.index.update((entries) => {
      const current = entries.get(entry.profile);
      if (current?.name === entry.name && current.gen === entry.gen)
        entries.set(entry.profile, { ...current, ...change });
    });
  } catch (error) {
    deps.log('session: the outcome could not be noted', { code: toMiraError(error).code });
  }
}

function notRefreshable(
  deps: SessionsDeps,
  { session, need }: { readonly session: Session; readonly need: SessionNeed },
): MiraError {
  const { entry, secret } = session;
  const hint = signInAgain(entry);
  const next = [signInStep(signInAgain(entry))];
  if (secret.credential === 'api_key') {
    return new MiraError(
      'credential_rejected',
      `The key stored for profile ${entry.profile} was refused; a key cannot be renewed.`,
      { hint, next },
    );
  }
  const expired = secret.accessToken === need.rejected || !isFresh(secret, { now: deps.now(), needMs: 0 });
  return expired
    ? new MiraError(
        'session_ended',
        'The session has expired, and the server gave nothing to renew it with.',
        { hint, next },
      )
    : new MiraError('not_refreshable', 'The session cannot be renewed: the server gave no refresh token.', {
        hint,
        next,
      });
}

function endedError(entry: SessionEntry): MiraError {
  return new MiraError('session_ended', entry.ended?.reason ?? 'The session has ended.', {
    hint: signInAgain(entry),
    next: [signInStep(signInAgain(entry))],
  });
}

/** The index knows of a session that the store does not give out: locked and reset look alike to us. */
export function missingSecret(entry: SessionEntry): MiraError {
  if (entry.storage === 'keychain') {
    return new MiraError(
      'keychain_locked',
      'The keychain holds no session although you signed in: it is locked, or it was reset.',
      {
        hint: `Unlock it and try again; if it was reset, sign in again: ${signInAgain(entry)}`,
      },
    );
  }
  return new MiraError(
    'credentials_unreadable',
    'The credentials file holds no session although you signed in: it was moved or replaced.',
    {
      hint: `Put it back, or sign in again: ${signInAgain(entry)}`,
    },
  );
}
