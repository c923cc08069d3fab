/** The clock here against the clock of AWS, which believes a request for a few minutes only. */
import type { Aws } from '../../api/aws.ts';
import { skewWords } from '../../api/aws/aws-error.ts';
import type { Context } from '../../context.ts';

const WORTH_A_WORD_MS = 60_000;

/** mira signs by their clock, but other programs do not. */
export function warnOfSkew({ warn }: Pick<Context, 'warn'>, { skewMs }: Pick<Aws, 'skewMs'>): void {
  if (skewMs === undefined || Math.abs(skewMs) < WORTH_A_WORD_MS) return;
  warn(
    `The clock of this machine is ${skewWords(skewMs)}; mira signs by theirs, other programs may be refused.`,
  );
}

/** Whole seconds, positive where the clock here is ahead; undefined where AWS does not tell its time. */
export function skewSeconds({ skewMs }: Pick<Aws, 'skewMs'>): number | undefined {
  return skewMs === undefined ? undefined : Math.round(skewMs / 1000);
}
