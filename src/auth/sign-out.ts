/**
 * Signing out: revoke at the server, the refresh token first (RFC 7009), a key minted for this login by its
 * prefix (decisions.md 15), then remove locally, whatever the server said. What happened is reported as it is.
 */
import type { Http } from '../api/http.ts';
import { toMiraError } from '../errors.ts';
import type { MiraError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { SecretStore } from '../store/secret-store.ts';
import type { SessionEntry } from '../store/session-entry.ts';
import type { SessionIndex } from '../store/session-index.ts';
import type { OidcServer } from './oidc.ts';
import { deletePlatformKey } from './platform-keys.ts';
import { parseSession } from './session.ts';
import type { SessionSecret } from './session.ts';
import { findSessionIssuer } from './session-issuer.ts';

export interface RevokeDeps {
  readonly http: Http;
  readonly now: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface Revocation {
  /** The refresh token, or the minted key, is confirmed gone. */
  readonly revoked: boolean;
  /** A key that a person pasted is theirs and is never deleted at the server. */
  readonly pasted: boolean;
  /** Why not, in a few words. */
  readonly reason?: string | undefined;
}

/** Never throws for what a server says or does not say: the answer is in the report. */
export async function revokeCredential(
  deps: RevokeDeps,
  { entry, secret }: { readonly entry: SessionEntry; readonly secret: SessionSecret },
): Promise<Revocation> {
  if (entry.login === 'pasted') {
    return { revoked: false, pasted: true, reason: 'the key was pasted; revoke it where it was created' };
  }
  // The list of sessions may have let go of it already.
  deps.http.allow(entry.hosts);
  try {
    return entry.credential === 'api_key' || entry.issuer === undefined
      ? await revokeKey(deps, { entry, secret })
      : await revokeTokens(deps, { entry, secret });
  } catch (error) {
    const failure = toMiraError(error);
    if (failure.code === 'unexpected') throw failure;
    return { revoked: false, pasted: false, reason: withoutStop(failure.message) };
  }
}

interface Owned {
  readonly entry: SessionEntry;
  readonly secret: SessionSecret;
}

async function revokeTokens(deps: RevokeDeps, { entry, secret }: Owned): Promise<Revocation> {
  const server = await findSessionIssuer(entry, deps);
  if (!server?.supportsRevocation)
    return { revoked: false, pasted: false, reason: 'the server offers no revocation' };
  const { refreshToken, accessToken } = secret;
  if (refreshToken === undefined) {
    const answer = await twice(() => server.revoke({ token: accessToken, hint: 'access_token' }));
    return answer === 'revoked'
      ? { revoked: true, pasted: false }
      : {
          revoked: false,
          pasted: false,
          reason: 'the server does not revoke access tokens; it ends by itself',
        };
  }
  const answer = await twice(() => server.revoke({ token: refreshToken, hint: 'refresh_token' }));
  await revokeAccessToken(deps, { server, accessToken });
  return answer === 'revoked'
    ? { revoked: true, pasted: false }
    : { revoked: false, pasted: false, reason: 'the server does not revoke refresh tokens' };
}

/** The session is gone with its refresh token; this only ends the access token's last minutes. */
async function revokeAccessToken(
  deps: RevokeDeps,
  { server, accessToken }: { readonly server: OidcServer; readonly accessToken: string },
): Promise<void> {
  try {
    await server.revoke({ token: accessToken, hint: 'access_token' });
  } catch (error) {
    deps.log('sign-out: the access token was not revoked', { code: toMiraError(error).code });
  }
}

async function twice<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!toMiraError(error).retryable) throw error;
    return ask();
  }
}

async function revokeKey(deps: RevokeDeps, { entry, secret }: Owned): Promise<Revocation> {
  const key = secret.accessToken;
  const deletion = await deletePlatformKey(deps, { apiUrl: new URL(entry.apiUrl), key, bearer: key });
  // It asked for itself, so being refused means that it is gone already.
  if (deletion === 'deleted' || deletion === 'refused') return { revoked: true, pasted: false };
  return { revoked: false, pasted: false, reason: deletion.reason };
}

export interface SignOutDeps {
  readonly index: SessionIndex;
  readonly openStore: (entry: SessionEntry) => Promise<SecretStore>;
  /** Removes the credentials file whole, without its key, if nothing but sessions is in it. */
  readonly abandonFile: () => Promise<boolean>;
  readonly withSessionLock: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  /** What is removed from the store must go from the index as well, whatever signal comes. */
  readonly withoutInterruption: <T>(work: () => Promise<T>) => Promise<T>;
  readonly http: () => Promise<Http>;
  readonly now: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly keepOut: (secret: string) => void;
}

