import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  attachedPaths,
  composedText,
  EMPTY_COMPOSER,
  sent,
  startComposer,
  withText,
  type Composer,
} from '../../../../src/ui/chat/composer.ts';
import { openCompletion, offerPaths, wantedPath } from '../../../../src/ui/chat/composer/mentions.ts';
import { edit, editedElsewhere, EDITS, onEnter, onEscape, type Edit } from '../../../../src/ui/chat/edit.ts';

type Step = string | { readonly paste: string };

function asEdit(step: Step): Edit {
  if (typeof step !== 'string') return { kind: 'paste', text: step.paste };
  const name = EDITS.find((known) => known === step);
  return name === undefined ? { kind: 'insert', text: step } : { kind: name };
}

/** Edits by name; anything else is text. */
function after(steps: readonly Step[], start: Composer = EMPTY_COMPOSER, width?: number): Composer {
  return steps.reduce<Composer>((composer, step) => edit(composer, asEdit(step), width), start);
}

/** The text with | where the caret is, folded pastes as ¶. */
function marked({ text, caret }: Composer): string {
  return `${text.slice(0, caret)}|${text.slice(caret)}`.replaceAll(/[\u{10f000}-\u{10ff9f}]/gu, '¶');
}

const family = '👨\u200d👩\u200d👧';
const log = Array.from({ length: 120 }, (_, line) => `line ${line + 1}`).join('\n');

describe('moving', () => {
  it.each([
    [['ab', 'left', 'x'], 'ax|b'],
    [['ab', 'home', 'x', 'end', 'y'], 'xaby|'],
    [[`a${family}b`, 'left', 'left', 'x'], `ax|${family}b`],
    [['one\ntwo', 'home', 'up', 'end'], 'one|\ntwo'],
    [['one\ntwo', 'text_start', 'x', 'text_end', 'y'], 'xone\ntwoy|'],
    [['one two', 'word_left', 'word_left', 'x'], 'x|one two'],
    [['one two', 'home', 'word_right'], 'one| two'],
    [['one, (two)', 'word_left'], 'one, (|two)'],
    [['one, (two)', 'home', 'word_right', 'word_right'], 'one, (two|)'],
    [['你好世界', 'word_left'], '你好|世界'],
    [['你好世界', 'home', 'word_right'], '你好|世界'],
    [['left'], '|'],
    [['right', 'word_left', 'word_right', 'up', 'down'], '|'],
    [['one\nlonger\nx', 'up', 'up'], 'o|ne\nlonger\nx'],
    [['longer\nx\nlonger', 'up', 'up'], 'longer|\nx\nlonger'],
    [['longer\nx\nlonger', 'up', 'left', 'up'], '|longer\nx\nlonger'],
    [['中文\nabcd', 'up'], '中文|\nabcd'],
    [['中文\nabc', 'up'], '中|文\nabc'],
  ])('%j gives %s', (steps, expected) => {
    expect(marked(after(steps))).toBe(expected);
  });

  it.each([
    [['abcdefghij', 'up'], 'abcde|fghij'],
    [['abcdefghij', 'up', 'up'], '|abcdefghij'],
    [['abcdefghijkl', 'up', 'up'], 'ab|cdefghijkl'],
    [['abc\nabcdefgh', 'home', 'up'], '|abc\nabcdefgh'],
    [['abcdefgh\nx', 'up'], 'abcdef|gh\nx'],
    [['abcdefgh\nx', 'home', 'up', 'left', 'up'], 'abcd|efgh\nx'],
    [['中文中文', 'up'], '中|文中文'],
  ])('goes by rows as they are shown, of five cells: %j gives %s', (steps, expected) => {
    expect(marked(after(steps, EMPTY_COMPOSER, 5))).toBe(expected);
  });
});

