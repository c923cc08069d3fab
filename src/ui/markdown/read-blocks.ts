/**
 * The blocks of a document as it arrives (CommonMark 3 to 5, GFM 4.10): which are finished, and the one that
 * still grows. Each character is read once. What a line is, is decided by as few characters as will do; until
 * then they are kept, and after that the rest of the line goes straight into its block.
 *
 * Left out on purpose: definitions, and the links that refer to them, stay as written, because a definition
 * may come long after its link has left for the scrollback.
 */
import type { BlockReading, Blocks, Part } from './blocks.ts';
import { decideLine, LONGEST_UNDECIDED } from './decide-line.ts';
import { beginBlock, closeAll, endBlockLine, growBlock } from './grow-block.ts';

export interface ReadBlocks {
  readonly blocks: Blocks;
  readonly parts: readonly Part[];
}

/** Takes in what has arrived. */
export function readBlocks(blocks: Blocks, arrived: string): ReadBlocks {
  const reading: BlockReading = { blocks: ownRows(blocks), parts: [] };
  let at = 0;
  while (at < arrived.length) {
    const feed = arrived.indexOf('\n', at);
    readPart(reading, { text: arrived.slice(at, feed < 0 ? undefined : feed), endsLine: feed >= 0 });
    at = feed < 0 ? arrived.length : feed + 1;
  }
  return reading;
}

/** What is left when nothing more comes. */
export function endBlocks(blocks: Blocks): readonly Part[] {
  const reading: BlockReading = { blocks: ownRows(blocks), parts: [] };
  if (blocks.isInLine || blocks.undecided !== '') readPart(reading, { text: '', endsLine: true });
  closeAll(reading);
  return reading.parts;
}

function readPart(
  reading: BlockReading,
  { text, endsLine }: { readonly text: string; readonly endsLine: boolean },
): void {
  if (reading.blocks.isInLine) growBlock(reading, text);
  else {
    const line = reading.blocks.undecided + text;
    const head = line.slice(0, LONGEST_UNDECIDED);
    const isForced = line.length > head.length;
    const decided = decideLine(reading.blocks, { text: head, isWhole: endsLine && !isForced, isForced });
    if (decided === undefined) {
      reading.blocks = { ...reading.blocks, undecided: line };
      return;
    }
    reading.blocks = { ...reading.blocks, undecided: '' };
    beginBlock(reading, decided);
    if (isForced) growBlock(reading, line.slice(head.length));
  }
  if (endsLine) endBlockLine(reading);
}

/** The one list that is added to in place while a text is read belongs to this reading alone. */
function ownRows(blocks: Blocks): Blocks {
  const { leaf } = blocks;
  return leaf?.kind === 'table' ? { ...blocks, leaf: { ...leaf, rows: [...leaf.rows] } } : blocks;
}
