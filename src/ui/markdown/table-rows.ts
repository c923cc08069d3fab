/**
 * A table as rows. There is no frame: bars between the columns and a line under the header, so that the last
 * column ends nowhere. What does not fit is wrapped within its cell; where there is no room for columns, a row
 * is a line of text.
 */
import type { Row, Span } from '../rows.ts';
import { cellWidth, widestCells } from '../text-rows.ts';
import type { Alignment } from './block-starts.ts';
import type { TableLeaf } from './blocks.ts';
import { NOTHING_CARRIED, parseInline } from './inline.ts';
import { fitMargins, withMargins, type FittedMargins } from './margins.ts';
import { fitCells, splitCells } from './table-cells.ts';
import { wrapSpans } from './wrap-spans.ts';

export function tableRows(
  table: TableLeaf,
  { width, isEnded }: { readonly width: number; readonly isEnded: boolean },
): readonly Row[] {
  const margins = marginsOf(table, width);
  const rows = cellsOf(table, isEnded);
  const widths = columnWidths(table, { rows, width: margins.width });
  return withMargins(
    margins,
    rows.flatMap((cells, index) => {
      const isHeader = index === 0 && !table.hasLeft;
      const shown = isHeader ? cells.map(strong) : cells;
      const { alignments } = table;
      return widths === undefined
        ? lineOf(shown, { width: margins.width, isHeader })
        : rowOf(shown, { alignments, widths, isHeader });
    }),
  );
}

/** The rows that are finished, and the table without them, whose columns keep their widths. */
export function cutTable(
  table: TableLeaf,
  width: number,
): { readonly rows: readonly Row[]; readonly leaf: TableLeaf } {
  const margins = marginsOf(table, width);
  const rows = cellsOf({ ...table, line: '' }, true);
  const widths = table.widths ?? fixedWidths(table, { rows, width: margins.width });
  const finished: TableLeaf = { ...table, line: '', ...(widths === undefined ? {} : { widths }) };
  return {
    rows: tableRows(finished, { width, isEnded: true }),
    leaf: { ...finished, line: table.line, rows: [], hasLeft: true },
  };
}

type CellSpans = readonly Span[];

/** A row that grows is shown as it is; a very long one when it is whole. */
const LONGEST_SHOWN = 4_096;
const BETWEEN = 3;
const NARROWEST = 3;
const WIDE = 2;

function marginsOf(table: TableLeaf, width: number): FittedMargins {
  return fitMargins(table.margins, { width, hasLeft: table.hasLeft });
}

function cellsOf({ rows, line, alignments }: TableLeaf, isEnded: boolean): readonly (readonly CellSpans[])[] {
  const whole = rows.map((cells) => cells.map((cell) => cellSpans(cell, true)));
  if (line === '' || line.length > LONGEST_SHOWN) return whole;
  const growing = fitCells(splitCells(line), alignments.length);
  return [...whole, growing.map((cell) => cellSpans(cell, isEnded))];
}

function cellSpans(source: string, isEnded: boolean): CellSpans {
  return parseInline({ source, isEnded, carried: NOTHING_CARRIED }).runs.map(({ text, tones }) => ({
    text,
    tones,
  }));
}

function contentOf(cell: CellSpans): string {
  return cell.map(({ text }) => text).join('');
}

interface Grid {
  readonly rows: readonly (readonly CellSpans[])[];
  readonly width: number;
}

/** Undefined where there is no room for columns. */
function columnWidths(table: TableLeaf, { rows, width }: Grid): readonly number[] | undefined {
  const columns = table.alignments.length;
  const room = width - BETWEEN * (columns - 1);
  const wanted =
    table.widths ??
    table.alignments.map((_, column) =>
      rows.reduce((most, cells) => Math.max(most, widestCells(contentOf(cells[column] ?? []))), 1),
    );
  return shrink(wanted, room);
}

