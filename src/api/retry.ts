/**
 * When a request is worth sending again, and how long to wait before it: numbers in, numbers out.
 * The clock, the waiting and the dice belong to the caller.
 */
import { foreignCode } from '../errors.ts';
import type { MiraError } from '../errors.ts';

export const DEFAULT_RETRIES = 4;
/** What a server may ask for and still be waited for; beyond it the person decides. */
export const LONGEST_WAIT_MS = 60_000;

const BASE_MS = 1_000;
const CAP_MS = 30_000;

/**
 * Milliseconds before retry number `attempt` (the first is 1): doubling from 1 s up to 30 s, less up to a
 * quarter at random so that many clients do not return together. A wait the server named is never shortened.
 */
export function retryDelay(wait: {
  readonly attempt: number;
  readonly retryAfterMs?: number | undefined;
  readonly random: () => number;
}): number {
  const backoff = Math.min(BASE_MS * 2 ** (wait.attempt - 1), CAP_MS);
  const jittered = Math.round(backoff * (1 - wait.random() * 0.25));
  return Math.max(jittered, wait.retryAfterMs ?? 0);
}

/** Statuses that may turn out differently the next time. */
export function isRetryableStatus(status: number): boolean {
  return RETRYABLE_STATUSES.has(status);
}

const RETRYABLE_STATUSES = new Set([408, 409, 425, 429, 500, 502, 503, 504, 529]);

/**
 * Whether the same request may succeed if it is sent again, judged by the failure alone.
 * `shouldRetry` is the server's own word (x-should-retry), which decides where it is given.
 */
export function isRetryable(
  error: MiraError,
  facts: { readonly loopback: boolean; readonly shouldRetry?: boolean | undefined },
): boolean {
  switch (error.code) {
    case 'connection_reset':
    case 'network_failed':
    case 'timeout':
      return true;
    case 'connection_refused':
      // Nothing listens on this machine: it will not start by itself within seconds.
      return !facts.loopback;
    case 'dns_failed':
      return foreignCode(error.cause) === 'EAI_AGAIN';
    case 'rate_limited':
      return facts.shouldRetry ?? true;
    case 'server_error':
      return facts.shouldRetry ?? (error.status === undefined || isRetryableStatus(error.status));
    default:
      return false;
  }
}

type Headers = Readonly<Record<string, string>>;

export function shouldRetryHeader(headers: Headers): boolean | undefined {
  const word = headers['x-should-retry'];
  return word === 'true' ? true : word === 'false' ? false : undefined;
}

/**
 * Milliseconds the server asks to wait, from `retry-after-ms`, or `Retry-After` as seconds or as an HTTP date
 * (RFC 9110, section 10.2.3). A date is compared with the server's own `Date`, so that a wrong clock here does
 * not matter; `now` (milliseconds since the epoch) is for servers that send none. Undefined when nothing usable and
 * positive is said.
 */
export function parseRetryAfter(headers: Headers, now?: number): number | undefined {
  const ms = headers['retry-after-ms']?.trim() ?? '';
  if (/^\d{1,12}(\.\d+)?$/.test(ms) && Number(ms) > 0) return Math.ceil(Number(ms));

  const text = headers['retry-after']?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) > 0 ? Number(text) * 1000 : undefined;
  const until = parseHttpDate(text);
  if (until === undefined) return undefined;
  const wait = until - (parseHttpDate(headers['date'] ?? '') ?? now ?? Number.NaN);
  return wait > 0 ? wait : undefined;
}

/** The same in seconds, where no clock is at hand. */
export function retryAfterSeconds(headers: Headers): number | undefined {
  const ms = parseRetryAfter(headers);
  return ms === undefined ? undefined : ms / 1000;
}

const IMF_FIXDATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** Only the one form servers must send: `Date.parse` alone makes dates of "-1", "1.5" and "5, 10". */
export function parseHttpDate(text: string): number | undefined {
  if (!IMF_FIXDATE.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

/** A wait for a person: "7 s", "12 min", "2 h 05 min". */
export function formatWait(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
