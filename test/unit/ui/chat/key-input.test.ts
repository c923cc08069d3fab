import { expect, it } from 'vitest';
import { createKeyInput, keyboardOf, knownKeys } from '../../../../src/ui/chat/key-input.ts';

const ESC = '\x1b';

it.each([
  ['plain text', 'plain text'],
  [`${ESC}[27;2;13~`, `${ESC}[13;2u`],
  [`a${ESC}[27;5;99~${ESC}[27;3;98~b`, `a${ESC}[99;5u${ESC}[98;3ub`],
  [`${ESC}[1089::99;5u`, `${ESC}[99;5u`],
  [`${ESC}[1089:1057:99;6u`, `${ESC}[99;6u`],
  [`${ESC}[1089::99;5:1u`, `${ESC}[99;5:1u`],
  // A letter that is typed stays what it is, and so does a key of a Latin keyboard of another order.
  [`${ESC}[1089::99;2u`, `${ESC}[1089::99;2u`],
  [`${ESC}[97::113;5u`, `${ESC}[97::113;5u`],
  [`${ESC}[13;2u${ESC}[A${ESC}[3~`, `${ESC}[13;2u${ESC}[A${ESC}[3~`],
])('%j is read as %j', (chunk, expected) => {
  expect(knownKeys(chunk)).toBe(expected);
});

it('is the stream itself in everything else', () => {
  const chunks = [`${ESC}[27;2;13~`, null];
  const stdin: object = { isTTY: true, read: () => chunks.shift(), name: () => 'stdin' };
  const input = createKeyInput(Object.assign(Object.create(process.stdin) as NodeJS.ReadStream, stdin));
  expect(input.read()).toBe(`${ESC}[13;2u`);
  expect(input.read()).toBeNull();
  expect(input.isTTY).toBe(true);
});

it.each([
  [{ TERM: 'xterm-kitty' }, { kitty: true, xterm: false }],
  [
    { TERM: 'xterm-256color', XTERM_VERSION: 'XTerm(379)' },
    { kitty: true, xterm: true },
  ],
  [
    { TERM: 'tmux-256color', TMUX: '/tmp/tmux-0/default,1,0' },
    { kitty: true, xterm: true },
  ],
  [{ TERM: 'linux' }, { kitty: false, xterm: false }],
])('asks a terminal of %j for %j', (env, expected) => {
  expect(keyboardOf(env)).toEqual(expected);
});
