/**
 * A session as data: what is kept secret for a profile, and when it needs a refresh. Pure; times are
 * milliseconds since the epoch by the local clock, so that comparing them needs no server.
 */
import { MiraError } from '../errors.ts';
import { isRecord, parseJson } from '../json.ts';
import type { Account } from './login-event.ts';

const MINUTE_MS = 60_000;
/** Assumed when a server does not say how long its token lives (RFC 6749, section 5.1 only recommends it). */
const UNKNOWN_LIFETIME_S = 300;
const LONGEST_LIFETIME_S = 30 * 24 * 3600;
const LONGEST_WINDOW_MS = 5 * MINUTE_MS;
const CLOCK_STEP_MS = MINUTE_MS;

/** The secret record of one profile, one keychain item as JSON. */
export interface SessionSecret {
  readonly v: 1;
  readonly credential: 'session' | 'api_key';
  /** An access token, or the API key itself. */
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
  readonly obtainedAt: number;
  readonly expiresAt?: number | undefined;
  readonly account?: Account | undefined;
  /** Counts what was stored for this profile; the index holds the same number once a save is complete. */
  readonly gen: number;
  /** Written before the refresh token is spent: proves the store takes a write, and explains a loss. */
  readonly intent?: { readonly at: number; readonly pid: number } | undefined;
}

/** Tokens as a server has just handed them out. */
export interface TokenSet {
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
  /** Seconds. Absent: unknown for a token, none for a key. */
  readonly expiresIn?: number | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly account?: Account | undefined;
}

export function formatSession(secret: SessionSecret): string {
  return JSON.stringify(secret);
}

/** @throws MiraError `credentials_unreadable` when the stored text is no session of ours */
export function parseSession(text: string): SessionSecret {
  const value = parseJson(text);
  if (!isSession(value)) throw unreadable();
  return value;
}

export function expiryOf(tokens: TokenSet, receivedAt: number): number {
  const seconds = Math.min(tokens.expiresIn ?? UNKNOWN_LIFETIME_S, LONGEST_LIFETIME_S);
  return receivedAt + seconds * 1000;
}

/** How long before its end a token is renewed: a tenth of its life, at most five minutes, jittered down by up to half. */
export function refreshWindowMs(session: Lifetime, jitter = 0): number {
  if (session.expiresAt === undefined) return 0;
  const window = Math.min(LONGEST_WINDOW_MS, (session.expiresAt - session.obtainedAt) / 10);
  return window * (1 - jitter / 2);
}

export interface Lifetime {
  readonly obtainedAt: number;
  readonly expiresAt?: number | undefined;
}

/** Valid for longer than `needMs`, by a clock that has not been set back since the token came. */
export function isFresh(
  session: Lifetime,
  { now, needMs }: { readonly now: number; readonly needMs: number },
): boolean {
  if (session.expiresAt === undefined) return true;
  if (now < session.obtainedAt - CLOCK_STEP_MS) return false;
  return session.expiresAt - now > needMs;
}

function isSession(value: unknown): value is SessionSecret {
  if (!isRecord(value)) return false;
  return (
    value['v'] === 1 &&
    (value['credential'] === 'session' || value['credential'] === 'api_key') &&
    typeof value['accessToken'] === 'string' &&
    (value['refreshToken'] === undefined || typeof value['refreshToken'] === 'string') &&
    Number.isFinite(value['obtainedAt']) &&
    (value['expiresAt'] === undefined || Number.isFinite(value['expiresAt'])) &&
    (value['account'] === undefined || hasId(value['account'])) &&
    Number.isFinite(value['gen'])
  );
}

function hasId(account: unknown): boolean {
  return isRecord(account) && typeof account['id'] === 'string';
}

function unreadable(): MiraError {
  return new MiraError(
    'credentials_unreadable',
    'The stored session is damaged or was written by a newer mira.',
    {
      hint: 'Sign in again: mira auth login',
    },
  );
}
