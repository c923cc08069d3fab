/** A clock that stands still until it is told otherwise. */
export interface FixedClock {
  readonly now: () => number;
  readonly elapsed: () => number;
  /** Moves both clocks on. */
  advance(ms: number): void;
  /** Sets the wall clock alone, as when somebody corrects it. */
  set(now: number): void;
}

export function createFixedClock(start = Date.UTC(2026, 0, 1)): FixedClock {
  let wall = start;
  let monotonic = 0;
  return {
    now: () => wall,
    elapsed: () => monotonic,
    advance(ms) {
      wall += ms;
      monotonic += ms;
    },
    set(now) {
      wall = now;
    },
  };
}
