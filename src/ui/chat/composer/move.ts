/** Up and down by rows as they are shown, keeping to the column where the movement began. */
import type { Composer } from '../composer.ts';
import { lineEnd, lineStart } from './lines.ts';
import { cellOf, placeAt, rowsOfLine, type Look, type TextRow } from './rows.ts';

/** The caret a row further up or down; undefined when it stands in the first or the last. */
export function moveRow(composer: Composer, direction: -1 | 1, width: number): Composer | undefined {
  const { text, caret } = composer;
  const look: Look = { width, pastes: composer.pastes };
  const line = { from: lineStart(text, caret), to: lineEnd(text, caret) };
  const rows = rowsOfLine(text, line, look);
  const index = rowIndex(rows, caret);
  const row = rows[index] ?? line;
  const cell = cellOf(text, { row, at: caret }, look);
  // Behind the last cell of a full row the caret is shown at the beginning of a row of its own.
  const overflows = cell >= width;
  const goal = composer.goal ?? (overflows ? 0 : cell);
  const next = overflows && direction < 0 ? index : index + direction;
  const target = rows[next];
  if (target !== undefined) {
    const goesOn = next < rows.length - 1;
    return { ...composer, caret: placeAt(text, { row: target, cell: goal, goesOn }, look), goal };
  }
  const edge = direction < 0 ? line.from - 1 : line.to + 1;
  if (edge < 0 || edge > text.length) return undefined;
  const other = rowsOfLine(text, { from: lineStart(text, edge), to: lineEnd(text, edge) }, look);
  const entered = direction < 0 ? other.at(-1) : other[0];
  if (entered === undefined) return undefined;
  const goesOn = direction > 0 && other.length > 1;
  return { ...composer, caret: placeAt(text, { row: entered, cell: goal, goesOn }, look), goal };
}

/** At the border of two rows the caret is shown in the second. */
export function rowIndex(rows: readonly TextRow[], caret: number): number {
  return Math.max(
    0,
    rows.findLastIndex(({ from }) => from <= caret),
  );
}
