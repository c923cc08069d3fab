/**
 * What is being written as rows around the caret, with the search or the offered paths beside it. Only rows
 * near the caret are looked at, so that a long text costs no more than a short one.
 */
import { row, spanRow, type Row, type Span } from '../rows.ts';
import { sanitizeLine } from '../sanitize.ts';
import { INDENT, PROMPT } from '../theme.ts';
import { graphemeBorder } from './composer/graphemes.ts';
import { lineEnd, lineStart } from './composer/lines.ts';
import { openCompletion } from './composer/mentions.ts';
import { rowIndex } from './composer/move.ts';
import { cellOf, rowsOfLine, shownRow, type Look, type TextRow } from './composer/rows.ts';
import type { Composer } from './composer.ts';
import { cellWidth, cutToWidth, widestCells } from '../text-rows.ts';

export interface ComposerRows {
  readonly rows: readonly Row[];
  /** Cell of the terminal's cursor, from the upper left of these rows. */
  readonly caret: { readonly x: number; readonly y: number };
}

/** @param space at most so many rows, in all */
export function composerRows(
  composer: Composer,
  { width, space }: { readonly width: number; readonly space: number },
): ComposerRows {
  const { search } = composer;
  const most = Math.max(1, Math.min(MOST_ROWS, space));
  if (search !== undefined) {
    const written = writtenRows(composer, { width, most: Math.max(1, most - 1) });
    const label = search.isFound ? 'search: ' : 'no match: ';
    const shown = endOf(`${label}${search.query}`, width - 1);
    const rows = [row(shown, search.isFound ? 'dim' : 'warn'), ...written.rows];
    return { rows: rows.slice(0, most), caret: { x: cellWidth(shown), y: 0 } };
  }
  const offered = offeredRows(composer, { width, most: Math.min(MOST_OFFERED, space - 1) });
  const written = writtenRows(composer, { width, most: Math.min(most, Math.max(1, space - offered.length)) });
  return { rows: [...written.rows, ...offered], caret: written.caret };
}

/** Cells of a row of the text in a window whose rows hold `width`. */
export function textWidth(width: number): number {
  return Math.max(1, width - PROMPT.length);
}

const MOST_ROWS = 8;
const MOST_OFFERED = 5;

function writtenRows(
  composer: Composer,
  { width, most }: { readonly width: number; readonly most: number },
): ComposerRows {
  const { text, caret, pastes } = composer;
  const look: Look = { width: textWidth(width), pastes };
  const line = { from: lineStart(text, caret), to: lineEnd(text, caret) };
  const ofLine = rowsOfLine(text, line, look);
  const index = rowIndex(ofLine, caret);
  const at = ofLine[index] ?? line;
  const cell = cellOf(text, { row: at, at: caret }, look);
  // A caret behind the last cell of a full row stands at the beginning of the next.
  const overflows = cell >= look.width;
  const own = overflows ? [...ofLine.slice(0, index + 1), { from: line.to, to: line.to }] : ofLine;
  const y = overflows ? index + 1 : index;

  const above = [...rowsAbove(text, line.from, { look, most }), ...own.slice(0, y)].slice(-most);
  const below = [...own.slice(y + 1), ...rowsBelow(text, line.to, { look, most })].slice(0, most);
  const room = most - 1;
  const countAbove = Math.min(above.length, Math.max(room >> 1, room - below.length));
  const countBelow = Math.min(below.length, room - countAbove);
  const shown = [...above.slice(above.length - countAbove), own[y] ?? at, ...below.slice(0, countBelow)];
  return {
    rows: shown.map((part) => textRow(composer, part, look)),
    caret: { x: PROMPT.length + (overflows ? 0 : cell), y: countAbove },
  };
}

/** The last rows before the line that begins at `start`, in order. */
function rowsAbove(
  text: string,
  start: number,
  { look, most }: { readonly look: Look; readonly most: number },
): readonly TextRow[] {
  let rows: readonly TextRow[] = [];
  for (let end = start - 1; end >= 0 && rows.length < most;) {
    const from = lineStart(text, end);
    rows = [...rowsOfLine(text, { from, to: end }, look), ...rows];
    end = from - 1;
  }
  return rows;
}

function rowsBelow(
  text: string,
  end: number,
  { look, most }: { readonly look: Look; readonly most: number },
): readonly TextRow[] {
  const rows: TextRow[] = [];
  for (let from = end + 1; from <= text.length && rows.length < most;) {
    const to = lineEnd(text, from);
    rows.push(...rowsOfLine(text, { from, to }, look));
    from = to + 1;
  }
  return rows;
}

function textRow(composer: Composer, part: TextRow, look: Look): Row {
  const { text } = composer;
  const sign = part.from === 0 ? PROMPT : INDENT;
  const found = foundIn(composer, part);
  if (found === undefined) return row(`${sign}${shownRow(text, part, look)}`);
  const shown = (from: number, to: number): string => shownRow(text, { from, to }, look);
  const spans: readonly Span[] = [
    { text: `${sign}${shown(part.from, found.from)}`, tones: ['plain'] },
    { text: shown(found.from, found.to), tones: ['strong'] },
    { text: shown(found.to, part.to), tones: ['plain'] },
  ];
  return spanRow(spans.filter((span) => span.text !== ''));
}

/** The part of a row that is what was searched for; not where tabs would change their width with it. */
function foundIn({ search, caret, text }: Composer, part: TextRow): TextRow | undefined {
  if (search === undefined || search.query === '' || !search.isFound) return undefined;
  if (text.slice(part.from, part.to).includes('\t')) return undefined;
  const from = Math.max(part.from, caret);
  const to = Math.min(part.to, graphemeBorder(text, caret + search.query.length));
  return from < to ? { from, to } : undefined;
}

function offeredRows(
  composer: Composer,
  { width, most }: { readonly width: number; readonly most: number },
): readonly Row[] {
  const completion = openCompletion(composer) ?? composer.completion;
  if (completion === undefined || most < 1) return [];
  const { paths, chosen } = completion;
  const first = Math.max(0, Math.min(chosen - (most >> 1), paths.length - most));
  return paths.slice(first, first + most).map((path, index) => {
    const isChosen = first + index === chosen;
    const shown = cutToWidth(sanitizeLine(path, width), width - MARK.length);
    return row(`${isChosen ? MARK : INDENT}${shown}`, isChosen ? 'strong' : 'dim');
  });
}

const MARK = '❯ ';

/** The end of a line that is too long. */
function endOf(line: string, width: number): string {
  let shown = line;
  while (widestCells(shown) > width) shown = `…${shown.slice(graphemeBorder(shown, 2))}`;
  return shown;
}
