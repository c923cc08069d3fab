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
  /** What the beginning of the line said, once rows of it have left: whether it is a code fence. */
  readonly began?: 'fence' | 'prose' | undefined;
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
  let { row, isCode, began } = text;
  const lines = arrived.split('\n');
  for (const [index, line] of lines.entries()) {
    row += line;
    const isWhole = index < lines.length - 1;
    const rows = isCode ? [row] : wrapWords(expandTabs(row), width);
    const beginning = began ?? (FENCE.test(row) ? 'fence' : 'prose');
    if (isWhole) {
      finished.push(...rows);
      if (beginning === 'fence') isCode = !isCode;
      row = '';
      began = undefined;
    } else {
      finished.push(...rows.slice(0, -1));
      row = rows.at(-1) ?? '';
      if (rows.length > 1) began = beginning;
    }
  }
  return { text: { row, isCode, began }, finished };
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
