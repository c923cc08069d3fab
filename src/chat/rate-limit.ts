import { parseHttpDate } from '../api/retry.ts';
import type { ChatEvent } from './provider.ts';

type Headers = Readonly<Record<string, string>>;

/** What is left of the allowance, when the service says so: X-RateLimit-Remaining and -Reset in their dialects. */
export function findRateLimit(headers: Headers, now: number): ChatEvent | undefined {
  const text =
    headers['x-ratelimit-remaining'] ??
    headers['x-ratelimit-remaining-requests'] ??
    headers['anthropic-ratelimit-requests-remaining'] ??
    '';
  if (!/^\d{1,15}$/.test(text.trim())) return undefined;
  const reset =
    headers['x-ratelimit-reset'] ??
    headers['x-ratelimit-reset-requests'] ??
    headers['anthropic-ratelimit-requests-reset'] ??
    '';
  const resetAt = parseReset(reset.trim(), parseHttpDate(headers['date'] ?? '') ?? now, now);
  return { kind: 'rate_limit', remaining: Number(text), ...(resetAt === undefined ? {} : { resetAt }) };
}

const EPOCH_SECONDS = 1_000_000_000;
const EPOCH_MILLISECONDS = 1_000_000_000_000;

/** An epoch in seconds or milliseconds, seconds from now, a duration such as "6m0s", or a date. */
function parseReset(text: string, serverNow: number, now: number): number | undefined {
  if (/^\d{1,15}(\.\d+)?$/.test(text)) {
    const value = Number(text);
    if (value >= EPOCH_MILLISECONDS) return value;
    return value >= EPOCH_SECONDS ? value * 1000 : now + value * 1000;
  }
  const duration = /^(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?$/.exec(text);
  if (text !== '' && duration !== null) {
    const [, h = '0', m = '0', s = '0', ms = '0'] = duration;
    return now + Number(h) * 3_600_000 + Number(m) * 60_000 + Number(s) * 1000 + Number(ms);
  }
  const date = parseHttpDate(text) ?? parseRfc3339(text);
  return date === undefined ? undefined : date - serverNow + now;
}

function parseRfc3339(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
