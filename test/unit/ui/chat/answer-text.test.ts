import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { growText, liveRow, NO_TEXT, remainingRows } from '../../../../src/ui/chat/answer-text.ts';

/** What is on the screen after the pieces have arrived one by one. */
function grown(pieces: readonly string[], width: number) {
  let text = NO_TEXT;
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

  it('keeps the lines of a code block whole', () => {
    const long = 'x'.repeat(30);
    const { finished } = grown(['see\n```sh\n', long, `${long}\n`, '```\n', `${long}\n`], 20);
    expect(finished).toEqual(['see', '```sh', long + long, '```', 'x'.repeat(20), 'x'.repeat(10)]);
  });

  it('shows the end of a line of code that is longer than the window', () => {
    expect(grown(['```\n', 'x'.repeat(50), 'yz'], 20).live).toBe('x'.repeat(10) + 'yz');
  });

  it('takes a fence for one at the beginning of a line only', () => {
    expect(grown(['words and words ', '```\n', 'x'.repeat(25)], 16).finished).toEqual([
      'words and words',
      '```',
      'x'.repeat(16),
    ]);
    expect(grown(['``` a long line of info', ' goes on\n', 'x'.repeat(25), '\n'], 16).finished.at(-1)).toBe(
      'x'.repeat(25),
    );
  });

  it('does not depend on how the answer arrives', () => {
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
