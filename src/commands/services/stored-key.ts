/** The vault's token of a variable's name, for whoever finds the variable itself not set. */
import type { StoredKey } from '../../auth/service-key.ts';
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { shellQuote } from '../../store/shell-quote.ts';
import type { Token } from '../../vault/vault.ts';

type World = Pick<Context, 'vault' | 'now'>;

/**
 * Reads what is readable without a key; the vault is opened when the key is.
 * @throws MiraError `invalid_input` where several could be meant, `credential_missing` for one that has expired
 */
export async function findStoredKey(context: World, wanted: Wanted): Promise<StoredKey | undefined> {
  const { token, others } = await findToken(context, wanted);
  if (token === undefined) return undefined;
  const { label, env, expiresAt } = token;
  if (others.length > 0) throw severalTokens(env, [token, ...others]);
  const mend = `mira tokens rotate ${shellQuote(label)}`;
  if (expiresAt !== undefined && expiresAt <= context.now()) {
    throw new MiraError(
      'credential_missing',
      `The token ${label} for ${env} expired on ${dayOf(expiresAt)}.`,
      {
        hint: `Give it a new value: ${mend}`,
        next: [{ command: mend, why: 'exchange its value' }],
      },
    );
  }
  return {
    label,
    source: `the token ${label} (vault)`,
    mend,
    async read() {
      const vault = await context.vault();
      const value = (await vault.values([label])).get(label) ?? '';
      await vault.markUsed([label]);
      return value;
    },
  };
}

export interface Wanted {
  readonly variable: string;
  /** Those whose format is not for this service do not count. */
  readonly counts?: ((token: Token) => boolean) | undefined;
}

export interface Found {
  readonly token: Token | undefined;
  /** The same variable has these too. */
  readonly others: readonly Token[];
}

/** One that has not expired comes before those that have. */
export async function findToken(context: World, { variable, counts = () => true }: Wanted): Promise<Found> {
  const tokens = await (await context.vault()).list();
  const own = tokens.filter((token) => token.env === variable && counts(token));
  const good = own.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > context.now());
  const [token, ...others] = good.length > 0 ? good : own.slice(0, 1);
  return { token, others };
}

/** A key of meetings does not count for the platform, whose variable its documents use. */
export const PLATFORM_KEY: Wanted = { variable: 'MIRA_API_KEY', counts: ({ kind }) => kind !== 'meetings' };

/** Nor the other way round. */
export const MEETINGS_KEY_OF_PLATFORM: Wanted = {
  variable: 'MIRA_API_KEY',
  counts: ({ kind }) => kind === 'meetings',
};

function severalTokens(variable: string, tokens: readonly Token[]): MiraError {
  const labels = tokens.map(({ label }) => label);
  const [first = ''] = labels.map(shellQuote);
  return new MiraError(
    'invalid_input',
    `The vault has ${labels.length} tokens for ${variable}: ${labels.join(', ')}.`,
    {
      hint: `Choose one for this run: mira run --only ${first} -- mira chat …; or remove one: mira tokens remove ${first}`,
    },
  );
}

export function dayOf(moment: number): string {
  return new Date(moment).toISOString().slice(0, 10);
}
