import { MiraError } from '../../errors.ts';
import type { Token } from '../../vault/vault.ts';
import { valueCommand } from '../define.ts';
import { parseSpan } from './expiry.ts';
import { tokenWriter } from './token-json.ts';
import { tokenTable } from './token-table.ts';

const options = {
  expiring: {
    kind: 'text',
    flags: '--expiring <span>',
    summary: 'only what has expired or will within 30d, 12h, 8w, 1y',
  },
} as const;

interface Listing {
  readonly tokens: readonly Token[];
  readonly now: number;
  /** Columns of the terminal; undefined where nothing has to fit. */
  readonly width: number | undefined;
  /** What was asked for, if not all. */
  readonly expiring: string | undefined;
}

export const list = valueCommand<typeof options, Listing>({
  summary: 'The tokens that are kept, never their values',
  description:
    'List the tokens that are kept: label, variable, kind, when it was added and last used, when it expires. No value is read, so no keychain is unlocked and no passphrase asked for.',
  options,
  examples: [
    { command: 'mira tokens list', shows: 'all of them' },
    { command: 'mira tokens list --expiring 30d --json', shows: 'those to renew, for a script' },
  ],
  run: async (context, { options: { expiring } }) => {
    const before = expiring === undefined ? undefined : context.now() + requireSpan(expiring);
    const tokens = await (await context.vault()).list();
    const wanted =
      before === undefined
        ? tokens
        : tokens.filter(({ expiresAt }) => expiresAt !== undefined && expiresAt <= before);
    const width = context.io.stdout.isTerminal ? context.io.terminal().stdout.columns : undefined;
    return { tokens: wanted, now: context.now(), width, expiring };
  },
  human: ({ tokens, now, width, expiring }, style) => {
    if (tokens.length > 0) return tokenTable(tokens, { now, width, style });
    return expiring === undefined
      ? 'No token is kept yet. Keep one: mira tokens add --label openai --env OPENAI_API_KEY'
      : `No token expires within ${expiring}.`;
  },
  json: ({ tokens, now }) => ({
    schema: 'mira.tokens.list/1',
    tokens: tokens.map(tokenWriter(now)),
  }),
});

function requireSpan(typed: string): number {
  const span = parseSpan(typed);
  if (span !== undefined) return span;
  throw new MiraError('invalid_input', '--expiring takes a number of hours, days, weeks or years.', {
    hint: 'For example: mira tokens list --expiring 30d',
  });
}
