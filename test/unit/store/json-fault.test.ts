import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findJsonFault } from '../../../src/store/json-fault.ts';

test('JSON has no fault before its end', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(findJsonFault(text)).toEqual({ line: 1, column: text.length + 1 });
    }),
  );
});

test('a character too many is found where it is', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(findJsonFault(`${text}\n  §`)).toEqual({ line: 2, column: 3 });
    }),
  );
});