export interface SignOutReport {
  readonly profile: string;
  readonly removed: boolean;
  readonly revoked: boolean;
  readonly reason?: string | undefined;
}

/**
 * Signs one profile out. A profile that is not signed in is reported, not an error.
 * @throws MiraError exit 10 when the secret could not be removed: it is still there, and the index says so
 */
export async function signOut(
  deps: SignOutDeps,
  { profile, local }: { readonly profile: string; readonly local: boolean },
): Promise<SignOutReport> {
  const known = await deps.index.find(profile);
  if (!known) return { profile, removed: false, revoked: false, reason: 'not signed in' };
  return deps.withSessionLock(known.name, async () => {
    const entry = await deps.index.find(profile);
    if (!entry) return { profile, removed: false, revoked: false, reason: 'not signed in' };
    const store = await deps.openStore(entry);
    const { secret, trouble } = await readSecret(deps, { store, entry });
    const revocation = await revocationOf(deps, { entry, secret, local, trouble });
    await deps.withoutInterruption(async () => {
      await removeSecret(deps, { store, entry, trouble });
      await deps.index.update((entries) => entries.delete(profile));
    });
    return { profile, removed: true, revoked: revocation.revoked, reason: revocation.reason };
  });
}

interface Reading {
  readonly secret?: SessionSecret | undefined;
  readonly trouble?: MiraError | undefined;
}

async function readSecret(
  deps: SignOutDeps,
  { store, entry }: { readonly store: SecretStore; readonly entry: SessionEntry },
): Promise<Reading> {
  try {
    const text = await store.read(entry.name);
    if (text === undefined) return {};
    const secret = parseSession(text);
    deps.keepOut(secret.accessToken);
    if (secret.refreshToken !== undefined) deps.keepOut(secret.refreshToken);
    return { secret };
  } catch (error) {
    return { trouble: toMiraError(error) };
  }
}

async function revocationOf(
  deps: SignOutDeps,
  { entry, secret, local, trouble }: Reading & { readonly entry: SessionEntry; readonly local: boolean },
): Promise<Revocation> {
  if (local) return { revoked: false, pasted: false, reason: 'the server was not asked (--local)' };
  if (!secret) {
    return {
      revoked: false,
      pasted: false,
      reason: trouble ? withoutStop(trouble.message) : 'nothing to revoke was found in the store',
    };
  }
  return revokeCredential({ ...deps, http: await deps.http() }, { entry, secret });
}

/** A keychain says "nothing there" when it is locked as well; then a write tells the difference. */
interface Removal {
  readonly store: SecretStore;
  readonly entry: SessionEntry;
  readonly trouble: MiraError | undefined;
}

async function removeSecret(deps: SignOutDeps, { store, entry, trouble }: Removal): Promise<void> {
  // Whoever did not answer the reading is not waited for a second time.
  if (trouble?.code === 'keychain_timeout') throw stillThere(entry, trouble);
  if (await removeFrom(deps, { store, entry })) return;
  if (trouble?.code !== undefined && trouble.exitCode === 10 && trouble.code !== 'credentials_unreadable')
    throw stillThere(entry, trouble);
  try {
    await store.probe();
  } catch (error) {
    throw stillThere(entry, toMiraError(error));
  }
}

async function removeFrom(
  deps: SignOutDeps,
  { store, entry }: { readonly store: SecretStore; readonly entry: SessionEntry },
): Promise<boolean> {
  try {
    return await store.remove(entry.name);
  } catch (error) {
    const failure = toMiraError(error);
    if (failure.code === 'input_required' && (await isAloneInFile(deps, entry)) && (await deps.abandonFile()))
      return true;
    throw stillThere(entry, failure);
  }
}

/** Without its passphrase a file gives up no single entry; if there is only one, the file can go. */
async function isAloneInFile(deps: SignOutDeps, entry: SessionEntry): Promise<boolean> {
  const others = [...(await deps.index.read()).values()].filter((other) => other.profile !== entry.profile);
  return entry.storage === 'file' && others.every(({ storage }) => storage !== 'file');
}

function stillThere(entry: SessionEntry, cause: MiraError): MiraError {
  return cause.with({
    message: `The session of profile ${entry.profile} is still in the ${entry.storage}: ${cause.message}`,
    hint: mendingHint(cause),
  });
}

function mendingHint({ code, hint }: MiraError): string | undefined {
  // What answers a question is named by whoever asked it.
  if (code === 'input_required') return hint;
  return code === 'credentials_unreadable'
    ? 'Put back the file or the key that belongs here, or move the file aside, and run mira auth logout again.'
    : 'Mend that and run mira auth logout again.';
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}
