/**
 * Which credential a request carries, and why (decisions.md 14): `--profile` on the command line, then
 * MIRA_TOKEN, MIRA_API_KEY, then what is stored. Choosing reads the index only; the keychain is asked when
 * the secret itself is needed, and never for a credential of the environment.
 */
import { PLATFORM_ORIGIN } from '../addresses.ts';
import type { Bearer, BearerSource } from '../api/bearer.ts';
import { apiBase, parseServiceUrl, sameOrigin } from '../api/url.ts';
import { abortError, MiraError } from '../errors.ts';
import type { Settings } from '../settings.ts';
import type { SessionEntry } from '../store/session-entry.ts';
import type { SessionIndex } from '../store/session-index.ts';
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
    };

export interface CredentialSource {
  readonly source: '--profile' | 'MIRA_TOKEN' | 'MIRA_API_KEY' | 'stored';
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
}

export interface Credentials {
  /** The one that wins, or undefined when there is none. */
  find(): Promise<Credential | undefined>;
  /** @throws MiraError `not_signed_in` */
  require(): Promise<Credential>;
  explain(): Promise<readonly CredentialSource[]>;
  /**
   * Base URL of the API that the credential may be sent to, ending in /v1 or a path of its own.
   * @throws MiraError `other_origin` (11) when a stored credential would go somewhere else than where it came from
   */
  apiUrl(credential: Credential, option?: string): URL;
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
  return {
    find,
    require: async () => {
      const credential = await find();
      if (!credential) throw notSignedIn(deps.settings.profile);
      return credential;
    },
    explain: () => explain(deps),
    apiUrl: (credential, option) => apiUrlFor(deps.settings, { credential, option }),
    bearer: (credential, options) =>
      'entry' in credential
        ? storedBearer(deps, credential.entry)
        : environmentBearer(deps, { ...options, credential }),
  };
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
  { credential, option }: { readonly credential: Credential; readonly option: string | undefined },
): URL {
  const setting = settings.get('api_url', option);
  const wanted = apiBase(
    parseServiceUrl(settings.value('api_url', option), { name: setting.from, from: 'user' }),
  );
  if (!('entry' in credential)) return wanted;
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

async function requireSendable(
  credential: EnvironmentUse['credential'],
  { apiUrl, force }: { readonly apiUrl: URL; readonly force: boolean | undefined },
): Promise<string> {
  const { requirePlatformKey } = await import('./key-format.ts');
  const documentedHost = apiUrl.origin === PLATFORM_ORIGIN;
  return requirePlatformKey(credential.value, { source: credential.variable, documentedHost, force });
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
      detail: env['MIRA_API_KEY'] === undefined ? 'not set' : 'API key',
    },
    { source: 'stored', present: entry !== undefined, detail: stored },
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
