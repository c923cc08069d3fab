import type { Key } from 'ink';
import { expect, it } from 'vitest';
import { loginKeys, type LoginKey } from '../../../../src/ui/login/keys.ts';

it.each<[string, string, Partial<Key>, readonly LoginKey[]]>([
  ['Enter', '\r', { return: true }, ['open']],
  ['Esc', '', { escape: true }, ['cancel']],
  ['Ctrl-C', 'c', { ctrl: true }, ['cancel']],
  ['Ctrl-R', 'r', { ctrl: true }, []],
  ['Alt-C', 'c', { meta: true }, []],
  ['c', 'c', {}, ['copy']],
  ['C', 'C', {}, ['copy']],
  ['q', 'q', {}, ['qr']],
  ['r', 'r', {}, ['renew']],
  ['keys in one piece', 'cq\r', {}, ['copy', 'qr', 'open']],
  ['an arrow', '', { upArrow: true }, []],
  ['others', 'xyz 日', {}, []],
])('%s', (_, input, key, meant) => {
  expect(loginKeys(input, key as Key)).toEqual(meant);
});
