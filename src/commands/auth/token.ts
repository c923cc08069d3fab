import { refreshWindowMs } from '../../auth/session.ts';
import type { SessionSecret } from '../../auth/session.ts';
import { MiraError } from '../../errors.ts';
import { valueCommand } from '../define.ts';
import { moment, secondsUntil } from '../moments.ts';

const options = {
  minTtl: {
    kind: 'number',
    flags: '--min-ttl <seconds>',
    summary: 'how long the token has to last at least; renewed if it does not',
    least: 0,
    most: 30 * 24 * 3600,
  },
} as const;

interface Token {
  readonly token: string;
  readonly expiresAt?: number | undefined;
  readonly source: string;
  readonly now: number;
}

export const token = valueCommand<typeof options, Token>({
  summary: 'Print an access token that is valid, renewing it if needed',
  options,
  examples: [
    { command: 'T=$(mira auth token)', shows: 'in a shell' },
    { command: 'mira auth token --min-ttl 300', shows: 'valid for another five minutes at least' },
  ],
  run: async (context, { options: { minTtl } }) => {
    const credentials = await context.credentials();
    const credential = await credentials.require();
    if (!('entry' in credential)) {
      const { value } = await credentials
        .bearer(credential, { apiUrl: credentials.apiUrl(credential) })
        .get();
      return { token: value, source: credential.source, now: context.now() };
    }
    const { entry } = credential;
    requireAttainable({ minTtl, lifetimeS: entry.lifetimeS });
    const sessions = await context.sessions();
    const { secret } = await sessions.get(entry.profile, {
      needMs: minTtl === undefined ? refreshWindowMs(entry) : minTtl * 1000,
    });
    requireAttained(secret, minTtl);
    return {
      token: secret.accessToken,
      expiresAt: secret.expiresAt,
      source: entry.storage,
      now: context.now(),
    };
  },
  human: ({ token: value }) => value,
  json: ({ token: value, expiresAt, source, now }) => ({
    schema: 'mira.auth.token/1',
    token: value,
    token_type: 'Bearer',
    ...(expiresAt === undefined
      ? {}
      : { expires_at: moment(expiresAt), expires_in: secondsUntil(expiresAt, now) }),
    source,
  }),
});

function requireAttainable({
  minTtl,
  lifetimeS,
}: {
  readonly minTtl: number | undefined;
  readonly lifetimeS: number | undefined;
}): void {
  if (minTtl === undefined || lifetimeS === undefined || minTtl <= lifetimeS) return;
  throw unattainable(`Tokens of this server last ${lifetimeS} s, less than the ${minTtl} s asked for.`);
}

/** A server may change its mind between two tokens. Counted from when the token came, not from when it is printed. */
function requireAttained(
  { obtainedAt, expiresAt }: Pick<SessionSecret, 'obtainedAt' | 'expiresAt'>,
  minTtl: number | undefined,
): void {
  if (minTtl === undefined || expiresAt === undefined || expiresAt - obtainedAt >= minTtl * 1000) return;
  const lifetimeS = secondsUntil(expiresAt, obtainedAt);
  throw unattainable(`The server gave a token for ${lifetimeS} s, less than the ${minTtl} s asked for.`);
}

function unattainable(message: string): MiraError {
  return new MiraError('ttl_unattainable', message, { hint: 'Ask for less with --min-ttl.' });
}
