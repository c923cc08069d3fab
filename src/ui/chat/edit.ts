/** What editing keys do to the text being written: readline's, over graphemes, words and rows as they are shown. */
import { redo, replace, replaceAll, undo } from './composer/changes.ts';
import { graphemeAfter, graphemeBefore } from './composer/graphemes.ts';
import { kill, yank, yankOlder } from './composer/kill.ts';
import { lineEnd, lineStart } from './composer/lines.ts';
import {
  choose,
  closeCompletion,
  complete,
  followMention,
  nameMentions,
  nameTyped,
  openCompletion,
} from './composer/mentions.ts';
import { moveRow } from './composer/move.ts';
import { foldPaste, isFolded, refold, unfold } from './composer/pastes.ts';
import { isUntouched, recall } from './composer/recall.ts';
import { acceptSearch, cancelSearch, searchFor, searchForLess, searchOn } from './composer/search.ts';
import { spaceWordBefore, wordAfter, wordBefore } from './composer/words.ts';
import type { Composer } from './composer.ts';

export type Edit =
  /** Typed, or committed by an input method: one edit, however long. */
  | { readonly kind: 'insert'; readonly text: string }
  | { readonly kind: 'paste'; readonly text: string }
  | { readonly kind: (typeof EDITS)[number] };

export const EDITS = [
  'left',
  'right',
  'word_left',
  'word_right',
  'home',
  'end',
  'text_start',
  'text_end',
  'up',
  'down',
  'backspace',
  'delete',
  'kill_space_word',
  'kill_word_before',
  'kill_word_after',
  'kill_to_start',
  'kill_to_end',
  'yank',
  'yank_older',
  'transpose',
  'undo',
  'redo',
  'complete',
  'search_older',
  'search_newer',
] as const;

/** @param width cells of a row of the text, for up and down; without it every line is a row */
export function edit(composer: Composer, change: Edit, width = Number.POSITIVE_INFINITY): Composer {
  if (composer.search !== undefined) return editSearch(composer, change, width);
  const isTyping = change.kind === 'insert' || change.kind === 'backspace' || change.kind === 'paste';
  if (openCompletion(composer) !== undefined) {
    if (change.kind === 'up') return choose(composer, -1);
    if (change.kind === 'down') return choose(composer, 1);
    if (change.kind === 'complete') return complete(composer);
  }
  const next = editText(composer, change, width);
  // A path that is pasted is none that was named, unless it goes on with one.
  const follows = isTyping && (change.kind !== 'paste' || composer.mention !== undefined);
  const followed = followMention(composer, next, follows);
  return change.kind === 'insert' ? nameTyped(followed, change.text) : followed;
}

/** What Enter does before it sends; undefined when it sends. */
export function onEnter(composer: Composer): Composer | undefined {
  if (composer.search !== undefined) return named(acceptSearch(composer));
  const completion = openCompletion(composer);
  if (completion !== undefined && completion.paths[completion.chosen] !== completion.path)
    return complete(composer);
  const { text, caret } = composer;
  if (text[caret - 1] !== '\\') return undefined;
  return followMention(composer, replace(composer, { from: caret - 1, to: caret, by: '\n' }), false);
}

/** What Esc does before it stops an answer; undefined when it does. */
export function onEscape(composer: Composer): Composer | undefined {
  if (composer.search !== undefined) return cancelSearch(composer);
  return composer.completion === undefined ? undefined : closeCompletion(composer);
}

/** The text as another program gave it back; pastes that are still whole are folded again. */
export function editedElsewhere(composer: Composer, text: string): Composer {
  const folded = refold(text, { pastes: composer.pastes, from: composer.text });
  return named(
    replaceAll(
      { ...composer, search: undefined, completion: undefined, mention: undefined },
      { text: folded },
    ),
  );
}

