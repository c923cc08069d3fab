/** What writing a question needs of the world. Only types: the caller, who may read files, hands it in. */
import type { Edited } from '../external-editor.ts';
import type { Keyboard } from './key-input.ts';
import type { Attachment } from './talk.ts';

export interface WritingAids {
  /** What was asked in earlier sessions, oldest first. */
  readonly history: readonly string[];
  /** Paths for a typed beginning, best first, folders ending in a slash; never rejects. */
  findPaths(typed: string, signal: AbortSignal): Promise<readonly string[]>;
  /** The file that a question names; undefined when it names none, a sentence when it cannot go along. */
  readMention(path: string): Promise<ReadMention | undefined>;
  /** The text in the person's editor, which has the terminal meanwhile. */
  editText(text: string, signal: AbortSignal): Promise<Edited>;
  readonly keyboard: Keyboard;
}

export type ReadMention =
  { readonly attachment: Attachment; readonly refusal?: undefined } | { readonly refusal: string };
