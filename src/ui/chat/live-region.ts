/**
 * Where the rows that are drawn again and again stand on the terminal. A window that gets narrower breaks them into
 * more rows than were drawn and takes the cursor along, each terminal in its own way; whoever erases by the number of
 * rows drawn leaves copies behind, or erases what was finished.
 */
import type { Picture } from './layout.ts';
import { cellWidth, rowsFilled, wrapCells } from '../text-rows.ts';

/**
 * What a terminal does with rows that no longer fit: `follows` breaks them and keeps the cursor in its cell (VTE, kitty,
 * iTerm2, Windows Terminal, tmux), `xterm.js` breaks all but the cursor's and counts rows below it as well (VS Code),
 * `cuts` leaves them where they are (xterm, the Linux console, GNU screen).
 */
export type Reflow = 'follows' | 'xterm.js' | 'cuts';

export function reflowOf(env: Readonly<Record<string, string | undefined>>): Reflow {
  const term = env['TERM'] ?? '';
  if (env['TMUX'] !== undefined) return 'follows';
  if (XTERM_JS.has(env['TERM_PROGRAM'] ?? '')) return 'xterm.js';
  return env['XTERM_VERSION'] !== undefined || term === 'linux' || term.startsWith('screen')
    ? 'cuts'
    : 'follows';
}

const XTERM_JS: ReadonlySet<string> = new Set(['vscode', 'Hyper', 'Tabby']);

export interface LiveRegion {
  /** Of each row drawn: what it says, and how many rows of the window it fills by now. */
  readonly rows: readonly { readonly text: string; readonly count: number }[];
  /** The cursor: in which row drawn, at which cell, and how many rows of the window below the first. */
  readonly caret: { readonly x: number; readonly y: number };
  readonly below: number;
}

/** As it was just drawn. */
export function regionOf({ rows, caret }: Picture): LiveRegion {
  return { rows: rows.map(({ text }) => ({ text, count: 1 })), caret, below: caret.y };
}

/** After the window became `columns` wide. */
export function resizedRegion(
  region: LiveRegion,
  { columns, reflow }: { readonly columns: number; readonly reflow: Reflow },
): LiveRegion {
  if (reflow === 'cuts') return region;
  if (reflow === 'follows') {
    const rows = region.rows.map(({ text }) => ({ text, count: rowsFilled(text, columns) }));
    const above = rows.slice(0, region.caret.y).reduce((sum, { count }) => sum + count, 0);
    return { ...region, rows, below: above + rowOfCaret(region, columns) };
  }
  let { below } = region;
  const rows = [...region.rows];
  // From the last row to the first, looking for the cursor where the rows passed so far have moved it.
  for (let index = rows.length - 1; index >= 0; index -= 1) {
    const row = rows[index];
    if (row === undefined) continue;
    const first = rows.slice(0, index).reduce((sum, { count }) => sum + count, 0);
    const holdsCursor = below >= first && below < first + row.count;
    if (holdsCursor) continue;
    const count = rowsFilled(row.text, columns);
    below += count - row.count;
    rows[index] = { ...row, count };
  }
  return { ...region, rows, below: Math.max(0, below) };
}

/** In which of the rows that the caret's row became it stands; after the last cell of one: in the next. */
function rowOfCaret({ rows, caret }: LiveRegion, columns: number): number {
  const { text } = rows[caret.y] ?? { text: '' };
  const before = wrapCells(text, Math.max(1, caret.x))[0] ?? '';
  const blank = ' '.repeat(Math.max(0, caret.x - cellWidth(before)));
  return rowsFilled(`${before}${blank}x`, columns) - 1;
}

/**
 * Erases the region and what is below it; the cursor ends at its first cell. What is below is erased from
 * the second cell on: tmux takes what is erased from the very first cell of the window for a screen worth keeping.
 */
export function eraseRegion({ below }: LiveRegion): string {
  return `${below === 0 ? '' : `\x1b[${below}A`}\r\x1b[K\x1b[C\x1b[J\r`;
}
