import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  graphemeAfter,
  graphemeBefore,
  graphemeBorder,
  simpleCells,
} from '../../../../../src/ui/chat/composer/graphemes.ts';
import { cellWidth } from '../../../../../src/ui/text-rows.ts';

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const bordersOf = (text: string): readonly number[] => [
  ...[...segmenter.segment(text)].map(({ index }) => index),
  text.length,
];

const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'a',
        '中',
        'ф',
        '👨\u200d👩\u200d👧',
        '🇩🇪',
        '\u0301',
        '\u200d',
        '\ufe0f',
        '1️⃣',
        '한',
        '\u1100',
        '\n',
      ),
      fc.string({ unit: 'grapheme', maxLength: 3 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

describe('borders', () => {
  it('are those of the whole text', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const borders = bordersOf(text);
        for (const [index, border] of borders.entries()) {
          expect(graphemeBefore(text, border)).toBe(borders[index - 1] ?? 0);
          expect(graphemeAfter(text, border)).toBe(borders[index + 1] ?? text.length);
        }
        for (let at = 0; at <= text.length; at++) {
          expect(graphemeBorder(text, at)).toBe(borders.find((border) => border >= at));
        }
      }),
    );
  });

  it.each([
    ['flags', '🇩🇪'.repeat(40), 4],
    ['marks', `a${'\u0301'.repeat(300)}`, 301],
    ['families', '👨\u200d👩\u200d👧'.repeat(30), 8],
  ])('are found in many %s', (_, text, size) => {
    expect(graphemeBefore(text, text.length)).toBe(text.length - size);
    expect(graphemeAfter(text, 0)).toBe(size);
    expect(graphemeBorder(text, text.length - 1)).toBe(text.length);
  });
});

describe('simple characters', () => {
  const simple = Array.from({ length: 0x10000 }, (_, code) => code).filter((code) => simpleCells(code) > 0);

  it('have the width that everything else counts with', () => {
    const wrong = simple.filter((code) => cellWidth(String.fromCharCode(code)) !== simpleCells(code));
    expect(wrong.map((code) => code.toString(16))).toEqual([]);
  });

  it('never join', () => {
    const text = simple
      .map((code) => `${String.fromCharCode(code)}a${String.fromCharCode(code, code)}`)
      .join('');
    expect(bordersOf(text)).toHaveLength(text.length + 1);
  });
});
