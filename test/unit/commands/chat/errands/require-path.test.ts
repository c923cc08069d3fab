import { expect, test } from 'vitest';
import { requirePath } from '../../../../../src/commands/chat/errands/require-path.ts';

const read = (argument: string | undefined) =>
  requirePath(argument, { command: '/save', env: { HOME: '/home/ada' } });

test.each([
  ['notes.md', 'notes.md'],
  ['a b.md', 'a b.md'],
  ['"a b.md"', 'a b.md'],
  ["'a b.md'", 'a b.md'],
  ['~/notes.md', '/home/ada/notes.md'],
  ['"~/a b.md"', '/home/ada/a b.md'],
  ['~', '/home/ada'],
  ['~ada/notes.md', '~ada/notes.md'],
])('the path %s is %s', (argument, expected) => {
  expect(read(argument)).toBe(expected);
});

test.each([[undefined], ['""'], ["''"]])('%s names no file', (argument) => {
  expect(() => read(argument)).toThrow('/save needs the name of a file.');
});
