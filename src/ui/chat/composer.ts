/**
 * The text being written: pure editing over graphemes, several lines, and the history of what was sent.
 * `caret` is a UTF-16 position that never stands inside a grapheme.
 */

export interface Composer {
  readonly text: string;
  readonly caret: number;
  /** What was sent, oldest first. */
  readonly history: readonly string[];
  /** Place in the history that is shown; absent while a new text is written. */
  readonly recalled?: number | undefined;
  /** The new text that waits while the history is shown. */
  readonly draft: string;
}

export type Edit =
  | { readonly kind: 'insert'; readonly text: string }
  | {
      readonly kind:
        | 'left'
        | 'right'
        | 'word_left'
        | 'word_right'
        | 'home'
        | 'end'
        | 'up'
        | 'down'
        | 'backspace'
        | 'delete'
        | 'delete_word'
        | 'kill_to_start'
        | 'kill_to_end';
    };

export const EMPTY_COMPOSER: Composer = { text: '', caret: 0, history: [], draft: '' };

export function edit(composer: Composer, change: Edit): Composer {
  const { text, caret } = composer;
  switch (change.kind) {
    case 'insert':
      return replace(composer, { from: caret, to: caret, by: change.text });
    case 'left':
      return { ...composer, caret: before(text, caret) };
    case 'right':
      return { ...composer, caret: after(text, caret) };
    case 'word_left':
      return { ...composer, caret: wordBefore(text, caret) };
    case 'word_right':
      return { ...composer, caret: wordAfter(text, caret) };
    case 'home':
      return { ...composer, caret: lineStart(text, caret) };
    case 'end':
      return { ...composer, caret: lineEnd(text, caret) };
    case 'up':
      return lineStart(text, caret) === 0 ? recall(composer, -1) : moveLine(composer, -1);
    case 'down':
      return lineEnd(text, caret) === text.length ? recall(composer, 1) : moveLine(composer, 1);
    case 'backspace':
      return replace(composer, { from: before(text, caret), to: caret, by: '' });
    case 'delete':
      return replace(composer, { from: caret, to: after(text, caret), by: '' });
    case 'delete_word':
      return replace(composer, { from: wordBefore(text, caret), to: caret, by: '' });
    case 'kill_to_start':
      return replace(composer, { from: lineStart(text, caret), to: caret, by: '' });
    case 'kill_to_end':
      return replace(composer, { from: caret, to: lineEnd(text, caret), by: '' });
  }
}

/** Empty again, with what was sent at the end of the history. */
export function sent(composer: Composer): Composer {
  const { text, history } = composer;
  const isNew = text.trim() !== '' && history.at(-1) !== text;
  return { ...EMPTY_COMPOSER, history: isNew ? [...history, text].slice(-LONGEST_HISTORY) : history };
}

export function withText(composer: Composer, text: string): Composer {
  return { ...composer, text, caret: text.length, recalled: undefined };
}

const LONGEST_HISTORY = 500;
/** No grapheme that people type is longer; looking no further keeps every key cheap in a long text. */
const LONGEST_GRAPHEME = 64;
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

function replace(
  composer: Composer,
  range: { readonly from: number; readonly to: number; readonly by: string },
): Composer {
  const text = composer.text.slice(0, range.from) + range.by + composer.text.slice(range.to);
  return { ...composer, text, caret: range.from + range.by.length };
}

function before(text: string, caret: number): number {
  const start = Math.max(0, caret - LONGEST_GRAPHEME);
  let last = start;
  for (const { index } of graphemes.segment(text.slice(start, caret))) last = start + index;
  return caret === 0 ? 0 : last;
}

function after(text: string, caret: number): number {
  const [next] = graphemes.segment(text.slice(caret, caret + LONGEST_GRAPHEME));
  return caret + (next?.segment.length ?? 0);
}

function wordBefore(text: string, caret: number): number {
  return /\S*\s*$/u.exec(text.slice(0, caret))?.index ?? 0;
}

function wordAfter(text: string, caret: number): number {
  return caret + (/^\s*\S*/u.exec(text.slice(caret))?.[0].length ?? 0);
}

function lineStart(text: string, caret: number): number {
  return caret === 0 ? 0 : text.lastIndexOf('\n', caret - 1) + 1;
}

function lineEnd(text: string, caret: number): number {
  const end = text.indexOf('\n', caret);
  return end < 0 ? text.length : end;
}

/** To the line above or below, as many graphemes from its start if it has them. */
function moveLine(composer: Composer, direction: -1 | 1): Composer {
  const { text, caret } = composer;
  const start = lineStart(text, caret);
  const column = [...graphemes.segment(text.slice(start, caret))].length;
  const target = direction < 0 ? lineStart(text, start - 1) : lineEnd(text, caret) + 1;
  const line = text.slice(target, lineEnd(text, target));
  const place = [...graphemes.segment(line)][column]?.index ?? line.length;
  return { ...composer, caret: target + place };
}

function recall(composer: Composer, direction: -1 | 1): Composer {
  const { history, recalled = history.length } = composer;
  const place = recalled + direction;
  if (place < 0 || place > history.length) return composer;
  const draft = recalled === history.length ? composer.text : composer.draft;
  const text = history[place] ?? draft;
  return {
    ...composer,
    text,
    caret: text.length,
    draft,
    recalled: place === history.length ? undefined : place,
  };
}
