import type { Context } from '../../context.ts';
import type { Style } from '../../ui/style.ts';
import type { Token } from '../../vault/vault.ts';
import { valueCommand } from '../define.ts';
import type { TokenCheck, TokenOutcome } from './check-token.ts';

interface Row extends Omit<TokenCheck, 'outcome'> {
  readonly label: string;
  readonly outcome: TokenOutcome | 'expired';
}

interface Tested {
  readonly rows: readonly Row[];
}

export const test = valueCommand<Record<never, never>, Tested>({
  summary: 'Ask the services whether the tokens work',
  description:
    'Send each token to its own service, in the cheapest request there is, and tell what came of it. ' +
    'A token whose service mira does not know is not sent, and is no failure. ' +
    'The exit status is that of the worst: revoked or expired 4, a right that is missing 5, a value that is malformed 2, or of another vendor or address than this service 11, ' +
    'an address that is not configured 2, nothing left of the quota 7, a service that fails 9, cannot be reached 6, or wants to be asked more slowly 7.',
  arguments: [{ syntax: '[label...]', summary: 'the tokens to test; all of them unless some are named' }],
  options: {},
  examples: [
    { command: 'mira tokens test', shows: 'all of them' },
    { command: 'mira tokens test work', shows: 'one' },
    {
      command: 'mira tokens test --json | jq -r ".results[].outcome"',
      shows: 'what came of each, for a script',
    },
  ],
  run: async (context, { args }) => ({ rows: await testTokens(context, args) }),
  human: ({ rows }, style) =>
    rows.length === 0 ? 'There are no tokens to test: mira tokens add' : lines(rows, style).join('\n'),
  json: ({ rows }) => ({
    schema: 'mira.tokens.test/1',
    results: rows.map(({ label, service, outcome, detail, latencyMs }) => ({
      label,
      service: service ?? null,
      outcome,
      ...(detail === undefined ? {} : { detail }),
      ...(latencyMs === undefined ? {} : { latency_ms: latencyMs }),
    })),
  }),
  exitCode: ({ rows }) => exitCodeOf(rows),
});

/** So many at once that a slow service does not hold up the others, and none of them takes it for an attack. */
const AT_ONCE = 4;

/** @throws MiraError `not_found` naming the first label that there is not, and what opening the vault throws */
async function testTokens(context: Context, labels: readonly string[]): Promise<readonly Row[]> {
  const vault = await context.vault();
  const all = await vault.list();
  const wanted = labels.length === 0 ? all.map(({ label }) => label) : [...new Set(labels)];
  if (wanted.length === 0) return [];
  const values = await vault.values(wanted);
  const { checkToken } = await import('./check-token.ts');
  const testOne = async (label: string): Promise<Row> => {
    const token = all.find((one) => one.label === label);
    const { env = '', kind = 'other' } = token ?? {};
    const check = await checkToken(context, { env, kind, value: values.get(label) ?? '' });
    // The new value of a rotation has answered, so the way back is needed no more.
    if (check.outcome === 'valid' && token?.rotatedAt !== undefined)
      await context.withoutInterruption(() => vault.settle(label));
    return { label, ...withExpiry(check, { token, now: context.now() }) };
  };
  const rows: Row[] = [];
  const waiting = wanted.entries();
  const work = async (): Promise<void> => {
    for (const [index, label] of waiting) rows[index] = await testOne(label);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, wanted.length) }, work));
  return rows;
}

/** The date is a person's own: that the service still takes the token is worth knowing. */
function withExpiry(
  check: TokenCheck,
  { token, now }: { readonly token: Token | undefined; readonly now: number },
): Omit<Row, 'label'> {
  const { expiresAt } = token ?? {};
  if (expiresAt === undefined || expiresAt > now) return check;
  const day = new Date(expiresAt).toISOString().slice(0, 10);
  const said = check.outcome === 'valid' ? 'the service still takes it' : (check.detail ?? check.outcome);
  return { ...check, outcome: 'expired', detail: `since ${day}; ${said}` };
}

/** From the worst to the best: what has to be mended first decides the exit status. */
const SEVERITY: readonly (readonly [Row['outcome'], number])[] = [
  ['revoked', 4],
  ['expired', 4],
  ['wrong_scope', 5],
  ['malformed', 2],
  ['misplaced', 11],
  ['not_configured', 2],
  ['no_quota', 7],
  ['failed', 9],
  ['unreachable', 6],
  ['rate_limited', 7],
];

function exitCodeOf(rows: readonly Row[]): number {
  const worst = SEVERITY.find(([outcome]) => rows.some((row) => row.outcome === outcome));
  return worst?.[1] ?? 0;
}

const WORDS: Readonly<Record<Row['outcome'], string>> = {
  valid: 'valid',
  unverified: 'not verified',
  unknown_service: 'not tested',
  revoked: 'revoked',
  expired: 'expired',
  wrong_scope: 'wrong scope',
  malformed: 'malformed',
  misplaced: 'not sent',
  not_configured: 'not configured',
  no_quota: 'no quota',
  rate_limited: 'rate limited',
  unreachable: 'unreachable',
  failed: 'failed',
};

function lines(rows: readonly Row[], style: Style): readonly string[] {
  const width = Math.max(...rows.map(({ label }) => label.length));
  const serviceWidth = Math.max(...rows.map(({ service = '-' }) => service.length));
  return rows.map(({ label, service = '-', outcome, detail, latencyMs }) => {
    const said = outcome === 'valid' ? WORDS.valid : style.strong(WORDS[outcome]);
    const more = detail ?? (latencyMs === undefined ? undefined : `${latencyMs} ms`);
    const start = `${label.padEnd(width)}  ${service.padEnd(serviceWidth)}  ${said}`;
    return more === undefined
      ? start
      : `${start}${outcome === 'valid' ? style.dim(` (${more})`) : `: ${more}`}`;
  });
}
