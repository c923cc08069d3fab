/** Holds the next request of a kind at the platform, so that something else can happen at just that moment. */
import type { FaultPoint, Platform } from './platform/start-platform.ts';

export interface HeldRequest {
  /** The request is there, and its sender waits for the answer. */
  readonly arrived: Promise<void>;
  /** Has it processed and answered as ever. */
  release(): void;
}

export function holdRequest(platform: Platform, at: FaultPoint): HeldRequest {
  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  platform.faults.push({
    at,
    kind: 'hold',
    until: released.promise,
    when: () => {
      arrived.resolve();
      return true;
    },
  });
  return { arrived: arrived.promise, release: released.resolve };
}
