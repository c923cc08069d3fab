/**
 * Which credential a request carries, and why (decisions.md 14): `--profile` on the command line, then
 * MIRA_TOKEN, MIRA_API_KEY, then the session, then the vault's token for MIRA_API_KEY. Choosing reads the index only, and
 * without a session what of the vault is readable without a key; the keychain is asked when the secret itself is
 * needed, and never for a credential of the environment.
 */
import { PLATFORM_ORIGIN } from '../addresses.ts';
import type { Bearer, BearerSource } from '../api/bearer.ts';
import { apiBase, parseServiceUrl, sameOrigin } from '../api/url.ts';
import { abortError, MiraError } from '../errors.ts';
import type { Settings } from '../settings.ts';
import type { SessionEntry } from '../store/session-entry.ts';
import type { SessionIndex } from '../store/session-index.ts';
import type { StoredKey } from './service-key.ts';
import { isTokenText } from './server-text.ts';
import { notSignedIn, signInAgain } from './sign-in-command.ts';
import type { Sessions } from './sessions.ts';

export type Credential =
  | {
      readonly kind: 'token' | 'api_key';
      readonly source: 'env';
      readonly variable: 'MIRA_TOKEN' | 'MIRA_API_KEY';
      readonly value: string;
    }
  | {
      readonly kind: 'session' | 'api_key';
      readonly source: 'keychain' | 'file' | 'memory';
      readonly entry: SessionEntry;
    }
  | {
      readonly kind: 'api_key';
      readonly source: 'vault';
      readonly stored: StoredKey;
    };

export interface CredentialSource {
  readonly source: '--profile' | 'MIRA_TOKEN' | 'MIRA_API_KEY' | 'stored' | 'vault';
  readonly present: boolean;
  readonly chosen: boolean;
  readonly detail: string;
}

export interface CredentialDeps {
  readonly settings: Settings;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly index: SessionIndex;
  readonly sessions: () => Promise<Sessions>;
  readonly keepOut: (secret: string) => void;
  readonly vault: VaultLook;
}

/** What of the vault concerns the platform. */
export interface VaultLook {
  /** @throws MiraError for several of them, one that has expired, a file that cannot be read */
  find(): Promise<StoredKey | undefined>;
  /** For a person: which token it is, or why there is none. */
  describe(): Promise<{ readonly present: boolean; readonly detail: string }>;
}

export interface Credentials {
  /** The one that wins, or undefined when there is none. A vault that is of no help counts as none. */
  find(): Promise<Credential | undefined>;
  /** @throws MiraError `not_signed_in` */
  require(): Promise<Credential>;
  explain(): Promise<readonly CredentialSource[]>;
  /**
   * Base URL of the API that the credential, if there is one, may be sent to, ending in /v1 or a path of its own.
   * @throws MiraError `other_origin` (11) when a stored credential would go somewhere else than where it came from
   */
  apiUrl(credential: Credential | undefined, option?: string): URL;
  bearer(
    credential: Credential,
    options: { readonly apiUrl: URL; readonly force?: boolean | undefined },
  ): BearerSource;
}

export function createCredentials(deps: CredentialDeps): Credentials {
  const find = async (): Promise<Credential | undefined> => {
    const { settings } = deps;
    if (!settings.profileGiven) {
      const fromEnv = findInEnvironment(deps);
      if (fromEnv) return fromEnv;
    }
    const entry = await deps.index.find(settings.profile);
    return entry && { kind: entry.credential, source: entry.storage, entry };
  };
  const fromVault = async (): Promise<Credential | undefined> => {
    // Whoever names a profile wants that one and no other.
    const stored = deps.settings.profileGiven ? undefined : await deps.vault.find();
    return stored && { kind: 'api_key', source: 'vault', stored };
  };
  return {
    find: async () => (await find()) ?? ifReadable(fromVault()),
    require: async () => {
      const credential = (await find()) ?? (await fromVault());
      if (!credential) throw notSignedIn(deps.settings.profile);
      return credential;
    },
    explain: () => explain(deps),
    apiUrl: (credential, option) => apiUrlFor(deps.settings, { credential, option }),
    bearer: (credential, options) => {
      switch (credential.source) {
        case 'env':
          return environmentBearer(deps, { ...options, credential });
        case 'vault':
          return vaultBearer(deps, { ...options, stored: credential.stored });
        default:
          return storedBearer(deps, credential.entry);
      }
    },
  };
}

async function ifReadable<T>(wanted: Promise<T>): Promise<T | undefined> {
  try {
    return await wanted;
  } catch (error) {
    if (error instanceof MiraError) return undefined;
    throw error;
  }
}

function findInEnvironment({ env }: CredentialDeps): Credential | undefined {
  const token = env['MIRA_TOKEN'];
  if (token !== undefined) return { kind: 'token', source: 'env', variable: 'MIRA_TOKEN', value: token };
  const key = env['MIRA_API_KEY'];
  if (key !== undefined) return { kind: 'api_key', source: 'env', variable: 'MIRA_API_KEY', value: key };
  return undefined;
}

