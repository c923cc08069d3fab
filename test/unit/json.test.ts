import { describe, expect, test } from 'vitest';
import { isRecord, parseJson } from '../../src/json.ts';

describe('JSON from outside', () => {
  test.each([
    ['{"a":[1]}', { a: [1] }],
    ['null', null],
    ['', undefined],
    ['{"a":', undefined],
    ['\uFEFF{}', undefined],
  ])('%j is read as it is, or not at all', (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  test.each([
    [{}, true],
    [[], false],
    [null, false],
    ['{}', false],
  ])('%j is an object: %s', (value, is) => {
    expect(isRecord(value)).toBe(is);
  });
});
