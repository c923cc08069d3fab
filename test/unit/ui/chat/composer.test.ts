import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { edit, EMPTY_COMPOSER, sent, type Composer, type Edit } from '../../../../src/ui/chat/composer.ts';

/** Edits by name; anything else is text. The result has | where the caret is. */
function edited(steps: readonly string[], start: Composer = EMPTY_COMPOSER): string {
  return marked(steps.reduce((composer, step) => edit(composer, asEdit(step)), start));
}

const marked = ({ text, caret }: Composer): string => `${text.slice(0, caret)}|${text.slice(caret)}`;

const MOVES = [
  'left',
  'right',
  'word_left',
  'word_right',
  'home',
  'end',
  'up',
  'down',
  'backspace',
  'delete',
  'delete_word',
  'kill_to_start',
  'kill_to_end',
] as const;

function asEdit(step: string): Edit {
  const move = MOVES.find((name) => name === step);
  return move === undefined ? { kind: 'insert', text: step } : { kind: move };
}

describe('edit', () => {
  it.each([
    [['ab', 'left', 'x'], 'ax|b'],
    [['ab', 'home', 'x', 'end', 'y'], 'xaby|'],
    [['a👨\u200d👩\u200d👧b', 'left', 'left', 'backspace'], '|👨\u200d👩\u200d👧b'],
    [['a👨\u200d👩\u200d👧b', 'left', 'backspace'], 'a|b'],
    [['👍🏽', 'home', 'delete'], '|'],
    [['e\u0301x', 'left', 'backspace'], '|x'],
    [['🇩🇪🇫🇷', 'backspace'], '🇩🇪|'],
    [['one two  ', 'delete_word'], 'one |'],
    [['one two', 'word_left', 'word_left', 'x'], 'x|one two'],
    [['one two', 'home', 'word_right'], 'one| two'],
    [['one\ntwo', 'kill_to_start'], 'one\n|'],
    [['one\ntwo', 'up', 'kill_to_end'], 'one|\ntwo'],
    [['one\ntwo', 'home', 'up', 'end'], 'one|\ntwo'],
    [['one\nlonger\nx', 'up', 'up'], 'o|ne\nlonger\nx'],
    [['中文\nabcd', 'up'], '中文|\nabcd'],
    [['left'], '|'],
    [['backspace', 'delete', 'right'], '|'],
  ])('%j gives %s', (steps, expected) => {
    expect(edited(steps)).toBe(expected);
  });

  it('recalls what was sent and comes back to what was being written', () => {
    const history = ['first', 'second'].reduce(
      (composer, text) => sent(edit(composer, { kind: 'insert', text })),
      EMPTY_COMPOSER,
    );
    expect(edited(['draft', 'up'], history)).toBe('second|');
    expect(edited(['draft', 'up', 'up', 'up'], history)).toBe('first|');
    expect(edited(['draft', 'up', 'up', 'down', 'down', 'down'], history)).toBe('draft|');
    expect(edited(['up', '!'], history)).toBe('second!|');
  });

  it('remembers no blank text and nothing twice in a row', () => {
    const twice = ['a', 'a', '  '].reduce(
      (composer, text) => sent(edit(composer, { kind: 'insert', text })),
      EMPTY_COMPOSER,
    );
    expect(twice).toEqual({ ...EMPTY_COMPOSER, history: ['a'] });
  });

  it('never leaves the caret outside the text or inside a grapheme', () => {
    const step = fc.constantFrom(...MOVES, 'a', '中', '👨\u200d👩\u200d👧', 'e\u0301', '\n', ' ');
    const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const { text, caret } = steps.reduce((it, name) => edit(it, asEdit(name)), EMPTY_COMPOSER);
        const borders = [...segmenter.segment(text)].map(({ index }) => index);
        expect([...borders, text.length]).toContain(caret);
      }),
    );
  });
});
