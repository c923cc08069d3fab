import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  growText,
  liveRow,
  NO_TEXT,
  remainingRows,
  type GrowingText,
} from '../../../../src/ui/chat/growing-text.ts';

/** What is on the screen after the pieces have arrived one by one. */
function grown(pieces: readonly string[], width: number) {
  let text: GrowingText = NO_TEXT;
  const finished: string[] = [];
  for (const piece of pieces) {
    const next = growText(text, piece, width);
    text = next.text;
    finished.push(...next.finished);
  }
  return { finished, live: liveRow(text, width), rest: remainingRows(text) };
}

describe('growText', () => {
  it('finishes a row of prose when the next one begins', () => {
    expect(grown(['one t', 'wo thr'], 7)).toEqual({ finished: ['one two'], live: 'thr', rest: ['thr'] });
    expect(grown(['one two'], 7)).toEqual({ finished: [], live: 'one two', rest: ['one two'] });
  });

  it('finishes lines, empty ones too', () => {
    expect(grown(['a\n\nb', '\n'], 20)).toEqual({ finished: ['a', '', 'b'], live: '', rest: [] });
  });

  it('does not depend on how the text arrives', () => {
    const words = fc.constantFrom(
      'one ',
      'two',
      ' three\n',
      '\n',
      '```\n',
      '中文 ',
      '👨\u200d👩\u200d👧',
      'e',
      '\u0301',
    );
    fc.assert(
      fc.property(fc.array(words), fc.integer({ min: 4, max: 30 }), (pieces, width) => {
        const atOnce = grown([pieces.join('')], width);
        expect(grown(pieces, width)).toEqual(atOnce);
      }),
    );
  });
});
