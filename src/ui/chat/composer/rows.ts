/**
 * Lines of the text being written as rows of cells, by places in the text. Tabs, wide characters and the
 * labels of folded pastes have their widths; nothing is copied, so that a long line stays cheap.
 */
import { cellWidth, cutToWidth, widestCells } from '../../text-rows.ts';
import { graphemesOf, simpleCells } from './graphemes.ts';
import { isFolded, pasteLabel } from './pastes.ts';

export interface Look {
  /** Cells of a row. */
  readonly width: number;
  readonly pastes: readonly string[];
}

/** A stretch of one line: `to` is the place behind it. */
export interface TextRow {
  readonly from: number;
  readonly to: number;
}

/**
 * The rows of the line from `from` to `to`, filled to the last cell; at least one. They are broken by the width of
 * the terminal that gives emoji most, since no terminal may break them once more.
 */
export function rowsOfLine(text: string, line: TextRow, look: Look): readonly TextRow[] {
  const rows: TextRow[] = [];
  let from = line.from;
  let cells = 0;
  /** By how much the row may be wider elsewhere. */
  let more = 0;
  const known = new Map<string, number>();
  walk(text, line, look, (at, cellsAt, grapheme) => {
    const wide = cellsAt(cells);
    const moreOfIt = grapheme.length > 1 ? moreCells(grapheme, known) : 0;
    if (cells > 0 && cells + wide + more + moreOfIt > look.width) {
      rows.push({ from, to: at });
      from = at;
      cells = 0;
      more = 0;
    }
    cells = Math.min(look.width, cells + cellsAt(cells));
    more += moreOfIt;
    return true;
  });
  rows.push({ from, to: line.to });
  return rows;
}

function moreCells(grapheme: string, known: Map<string, number>): number {
  if (isFolded(grapheme)) return 0;
  const more = known.get(grapheme) ?? Math.max(0, widestCells(grapheme) - cellWidth(grapheme));
  known.set(grapheme, more);
  return more;
}

/** Cells from the beginning of the row to the place `at`. */
export function cellOf(
  text: string,
  { row, at }: { readonly row: TextRow; readonly at: number },
  look: Look,
): number {
  let cells = 0;
  walk(text, { from: row.from, to: Math.min(at, row.to) }, look, (_, cellsAt) => {
    cells += cellsAt(cells);
    return true;
  });
  return cells;
}

/** The place in the row that is nearest to the cell from the left; of a row that goes on, not its end. */
export function placeAt(
  text: string,
  { row, cell, goesOn }: { readonly row: TextRow; readonly cell: number; readonly goesOn: boolean },
  look: Look,
): number {
  let cells = 0;
  let place = row.from;
  let last = row.from;
  walk(text, row, look, (at, cellsAt) => {
    last = at;
    const wide = cellsAt(cells);
    if (cells > cell) return false;
    place = at;
    cells += wide;
    return true;
  });
  if (cells <= cell) place = row.to;
  return goesOn && place === row.to ? last : place;
}

/** The row as it is shown. */
export function shownRow(text: string, row: TextRow, look: Look): string {
  const plain = text.slice(row.from, row.to);
  if (PLAIN.test(plain)) return plain;
  let shown = '';
  let cells = 0;
  walk(text, row, look, (_, cellsAt, grapheme) => {
    const wide = cellsAt(cells);
    cells += wide;
    if (grapheme === '\t') shown += ' '.repeat(wide);
    else if (isFolded(grapheme)) shown += label(grapheme, look);
    else shown += grapheme;
    return true;
  });
  return shown;
}

const PLAIN = /^[ -~]*$/;
const TAB = 8;

type Visit = (at: number, cellsAt: (column: number) => number, grapheme: string) => boolean;

/** Visits the graphemes of a stretch until told to stop. */
function walk(text: string, { from, to }: TextRow, look: Look, visit: Visit): void {
  const widths = new Map<string, number>();
  let at = from;
  while (at < to) {
    const cells = simpleCells(text.charCodeAt(at));
    if (cells > 0 && (at + 1 >= to || simpleCells(text.charCodeAt(at + 1)) > 0)) {
      if (!visit(at, cells === 1 ? ONE : TWO, text.charAt(at))) return;
      at += 1;
      continue;
    }
    const end = stretchEnd(text, at, to);
    for (const { segment, index } of graphemesOf(text.slice(at, end))) {
      if (!visit(at + index, (column) => cellsOf(segment, { column, widths, look }), segment)) return;
    }
    at = end;
  }
}

const ONE = (): number => 1;
const TWO = (): number => 2;

/**
 * As far as characters may join. The border between two simple ones is certain, but a few of them end no stretch,
 * since beginning one costs more than segmenting them.
 */
function stretchEnd(text: string, at: number, to: number): number {
  let simple = 0;
  for (let end = at; end < to; end++) {
    simple = simpleCells(text.charCodeAt(end)) > 0 ? simple + 1 : 0;
    if (simple === SIMPLE_AGAIN) return end;
  }
  return to;
}

const SIMPLE_AGAIN = 8;

function cellsOf(
  grapheme: string,
  {
    column,
    widths,
    look,
  }: { readonly column: number; readonly widths: Map<string, number>; readonly look: Look },
): number {
  if (grapheme === '\t') return Math.max(1, Math.min(TAB - (column % TAB), look.width - column));
  const known = widths.get(grapheme);
  if (known !== undefined) return known;
  const cells = cellWidth(isFolded(grapheme) ? label(grapheme, look) : grapheme);
  widths.set(grapheme, cells);
  return cells;
}

/** What follows the private character are marks that joined it. */
function label(grapheme: string, { pastes, width }: Look): string {
  return cutToWidth(pasteLabel(grapheme, pastes), width);
}
