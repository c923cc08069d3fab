import { expect, test } from 'vitest';
import { tokenCount } from '../../../src/chat/token-count.ts';

test.each([0, 1, 128_000, Number.MAX_SAFE_INTEGER])('%d is a number of tokens', (count) => {
  expect(tokenCount(count)).toBe(count);
});

// The history keeps whole numbers, and could not save an answer with any other.
test.each([-1, 0.5, 1e308, Number.MAX_SAFE_INTEGER + 1, Infinity, NaN, '12', null, undefined])(
  '%s is none',
  (value) => {
    expect(tokenCount(value)).toBeUndefined();
  },
);
