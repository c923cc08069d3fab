/** What arrived at the platform, in order, so that tests can assert what was sent and how often. */
import type { IncomingHttpHeaders } from 'node:http';
import type { FaultPoint } from './faults.ts';

export interface PlatformRequest {
  readonly server: 'issuer' | 'api';
  readonly point: FaultPoint | undefined;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body's fields when it is a form or a JSON object, otherwise empty. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The status that was answered; undefined while open and when the answer never left. */
  readonly status: number | undefined;
}

export type RequestFilter = (request: PlatformRequest) => boolean;

export interface RequestRecord {
  readonly requests: readonly PlatformRequest[];
  add(request: PlatformRequest): { answered(status: number): void };
  /** Resolves with the first request, past or to come, that fits and has been answered. */
  waitFor(filter: RequestFilter, timeoutMs?: number): Promise<PlatformRequest>;
}

export function createRequestRecord(): RequestRecord {
  const requests: PlatformRequest[] = [];
  const waiting = new Set<() => void>();
  const notify = () => {
    for (const check of waiting) check();
  };
  return {
    requests,
    add(request) {
      const entry = { ...request };
      requests.push(entry);
      notify();
      return {
        answered(status) {
          Object.assign(entry, { status });
          notify();
        },
      };
    },
    async waitFor(filter, timeoutMs = 10_000) {
      const { promise, resolve, reject } = Promise.withResolvers<PlatformRequest>();
      const check = () => {
        const found = requests.find((request) => request.status !== undefined && filter(request));
        if (found !== undefined) resolve(found);
      };
      const timer = setTimeout(
        () => reject(new Error(`No such request within ${timeoutMs} ms. Seen: ${summary(requests)}`)),
        timeoutMs,
      );
      waiting.add(check);
      check();
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        waiting.delete(check);
      }
    },
  };
}

function summary(requests: readonly PlatformRequest[]): string {
  return (
    requests.map(({ method, path, status }) => `${method} ${path} ${status ?? '-'}`).join(', ') || 'none'
  );
}
