import { expect, it } from 'vitest';
import { ago, until } from '../../../src/commands/moments.ts';

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
