/**
 * Plain text on its way to the screen, as reasoning comes: which rows of it are finished, and the row that still
 * grows. It is broken at words, so that a row is finished as soon as the next one begins.
 */
import { expandTabs, wrapWords } from '../text-rows.ts';

/** What has arrived of the unfinished row. */
export type GrowingText = string;

export const NO_TEXT: GrowingText = '';

export interface Grown {
  readonly text: GrowingText;
  readonly finished: readonly string[];
}

/** Takes in what has arrived since the last time. The work does not depend on how long the text is. */
export function growText(text: GrowingText, arrived: string, width: number): Grown {
  if (arrived === '') return { text, finished: [] };
  const lines = (text + arrived).split('\n').map((line) => wrapWords(expandTabs(line), width));
  const last = lines.pop() ?? [];
  return { text: last.at(-1) ?? '', finished: [...lines.flat(), ...last.slice(0, -1)] };
}

/** What is left when nothing more will come. */
export function remainingRows(text: GrowingText): readonly string[] {
  return text === '' ? [] : [text];
}

/** The growing row as it is shown in a window that may be narrower by now. */
export function liveRow(text: GrowingText, width: number): string {
  return wrapWords(text, width).at(-1) ?? '';
}
