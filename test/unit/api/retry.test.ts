import { describe, expect, it, test } from 'vitest';

import {
  formatWait,
  isRetryable,
  isRetryableStatus,
  parseRetryAfter,
  retryAfterSeconds,
  retryDelay,
  shouldRetryHeader,
} from '../../../src/api/retry.ts';
import { MiraError } from '../../../src/errors.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import { BAD_RETRY_AFTER } from '../../support/bad-retry-after.ts';

const NOW = Date.UTC(2026, 10, 20, 12, 0, 0);

describe('Retry-After', () => {
  it.each<readonly [string, number | undefined]>([
    ['5', 5_000],
    [' 60 ', 60_000],
    ['3600', 3_600_000],
    ...BAD_RETRY_AFTER.map((value) => [value, undefined] as const),
    ['Fri, 20 Nov 2026 12:00:30 GMT', 30_000],
    ['Fri, 20 Nov 2026 11:59:00 GMT', undefined],
  ])('%j means %s ms', (value, expected) => {
    expect(parseRetryAfter({ 'retry-after': value }, NOW)).toBe(expected);
  });

  it('measures a date by the clock of the server', () => {
    const headers = { 'retry-after': 'Fri, 20 Nov 2026 15:00:30 GMT', date: 'Fri, 20 Nov 2026 15:00:00 GMT' };
    expect(parseRetryAfter(headers, NOW)).toBe(30_000);
  });

  it('prefers milliseconds where they are given and usable', () => {
    expect(parseRetryAfter({ 'retry-after-ms': '1250.5', 'retry-after': '60' }, NOW)).toBe(1251);
    expect(parseRetryAfter({ 'retry-after-ms': '-5', 'retry-after': '60' }, NOW)).toBe(60_000);
  });
});

test('Retry-After without a clock at hand is read in seconds, and as a date where the server gives its own', () => {
  const until = new Date(NOW + 90_000).toUTCString();

  expect(
    [
      { 'retry-after': '7' },
      { 'retry-after': until, date: new Date(NOW).toUTCString() },
      { 'retry-after': until },
      { 'retry-after': '-1' },
      {},
    ].map(retryAfterSeconds),
  ).toEqual([7, 90, undefined, undefined, undefined]);
});

describe('the wait before a retry', () => {
  it('doubles from one second to thirty', () => {
    const delays = [1, 2, 3, 4, 5, 6, 7].map((attempt) => retryDelay({ attempt, random: () => 0 }));
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it('is up to a quarter shorter at random', () => {
    expect(retryDelay({ attempt: 3, random: () => 1 })).toBe(3_000);
  });

  it('is never shorter than what the server asked for', () => {
    expect(retryDelay({ attempt: 1, retryAfterMs: 7_000, random: () => 1 })).toBe(7_000);
    expect(retryDelay({ attempt: 4, retryAfterMs: 1_000, random: () => 0 })).toBe(8_000);
  });

  it.each([
    [1, '1 s'],
    [59_001, '60 s'],
    [119_000, '119 s'],
    [150_000, '3 min'],
    [7_500_000, '2 h 05 min'],
  ])('of %d ms reads %s', (ms, text) => {
    expect(formatWait(ms)).toBe(text);
  });
});

describe('what is tried again', () => {
  const remote = { loopback: false };
  const error = (code: ErrorCode, options = {}): MiraError => new MiraError(code, 'x', options);

  it.each([
    'connection_reset',
    'network_failed',
    'timeout',
    'connection_refused',
    'rate_limited',
    'server_error',
  ] as const)('%s is', (code) => expect(isRetryable(error(code), remote)).toBe(true));

  it.each([
    'tls_failed',
    'quota_exceeded',
    'credential_rejected',
    'forbidden',
    'invalid_request',
    'stream_cut',
    'interrupted',
    'proxy_failed',
    'malformed_response',
    'input_too_large',
  ] as const)('%s is not', (code) => expect(isRetryable(error(code), remote)).toBe(false));

  it('a refused connection on this machine is not', () => {
    expect(isRetryable(error('connection_refused'), { loopback: true })).toBe(false);
  });

  it('a name is looked up again only after a failure of the name server', () => {
    const withCode = (code: string): MiraError =>
      error('dns_failed', { cause: Object.assign(new Error(code), { code }) });
    expect(isRetryable(withCode('EAI_AGAIN'), remote)).toBe(true);
    expect(isRetryable(withCode('ENOTFOUND'), remote)).toBe(false);
  });

  it('the server may say so itself', () => {
    expect(shouldRetryHeader({ 'x-should-retry': 'false' })).toBe(false);
    expect(shouldRetryHeader({ 'x-should-retry': 'maybe' })).toBeUndefined();
    expect(isRetryable(error('server_error', { status: 500 }), { loopback: false, shouldRetry: false })).toBe(
      false,
    );
    expect(isRetryable(error('server_error', { status: 501 }), remote)).toBe(false);
    expect(isRetryable(error('server_error', { status: 501 }), { loopback: false, shouldRetry: true })).toBe(
      true,
    );
  });

  it('by status', () => {
    const statuses = [400, 401, 402, 403, 404, 408, 409, 413, 422, 425, 429, 500, 501, 502, 503, 504, 529];
    expect(statuses.filter(isRetryableStatus)).toEqual([408, 409, 425, 429, 500, 502, 503, 504, 529]);
  });
});
