import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composerRows, textWidth } from '../../../../src/ui/chat/composer-rows.ts';
import { offerPaths } from '../../../../src/ui/chat/composer/mentions.ts';
import { EMPTY_COMPOSER, startComposer, type Composer } from '../../../../src/ui/chat/composer.ts';
import { edit, EDITS, type Edit } from '../../../../src/ui/chat/edit.ts';
import { cellWidth, widestCells } from '../../../../src/ui/text-rows.ts';

function after(steps: readonly string[], start: Composer = EMPTY_COMPOSER, width = 80): Composer {
  return steps.reduce<Composer>((composer, step) => {
    const name = EDITS.find((known) => known === step);
    const change: Edit = name === undefined ? { kind: 'insert', text: step } : { kind: name };
    return edit(composer, change, textWidth(width));
  }, start);
}

function drawn(composer: Composer, { width = 80, space = 20 } = {}) {
  const { rows, caret } = composerRows(composer, { width, space });
  return [...rows.map(({ text }) => text), `${caret.x},${caret.y}`];
}

const paste = (composer: Composer, text: string) => edit(composer, { kind: 'paste', text });
const lines = (count: number) => Array.from({ length: count }, (_, line) => `line ${line + 1}`).join('\n');

describe('what is written', () => {
  it.each([
    [[], ['› ', '2,0']],
    [
      ['one\ntwo', 'left'],
      ['› one', '  two', '4,1'],
    ],
    [['\n'], ['› ', '  ', '2,1']],
    [
      ['中文', 'left'],
      ['› 中文', '4,0'],
    ],
    [
      ['👨\u200d👩\u200d👧x', 'left'],
      ['› 👨\u200d👩\u200d👧x', '4,0'],
    ],
    [
      ['e\u0301x', 'left'],
      ['› e\u0301x', '3,0'],
    ],
    [['a\tb'], ['› a       b', '11,0']],
    [
      ['a\tb', 'left'],
      ['› a       b', '10,0'],
    ],
  ])('%j stands in %j', (steps, expected) => {
    expect(drawn(after(steps))).toEqual(expected);
  });

  it('is broken at the last cell, and the caret stands at the beginning of a row', () => {
    const width = 8;
    expect(drawn(after(['abcdefgh']), { width })).toEqual(['› abcdef', '  gh', '4,1']);
    expect(drawn(after(['abcdef']), { width })).toEqual(['› abcdef', '  ', '2,1']);
    expect(drawn(after(['abcdefgh', 'left', 'left']), { width })).toEqual(['› abcdef', '  gh', '2,1']);
    expect(drawn(after(['中文中文']), { width: 7 })).toEqual(['› 中文', '  中文', '6,1']);
  });

  it('shows a folded paste as a label, over which the caret moves at once', () => {
    const composer = paste(after(['see ']), lines(120));
    expect(drawn(composer)).toEqual(['› see [Pasted 120 lines #1]', '27,0']);
    expect(drawn(after(['left'], composer))).toEqual(['› see [Pasted 120 lines #1]', '6,0']);
    expect(drawn(paste(composer, 'x'.repeat(2_345)))).toEqual([
      '› see [Pasted 120 lines #1][Pasted 2,345 characters #2]',
      '55,0',
    ]);
    expect(drawn(composer, { width: 24 })).toEqual(['› see ', '  [Pasted 120 lines #1]', '23,1']);
    expect(drawn(composer, { width: 12 })).toEqual(['› see ', '  [Pasted 1…', '  ', '2,2']);
  });

  it('is eight rows at most, around the caret', () => {
    const composer = after([lines(50)]);
    const shown = (from: number, to: number) =>
      Array.from(
        { length: to - from + 1 },
        (_, index) => `${from + index === 1 ? '›' : ' '} line ${from + index}`,
      );
    expect(drawn(composer)).toEqual([...shown(43, 50), '9,7']);
    expect(drawn(after(['up', 'up', 'up'], composer))).toEqual([...shown(43, 50), '9,4']);
    expect(drawn(after(Array<string>(9).fill('up'), composer))).toEqual([...shown(38, 45), '9,3']);
    expect(drawn(after(['text_start'], composer))).toEqual([...shown(1, 8), '2,0']);
    expect(drawn(composer, { space: 3 })).toEqual([...shown(48, 50), '9,2']);
    expect(drawn(composer, { space: 1 })).toEqual([...shown(50, 50), '9,0']);
  });
});

