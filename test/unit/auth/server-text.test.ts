import { describe, expect, test } from 'vitest';
import { plainLine, requireUserCode } from '../../../src/auth/server-text.ts';

describe('foreign text', () => {
  test.each([
    ['Ada Lovelace', 'Ada Lovelace'],
    ['  Ada \t\r\n Lovelace  ', 'Ada Lovelace'],
    ['Ada\u001b[31m', 'Ada [31m'],
    ['a\u202eb\u200bc\u00a0d\u2028e\u0000f\u009bg', 'a b c d e f g'],
    ['Zoë 李 🙂', 'Zoë 李 🙂'],
    ['', ''],
    ['\n', ''],
    ['a'.repeat(200), 'a'.repeat(200)],
    ['a'.repeat(201), `${'a'.repeat(199)}…`],
  ])('becomes one short line that no terminal obeys: %j', (text, line) => {
    expect(plainLine(text)).toBe(line);
  });
});

describe('a user code', () => {
  test.each(['ABCD-EFGH', 'wdjb mjht', '123456', '李-四', 'A'.repeat(64)])(
    'that can be read and typed is shown as it is: %s',
    (code) => {
      expect(requireUserCode(code)).toBe(code);
    },
  );
});
