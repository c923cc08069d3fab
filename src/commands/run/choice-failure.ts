/** What stands in the way of a choice, as the sentence it is told in: the first of conflict, missing, refused, expired. */
import { MiraError } from '../../errors.ts';
import { shellQuote } from '../../store/shell-quote.ts';
import type { Choice, Variable } from '../../vault/choose-variables.ts';
import { findSimilarLabel } from '../../vault/label.ts';
import { requireVariableName } from '../../vault/variable-names.ts';

export interface Judged {
  readonly choice: Choice;
  /** All labels there are. */
  readonly labels: readonly string[];
  readonly platform: NodeJS.Platform;
}

export function choiceFailure({ choice, labels, platform }: Judged): MiraError | undefined {
  const { variables } = choice;
  const of = (status: Variable['status']): readonly Variable[] =>
    variables.filter((variable) => variable.status === status);
  const [conflict] = of('conflict');
  if (conflict !== undefined) return conflicting(of('conflict').filter(({ env }) => env === conflict.env));
  const missing = of('missing');
  if (missing.length > 0) return notThere(missing, labels);
  const [refused] = of('refused');
  if (refused?.env !== undefined) return refusal(refused.env, platform);
  const expired = of('expired');
  return expired.length > 0 ? outOfDate(expired) : undefined;
}

function conflicting(rivals: readonly Variable[]): MiraError {
  const [first, second] = rivals;
  const names = rivals.map(({ label = '' }) => label);
  const inOne = `--as ${first?.env ?? ''}=${first?.label ?? ''}`;
  return new MiraError('invalid_usage', `${first?.env} would be set from ${listOf(names, 'and')} at once.`, {
    hint: `Say which: ${shellWords(inOne)}; or give one another name: ${shellWords(`--as OTHER_NAME=${second?.label ?? ''}`)}`,
  });
}

function notThere(missing: readonly Variable[], labels: readonly string[]): MiraError {
  const names = [...new Set(missing.map(({ label = '' }) => label))];
  const [only] = names;
  const similar = names.length === 1 && only !== undefined ? findSimilarLabel(only, labels) : undefined;
  const message =
    names.length === 1 ? `There is no token ${only}.` : `There are no tokens ${listOf(names, 'or')}.`;
  return new MiraError('not_found', message, {
    hint: similar === undefined ? 'See what there is: mira tokens list' : `Did you mean ${similar}?`,
  });
}

function refusal(env: string, platform: NodeJS.Platform): MiraError | undefined {
  try {
    requireVariableName(env, { platform });
    return undefined;
  } catch (error) {
    if (error instanceof MiraError) return error;
    throw error;
  }
}

function outOfDate(expired: readonly Variable[]): MiraError {
  const [first] = expired;
  const day = new Date(first?.expiresAt ?? 0).toISOString().slice(0, 10);
  const names = [...new Set(expired.map(({ label = '' }) => label))];
  const message =
    names.length === 1
      ? `The token ${names[0]} expired on ${day}.`
      : `The tokens ${listOf(names, 'and')} have expired.`;
  return new MiraError('token_expired', message, {
    hint: `Exchange it (mira tokens rotate ${shellQuote(names[0] ?? '')}), choose others (--only), or add --allow-expired.`,
  });
}

const MOST_NAMED = 5;

function listOf(names: readonly string[], word: 'and' | 'or'): string {
  const named = names.slice(0, MOST_NAMED);
  const more = names.length - named.length;
  const all = more > 0 ? [...named, `${more} more`] : named;
  return all.length === 1 ? (all[0] ?? '') : `${all.slice(0, -1).join(', ')} ${word} ${all.at(-1)}`;
}

function shellWords(option: string): string {
  const [flag = '', ...rest] = option.split(' ');
  return `${flag} ${shellQuote(rest.join(' '))}`;
}