function apiUrlFor(
  settings: Settings,
  {
    credential,
    option,
  }: { readonly credential: Credential | undefined; readonly option: string | undefined },
): URL {
  const setting = settings.get('api_url', option);
  const wanted = apiBase(
    parseServiceUrl(settings.value('api_url', option), { name: setting.from, from: 'user' }),
  );
  if (credential === undefined || !('entry' in credential)) return wanted;
  const own = apiBase(new URL(credential.entry.apiUrl));
  if (setting.origin === 'default') return own;
  if (sameOrigin(wanted, own)) return wanted;
  const { profile } = credential.entry;
  throw new MiraError(
    'other_origin',
    `The credential of profile ${profile} was obtained for ${own.host}; it was not sent to ${wanted.host} (${setting.from}).`,
    {
      hint: `Sign in for that address under a profile of its own: mira auth login --profile NAME --api-url ${wanted.href}`,
    },
  );
}

function storedBearer(deps: CredentialDeps, entry: SessionEntry): BearerSource {
  const mend = signInAgain(entry);
  const what = entry.credential === 'api_key' ? 'key' : 'session';
  return {
    get: async ({ rejected, signal } = {}): Promise<Bearer> => {
      if (signal?.aborted) throw abortError(signal);
      const sessions = await deps.sessions();
      const { secret } = await sessions.get(entry.profile, { rejected });
      return {
        value: secret.accessToken,
        source: `the ${what} of profile ${entry.profile} (${entry.storage})`,
        mend,
        refreshable: entry.refreshable,
      };
    },
  };
}

interface EnvironmentUse {
  readonly credential: Credential & { readonly source: 'env' };
  readonly apiUrl: URL;
  readonly force?: boolean | undefined;
}

function environmentBearer(
  deps: CredentialDeps,
  { credential, apiUrl, force }: EnvironmentUse,
): BearerSource {
  return {
    get: async () => {
      deps.keepOut(credential.value);
      const value =
        credential.kind === 'api_key'
          ? await requireSendable(credential, { apiUrl, force })
          : requireTokenText(credential.value);
      return {
        value,
        source: credential.variable,
        mend: `unset ${credential.variable} && mira auth login`,
        refreshable: false,
      };
    },
  };
}

interface VaultUse {
  readonly stored: StoredKey;
  readonly apiUrl: URL;
  readonly force?: boolean | undefined;
}

/** Read once, when it is wanted. */
function vaultBearer(
  { settings, keepOut }: CredentialDeps,
  { stored: { source, mend, read }, apiUrl, force }: VaultUse,
): BearerSource {
  let bearer: Bearer | undefined;
  return {
    get: async () => {
      if (bearer !== undefined) return bearer;
      const value = await read();
      keepOut(value);
      await requireSendable({ variable: source, value }, { apiUrl, force });
      const { origin, from } = settings.get('api_url');
      const { requireAtHome } = await import('./service-key.ts');
      requireAtHome(value, {
        source,
        url: apiUrl,
        addressFrom: origin === 'environment' ? from : undefined,
        force,
      });
      return (bearer = { value, source, mend, refreshable: false });
    },
  };
}

async function requireSendable(
  { variable: source, value }: { readonly variable: string; readonly value: string },
  { apiUrl, force }: { readonly apiUrl: URL; readonly force: boolean | undefined },
): Promise<string> {
  const { requirePlatformKey } = await import('./key-format.ts');
  const documentedHost = apiUrl.origin === PLATFORM_ORIGIN;
  return requirePlatformKey(value, { source, documentedHost, force });
}

function requireTokenText(token: string): string {
  if (isTokenText(token)) return token;
  throw new MiraError(
    'malformed_key',
    'The token from MIRA_TOKEN has spaces or characters in it that no token has.',
    {
      hint: 'Set it again, by itself: export MIRA_TOKEN="$(mira auth token)"',
    },
  );
}

async function explain(deps: CredentialDeps): Promise<readonly CredentialSource[]> {
  const { settings, env } = deps;
  const { profile } = settings;
  const entry = await deps.index.find(profile);
  const stored = entry
    ? `${entry.credential === 'api_key' ? 'key' : 'session'} of profile ${profile}, kept in: ${entry.storage}${entry.ended ? '; it has ended' : ''}`
    : `profile ${profile} is not signed in`;
  const rows: readonly Omit<CredentialSource, 'chosen'>[] = [
    {
      source: '--profile',
      present: settings.profileGiven,
      detail: settings.profileGiven ? stored : 'not given',
    },
    {
      source: 'MIRA_TOKEN',
      present: env['MIRA_TOKEN'] !== undefined,
      detail: env['MIRA_TOKEN'] === undefined ? 'not set' : 'access token, used as it is',
    },
    {
      source: 'MIRA_API_KEY',
      present: env['MIRA_API_KEY'] !== undefined,
      detail: keyInWords(env['MIRA_API_KEY']),
    },
    { source: 'stored', present: entry !== undefined, detail: stored },
    { source: 'vault', ...(await lookIntoVault(deps)) },
  ];
  const winner = rows.find((row) => row.present)?.source;
  return rows.map((row) => ({
    ...row,
    chosen: row.source === winner,
    detail:
      row.present && row.source !== winner && winner !== undefined
        ? `${row.detail}; ${winner} comes first`
        : row.detail,
  }));
}

/** The documents of Mira meetings use the platform's variable. */
function keyInWords(key: string | undefined): string {
  if (key === undefined) return 'not set';
  return key.startsWith('mira_live_')
    ? 'API key of Mira meetings, not sent to the platform; it belongs in MIRA_MEETINGS_API_KEY'
    : 'API key';
}

async function lookIntoVault({
  settings,
  vault,
}: CredentialDeps): Promise<{ readonly present: boolean; readonly detail: string }> {
  if (!settings.profileGiven) return vault.describe();
  return { present: false, detail: 'not looked at for a profile that was named' };
}
