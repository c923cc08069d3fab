import type { Key } from 'ink';
import { expect, it } from 'vitest';
import { chatKeys, pastedKeys } from '../../../../src/ui/chat/keys.ts';

const NONE: Key = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageDown: false,
  pageUp: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  ctrl: false,
  shift: false,
  tab: false,
  backspace: false,
  delete: false,
  meta: false,
  super: false,
  hyper: false,
  capsLock: false,
  numLock: false,
};

const insert = (text: string) => ({ kind: 'edit', edit: { kind: 'insert', text } });
const move = (kind: string) => ({ kind: 'edit', edit: { kind } });

it.each([
  ['hello', {}, [insert('hello')]],
  ['\r', { return: true }, [{ kind: 'submit' }]],
  ['\r', { return: true, meta: true }, [insert('\n')]],
  ['\r', { return: true, shift: true }, [insert('\n')]],
  ['\n', {}, [insert('\n')]],
  ['', { escape: true }, [{ kind: 'stop' }]],
  ['c', { ctrl: true }, [{ kind: 'interrupt' }]],
  ['d', { ctrl: true }, [{ kind: 'end_or_delete' }]],
  ['w', { ctrl: true }, [move('delete_word')]],
  ['z', { ctrl: true }, []],
  ['', { leftArrow: true }, [move('left')]],
  ['', { leftArrow: true, ctrl: true }, [move('word_left')]],
  ['b', { meta: true }, [move('word_left')]],
  ['', { backspace: true, meta: true }, [move('delete_word')]],
  ['', { delete: true }, [move('delete')]],
  ['\t', { tab: true }, []],
  ['typed quickly\r', {}, [insert('typed quickly'), { kind: 'submit' }]],
  ['ab\x15cd', {}, [insert('ab'), move('kill_to_start'), insert('cd')]],
  ['pasted\rwithout\rmarks\r', {}, [insert('pasted\nwithout\nmarks\n')]],
  ['rm\u202e -rf', {}, [insert('rm -rf')]],
])('%j with %j', (input, key, expected) => {
  expect(chatKeys(input, { ...NONE, ...key })).toEqual(expected);
});

it('takes a paste as text, whatever is in it', () => {
  expect(pastedKeys('one\r\ntwo\r\x1b]52;c;eA==\x07\x03three')).toEqual([insert('one\ntwo\nthree')]);
  expect(pastedKeys('\x1b[2J')).toEqual([]);
});
