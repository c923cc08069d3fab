/** Text in terminal cells: how wide it is, and where it breaks into rows. Never splits a grapheme. */
import stringWidth from 'string-width';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const ASCII = /^[ -~]*$/;

export function cellWidth(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}

function* graphemesOf(text: string): Generator<string, void, undefined> {
  if (ASCII.test(text)) {
    yield* text;
    return;
  }
  for (const { segment } of graphemes.segment(text)) yield segment;
}

/**
 * One line as rows of at most `width` cells, broken at spaces where there are any; the space at a break is
 * not shown. Joined by a space or by nothing, the rows are the line again.
 */
export function wrapWords(line: string, width: number): readonly string[] {
  const rows: string[] = [];
  let rest = line;
  for (;;) {
    const fitting = unitsThatFit(rest, width);
    if (fitting >= rest.length) break;
    const space = rest.lastIndexOf(' ', fitting);
    const isIndent = space < 0 || rest.slice(0, space).trim() === '';
    const end = isIndent ? fitting : space;
    rows.push(rest.slice(0, end));
    rest = rest.slice(isIndent ? end : end + 1);
  }
  rows.push(rest);
  return rows;
}

/** One line as rows that are filled to the last cell, for text whose every character counts. */
export function wrapCells(line: string, width: number): readonly string[] {
  const rows: string[] = [];
  let rest = line;
  for (;;) {
    const end = unitsThatFit(rest, width);
    if (end >= rest.length) break;
    rows.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  rows.push(rest);
  return rows;
}

/** The beginning of a line, ending in … when it is too long. */
export function cutToWidth(line: string, width: number): string {
  if (cellWidth(line) <= width) return line;
  return width < 1 ? '' : `${line.slice(0, unitsThatFit(line, width - 1)).trimEnd()}…`;
}

/** Tabs as spaces up to the next multiple of eight, as a terminal shows them at the beginning of a row. */
export function expandTabs(line: string): string {
  if (!line.includes('\t')) return line;
  let shown = '';
  for (const part of line.split(/(\t)/)) {
    shown += part === '\t' ? ' '.repeat(TAB - (cellWidth(shown) % TAB)) : part;
  }
  return shown;
}

const TAB = 8;

/** How many UTF-16 units of the line fit; at least one grapheme, so that a loop over the rest always ends. */
function unitsThatFit(line: string, width: number): number {
  if (ASCII.test(line.slice(0, width + 1))) return Math.max(1, Math.min(width, line.length));
  // Looking no further than a row can need keeps the work for a line linear in its length.
  const head = line.slice(0, Math.max(1, width) * LONGEST_GRAPHEME);
  let units = 0;
  let cells = 0;
  for (const grapheme of graphemesOf(head)) {
    cells += cellWidth(grapheme);
    if (cells > width && units > 0) break;
    units += grapheme.length;
  }
  return units;
}

const LONGEST_GRAPHEME = 32;