describe('changing', () => {
  it.each([
    [[`a${family}b`, 'left', 'backspace'], 'a|b'],
    [['👍🏽', 'home', 'delete'], '|'],
    [['e\u0301x', 'left', 'backspace'], '|x'],
    [['🇩🇪🇫🇷', 'backspace'], '🇩🇪|'],
    [['\u0301', 'home', 'a'], 'a\u0301|'],
    [['backspace', 'delete', 'kill_to_end', 'kill_to_start', 'transpose', 'undo', 'redo', 'yank'], '|'],
    [['one two-three  ', 'kill_space_word'], 'one |'],
    [['one two-three  ', 'kill_word_before'], 'one two-|'],
    [['one two', 'home', 'kill_word_after'], '| two'],
    [['one\ntwo', 'kill_to_start'], 'one\n|'],
    [['one\ntwo', 'kill_to_start', 'kill_to_start'], 'one|'],
    [['one\ntwo', 'up', 'home', 'kill_to_end'], '|\ntwo'],
    [['one\ntwo', 'up', 'home', 'kill_to_end', 'kill_to_end'], '|two'],
    [['ab', 'transpose'], 'ba|'],
    [['abc', 'home', 'right', 'transpose'], 'ba|c'],
    [[`a${family}`, 'transpose'], `${family}a|`],
    [['a', 'transpose'], 'a|'],
  ])('%j gives %s', (steps, expected) => {
    expect(marked(after(steps))).toBe(expected);
  });

  it.each([
    [['one two', 'kill_space_word', 'yank', 'yank'], 'one twotwo|'],
    [['one two three', 'kill_space_word', 'kill_space_word', 'yank'], 'one two three|'],
    [['one two three', 'home', 'kill_word_after', 'kill_word_after', 'end', 'yank'], ' threeone two|'],
    [['one', 'kill_to_start', 'two', 'kill_to_start', 'yank', 'yank_older'], 'one|'],
    [['one', 'kill_to_start', 'two', 'kill_to_start', 'yank', 'yank_older', 'yank_older'], 'two|'],
    [['one', 'kill_to_start', 'x', 'yank_older'], 'x|'],
    [['one', 'kill_to_start', 'yank', 'left', 'yank_older'], 'on|e'],
  ])('brings back what was killed: %j gives %s', (steps, expected) => {
    expect(marked(after(steps))).toBe(expected);
  });
});

describe('undoing', () => {
  it.each([
    [['o', 'n', 'e', ' ', 't', 'w', 'o', 'undo'], 'one |'],
    [['o', 'n', 'e', ' ', 't', 'w', 'o', 'undo', 'undo'], '|'],
    [['o', 'n', 'e', ' ', 't', 'w', 'o', 'undo', 'undo', 'redo'], 'one |'],
    [['a', 'b', 'left', 'c', 'undo'], 'a|b'],
    [['abc', 'backspace', 'backspace', 'undo'], 'abc|'],
    [['你', '好', '世界', 'undo'], '你好|'],
    [['one two', 'kill_space_word', 'undo'], 'one two|'],
    [['a', 'undo', 'b', 'redo'], 'b|'],
  ])('%j gives %s', (steps, expected) => {
    expect(marked(after(steps))).toBe(expected);
  });

  it('brings back a text that was cleared', () => {
    expect(marked(edit(withText(after(['unsent', 'left']), ''), { kind: 'undo' }))).toBe('unsen|t');
  });

  it('returns through earlier texts to the beginning, and redoing comes back', () => {
    fc.assert(
      fc.property(steps(), (made) => {
        const seen = new Set(['']);
        let composer = EMPTY_COMPOSER;
        for (const step of made.filter((name) => name !== 'redo' && name !== 'undo')) {
          composer = edit(composer, asEdit(step), 7);
          seen.add(composer.text);
        }
        const end = composer.text;
        let count = 0;
        for (; composer.undo.length > 0; count++) {
          composer = edit(composer, { kind: 'undo' });
          expect(seen).toContain(composer.text);
        }
        expect(marked(composer)).toBe('|');
        for (; count > 0; count--) composer = edit(composer, { kind: 'redo' });
        expect(composer.text).toBe(end);
      }),
    );
  });
});

describe('the history', () => {
  const start = startComposer(['first', 'two\nlines']);

  it.each([
    [['draft', 'up'], 'two\nlines|'],
    [['draft', 'up', 'up'], 'first|'],
    [['draft', 'up', 'up', 'up'], 'first|'],
    [['draft', 'up', 'up', 'down', 'down', 'down'], 'draft|'],
    [['up', '!'], 'two\nlines!|'],
    [['up', 'left', 'up'], 'two|\nlines'],
    [['draft', 'up', '!', 'undo', 'undo'], 'draft|'],
    [['draft', 'up', 'up', 'undo'], 'draft|'],
    [['first', 'up', 'up', 'undo'], 'first|'],
    [['up', '!', 'text_start', 'up'], 'two\nlines|'],
  ])('%j gives %s', (made, expected) => {
    expect(marked(after(made, start))).toBe(expected);
  });

  it('remembers no blank text and nothing twice in a row', () => {
    const twice = ['a', 'a', '  '].reduce((composer, text) => sent(after([text], composer)), EMPTY_COMPOSER);
    expect(twice).toEqual({ ...EMPTY_COMPOSER, history: ['a'] });
  });

  it('folds what is too long to be edited quickly, and sends it whole', () => {
    const long = 'x'.repeat(100_000);
    const recalled = after(['up'], startComposer([long]));
    expect(marked(recalled)).toBe('¶|');
    expect(composedText(recalled)).toBe(long);
  });
});

