import { expect, it } from 'vitest';
import { ago, moment, momentWriter, until } from '../../../src/commands/moments.ts';

it.each([
  [0, 'just now'],
  [9, 'just now'],
  [10, '10 seconds ago'],
  [60, '1 minute ago'],
  [7_199, '1 hour ago'],
  [172_800, '2 days ago'],
  [5_184_000, '2 months ago'],
  [63_072_000, '2 years ago'],
  [-5, 'just now'],
])('%d seconds are %s', (seconds, said) => {
  expect(ago(1_000_000_000_000, 1_000_000_000_000 + seconds * 1_000)).toBe(said);
});

it.each([
  [0, 'in 0 seconds'],
  [59, 'in 59 seconds'],
  [86_399, 'in 1 day'],
  [86_401, 'in 1 day'],
  [5 * 86_400 - 1, 'in 5 days'],
  [-5, 'in 0 seconds'],
])('%d seconds from now are %s', (seconds, said) => {
  expect(until(1_000_000_000_000 + seconds * 1_000, 1_000_000_000_000)).toBe(said);
});

it('writes very many moments as it writes one', () => {
  const day = 86_400_000;
  const days = [0, 1, 59, 365, 10_957, 20_000, 2_932_896];
  const within = [0, 1, 99, 100, 999, 59_999, 60_000, 3_599_999, 3_600_000, 45_296_789, day - 1];
  const moments = days.flatMap((number) => within.map((ms) => number * day + ms));

  expect(moments.map(momentWriter())).toEqual(moments.map(moment));
});
