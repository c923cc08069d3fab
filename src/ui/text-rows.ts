/** Text in terminal cells: how wide it is, and where it breaks into rows. Never splits a grapheme. */
import stringWidth from 'string-width';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const ASCII = /^[ -~]*$/;

export function cellWidth(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}

/**
 * Cells of a text in the terminal that gives it most: where a joined emoji is not known as one, its parts are drawn side
 * by side. Rows are broken by this measure, because a row that the terminal breaks again is one more than was counted.
 */
export function widestCells(text: string): number {
  if (ASCII.test(text)) return text.length;
  let cells = 0;
  for (const grapheme of graphemesOf(text)) cells += widestGrapheme(grapheme);
  return cells;
}

function widestGrapheme(grapheme: string): number {
  const cells = cellWidth(grapheme);
  if (grapheme.length === 1 || !EMOJI.test(grapheme)) return cells;
  let apart = 0;
  for (const part of grapheme) apart += cellWidth(part);
  return Math.max(cells, apart);
}

const EMOJI = /\p{Extended_Pictographic}|\p{Regional_Indicator}/u;

function* graphemesOf(text: string): Generator<string, void, undefined> {
  if (ASCII.test(text)) {
    yield* text;
    return;
  }
  for (const { segment } of graphemes.segment(text)) yield segment;
}

/** A stretch of a text, in UTF-16 units. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/**
 * Where one line breaks into rows of at most `width` cells: at a space, which belongs to no row then, or
 * beside a character of a script that is written without spaces; inside a word only if nothing else is left.
 */
export function breakWords(line: string, width: number): readonly Stretch[] {
  const rows: Stretch[] = [];
  let start = 0;
  for (;;) {
    const fitting = start + unitsThatFit(line, start, width);
    if (fitting >= line.length) break;
    const end = lastBreak(line, start, fitting);
    rows.push({ start, end });
    start = line[end] === ' ' ? end + 1 : end;
  }
  rows.push({ start, end: line.length });
  return rows;
}

/** One line as rows, broken at words. Joined by a space or by nothing, the rows are the line again. */
export function wrapWords(line: string, width: number): readonly string[] {
  return breakWords(line, width).map(({ start, end }) => line.slice(start, end));
}

/** One line as rows that are filled to the last cell, for text whose every character counts. */
export function wrapCells(line: string, width: number): readonly string[] {
  const rows: string[] = [];
  let start = 0;
  for (;;) {
    const end = start + unitsThatFit(line, start, width);
    if (end >= line.length) break;
    rows.push(line.slice(start, end));
    start = end;
  }
  rows.push(line.slice(start));
  return rows;
}

/** How many rows a terminal of so many columns breaks a row into; a wide character goes whole to the next. */
export function rowsFilled(text: string, columns: number): number {
  if (ASCII.test(text)) return Math.max(1, Math.ceil(text.length / columns));
  let rows = 1;
  let cells = 0;
  for (const grapheme of graphemesOf(text)) {
    const more = cellWidth(grapheme);
    if (cells + more > columns) {
      rows += 1;
      cells = 0;
    }
    cells += more;
  }
  return rows;
}

/** The beginning of a line, ending in … when it is too long. */
export function cutToWidth(line: string, width: number): string {
  if (widestCells(line) <= width) return line;
  return width < 1 ? '' : `${line.slice(0, unitsThatFit(line, 0, width - 1)).trimEnd()}…`;
}

/** Tabs as spaces up to the next multiple of eight, as a terminal shows them at the beginning of a row. */
export function expandTabs(line: string): string {
  if (!line.includes('\t')) return line;
  const shown: string[] = [];
  let column = 0;
  for (const part of line.split(/(\t)/)) {
    const cells = part === '\t' ? ' '.repeat(TAB - (column % TAB)) : part;
    shown.push(cells);
    column += cellWidth(cells);
  }
  return shown.join('');
}

const TAB = 8;

/** How many UTF-16 units from `start` fit; at least one grapheme, so that a loop over the rest always ends. */
function unitsThatFit(line: string, start: number, width: number): number {
  if (ASCII.test(line.slice(start, start + width + 1)))
    return Math.max(1, Math.min(width, line.length - start));
  // Looking no further than a row can need keeps the work for a line linear in its length.
  const head = line.slice(start, start + Math.max(2, width) * LONGEST_ROW);
  let units = 0;
  let cells = 0;
  for (const grapheme of graphemesOf(head)) {
    const isEndless = grapheme.length > LONGEST_GRAPHEME && EMOJI.test(grapheme);
    cells += isEndless ? width + 1 : widestGrapheme(grapheme);
    if (cells > width && units === 0) return charactersThatFit(grapheme, width);
    if (cells > width) break;
    units += grapheme.length;
  }
  return units;
}

/** Of something drawn as one that no row can hold, as it is made to break what counts rows. */
function charactersThatFit(grapheme: string, width: number): number {
  let units = 0;
  let cells = 0;
  for (const character of grapheme) {
    cells += cellWidth(character);
    if (units > 0 && cells > width) break;
    units += character.length;
  }
  return units;
}

/** In units; what is joined to something longer is not meant to be read. */
const LONGEST_GRAPHEME = 32;
/** Of a whole row, in units a cell. */
const LONGEST_ROW = 16;

/** The last place up to `fitting` where the row that begins at `start` may end; `fitting` itself if there is none. */
function lastBreak(line: string, start: number, fitting: number): number {
  const hasInk = (end: number): boolean => line.slice(start, end).trim() !== '';
  for (let at = fitting; at > start; at -= 1) {
    if (line[at] === ' ') return hasInk(at) ? at : fitting;
    if (breaksBetween(line, at)) return at;
  }
  return fitting;
}

function breaksBetween(line: string, at: number): boolean {
  const after = line.codePointAt(at) ?? 0;
  const before = line.codePointAt(at - 1) ?? 0;
  if (before < FIRST_UNSPACED && after < FIRST_UNSPACED) return false;
  const [left, right] = [String.fromCodePoint(before), String.fromCodePoint(after)];
  return (UNSPACED.test(left) || UNSPACED.test(right)) && !NEVER_FIRST.test(right) && !NEVER_LAST.test(left);
}

const FIRST_UNSPACED = 0x3000;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uff60]/u;
/** Closing signs and small kana; what combines; and the second half of a pair. */
const NEVER_FIRST =
  /[\p{Pe}\p{Pf}\p{M}\p{Cf}\p{Cs}、。，．・：；？！ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ,.:;?!%]/u;
const NEVER_LAST = /[\p{Ps}\p{Pi}]/u;