describe('searching', () => {
  const start = startComposer(['git push', 'git pull', 'Make tea', 'git pull']);
  const shows = (made: readonly string[]): string => {
    const composer = after(made, start);
    return `${composer.search?.isFound === false ? 'no ' : ''}${composer.search?.query ?? '-'}: ${marked(composer)}`;
  };

  it.each([
    [['x', 'search_older'], ': x|'],
    [['search_older', 'git'], 'git: |git pull'],
    [['search_older', 'pu', 'search_older'], 'pu: git |push'],
    [['search_older', 'pu', 'search_older', 'search_newer'], 'pu: git |pull'],
    [['search_older', 'g', 'it pus'], 'git pus: |git push'],
    [['search_older', 'make'], 'make: |Make tea'],
    [['search_older', 'MAKE'], 'no MAKE: |'],
    [['search_older', 'pus', 'h', 'backspace', 'backspace'], 'pu: git |pull'],
    [['x', 'search_older', 'p', 'backspace'], ': x|'],
    [['search_older', 'pull', 'x'], 'no pullx: git |pull'],
    [['search_older', 'tea', 'end', '!'], '-: Make tea!|'],
    [['search_older', 'tea', 'left'], '-: Make| tea'],
    [['draft', 'search_older', 'tea', 'left', 'undo'], '-: draft|'],
    [['search_newer', 'x'], '-: x|'],
  ])('%j gives %s', (made, expected) => {
    expect(shows(made)).toBe(expected);
  });

  it('is accepted by Enter and given up by Esc', () => {
    const searching = after(['draft', 'search_older', 'tea'], start);
    expect(marked(onEnter(searching) ?? searching)).toBe('Make |tea');
    expect(onEnter(searching)?.search).toBeUndefined();
    expect(marked(onEscape(searching) ?? searching)).toBe('draft|');
  });
});

describe('pasting', () => {
  it('shows what is short and folds what is long', () => {
    expect(marked(after(['a', { paste: 'one\ntwo' }, 'b']))).toBe('aone\ntwob|');
    expect(marked(after(['a', { paste: log }, 'b']))).toBe('a¶b|');
    expect(marked(after([{ paste: 'x'.repeat(1_000) }])).length).toBe(1_001);
    expect(marked(after([{ paste: 'x'.repeat(1_001) }]))).toBe('¶|');
  });

  it('moves over and deletes a folded paste as one, and undo brings it back', () => {
    const pasted = after(['a', { paste: log }, 'b', 'left', 'left']);
    expect(marked(pasted)).toBe('a|¶b');
    const without = after(['delete'], pasted);
    expect(marked(without)).toBe('a|b');
    expect(composedText(after(['undo'], without))).toBe(`a${log}b`);
    expect(composedText(after(['right', 'kill_space_word', 'yank', 'yank'], pasted))).toBe(`a${log}a${log}b`);
  });

  it('shows a folded paste that is pasted once more', () => {
    expect(marked(after([{ paste: log }, { paste: log }]))).toBe(`${log}|`);
  });

  it('sends exactly what was pasted', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 20 })),
        fc.integer({ min: 1, max: 400 }),
        (words, times) => {
          const paste = words
            .join('\n')
            .repeat(times)
            .replaceAll(/[\u{10f000}-\u{10ff9f}]/gu, '');
          const composer = after(['a', { paste }, 'b']);
          expect(composedText(composer)).toBe(`a${paste}b`);
          expect(composedText(sent(composer)).length).toBe(0);
          expect(composedText(after(['up'], sent(composer)))).toBe(`a${paste}b`);
        },
      ),
    );
  });

  it('takes nothing from outside for a folded paste', () => {
    expect(after([{ paste: log }, { paste: 'x\u{10f000}y' }]).text).toMatch(/xy$/u);
    expect(marked(withText(EMPTY_COMPOSER, 'kept'))).toBe('kept|');
  });
});

describe('another program', () => {
  it('gives the text back with its pastes folded again where they are whole', () => {
    const composer = after(['see ', { paste: log }]);
    const edited = editedElsewhere(composer, `Now see ${log} here`);
    expect(marked(edited)).toBe('Now see ¶ here|');
    expect(composedText(edited)).toBe(`Now see ${log} here`);
    expect(composedText(editedElsewhere(composer, `see ${log.slice(1)}`))).toBe(`see ${log.slice(1)}`);
    expect(marked(after(['undo'], edited))).toBe('see ¶|');
  });
});

