import { describe, expect, test } from 'vitest';
import {
  expiryOf,
  formatSession,
  isFresh,
  parseSession,
  refreshWindowMs,
} from '../../../src/auth/session.ts';
import type { SessionSecret } from '../../../src/auth/session.ts';
import { MiraError } from '../../../src/errors.ts';

const NOW = Date.UTC(2026, 0, 1);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

const lasting = (ms: number): { readonly obtainedAt: number; readonly expiresAt: number } => ({
  obtainedAt: NOW,
  expiresAt: NOW + ms,
});

describe('when a token ends', () => {
  test.each<[string, number | undefined, number]>([
    ['as the server says', 600, 600 * SECOND],
    ['as the server says, at once', 0, 0],
    ['in five minutes when the server does not say', undefined, 5 * MINUTE],
    ['in thirty days at most', 30 * 24 * 3600 + 1, 30 * DAY],
    ['in thirty days when the server says something absurd', 1e30, 30 * DAY],
    ['in thirty days when the server says for ever', Number.POSITIVE_INFINITY, 30 * DAY],
  ])('is %s', (_, expiresIn, ms) => {
    expect(expiryOf({ accessToken: 't', expiresIn }, NOW) - NOW).toBe(ms);
  });
});

describe('the refresh window', () => {
  test.each<[string, number, number, number]>([
    ['a tenth of the life', 10 * MINUTE, 0, MINUTE],
    ['a tenth of a very short life', 5 * SECOND, 0, 500],
    ['five minutes at most', DAY, 0, 5 * MINUTE],
    ['half of it with all the jitter', 10 * MINUTE, 1, 30 * SECOND],
    ['three quarters of it with half the jitter', DAY, 0.5, 3.75 * MINUTE],
    ['nothing for a token that never lived', 0, 0, 0],
  ])('is %s', (_, life, jitter, window) => {
    expect(refreshWindowMs(lasting(life), jitter)).toBe(window);
  });

  test('is nothing for a credential that does not end', () => {
    expect(refreshWindowMs({ obtainedAt: NOW })).toBe(0);
  });
});

describe('a token', () => {
  test.each<[string, number, number, boolean]>([
    ['is fresh at first', 0, 0, true],
    ['is fresh as long as it lasts', 10 * MINUTE - 1, 0, true],
    ['is not fresh at its very end', 10 * MINUTE, 0, false],
    ['is not fresh after its end', DAY, 0, false],
    ['is fresh while it lasts longer than needed', 9 * MINUTE - 1, MINUTE, true],
    ['is not fresh when it lasts just as long as needed', 9 * MINUTE, MINUTE, false],
    ['is not fresh when more is needed than it ever had', 0, DAY, false],
    ['is fresh when the clock was set back a little', -MINUTE, 0, true],
    ['is not trusted when the clock was set back further', -MINUTE - 1, 0, false],
    ['is not trusted when the clock was set back a year', -365 * DAY, 0, false],
  ])('%s', (_, passed, needMs, fresh) => {
    expect(isFresh(lasting(10 * MINUTE), { now: NOW + passed, needMs })).toBe(fresh);
  });

  test('that does not end is fresh whatever the clock says', () => {
    expect(isFresh({ obtainedAt: NOW }, { now: NOW - DAY, needMs: DAY })).toBe(true);
    expect(isFresh({ obtainedAt: NOW }, { now: NOW + 1000 * DAY, needMs: DAY })).toBe(true);
  });
});

describe('the stored record', () => {
  const whole: SessionSecret = {
    v: 1,
    credential: 'session',
    accessToken: 'access',
    refreshToken: 'refresh',
    obtainedAt: NOW,
    expiresAt: NOW + MINUTE,
    account: { id: 'ada', name: 'Ada', email: 'ada@example.test' },
    gen: 3,
    intent: { at: NOW, pid: 7 },
  };
  const key: SessionSecret = { v: 1, credential: 'api_key', accessToken: 'key', obtainedAt: NOW, gen: 1 };

  test.each([whole, key])('comes back as it was written (%#)', (secret) => {
    expect(parseSession(formatSession(secret))).toEqual(secret);
  });

  test.each<[string, string]>([
    ['nothing', ''],
    ['no JSON', '{'],
    ['half a record', formatSession(whole).slice(0, -20)],
    ['null', 'null'],
    ['a number', '1'],
    ['text', '"session"'],
    ['a list', '[]'],
    ['an empty object', '{}'],
    ['a newer version', JSON.stringify({ ...whole, v: 2 })],
    ['a kind that is not known', JSON.stringify({ ...whole, credential: 'cookie' })],
    ['no access token', JSON.stringify({ ...whole, accessToken: undefined })],
    ['an access token that is none', JSON.stringify({ ...whole, accessToken: 1 })],
    ['a refresh token that is none', JSON.stringify({ ...whole, refreshToken: null })],
    ['no moment', JSON.stringify({ ...whole, obtainedAt: undefined })],
    ['a moment that is none', JSON.stringify({ ...whole, obtainedAt: '2026' })],
    ['an end that is none', JSON.stringify({ ...whole, expiresAt: '2026' })],
    ['an end too large for a number', JSON.stringify(whole).replace(String(NOW + MINUTE), '1e999')],
    ['no generation', JSON.stringify({ ...whole, gen: undefined })],
    ['an account that is none', JSON.stringify({ ...whole, account: 'ada' })],
    ['an account without an id', JSON.stringify({ ...whole, account: { name: 'Ada' } })],
  ])('is refused when it is %s', (_, text) => {
    const failure = thrown(() => parseSession(text));

    expect([failure.code, failure.exitCode, failure.message, failure.hint, failure.cause]).toEqual([
      'credentials_unreadable',
      10,
      'The stored session is damaged or was written by a newer mira.',
      'Sign in again: mira auth login',
      undefined,
    ]);
  });

  test('does not reach into prototypes', () => {
    const text = formatSession(key).replace('{', '{"__proto__":{"refreshToken":"stolen"},');

    expect(parseSession(text).refreshToken).toBeUndefined();
  });
});

function thrown(work: () => unknown): MiraError {
  try {
    work();
  } catch (error) {
    if (error instanceof MiraError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
