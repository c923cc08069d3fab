import { expect, it } from 'vitest';
import { ago } from '../../../src/commands/moments.ts';

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
