/** Changes to what is written, each of which can be undone and done again. */
import type { Composer } from '../composer.ts';
import { graphemeBorder } from './graphemes.ts';

/** At `at`, `removed` gave way to `inserted`; the caret was at `caret`. */
export interface Change {
  readonly at: number;
  readonly removed: string;
  readonly inserted: string;
  readonly caret: number;
}

/** Edits of one kind that follow each other and count as one change. */
export type Run = 'type' | 'erase' | 'kill_before' | 'kill_after' | 'yank' | 'recall';

export interface Replacement {
  readonly from: number;
  readonly to: number;
  readonly by: string;
  readonly run?: Run | undefined;
  /** After it, unless at the end of what is written. */
  readonly caret?: number | undefined;
}

export function replace(composer: Composer, { from, to, by, run, caret }: Replacement): Composer {
  const removed = composer.text.slice(from, to);
  if (removed === '' && by === '') return { ...composer, run: undefined, goal: undefined };
  const text = composer.text.slice(0, from) + by + composer.text.slice(to);
  const change: Change = { at: from, removed, inserted: by, caret: composer.caret };
  return {
    ...composer,
    text,
    // What is written may join with what follows it.
    caret: graphemeBorder(text, caret ?? from + by.length),
    undo: recorded(composer, change, run),
    redo: [],
    run,
    goal: undefined,
    recalled: undefined,
  };
}

export function replaceAll(
  composer: Composer,
  { text, run, caret }: { readonly text: string; readonly run?: Run; readonly caret?: number },
): Composer {
  if (text === composer.text) return { ...composer, caret: caret ?? text.length };
  return replace(composer, { from: 0, to: composer.text.length, by: text, run, caret });
}

export function undo(composer: Composer): Composer {
  const change = composer.undo.at(-1);
  if (change === undefined) return composer;
  const { at, removed, inserted, caret } = change;
  return {
    ...withoutRun(composer),
    text: composer.text.slice(0, at) + removed + composer.text.slice(at + inserted.length),
    caret,
    undo: composer.undo.slice(0, -1),
    redo: [...composer.redo, change],
  };
}

export function redo(composer: Composer): Composer {
  const change = composer.redo.at(-1);
  if (change === undefined) return composer;
  const { at, removed, inserted } = change;
  const text = composer.text.slice(0, at) + inserted + composer.text.slice(at + removed.length);
  return {
    ...withoutRun(composer),
    text,
    caret: graphemeBorder(text, at + inserted.length),
    undo: [...composer.undo, change],
    redo: composer.redo.slice(0, -1),
  };
}

const MOST_CHANGES = 200;

function withoutRun(composer: Composer): Composer {
  return { ...composer, run: undefined, goal: undefined, recalled: undefined };
}

function recorded(composer: Composer, change: Change, run: Run | undefined): readonly Change[] {
  const last = composer.undo.at(-1);
  const joined =
    last !== undefined && run !== undefined && run === composer.run ? join(last, change, run) : undefined;
  return joined === undefined
    ? [...composer.undo, change].slice(-MOST_CHANGES)
    : [...composer.undo.slice(0, -1), joined];
}

/** Words are undone one by one, deletions and steps through the history at once. */
function join(last: Change, change: Change, run: Run): Change | undefined {
  switch (run) {
    case 'type': {
      const follows = change.removed === '' && change.at === last.at + last.inserted.length;
      const beginsWord = /\s$/u.test(last.inserted) && !/^\s/u.test(change.inserted);
      return follows && !beginsWord ? { ...last, inserted: last.inserted + change.inserted } : undefined;
    }
    case 'erase': {
      const follows = last.inserted === '' && change.at + change.removed.length === last.at;
      return follows ? { ...last, at: change.at, removed: change.removed + last.removed } : undefined;
    }
    case 'recall':
      return { ...last, inserted: change.inserted };
    case 'kill_before':
    case 'kill_after':
    case 'yank':
      return undefined;
  }
}
