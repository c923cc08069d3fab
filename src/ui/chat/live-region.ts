/**
 * Where the rows that are drawn again and again stand on the terminal. A window that gets narrower breaks them into
 * more rows than were drawn, and takes the cursor along; whoever erases by the number of rows drawn leaves copies behind.
 */
import type { Picture } from './layout.ts';
import { cellWidth } from './text-rows.ts';

/** Erases what stands there of the picture, in a window that is `columns` wide by now. The cursor ends at its first cell. */
export function eraseAfterResize(picture: Picture, columns: number): string {
  const above = picture.rows
    .slice(0, picture.caret.y)
    .map(({ text }) => Math.max(1, Math.ceil(cellWidth(text) / columns)))
    .reduce((sum, rows) => sum + rows, 0);
  const up = above + Math.floor(picture.caret.x / columns);
  return `${up === 0 ? '' : `\x1b[${up}A`}\r\x1b[J`;
}

/** Whether the terminal breaks rows anew when its window changes, as nearly all do; what does not is known by name. */
export function reflows(env: Readonly<Record<string, string | undefined>>): boolean {
  const term = env['TERM'] ?? '';
  if (env['XTERM_VERSION'] !== undefined || term === 'linux') return false;
  // GNU screen cuts; tmux, which calls itself so too, does not.
  return env['TMUX'] !== undefined || !/^screen(?!.*tmux)/u.test(term);
}