describe('a search', () => {
  const start = startComposer(['git push', 'git pull']);

  it('stands above what it found, with the cursor where letters go', () => {
    expect(drawn(after(['search_older', 'pu'], start))).toEqual(['search: pu', '› git pull', '10,0']);
    expect(drawn(after(['search_older', 'x'], start))).toEqual(['no match: x', '› ', '11,0']);
    expect(
      composerRows(after(['search_older', 'pu'], start), { width: 80, space: 9 }).rows[1]?.spans,
    ).toEqual([
      { text: '› git ', tones: ['plain'] },
      { text: 'pu', tones: ['strong'] },
      { text: 'll', tones: ['plain'] },
    ]);
  });

  it('shows the end of what is looked for in a small window', () => {
    expect(drawn(after(['search_older', 'what is looked for'], start), { width: 12 })[0]).toBe('…looked for');
  });
});

it('offers paths below, the chosen one marked, five at most', () => {
  const paths = ['a.md', 'b.md', 'c.md', 'd.md', 'e.md', 'f.md', 'evil\x1b[2J'];
  const offered = offerPaths(after(['@']), { path: '', paths });
  expect(drawn(offered)).toEqual(['› @', '❯ a.md', '  b.md', '  c.md', '  d.md', '  e.md', '3,0']);
  expect(drawn(after(['up'], offered))).toEqual([
    '› @',
    '  c.md',
    '  d.md',
    '  e.md',
    '  f.md',
    '❯ evil',
    '3,0',
  ]);
  expect(drawn(offered, { space: 3 })).toEqual(['› @', '❯ a.md', '  b.md', '3,0']);
  expect(drawn(offered, { space: 1 })).toEqual(['› @', '3,0']);
});

it('always fits, with the caret on the cell where the text before it ends', () => {
  const text = fc.constantFrom(
    'word ',
    '中文',
    '👨\u200d👩\u200d👧',
    '\n',
    '\t',
    'e\u0301',
    '\u0301',
    '한국어',
    'привет',
    '🇩🇪',
    'x',
  );
  const step = fc.oneof({ weight: 3, arbitrary: text }, { weight: 1, arbitrary: fc.constantFrom(...EDITS) });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 80 }),
      fc.integer({ min: 4, max: 60 }),
      fc.integer({ min: 1, max: 12 }),
      (steps, width, space) => {
        const half = steps.length >> 1;
        const long = paste(after(steps.slice(0, half), startComposer(['first', '中\n文']), width), lines(30));
        const composer = after(steps.slice(half), long, width);
        const { rows, caret } = composerRows(composer, { width, space });
        expect(rows.length).toBeLessThanOrEqual(space);
        for (const row of rows) {
          expect(cellWidth(row.text)).toBeLessThanOrEqual(width);
          // A single emoji may be wider than a tiny window; then nothing can be done.
          expect(widestCells(row.text)).toBeLessThanOrEqual(Math.max(width, 12));
        }
        expect(caret.y).toBeLessThan(rows.length);
        expect(caret.x).toBeLessThanOrEqual(width - 1);
        if (composer.search !== undefined) return;
        const inRow = rows[caret.y]?.text ?? '';
        // Some beginning of the row is as wide as the caret is far in.
        const ends = [...new Intl.Segmenter().segment(inRow)].map(({ index }) =>
          cellWidth(inRow.slice(0, index)),
        );
        expect([...ends, cellWidth(inRow)]).toContain(caret.x);
      },
    ),
    { numRuns: 300 },
  );
});