/** From now on the columns stay: each has room for a wide character, the last what room there is. */
function fixedWidths(table: TableLeaf, grid: Grid): readonly number[] | undefined {
  const found = columnWidths(table, grid);
  if (found === undefined) return undefined;
  const widths = found.map((width) => Math.max(width, WIDE));
  const others = widths.slice(0, -1);
  const taken = others.reduce((sum, each) => sum + each + BETWEEN, 0);
  if (table.alignments.at(-1) !== 'left') return widths;
  return [...others, Math.max(widths.at(-1) ?? WIDE, grid.width - taken)];
}

/** What is too wide altogether is taken from the widest columns. */
function shrink(wanted: readonly number[], room: number): readonly number[] | undefined {
  const sum = wanted.reduce((total, each) => total + each, 0);
  if (sum <= room) return wanted;
  if (wanted.reduce((total, each) => total + Math.min(each, NARROWEST), 0) > room) return undefined;
  let left = room;
  let columns = wanted.length;
  const widths = new Map<number, number>();
  const byWidth = [...wanted.entries()].sort(([, a], [, b]) => a - b);
  for (const [column, cells] of byWidth) {
    const width = Math.min(cells, Math.floor(left / columns));
    widths.set(column, width);
    left -= width;
    columns -= 1;
  }
  return wanted.map((_, column) => widths.get(column) ?? NARROWEST);
}

function rowOf(
  cells: readonly CellSpans[],
  {
    alignments,
    widths,
    isHeader,
  }: {
    readonly alignments: readonly Alignment[];
    readonly widths: readonly number[];
    readonly isHeader: boolean;
  },
): readonly CellSpans[] {
  const wrapped = cells.map((cell, column) => wrapSpans(cell, widths[column] ?? NARROWEST).rows);
  const height = Math.max(...wrapped.map((rows) => rows.length));
  const total = widths.reduce((sum, each) => sum + each, BETWEEN * (widths.length - 1));
  const lineOfRow = (line: number, cellsOfText: (text: string) => number): CellSpans =>
    wrapped.flatMap((each, column) => {
      const width = widths[column] ?? 0;
      const cell = aligned(each[line] ?? [], { width, alignment: alignments[column], cellsOfText });
      return column === 0 ? cell : [BAR, ...cell];
    });
  const rows = Array.from({ length: height }, (_, line) => {
    const shown = lineOfRow(line, cellWidth);
    // Straight columns matter less than a row that no terminal breaks.
    return widestCells(contentOf(shown).trimEnd()) > total ? lineOfRow(line, widestCells) : shown;
  });
  return isHeader ? [...rows, underline(widths)] : rows;
}

function lineOf(
  cells: readonly CellSpans[],
  { width, isHeader }: { readonly width: number; readonly isHeader: boolean },
): readonly CellSpans[] {
  const { rows } = wrapSpans(
    cells.flatMap((cell, column) => (column === 0 ? cell : [BAR, ...cell])),
    width,
  );
  return isHeader ? [...rows, underline([width])] : rows;
}

function underline(widths: readonly number[]): CellSpans {
  return [{ text: widths.map((width) => '─'.repeat(width)).join('─┼─'), tones: ['dim'] }];
}

const BAR: Span = { text: ' │ ', tones: ['dim'] };

function strong(cell: CellSpans): CellSpans {
  return cell.map(({ text, tones }) => ({ text, tones: ['strong', ...tones] }));
}

function aligned(
  cell: CellSpans,
  {
    width,
    alignment,
    cellsOfText,
  }: {
    readonly width: number;
    readonly alignment: Alignment | undefined;
    readonly cellsOfText: (text: string) => number;
  },
): CellSpans {
  const space = Math.max(0, width - cellsOfText(contentOf(cell)));
  const left = alignment === 'right' ? space : alignment === 'center' ? Math.floor(space / 2) : 0;
  return [blank(left), ...cell, blank(space - left)].filter(({ text }) => text !== '');
}

function blank(cells: number): Span {
  return { text: ' '.repeat(cells), tones: [] };
}
