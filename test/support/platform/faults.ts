/** Failures a test orders in advance: each is taken by the next request that fits, once unless `times` says otherwise. */
import type { PlatformRequest } from './request-record.ts';

export type FaultPoint =
  | 'discovery'
  | 'jwks'
  | 'device'
  | 'token'
  | 'userinfo'
  | 'revocation'
  | 'metadata'
  | 'chat'
  | 'models'
  | 'account'
  | 'keys';

export type FaultKind =
  /** RFC 8628, section 3.5: 400 and `slow_down`. */
  | { readonly kind: 'slow_down' }
  | {
      readonly kind: 'status';
      readonly status: number;
      /** An object is sent as JSON, a string as it is. */
      readonly body?: string | object;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection ends before anything is processed. */
  | { readonly kind: 'drop' }
  /** Nothing is ever answered. */
  | { readonly kind: 'hang' }
  /** The request waits and is processed once this has come to pass. */
  | { readonly kind: 'hold'; readonly until: Promise<unknown> }
  /** The request is processed, then the answer is lost. */
  | { readonly kind: 'dropAfter' }
  | { readonly kind: 'raw'; readonly body: string; readonly contentType?: string }
  /** Changes the JSON that would have been answered; status and headers stay. */
  | { readonly kind: 'tamper'; readonly change: (json: Record<string, unknown>) => unknown }
  | { readonly kind: 'slowStream'; readonly delayMs: number }
  /** The stream ends early, in good order, without a finish reason. */
  | { readonly kind: 'cutStream'; readonly afterChunks: number }
  /** The connection is reset in the middle of the stream. */
  | { readonly kind: 'resetStream'; readonly afterChunks: number }
  /** The stream falls silent and stays open. */
  | { readonly kind: 'stallStream'; readonly afterChunks: number }
  | { readonly kind: 'emptyStream' };

export type Fault = FaultKind & {
  readonly at: FaultPoint;
  readonly times?: number;
  /** Only for requests that fit; others pass and leave the fault in the queue. */
  readonly when?: (request: PlatformRequest) => boolean;
};

export interface FaultQueue {
  push(...faults: readonly Fault[]): void;
  /** The first fault that fits, used up by one. */
  take(point: FaultPoint, request: PlatformRequest): Fault | undefined;
  /** How many are still to come; a test that queued faults may assert none is left. */
  readonly pending: number;
  clear(): void;
}

export function createFaultQueue(): FaultQueue {
  let queue: { readonly fault: Fault; readonly left: number }[] = [];
  return {
    push(...faults) {
      for (const fault of faults) queue.push({ fault, left: fault.times ?? 1 });
    },
    take(point, request) {
      const found = queue.find(({ fault }) => fault.at === point && (fault.when?.(request) ?? true));
      if (found === undefined) return undefined;
      queue = queue.flatMap((entry) => {
        if (entry !== found) return [entry];
        return entry.left > 1 ? [{ fault: entry.fault, left: entry.left - 1 }] : [];
      });
      return found.fault;
    },
    get pending() {
      return queue.reduce((sum, { left }) => sum + left, 0);
    },
    clear() {
      queue = [];
    },
  };
}
