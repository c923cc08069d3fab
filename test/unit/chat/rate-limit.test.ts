import { describe, expect, it } from 'vitest';

import { findRateLimit } from '../../../src/chat/rate-limit.ts';

const NOW = Date.UTC(2026, 10, 20, 12, 0, 0);

describe('what is left of the allowance', () => {
  it.each([
    ['1800000000', 1_800_000_000_000],
    ['1800000000000', 1_800_000_000_000],
    ['30', NOW + 30_000],
    ['1s', NOW + 1_000],
    ['6m0s', NOW + 360_000],
    ['1h2m3.5s', NOW + 3_723_500],
    ['20ms', NOW + 20],
    ['Fri, 20 Nov 2026 12:01:00 GMT', NOW + 60_000],
    ['2026-11-20T12:01:00Z', NOW + 60_000],
    ['soon', undefined],
    ['', undefined],
  ])('is counted anew at %j', (reset, resetAt) => {
    const headers = { 'x-ratelimit-remaining': '5', 'x-ratelimit-reset': reset };
    expect(findRateLimit(headers, NOW)).toEqual({
      kind: 'rate_limit',
      remaining: 5,
      ...(resetAt === undefined ? {} : { resetAt }),
    });
  });

  it('corrects dates by the clock of the server', () => {
    const headers = {
      'x-ratelimit-remaining': '5',
      'x-ratelimit-reset': '2026-11-20T15:01:00Z',
      date: 'Fri, 20 Nov 2026 15:00:00 GMT',
    };
    expect(findRateLimit(headers, NOW)).toMatchObject({ resetAt: NOW + 60_000 });
  });

  it('is unknown where nothing usable is said', () => {
    expect(findRateLimit({}, NOW)).toBeUndefined();
    expect(findRateLimit({ 'x-ratelimit-remaining': 'many' }, NOW)).toBeUndefined();
    expect(findRateLimit({ 'x-ratelimit-remaining-requests': '9' }, NOW)).toEqual({
      kind: 'rate_limit',
      remaining: 9,
    });
  });
});