function editText(composer: Composer, change: Edit, width: number): Composer {
  const { text, caret } = composer;
  switch (change.kind) {
    case 'insert':
      return replace(composer, { from: caret, to: caret, by: change.text, run: typingRun(change.text) });
    case 'paste':
      return paste(composer, change.text);
    case 'left':
      return moved(composer, graphemeBefore(text, caret));
    case 'right':
      return moved(composer, graphemeAfter(text, caret));
    case 'word_left':
      return moved(composer, wordBefore(text, caret));
    case 'word_right':
      return moved(composer, wordAfter(text, caret));
    case 'home':
      return moved(composer, lineStart(text, caret));
    case 'end':
      return moved(composer, lineEnd(text, caret));
    case 'text_start':
      return moved(composer, 0);
    case 'text_end':
      return moved(composer, text.length);
    case 'up':
      return moveOrRecall(composer, -1, width);
    case 'down':
      return moveOrRecall(composer, 1, width);
    case 'backspace':
      return replace(composer, { from: graphemeBefore(text, caret), to: caret, by: '', run: 'erase' });
    case 'delete':
      return replace(composer, { from: caret, to: graphemeAfter(text, caret), by: '' });
    case 'kill_space_word':
      return kill(composer, spaceWordBefore(text, caret));
    case 'kill_word_before':
      return kill(composer, wordBefore(text, caret));
    case 'kill_word_after':
      return kill(composer, wordAfter(text, caret));
    case 'kill_to_start':
      return kill(composer, orBefore(lineStart(text, caret), caret));
    case 'kill_to_end':
      return kill(composer, orAfter(lineEnd(text, caret), { caret, end: text.length }));
    case 'yank':
      return yank(composer);
    case 'yank_older':
      return yankOlder(composer);
    case 'transpose':
      return transpose(composer);
    case 'undo':
      return undo(composer);
    case 'redo':
      return redo(composer);
    case 'search_older':
      return searchOn(composer, -1);
    case 'search_newer':
      return searchOn(composer, 1);
    case 'complete':
      return composer;
  }
}

function editSearch(composer: Composer, change: Edit, width: number): Composer {
  switch (change.kind) {
    case 'insert':
    case 'paste':
      return searchFor(composer, change.text);
    case 'backspace':
      return searchForLess(composer);
    case 'search_older':
      return searchOn(composer, -1);
    case 'search_newer':
      return searchOn(composer, 1);
    default:
      return edit(named(acceptSearch(composer)), change, width);
  }
}

/** Letters typed one after the other are undone together; what an input method commits is a step of its own. */
function typingRun(text: string): 'type' | undefined {
  return graphemeAfter(text, 0) === text.length || /^[ -~]+$/u.test(text) ? 'type' : undefined;
}

/** Pasting the same again shows what the label stands for. */
function paste(composer: Composer, pasted: string): Composer {
  const { text, caret, pastes } = composer;
  const from = graphemeBefore(text, caret);
  const last = text.slice(from, caret);
  const folded = foldPaste(pasted, pastes);
  const isAgain = isFolded(last) && unfold(last, pastes) === pasted && pasted.length <= LONGEST_SHOWN;
  if (isAgain) return replace(composer, { from, to: caret, by: pasted });
  return replace({ ...composer, pastes: folded.pastes }, { from: caret, to: caret, by: folded.text });
}

const LONGEST_SHOWN = 20_000;

function moved(composer: Composer, caret: number): Composer {
  return { ...composer, caret, run: undefined, goal: undefined };
}

function moveOrRecall(composer: Composer, direction: -1 | 1, width: number): Composer {
  // Several lines that were only recalled are stepped over as a whole.
  const row = isUntouched(composer) ? undefined : moveRow(composer, direction, width);
  if (row !== undefined) return { ...row, run: undefined };
  const recalled = recall(composer, direction);
  return recalled === composer ? { ...composer, run: undefined } : named(recalled);
}

/** At the beginning of a line the line break before it. */
function orBefore(start: number, caret: number): number {
  return start === caret ? Math.max(0, caret - 1) : start;
}

/** At the end of a line the line break after it. */
function orAfter(to: number, { caret, end }: { readonly caret: number; readonly end: number }): number {
  return to === caret ? Math.min(end, caret + 1) : to;
}

/** Swaps the graphemes around the caret, at the end of a line the two before it. */
function transpose(composer: Composer): Composer {
  const { text, caret } = composer;
  const middle = caret === lineEnd(text, caret) ? graphemeBefore(text, caret) : caret;
  if (middle <= lineStart(text, caret)) return composer;
  const from = graphemeBefore(text, middle);
  const to = graphemeAfter(text, middle);
  return replace(composer, { from, to, by: text.slice(middle, to) + text.slice(from, middle) });
}

/** A text that this person had sent or edited names its paths. */
function named(composer: Composer): Composer {
  return nameMentions(composer, composer.text);
}
