/**
 * The text being written, as a value. `caret` is a UTF-16 position that never stands inside a grapheme; a
 * long paste is one character of the text (composer/pastes.ts). What keys do to it is in edit.ts.
 */
import type { Change, Run } from './composer/changes.ts';
import { replaceAll } from './composer/changes.ts';
import type { Completion, Mention } from './composer/mentions.ts';
import { mentionsIn } from './composer/mentions.ts';
import { foldPaste, holdsFold, unfold, withoutFolds } from './composer/pastes.ts';
import type { Search } from './composer/search.ts';

export interface Composer {
  readonly text: string;
  readonly caret: number;
  /** What was sent, oldest first. */
  readonly history: readonly string[];
  /** Place in the history that is shown; absent while a new text is written. */
  readonly recalled?: number | undefined;
  /** The new text that waits while the history is shown. */
  readonly draft: string;
  /** What was pasted and is folded. */
  readonly pastes: readonly string[];
  /** What can be undone and what was, newest last. */
  readonly undo: readonly Change[];
  readonly redo: readonly Change[];
  /** What the last edit was, for edits that go on where it ended. */
  readonly run?: Run | undefined;
  /** What was killed, newest last. */
  readonly killed: readonly string[];
  /** What the last yank wrote: where it begins, and which of `killed` it is. */
  readonly yanked?: { readonly from: number; readonly index: number } | undefined;
  /** The cell that up and down keep to. */
  readonly goal?: number | undefined;
  /** The search through the history under way; `text` is then what it found. */
  readonly search?: Search | undefined;
  /** The `@path` being typed, and the paths offered for it. */
  readonly mention?: Mention | undefined;
  readonly completion?: Completion | undefined;
  /** Paths that were typed or chosen, not merely pasted: only these are attached. */
  readonly mentioned: readonly string[];
}

export const EMPTY_COMPOSER: Composer = {
  text: '',
  caret: 0,
  history: [],
  draft: '',
  pastes: [],
  undo: [],
  redo: [],
  killed: [],
  mentioned: [],
};

/** @param history what was sent in earlier sessions, oldest first */
export function startComposer(history: readonly string[]): Composer {
  return { ...EMPTY_COMPOSER, history: history.slice(-LONGEST_HISTORY).map(withoutFolds) };
}

/** What is sent: pastes in full. */
export function composedText({ text, pastes }: Composer): string {
  return unfold(text, pastes);
}

/** Empty again, with what was sent at the end of the history. */
export function sent(composer: Composer): Composer {
  const { text, history, pastes, killed } = composer;
  const isNew = text.trim() !== '' && history.at(-1) !== text;
  return withoutOldPastes({
    ...EMPTY_COMPOSER,
    history: isNew ? [...history, text].slice(-LONGEST_HISTORY) : history,
    pastes,
    killed,
    mentioned: composer.mentioned,
  });
}

/** Another text in place of what is written; undo brings that back. */
export function withText(composer: Composer, text: string): Composer {
  const { text: shown, pastes } = foldHuge(text, composer.pastes);
  const plain = { ...composer, pastes, search: undefined, mention: undefined, completion: undefined };
  return replaceAll({ ...plain, recalled: undefined }, { text: shown });
}

/** The paths of a text that are to be attached: those that this person named. */
export function attachedPaths(text: string, { mentioned }: Composer): readonly string[] {
  return [...new Set(mentionsIn(text))].filter((path) => mentioned.includes(path)).slice(0, MOST_ATTACHED);
}

/** A text that comes from elsewhere; folded when showing it would make every key slow. */
export function foldHuge(text: string, pastes: readonly string[]): ReturnType<typeof foldPaste> {
  return text.length > LONGEST_SHOWN ? foldPaste(unfold(text, pastes), pastes) : { text, pastes };
}

const LONGEST_HISTORY = 1_000;
const LONGEST_SHOWN = 20_000;
const MOST_ATTACHED = 20;
/** Characters of pastes that are kept for the history. */
const MOST_KEPT = 32 * 1024 * 1024;

/** In a long session the oldest pastes go, and with them the entries that could no longer be sent whole. */
function withoutOldPastes(composer: Composer): Composer {
  let kept = composer.pastes.reduce((sum, paste) => sum + paste.length, 0);
  if (kept <= MOST_KEPT) return composer;
  const pastes = [...composer.pastes];
  let { history, killed } = composer;
  for (let number = 0; kept > MOST_KEPT && number < pastes.length - 1; number++) {
    kept -= pastes[number]?.length ?? 0;
    pastes[number] = '';
    history = history.filter((text) => !holdsFold(text, number));
    killed = killed.filter((text) => !holdsFold(text, number));
  }
  return { ...composer, pastes, history, killed };
}
