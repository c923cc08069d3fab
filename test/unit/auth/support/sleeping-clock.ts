import { createFixedClock } from '../../../support/fixed-clock.ts';
import type { FixedClock } from '../../../support/fixed-clock.ts';

export interface SleepingClock extends FixedClock {
  /** Every pause that was asked for, in milliseconds. */
  readonly pauses: readonly number[];
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** A clock whose pauses take no time: each one moves it on and is remembered. */
export function createSleepingClock(): SleepingClock {
  const clock = createFixedClock();
  const pauses: number[] = [];
  return {
    ...clock,
    pauses,
    sleep: async (ms, signal) => {
      if (signal?.aborted) return;
      pauses.push(ms);
      clock.advance(ms);
    },
  };
}
