import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutToWidth, expandTabs, widestCells, wrapCells, wrapWords } from '../../../src/ui/text-rows.ts';
import { HARMLESS_TEXTS } from './support/hostile-corpus.ts';

describe('wrapWords', () => {
  it.each([
    ['short', 10, ['short']],
    ['', 10, ['']],
    ['one two three', 7, ['one two', 'three']],
    ['one two three', 8, ['one two', 'three']],
    ['unbreakable', 4, ['unbr', 'eaka', 'ble']],
    ['    indented text', 8, ['    inde', 'nted', 'text']],
    ['中文字符', 4, ['中文', '字符']],
    ['中文字符', 5, ['中文', '字符']],
    ['a 👨\u200d👩\u200d👧 b', 8, ['a 👨\u200d👩\u200d👧', 'b']],
    // As wide as where its parts are drawn side by side.
    ['a 👨\u200d👩\u200d👧 👍🏽', 8, ['a 👨\u200d👩\u200d👧', '👍🏽']],
    ['👍🏽👍🏽👍🏽', 9, ['👍🏽👍🏽', '👍🏽']],
    ['e\u0301e\u0301e\u0301', 2, ['e\u0301e\u0301', 'e\u0301']],
  ])('%j at %d', (line, width, rows) => {
    expect(wrapWords(line, width)).toEqual(rows);
  });

  it('loses nothing but the spaces at breaks, and fits', () => {
    const line = fc
      .array(fc.oneof(fc.constantFrom(' ', 'a', 'bc ', ...HARMLESS_TEXTS), fc.string({ unit: 'grapheme' })))
      .map((parts) => parts.join('').replace(/[\n\t]/g, ' '));
    fc.assert(
      fc.property(line, fc.integer({ min: 4, max: 40 }), (text, width) => {
        const rows = wrapWords(text, width);
        expect(rows.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
        expect(wrapCells(text, width).join('')).toBe(text);
        for (const row of rows.filter((part) => graphemeCount(part) > 1))
          expect(widestCells(row)).toBeLessThanOrEqual(width);
      }),
    );
  });
});

function graphemeCount(text: string): number {
  return [...new Intl.Segmenter().segment(text)].length;
}

it('cuts a row and says so', () => {
  expect(cutToWidth('status line', 11)).toBe('status line');
  expect(cutToWidth('status line', 8)).toBe('status…');
  expect(cutToWidth('中文字符', 5)).toBe('中文…');
});

it('shows a tab as a terminal does', () => {
  expect(expandTabs('a\tb\t中\tc')).toBe('a       b       中      c');
});
