/** What a terminal shows, with its looks: each row as runs of cells that look the same. */
import type xterm from '@xterm/headless';

export interface Run {
  /** The first cell. */
  readonly column: number;
  readonly cells: number;
  readonly text: string;
  /** Number of the colour in the palette; absent for the terminal's own. */
  readonly color?: number | undefined;
  readonly paper?: number | undefined;
  readonly looks: readonly Look[];
}

export type Look = 'bold' | 'dim' | 'italic' | 'underline' | 'strike';

type Buffer = InstanceType<typeof xterm.Terminal>['buffer']['active'];
type Cell = NonNullable<ReturnType<NonNullable<ReturnType<Buffer['getLine']>>['getCell']>>;

/** Of the rows that are visible; wide characters are runs of their own. */
export function screenRuns(buffer: Buffer, rows: number): readonly (readonly Run[])[] {
  return Array.from({ length: rows }, (_, row) => runsOf(buffer, buffer.baseY + row));
}

function runsOf(buffer: Buffer, row: number): readonly Run[] {
  const line = buffer.getLine(row);
  const runs: Run[] = [];
  for (let column = 0; column < (line?.length ?? 0); column++) {
    const cell = line?.getCell(column);
    if (cell === undefined || cell.getWidth() === 0) continue;
    const run = runOf(cell, column);
    const last = runs.at(-1);
    const joins =
      last !== undefined && run.cells === 1 && last.cells === last.text.length && isAlike(last, run);
    if (joins) runs[runs.length - 1] = { ...last, cells: last.cells + 1, text: last.text + run.text };
    else runs.push(run);
  }
  return runs;
}

function runOf(cell: Cell, column: number): Run {
  const looks: readonly (readonly [Look, number])[] = [
    ['bold', cell.isBold()],
    ['dim', cell.isDim()],
    ['italic', cell.isItalic()],
    ['underline', cell.isUnderline()],
    ['strike', cell.isStrikethrough()],
  ];
  return {
    column,
    cells: cell.getWidth(),
    text: cell.getChars() || ' ',
    ...(cell.isFgPalette() ? { color: cell.getFgColor() } : {}),
    ...(cell.isBgPalette() ? { paper: cell.getBgColor() } : {}),
    looks: looks.filter(([, isSet]) => isSet !== 0).map(([look]) => look),
  };
}

function isAlike(one: Run, other: Run): boolean {
  return one.color === other.color && one.paper === other.paper && one.looks.join() === other.looks.join();
}
