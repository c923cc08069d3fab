import { DEFAULT_RETRIES } from '../../api/retry.ts';
import type { Patience } from '../../chat/ask.ts';
import type { Context } from '../../context.ts';

export function patienceOf(
  { sleep, now, random, log }: Context,
  { retries }: { readonly retries: number | undefined },
): Patience {
  return { retries: retries ?? DEFAULT_RETRIES, sleep, now, random, log };
}
