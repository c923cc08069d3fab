/**
 * How many rows the live region of the chat had in each frame, read from the bytes that the program wrote: a frame
 * begins by going up to the first row that the one before it drew. Frames that break rows at the window's edge, and
 * the first one, cannot be told; `output` begins where the window had its size.
 */
export function liveHeights(output: string): readonly number[] {
  const heights: number[] = [];
  let bottom: number | undefined;
  for (const [, frame = ''] of output.matchAll(FRAME)) {
    const moves = frame.matchAll(MOVE);
    let row = 0;
    let lowest = 0;
    let top: number | undefined;
    for (const [move, up] of moves) {
      if (up !== undefined) row -= Number(up);
      else if (move === '\n') row += 1;
      else top ??= row;
      lowest = Math.max(lowest, row);
    }
    if (bottom !== undefined && top !== undefined) heights.push(bottom - top);
    // Rows are counted from where the next frame begins: the caret.
    bottom = lowest - row;
  }
  return heights;
}

const FRAME = new RegExp('\\x1b\\[\\?2026h([^]*?)\\x1b\\[\\?2026l', 'gu');
/** Up, down by a line break, or the beginning of what is drawn anew. */
const MOVE = new RegExp('\\x1b\\[(\\d+)A|\\n|\\x1b\\[J|\\x1b\\[K', 'gu');
