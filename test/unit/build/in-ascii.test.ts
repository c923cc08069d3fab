import { runInThisContext } from 'node:vm';
import { expect, test } from 'vitest';
import { inAscii } from '../../../scripts/build/in-ascii.js';

const rendered = (code: string): string => {
  const bundle = { a: { type: 'chunk', fileName: 'a.js', code } };
  inAscii().generateBundle({}, bundle);
  return bundle.a.code;
};

test('writes what is beyond ASCII as escapes that mean the same', () => {
  const code = '["ä’", `…${1}é`, "\u{1f600}", /^[ä-ü\u{1f600}]$/u.test("\u{1f600}"), { ü: 1 }]';
  const written = rendered(code);
  expect(written).toMatch(/^[ -~]*$/);
  expect(runInThisContext(written)).toEqual(['ä’', '…1é', '\u{1f600}', true, { ü: 1 }]);
});

test('refuses what a tag could tell apart', () => {
  expect(() => rendered('String.raw`ä`')).toThrow('a.js quotes what is not ASCII.');
});