describe('paths', () => {
  const offered = offerPaths(after(['see @ma']), {
    path: 'ma',
    paths: ['src/main.ts', 'my file.md', 'docs/'],
  });

  it('are wanted while a mention is typed, and for nothing else', () => {
    expect(wantedPath(after(['see @ma']))).toBe('ma');
    expect(wantedPath(after(['@']))).toBe('');
    expect(wantedPath(after(['(@"my fi']))).toBe('my fi');
    expect(wantedPath(after(['ada@example']))).toBeUndefined();
    expect(wantedPath(after(['@ma x']))).toBeUndefined();
    expect(wantedPath(after(['@ma', 'left']))).toBeUndefined();
    expect(wantedPath(after([{ paste: '@ma' }]))).toBeUndefined();
    expect(wantedPath(after(['up'], startComposer(['@ma'])))).toBeUndefined();
  });

  it('are chosen by arrows, Tab and Enter', () => {
    expect(marked(after(['complete'], offered))).toBe('see @src/main.ts |');
    expect(marked(after(['down', 'complete'], offered))).toBe('see @"my file.md" |');
    expect(marked(after(['up', 'complete'], offered))).toBe('see @docs/|');
    expect(wantedPath(after(['up', 'complete'], offered))).toBe('docs/');
    expect(marked(onEnter(offered) ?? EMPTY_COMPOSER)).toBe('see @src/main.ts |');
    expect(marked(after(['complete', 'undo'], offered))).toBe('see @ma|');
  });

  it('that came for what was typed before choose nothing', () => {
    const stale = after(['i'], offered);
    expect(openCompletion(stale)).toBeUndefined();
    expect(onEnter(stale)).toBeUndefined();
    expect(offerPaths(stale, { path: 'ma', paths: ['x'] })).toBe(stale);
  });

  it('are no longer offered after Esc, until another mention begins', () => {
    const closed = onEscape(offered) ?? offered;
    expect(marked(closed)).toBe('see @ma|');
    expect(wantedPath(after(['i'], closed))).toBeUndefined();
    expect(onEscape(closed)).toBeUndefined();
    expect(wantedPath(after([' @x'], closed))).toBe('x');
  });

  it('let Enter send when the path is already written', () => {
    const whole = offerPaths(after(['@a.md']), { path: 'a.md', paths: ['a.md'] });
    expect(onEnter(whole)).toBeUndefined();
  });
});

describe('the files that go along', () => {
  const attached = (composer: Composer) => attachedPaths(composedText(composer), composer);

  it('are those that were typed, chosen, recalled or edited', () => {
    expect(attached(after(['see @', 'a', '.', 'md', ' and (@b.md) '])).toSorted()).toEqual(['a.md', 'b.md)']);
    expect(attached(after(['see @a.md and @"my file.md" x']))).toEqual(['a.md', 'my file.md']);
    expect(attached(after(['up'], startComposer(['see @a.md'])))).toEqual(['a.md']);
    expect(attached(editedElsewhere(EMPTY_COMPOSER, 'see @a.md'))).toEqual(['a.md']);
    const offered = offerPaths(after(['@a']), { path: 'a', paths: ['src/a.md'] });
    expect(attached(after(['complete'], offered))).toEqual(['src/a.md']);
  });

  it('are none that was pasted, marked or not, unless it goes on with one that was typed', () => {
    expect(attached(after([{ paste: 'see @~/.ssh/id ' }, 'now']))).toEqual([]);
    expect(attached(after(['see\n@~/.ssh/id now\n']))).toEqual([]);
    expect(attached(after(['@', { paste: 'docs/a.md' }, ' x']))).toEqual(['docs/a.md']);
    expect(attached(after(['mail ada@example.org now']))).toEqual([]);
  });
});

it('goes on in a new line after a backslash', () => {
  expect(marked(onEnter(after(['one\\'])) ?? EMPTY_COMPOSER)).toBe('one\n|');
  expect(onEnter(after(['one\\', 'left']))).toBeUndefined();
  expect(wantedPath(onEnter(after(['@one\\'])) ?? EMPTY_COMPOSER)).toBeUndefined();
  expect(wantedPath(withText(after(['@one']), '@two'))).toBeUndefined();
});

function steps() {
  const text = fc.constantFrom(
    'a',
    ' ',
    '中',
    family,
    'e\u0301',
    '\u0301',
    '🇩🇪',
    '\u200d',
    '\n',
    '\t',
    'word ',
    '@',
  );
  return fc.array(
    fc.oneof({ weight: 2, arbitrary: text }, { weight: 3, arbitrary: fc.constantFrom(...EDITS) }),
    {
      maxLength: 60,
    },
  );
}

it('never leaves the caret outside the text or inside a grapheme', () => {
  const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  fc.assert(
    fc.property(steps(), fc.integer({ min: 1, max: 12 }), (made, width) => {
      let composer = startComposer(['first', `${family}\n中文`]);
      for (const step of [...made, { paste: log }, ...made]) {
        composer = edit(composer, asEdit(step), width);
        const borders = [...segmenter.segment(composer.text)].map(({ index }) => index);
        expect([...borders, composer.text.length]).toContain(composer.caret);
      }
    }),
    { numRuns: 200 },
  );
});
