import { expect, test } from 'vitest';
import { parseExpiry } from '../../../../src/commands/tokens/expiry.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const DAY = 86_400_000;

test.each([
  ['2026-01-03', Date.UTC(2026, 0, 3)],
  ['2028-02-29', Date.UTC(2028, 1, 29)],
  ['2026-01-02T03:04:06Z', NOW + 1_000],
  ['2026-01-02 05:04:06+02:00', NOW + 1_000],
  ['2026-01-02t03:04:05.5z', NOW + 500],
  ['2026-01-02T03:05Z', Date.UTC(2026, 0, 2, 3, 5)],
  ['90d', NOW + 90 * DAY],
  [' 12H ', NOW + DAY / 2],
  ['2w', NOW + 14 * DAY],
  ['1y', NOW + 365 * DAY],
])('an expiry is a day, a moment or a span: %s', (typed, at) => {
  expect(parseExpiry(typed, NOW)).toBe(at);
});

test.each([
  '',
  'soon',
  '90',
  'd',
  '-1d',
  '1.5d',
  '2026',
  '2026-02-30',
  '2026-13-01',
  '02/03/2027',
  // Without a zone it would mean another moment on another machine.
  '2027-01-01T00:00:00',
  '2027-01-01T25:00:00Z',
  '99999y',
])('what is no date is refused: %s', (typed) => {
  expect(() => parseExpiry(typed, NOW)).toThrow(
    expect.objectContaining({ exitCode: 2, message: '--expires takes a date.' }),
  );
});

test.each(['2026-01-02', '2020-01-01', '0d', '2026-01-02T03:04:05Z'])(
  'what is past is refused: %s',
  (typed) => {
    expect(() => parseExpiry(typed, NOW)).toThrow(
      expect.objectContaining({ exitCode: 2, message: 'The date of --expires is past.' }),
    );
  },
);
