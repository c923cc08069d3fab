import { describe, expect, test } from 'vitest';
import { createValueFinder } from '../../../../src/commands/scan/stored-values.ts';

const bytes = (text: string) => Buffer.from(text).toString('latin1');

describe('stored values in a text', () => {
  test('are found wherever they stand, by their labels', () => {
    const find = createValueFinder([
      { label: 'one', value: 'correct horse' },
      { label: 'two', value: 'battery staple' },
    ]);
    expect(find('battery staple, correct horse\nxcorrect horse')).toEqual([
      { label: 'two', index: 0 },
      { label: 'one', index: 16 },
      { label: 'one', index: 31 },
    ]);
  });

  test('are found when they begin like one another, the longest first', () => {
    const find = createValueFinder([
      { label: 'short', value: 'password' },
      { label: 'long', value: 'password-of-the-other' },
    ]);
    expect(find('a password-of-the-other and a password')).toEqual([
      { label: 'long', index: 2 },
      { label: 'short', index: 30 },
    ]);
  });

  test('are compared as bytes, so that any script will do', () => {
    const find = createValueFinder([{ label: 'ü', value: 'пароль-пароль' }]);
    expect(find(bytes('ключ: пароль-пароль'))).toEqual([{ label: 'ü', index: 10 }]);
  });

  test('are not looked for under eight characters, nor in part', () => {
    const find = createValueFinder([
      { label: 'pin', value: '1234567' },
      { label: 'eight', value: 'abcdefgh' },
    ]);
    expect(find('1234567 abcdefg abcdefg')).toEqual([]);
    expect(find('abcdefgh')).toEqual([{ label: 'eight', index: 0 }]);
  });

  test('may be ten thousand', () => {
    const values = Array.from({ length: 10_000 }, (_, at) => ({
      label: `l${at}`,
      value: `value number ${at}.`,
    }));
    const find = createValueFinder(values);
    expect(find(`x value number 9999. y value number 0. value number 10000.`)).toEqual([
      { label: 'l9999', index: 2 },
      { label: 'l0', index: 23 },
    ]);
  });

  test('cost nothing where there are none', () => {
    expect(createValueFinder([])('anything')).toEqual([]);
  });
});
