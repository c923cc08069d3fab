import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Highlight } from '../../../../src/ui/markdown/color-code.ts';
import {
  endMarkdown,
  growMarkdown,
  liveMarkdown,
  NO_MARKDOWN,
  type GrowingMarkdown,
} from '../../../../src/ui/markdown/growing-markdown.ts';
import { row, spanRow, type Row } from '../../../../src/ui/rows.ts';
import { cellWidth } from '../../../../src/ui/text-rows.ts';

const plain: Highlight = () => undefined;

interface Place {
  readonly width?: number;
  readonly liveRows?: number;
  readonly proseRows?: number;
  readonly highlight?: Highlight;
}

/** What has left, what is seen, and what would be left, after the pieces have arrived one by one. */
function grown(
  pieces: readonly string[],
  { width = 40, liveRows = 1_000, highlight = plain, proseRows }: Place = {},
) {
  let state: GrowingMarkdown = NO_MARKDOWN;
  const finished: Row[] = [];
  for (const piece of pieces) {
    const next = growMarkdown(state, piece, { width, liveRows, proseRows, highlight });
    state = next.state;
    finished.push(...next.finished);
  }
  const live = liveMarkdown(state, { width, most: liveRows });
  return { state, finished, live, rest: endMarkdown(state, { width, highlight }) };
}

const texts = (rows: readonly Row[]): readonly string[] => rows.map(({ text }) => text);
const live = (text: string, place?: Place): readonly string[] => texts(grown([text], place).live);
const all = (pieces: readonly string[], place?: Place): readonly Row[] => {
  const { finished, rest } = grown(pieces, place);
  return [...finished, ...rest];
};

const words = fc.constantFrom(
  ...[
    'one ',
    'two',
    ' three',
    'é',
    '中文',
    '👨\u200d👩\u200d👧',
    'e\u0301',
    'שלום',
    ' ',
    '  ',
    '\t',
    '\n',
    '\n',
    '\n\n',
  ],
  ...[
    '*',
    '**',
    '_',
    '~~',
    '`',
    '``',
    '```\n',
    '~~~',
    '# ',
    '## ',
    '- ',
    '* ',
    '1. ',
    '2) ',
    '> ',
    '---',
    '===',
    '***',
  ],
  ...[
    '[',
    ']',
    '](',
    '](https://a.example/x)',
    '![',
    '<https://b.example>',
    'https://c.example/a_b',
    '<b>',
    '<div>',
  ],
  ...[
    '|',
    ' | ',
    '|---|:-:|',
    '\n| a | b |\n|---|---|\n',
    '&amp;',
    '&#27;',
    '&',
    '\\',
    '\\*',
    '    ',
    '[x] ',
    '[1]: ',
  ],
);
const documents = fc.array(words, { maxLength: 60 });

