import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  endMarkdown,
  growMarkdown,
  liveMarkdown,
  NO_MARKDOWN,
  type GrowingMarkdown,
} from '../../../../src/ui/markdown/growing-markdown.ts';
import type { Row } from '../../../../src/ui/rows.ts';
import { cellWidth } from '../../../../src/ui/text-rows.ts';

const highlight = () => undefined;

/** What has left, what is seen, and what would be left, after the pieces have arrived one by one. */
function grown(
  pieces: readonly string[],
  {
    width = 40,
    liveRows = 1_000,
    most = liveRows,
  }: { width?: number; liveRows?: number; most?: number } = {},
) {
  let state: GrowingMarkdown = NO_MARKDOWN;
  const finished: Row[] = [];
  for (const piece of pieces) {
    const next = growMarkdown(state, piece, { width, liveRows, highlight });
    state = next.state;
    finished.push(...next.finished);
  }
  return {
    finished,
    live: liveMarkdown(state, { width, most }),
    rest: endMarkdown(state, { width, highlight }),
  };
}

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
  it('does not depend on how the text arrives', () => {
    fc.assert(
      fc.property(documents, fc.integer({ min: 4, max: 60 }), (pieces, width) => {
        const text = pieces.join('');
        const whole = grown([text], { width });
        const rows = [...whole.finished, ...whole.rest];
        for (const parts of [pieces, [...text]]) {
          const one = grown(parts, { width });
          expect([...one.finished, ...one.rest]).toEqual(rows);
        }
      }),
      { numRuns: 1000 },
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
            const next = growMarkdown(state, piece, { width, liveRows, highlight });
            state = next.state;
            const { leaf } = state.blocks;
            const isOneRow = leaf?.kind === 'code' || (leaf?.kind === 'table' && leaf.hasLeft);
            const live = liveMarkdown(state, { width, most: isOneRow ? liveRows : 1_000 });
            expect(live.length).toBeLessThanOrEqual(liveRows);
            for (const { text } of liveMarkdown(state, { width, most: 3 }))
              expect(cellWidth(text)).toBeLessThanOrEqual(width);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
