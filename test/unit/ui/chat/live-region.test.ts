import { describe, expect, it } from 'vitest';
import { eraseRegion, reflowOf, regionOf, resizedRegion } from '../../../../src/ui/chat/live-region.ts';
import { row } from '../../../../src/ui/rows.ts';

/** Rows of 38, 30 and 19 cells, the cursor at cell 28 of the second. */
const DRAWN = regionOf({ rows: [38, 30, 19].map((cells) => row('x'.repeat(cells))), caret: { x: 28, y: 1 } });

describe('a region in a window that got narrower', () => {
  it('is erased from its first row where the terminal keeps the cursor in its cell', () => {
    const region = resizedRegion(DRAWN, { columns: 17, reflow: 'follows' });
    expect(region.rows.map(({ count }) => count)).toEqual([3, 2, 2]);
    expect(eraseRegion(region)).toBe('\x1b[4A\r\x1b[K\x1b[C\x1b[J\r');
  });

  it('counts the rows below the cursor too where the terminal does', () => {
    const region = resizedRegion(DRAWN, { columns: 17, reflow: 'xterm.js' });
    expect(eraseRegion(region)).toBe('\x1b[5A\r\x1b[K\x1b[C\x1b[J\r');
  });

  it('leaves the row of the cursor alone where the terminal does', () => {
    const region = resizedRegion(DRAWN, { columns: 25, reflow: 'xterm.js' });
    expect(region.rows.map(({ count }) => count)).toEqual([2, 1, 1]);
    expect(eraseRegion(region)).toBe('\x1b[2A\r\x1b[K\x1b[C\x1b[J\r');
  });

  it('counts a wide character whole in the row that it is moved to', () => {
    const wide = regionOf({ rows: [row('中'.repeat(9)), row('文'.repeat(9))], caret: { x: 18, y: 1 } });
    const region = resizedRegion(wide, { columns: 5, reflow: 'follows' });
    expect(region.rows.map(({ count }) => count)).toEqual([5, 5]);
    expect(eraseRegion(region)).toBe('\x1b[9A\r\x1b[K\x1b[C\x1b[J\r');
  });

  it('is where it was drawn where the terminal cuts', () => {
    expect(eraseRegion(resizedRegion(DRAWN, { columns: 17, reflow: 'cuts' }))).toBe(
      '\x1b[1A\r\x1b[K\x1b[C\x1b[J\r',
    );
  });

  it('is whole again when the window is', () => {
    for (const reflow of ['follows', 'xterm.js', 'cuts'] as const) {
      const narrow = resizedRegion(DRAWN, { columns: 20, reflow });
      expect(resizedRegion(narrow, { columns: 80, reflow }).rows).toEqual(DRAWN.rows);
    }
  });
});

it.each([
  [{ TERM: 'xterm-256color' }, 'follows'],
  [{ TERM: 'xterm-256color', TERM_PROGRAM: 'vscode' }, 'xterm.js'],
  [{ TERM: 'tmux-256color', TMUX: '/tmp/tmux,1,0', TERM_PROGRAM: 'tmux' }, 'follows'],
  [{ TERM: 'screen', TMUX: '/tmp/tmux,1,0' }, 'follows'],
  [{ TERM: 'screen.xterm-256color', STY: '1.pts' }, 'cuts'],
  [{ TERM: 'xterm-256color', XTERM_VERSION: 'XTerm(379)' }, 'cuts'],
  [{ TERM: 'linux' }, 'cuts'],
  [{}, 'follows'],
] as const)('%j is a terminal that %s', (env, reflow) => {
  expect(reflowOf(env)).toBe(reflow);
});
