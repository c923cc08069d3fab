/** When a token expires, as a person types it: a day, a moment, or how long from now. */
import { MiraError } from '../../errors.ts';

const DAY_MS = 86_400_000;
const UNITS_MS: Readonly<Record<string, number>> = {
  h: DAY_MS / 24,
  d: DAY_MS,
  w: 7 * DAY_MS,
  y: 365 * DAY_MS,
};
const HINT = 'For example: --expires 2027-01-31, --expires 2027-01-31T12:00:00Z, or --expires 90d';

/**
 * Milliseconds since the epoch. A day stands for its beginning in UTC, so that nobody is warned too late.
 * @throws MiraError `invalid_input` for what is no date, or past
 */
export function parseExpiry(typed: string, now: number): number {
  const text = typed.trim();
  const at = parseDuration(text, now) ?? parseDate(text);
  if (at === undefined || at > LATEST)
    throw new MiraError('invalid_input', '--expires takes a date.', { hint: HINT });
  if (at > now) return at;
  throw new MiraError('invalid_input', 'The date of --expires is past.', { hint: HINT });
}

/** How long a time is, in milliseconds: `30d`, `12h`, `8w`, `1y`. */
export function parseSpan(typed: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,5})([hdwy])$/i.exec(typed.trim()) ?? [];
  const unitMs = UNITS_MS[unit.toLowerCase()];
  return count === undefined || unitMs === undefined ? undefined : Number(count) * unitMs;
}

/** The last moment that RFC 3339 can write. */
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59);

function parseDuration(text: string, now: number): number | undefined {
  const span = parseSpan(text);
  return span === undefined ? undefined : now + span;
}

function parseDate(text: string): number | undefined {
  const [, day = '', time] =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})))?$/i.exec(text) ??
    [];
  const at = Date.parse(time === undefined ? day : `${day}T${time}`.toUpperCase());
  // Date.parse takes the 31st of February for a day in March.
  const exists = !Number.isNaN(Date.parse(day)) && new Date(Date.parse(day)).toISOString().startsWith(day);
  return Number.isNaN(at) || !exists ? undefined : at;
}
