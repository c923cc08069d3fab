import type { Credential } from '../../auth/credential.ts';
import type { Account } from '../../auth/login-event.ts';
import type { SessionEntry } from '../../store/session-entry.ts';
import { signInAgain, signInCommand } from '../../auth/sign-in-command.ts';
import { PROTECTION } from '../../store/protection.ts';
import { moment, secondsUntil } from '../moments.ts';
import { valueCommand } from '../define.ts';

const options = {
  offline: { kind: 'flag', flags: '--offline', summary: 'do not ask the server; read what is known here' },
} as const;

export interface Status {
  readonly profile: string;
  readonly signedIn: boolean;
  readonly account?: Account | undefined;
  readonly credential?: 'session' | 'api_key' | 'token' | undefined;
  readonly source?: 'env' | 'keychain' | 'file' | 'memory' | 'vault' | undefined;
  /** The label of the vault's token, when that is the credential. */
  readonly token?: string | undefined;
  /** MIRA_TOKEN or MIRA_API_KEY, when the credential comes from the environment. */
  readonly variable?: string | undefined;
  readonly apiUrl?: string | undefined;
  readonly entry?: SessionEntry | undefined;
  readonly checked: 'server' | 'local';
  /** Why it is not usable. */
  readonly reason?: string | undefined;
  readonly now: number;
}

export const status = valueCommand<typeof options, Status>({
  summary: 'Who is signed in, where the session is kept, until when',
  description:
    'Show which credential is used, whose it is and until when. The server is asked unless --offline is given; when it cannot be reached, what is known here is shown. Exit status 4 when there is nothing usable.',
  options,
  examples: [
    { command: 'mira auth status', shows: 'for a person' },
    { command: 'mira auth status --json --offline', shows: 'for a script, without asking the server' },
  ],
  run: async (context, { options: { offline } }) => {
    const settings = await context.settings();
    const now = context.now();
    const credentials = await context.credentials();
    const credential = await credentials.find();
    if (!credential) {
      return {
        profile: settings.profile,
        signedIn: false,
        apiUrl: settings.value('api_url'),
        checked: 'local',
        reason: 'not signed in',
        now,
      };
    }
    const local = localStatus(credential, { profile: settings.profile, now });
    const apiUrl = credentials.apiUrl(credential);
    const known = { ...local, apiUrl: apiUrl.href.replace(/\/$/, '') };
    // A token of the vault is not read for this: it would take the keychain.
    if (offline || !local.signedIn || credential.source === 'vault') return known;
    const { askServer } = await import('./ask-server.ts');
    return askServer(context, { credential, known, apiUrl });
  },
  human: (result, style) =>
    describe(result)
      .map(([name, value]) => `${style.dim(name.padEnd(10))} ${value}`)
      .join('\n'),
  json: (result) => toJson(result),
  exitCode: ({ signedIn }) => (signedIn ? 0 : 4),
});

function localStatus(
  credential: Credential,
  { profile, now }: { readonly profile: string; readonly now: number },
): Status {
  if (credential.source === 'vault') {
    const { kind, source, stored } = credential;
    return { profile, signedIn: true, credential: kind, source, token: stored.label, checked: 'local', now };
  }
  if (credential.source === 'env') {
    return {
      profile,
      signedIn: true,
      credential: credential.kind,
      source: 'env',
      variable: credential.variable,
      checked: 'local',
      now,
    };
  }
  const { entry } = credential;
  const expired = entry.expiresAt !== undefined && entry.expiresAt <= now && !entry.refreshable;
  const reason =
    entry.ended?.reason ?? (expired ? 'the session has expired and cannot be renewed' : undefined);
  return {
    profile: entry.profile,
    signedIn: reason === undefined,
    account: entry.account,
    credential: entry.credential,
    source: entry.storage,
    entry,
    checked: 'local',
    reason,
    now,
  };
}

