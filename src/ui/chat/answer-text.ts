/**
 * An answer on its way to the screen: which rows of it are finished, and the row that still grows. Finished
 * rows are written once and never touched again. Prose is broken at words, so that a row is finished as soon
 * as the next one begins; lines of a code block stay whole, so that they can be copied from the terminal.
 */
import { expandTabs, wrapCells, wrapWords } from './text-rows.ts';

export interface GrowingText {
  /** What has arrived of the unfinished row (prose) or line (code). */
  readonly row: string;
  readonly isCode: boolean;
}

export const NO_TEXT: GrowingText = { row: '', isCode: false };

export interface Grown {
  readonly text: GrowingText;
  readonly finished: readonly string[];
}

/** Takes in what has arrived since the last time. The work does not depend on how long the answer is. */
export function growText(text: GrowingText, arrived: string, width: number): Grown {
  if (arrived === '') return { text, finished: [] };
  const finished: string[] = [];
  let { row, isCode } = text;
  const lines = arrived.split('\n');
  for (const [index, line] of lines.entries()) {
    row += line;
    const isWhole = index < lines.length - 1;
    if (isCode) {
      if (!isWhole) continue;
      finished.push(row);
    } else {
      const rows = wrapWords(expandTabs(row), width);
      finished.push(...(isWhole ? rows : rows.slice(0, -1)));
      if (!isWhole) {
        row = rows.at(-1) ?? '';
        continue;
      }
    }
    if (FENCE.test(row)) isCode = !isCode;
    row = '';
  }
  return { text: { row, isCode }, finished };
}

/** What is left when nothing more will come. */
export function remainingRows(text: GrowingText): readonly string[] {
  return text.row === '' ? [] : [text.row];
}

/** The growing row as it is shown meanwhile; of a long line of code, its end. */
export function liveRow(text: GrowingText, width: number): string {
  const recent = expandTabs(text.row.slice(-width * 4));
  return (text.isCode ? wrapCells(recent, width) : wrapWords(recent, width)).at(-1) ?? '';
}

const FENCE = /^ {0,3}(?:```|~~~)/;