describe('growMarkdown', () => {
  it('gives the same rows however the text arrives', () => {
    fc.assert(
      fc.property(documents, fc.integer({ min: 4, max: 60 }), (pieces, width) => {
        const text = pieces.join('');
        const rows = all([text], { width });
        expect(all(pieces, { width })).toEqual(rows);
        expect(all([...text], { width })).toEqual(rows);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps the live rows within their space, and every row within the width', () => {
    fc.assert(
      fc.property(
        documents,
        fc.integer({ min: 4, max: 40 }),
        fc.integer({ min: 0, max: 6 }),
        (pieces, width, liveRows) => {
          let state: GrowingMarkdown = NO_MARKDOWN;
          for (const piece of pieces) {
            state = growMarkdown(state, piece, { width, liveRows, highlight: plain }).state;
            const { leaf } = state.blocks;
            const isOneRow = leaf?.kind === 'code' || (leaf?.kind === 'table' && leaf.hasLeft);
            const rows = liveMarkdown(state, { width, most: isOneRow ? liveRows : 1_000 });
            expect(rows.length).toBeLessThanOrEqual(liveRows);
            for (const { text } of rows) expect(cellWidth(text)).toBeLessThanOrEqual(width);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('loses no word and adds none, also when rows leave early', () => {
    const word = fc.constantFrom(
      'alpha',
      'beta',
      '**strong**',
      '*emphasis*',
      '`code`',
      '~~gone~~',
      '中文',
      '[link](to)',
    );
    const shown = (text: string): string => text.replace(/[*`~\s[]|\]|\(to\)/g, '');
    fc.assert(
      fc.property(
        fc.array(word),
        fc.integer({ min: 4, max: 30 }),
        fc.integer({ min: 0, max: 3 }),
        (list, width, liveRows) => {
          const text = list.join(' ');
          const rows = all([...text], { width, liveRows });
          expect(shown(texts(rows).join(' '))).toBe(shown(text));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never shows a control character, whatever is spelled', () => {
    const reference = fc.integer({ min: 0, max: 0x110_000 }).map((code) => `&#${code};`);
    const target = fc.constantFrom(
      '[a](https://x.example/&#27;]8;;)',
      '<https://x.example/&#x9b;31m>',
      '&#10;',
      '&#13;',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(reference, target)), (list) => {
        for (const { text } of all([list.join('')], { width: 30 }))
          expect(text).not.toMatch(/[\p{Cc}\u202a-\u202e]/u);
      }),
    );
  });
});

describe('a block that grows', () => {
  it('looks as if what is open were closed', () => {
    const { live: rows } = grown(['some **bold and *both'], {});
    expect(rows).toEqual([
      spanRow([
        { text: 'some ', tones: [] },
        { text: 'bold and ', tones: ['strong'] },
        { text: 'both', tones: ['strong', 'emphasis'] },
      ]),
    ]);
    expect(grown(['run `npm ci']).live).toEqual([
      spanRow([
        { text: 'run ', tones: [] },
        { text: 'npm ci', tones: ['code'] },
      ]),
    ]);
  });

  it.each([
    ['a **', ['a']],
    ['a `', ['a']],
    ['``', []],
    ['#', []],
    ['##', []],
    ['-', []],
    ['12', []],
    ['12.', []],
    ['**', []],
    ['> ', []],
    ['- [', []],
    ['- [x] ', []],
    ['see [the text', ['see']],
    ['see [the text]', ['see']],
    ['see [the text](https://exa', ['see']],
    ['![', []],
    ['wow!', ['wow']],
    ['a &am', ['a']],
    ['a \\', ['a']],
    ['a <https://x', ['a']],
    ['at https:', ['at']],
    ['Title\n==', ['Title']],
    ['Title\n--', ['Title']],
    ['| a | b |', []],
    ['| a | b |\n|--', []],
    ['# Title ##', ['Title']],
  ])('keeps back what %j may become', (text, rows) => {
    expect(live(text)).toEqual(rows);
  });

  it('shows what turned out to be no sign', () => {
    expect(live('see [the text] here')).toEqual(['see [the text] here']);
    expect(live('2 * 3 *4')).toEqual(['2 * 3 4']);
    expect(live('2*3')).toEqual(['2*3']);
    expect(live('~5 to ~10')).toEqual(['~5 to ~10']);
    expect(live('| no table\nmore')).toEqual(['| no table', 'more']);
    expect(texts(all(['**open and `open']))).toEqual(['**open and `open']);
  });

  it.each([
    'A paragraph with **bold** and [a link](https://x.example/y), long enough for rows.',
    '> quoted *text* that is long enough to be wrapped',
    '- item with `code` that is long enough to be wrapped',
    '## Heading',
  ])('looks the same just before and just after it is whole: %j', (text) => {
    const before = grown([text], { width: 24 }).live;
    expect(grown([text, '\n\n'], { width: 24 }).finished).toEqual(before);
  });

  it('leaves as it looks when it outgrows its space, and goes on so', () => {
    const { finished, live: rows } = grown(
      ['**bold words that go on', ' and on** and end `co', 'de that goes on'],
      {
        width: 10,
        liveRows: 1,
      },
    );
    const look = (text: string, tone: 'strong' | 'code'): Row => spanRow([{ text, tones: [tone] }]);
    expect(finished).toEqual([
      look('bold words', 'strong'),
      look('that go on', 'strong'),
      spanRow([
        { text: 'and on', tones: ['strong'] },
        { text: ' and', tones: [] },
      ]),
      spanRow([
        { text: 'end ', tones: [] },
        { text: 'code', tones: ['code'] },
      ]),
      look('that goes', 'code'),
    ]);
    expect(rows).toEqual([look('on', 'code')]);
  });

  it('goes on with the rest of a link whose beginning has left', () => {
    const { finished, live: rows } = grown(['a [link](https://host.example/a/long/path) end'], {
      width: 12,
      liveRows: 2,
    });
    expect([...texts(finished), ...texts(rows)]).toEqual([
      'a link',
      '(https://hos',
      't.example/a/',
      'long/path)',
      'end',
    ]);
  });

  it('keeps its columns once rows of a table have left', () => {
    const pieces = [
      '| a | b |\n|---|---|\n',
      '| 1 | 2 |\n',
      '| long cell | 3 |\n',
      '| 4 | a cell that is long |\n',
    ];
    const { finished, live: rows } = grown([...pieces, '| 5'], { width: 20, liveRows: 3 });
    expect(texts(finished)).toEqual([
      'a         │ b',
      '──────────┼─────────',
      '1         │ 2',
      'long cell │ 3',
      '4         │ a cell',
      '          │ that is',
      '          │ long',
    ]);
    expect(texts(rows)).toEqual(['5         │']);
  });

  it('shows the end of a line of code that is longer than the window, and lets it leave whole', () => {
    const line = `${'x'.repeat(50)}yz`;
    const { finished, live: rows, rest } = grown(['```\n', line], { width: 20, liveRows: 2 });
    expect(texts(finished)).toEqual(['──']);
    expect(texts(rows)).toEqual(['x'.repeat(20), `${'x'.repeat(10)}yz`]);
    expect(texts(rest)).toEqual([line, '──']);
  });

  it('lets prose leave sooner than what needs to wait, if it is told so', () => {
    const prose = grown(['one two three'], { width: 5, liveRows: 9, proseRows: 1 });
    expect([texts(prose.finished), texts(prose.live)]).toEqual([['one', 'two'], ['three']]);
    const table = grown(['| a |\n|---|\n| b |\n'], { width: 5, liveRows: 9, proseRows: 1 });
    expect([texts(table.finished), texts(table.live)]).toEqual([[], ['a', '─', 'b']]);
  });
});

describe('code while its colours are loaded', () => {
  const colors: Highlight = () => ({
    colorLine: (line, before = { line: 0 }) => {
      const after = { line: Number(Reflect.get(before, 'line')) + 1 };
      return { spans: [{ text: `${after.line}:${line}`, tones: ['keyword'] }], after };
    },
  });
  const colored = (text: string): Row => spanRow([{ text, tones: ['keyword'] }]);
  const fence = (language = ''): Row => row(`── ${language}`.trim(), 'dim');
  const start = '```ts\na\nb\n';

  it('waits as far as there is room, and what comes after it waits too', () => {
    const waiting = grown([start, '```\nnext'], { highlight: () => 'loading', liveRows: 5 });
    expect(waiting.finished).toEqual([fence('ts')]);
    expect(texts(waiting.live)).toEqual(['a', 'b', '──', 'next']);
    const place = { width: 40, liveRows: 5, highlight: colors };
    const loaded = growMarkdown(waiting.state, '', place);
    expect(loaded.finished).toEqual([colored('1:a'), colored('2:b'), fence()]);
    expect(texts(liveMarkdown(loaded.state, { width: 40, most: 5 }))).toEqual(['next']);
  });

  it('leaves without colour when there is no room, and the next line is coloured as if it had been there', () => {
    const waiting = grown([start, 'c\n'], { highlight: () => 'loading', liveRows: 1 });
    expect(waiting.finished).toEqual([fence('ts'), row('a'), row('b')]);
    const loaded = growMarkdown(waiting.state, 'd\n', { width: 40, liveRows: 1, highlight: colors });
    expect(loaded.finished).toEqual([colored('3:c'), colored('4:d')]);
  });

  it('leaves without colour when the answer ends or there are none', () => {
    expect(grown([start], { highlight: () => 'loading' }).rest).toEqual([row('a'), row('b'), fence()]);
    expect(grown([start]).finished).toEqual([fence('ts'), row('a'), row('b')]);
  });

  it('begins anew with every block', () => {
    expect(all([start, '```\n\n', start], { highlight: colors })).toEqual([
      ...[fence('ts'), colored('1:a'), colored('2:b'), fence(), row('')],
      ...[fence('ts'), colored('1:a'), colored('2:b'), fence()],
    ]);
  });
});