function describe(status: Status): readonly (readonly [string, string])[] {
  const { entry, account } = status;
  const rows: [string, string][] = [['profile', status.profile]];
  rows.push(['signed in', status.signedIn ? 'yes' : `no: ${status.reason ?? 'not signed in'}`]);
  if (account)
    rows.push([
      'account',
      [account.name, account.email ?? account.id].filter((part) => part !== undefined).join(', '),
    ]);
  if (status.variable !== undefined)
    rows.push(['source', `${status.variable} in the environment; visible to child processes`]);
  if (status.token !== undefined)
    rows.push(['source', `the token ${status.token} of the vault; test it with: mira tokens test`]);
  if (entry) {
    const { storage, protection, issuer, expiresAt } = entry;
    rows.push(['kept in', `${storage}: ${PROTECTION[protection]}`]);
    if (issuer !== undefined) rows.push(['issuer', issuer]);
    if (expiresAt !== undefined)
      rows.push([
        'expires',
        `${moment(expiresAt)} (${secondsUntil(expiresAt, status.now)} s)${isRenewable(entry) ? ', renewed by itself' : ''}`,
      ]);
    if (entry.clockAheadS !== undefined) rows.push(['clock', clockSentence(entry.clockAheadS)]);
    if (entry.scopes.length > 0) rows.push(['scopes', entry.scopes.join(' ')]);
    if (entry.lastRefresh)
      rows.push(['renewed', `${moment(entry.lastRefresh.at)}: ${entry.lastRefresh.outcome}`]);
  }
  if (status.apiUrl !== undefined) rows.push(['api', status.apiUrl]);
  rows.push(['checked', status.checked === 'server' ? 'with the server' : 'on this machine only']);
  if (!status.signedIn) rows.push(['next', mending(status)]);
  return rows;
}

function mending({ profile, variable, entry }: Status): string {
  if (variable !== undefined) return `unset ${variable} && mira auth login`;
  return entry === undefined ? signInCommand(profile) : signInAgain(entry);
}

function clockSentence(aheadS: number): string {
  const direction = aheadS > 0 ? 'ahead of' : 'behind';
  return `this machine was ${Math.abs(aheadS)} s ${direction} the server when the session was made or renewed`;
}

function toJson(status: Status): { readonly schema: string } & Readonly<Record<string, unknown>> {
  const { entry, now } = status;
  return {
    schema: 'mira.auth.status/1',
    profile: status.profile,
    signed_in: status.signedIn,
    ...(status.account ? { account: status.account } : {}),
    ...(status.credential ? { credential: status.credential } : {}),
    ...(status.source ? { source: status.source } : {}),
    ...(status.token === undefined ? {} : { token: status.token }),
    ...storageJson(status),
    ...(status.apiUrl === undefined ? {} : { api_url: status.apiUrl }),
    ...(entry?.issuer === undefined ? {} : { issuer: entry.issuer }),
    ...(entry && entry.scopes.length > 0 ? { scopes: entry.scopes } : {}),
    ...(entry?.expiresAt === undefined
      ? {}
      : { expires_at: moment(entry.expiresAt), expires_in: secondsUntil(entry.expiresAt, now) }),
    refreshable: entry !== undefined && isRenewable(entry),
    ...(entry?.lastRefresh
      ? { last_refresh: { at: moment(entry.lastRefresh.at), outcome: entry.lastRefresh.outcome } }
      : {}),
    ...(entry?.clockAheadS === undefined ? {} : { clock_ahead_s: entry.clockAheadS }),
    checked: status.checked,
    ...(status.signedIn || status.reason === undefined ? {} : { reason: status.reason }),
  };
}

function storageJson({ entry, source }: Status): Readonly<Record<string, unknown>> {
  if (entry) return { storage: { kind: entry.storage, reason: PROTECTION[entry.protection] } };
  return source === 'env' ? { storage: { kind: 'env', reason: 'visible to child processes' } } : {};
}

/** What the server has ended is not renewed, though a refresh token is still there to be removed. */
function isRenewable({ refreshable, ended }: SessionEntry): boolean {
  return refreshable && ended === undefined;
}
