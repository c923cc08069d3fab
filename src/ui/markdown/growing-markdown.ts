/**
 * Markdown on its way to the screen: which rows of it are finished, and those that may still change. Finished
 * rows are written once and never touched again. The block that is being written stays in the live region until
 * it is whole; if it outgrows that, its first rows leave as they look, and the rest goes on from there.
 *
 * What may become something else is decided so that nothing jumps: emphasis and code look as if their end had
 * come; a link, a table's header and the few characters a line may begin with wait unseen until they are clear.
 */
import { row, type Row } from '../rows.ts';
import { cutToWidth, expandTabs, wrapCells } from '../text-rows.ts';
import { NO_BLOCKS, type Blocks, type Leaf, type Part } from './blocks.ts';
import { colorCode, NO_CODE, type ColoredCode, type EnteringRow, type Highlight } from './color-code.ts';
import { fitMargins, withMargins } from './margins.ts';
import { endBlocks, readBlocks } from './read-blocks.ts';
import { cutTable, tableRows } from './table-rows.ts';
import { cutText, textRows } from './text-block-rows.ts';

export interface GrowingMarkdown {
  readonly blocks: Blocks;
  readonly code: ColoredCode;
}

export const NO_MARKDOWN: GrowingMarkdown = { blocks: NO_BLOCKS, code: NO_CODE };

export interface GrownMarkdown {
  readonly state: GrowingMarkdown;
  /** They leave for the scrollback. */
  readonly finished: readonly Row[];
}

export interface MarkdownOptions {
  readonly width: number;
  readonly liveRows: number;
  /** The same for prose, which looks at once as it will: what does not wait cannot be broken by a window that changes. */
  readonly proseRows?: number | undefined;
  readonly highlight: Highlight;
}

/**
 * Takes in what has arrived since the last time: clean text, without control characters. Afterwards the live
 * rows are at most `liveRows`, but for a line of code or a row of a table that alone is longer than that. The work depends on what has
 * arrived and on `liveRows`, not on how long the document is.
 */
export function growMarkdown(
  state: GrowingMarkdown,
  arrived: string,
  { width, liveRows, proseRows = liveRows, highlight }: MarkdownOptions,
): GrownMarkdown {
  const { blocks, parts } = readBlocks(state.blocks, arrived);
  const { leaf } = blocks;
  // Asked before the first line is whole, so that it is loaded by then.
  if (leaf?.kind === 'code') highlight(leaf.language);
  const entering = parts.flatMap((part) => finishedRows(part, width));
  const cut = cutLeaf(leaf, { width, liveRows, proseRows });
  const room = cut.rows.length > 0 ? 0 : liveRows - growingRows(leaf, { width, most: liveRows }).length;
  const { code, finished } = colorCode(state.code, entering, { highlight, room });
  return { state: { blocks: { ...blocks, leaf: cut.leaf }, code }, finished: [...finished, ...cut.rows] };
}

/** The last `most` of the rows that may still change, each at most `width` cells wide. */
export function liveMarkdown(
  { blocks, code }: GrowingMarkdown,
  { width, most }: { readonly width: number; readonly most: number },
): readonly Row[] {
  if (most < 1) return [];
  const waiting = code.waiting.flatMap((each) =>
    each.code === undefined ? [each.row] : codeRows(each.row.text, width),
  );
  return [...waiting, ...growingRows(blocks.leaf, { width, most })].slice(-most);
}

/** What is left when nothing more comes. */
export function endMarkdown(
  { blocks, code }: GrowingMarkdown,
  { width, highlight }: { readonly width: number; readonly highlight: Highlight },
): readonly Row[] {
  const entering = endBlocks(blocks).flatMap((part) => finishedRows(part, width));
  return colorCode(code, entering, { highlight, room: 0 }).finished;
}

const LONGEST_RULE = 24;
/** Text that shows little of itself (marks upon marks, signs that mean nothing) does not pile up. */
const LEAST_SOURCE_KEPT = 16_384;
const UNITS_A_CELL = 4;

function finishedRows(part: Part, width: number): readonly EnteringRow[] {
  const plain = (rows: readonly Row[]): readonly EnteringRow[] =>
    rows.map((each) => ({ row: each, height: 1 }));
  switch (part.kind) {
    case 'text':
      return plain(textRows(part, { width, isEnded: true }));
    case 'table':
      return plain(tableRows(part, { width, isEnded: true }));
    case 'blank':
    case 'marker':
      return plain(withMargins(fitMargins(part.margins, { width, hasLeft: false }), [[]]));
    case 'rule': {
      const margins = fitMargins(part.margins, { width, hasLeft: false });
      const text = RULE.repeat(Math.min(LONGEST_RULE, margins.width));
      return plain(withMargins(margins, [[{ text, tones: ['dim'] }]]));
    }
    case 'fence':
      return plain([row(cutToWidth(`${RULE}${RULE} ${part.language}`.trimEnd(), width), 'dim')]);
    case 'code_line':
      return [{ row: row(part.text), code: part, height: codeRows(part.text, width).length }];
  }
}

const RULE = '─';

/** Cuts off what has to leave at once. */
function cutLeaf(
  leaf: Leaf | undefined,
  {
    width,
    liveRows,
    proseRows,
  }: { readonly width: number; readonly liveRows: number; readonly proseRows: number },
): { readonly leaf: Leaf | undefined; readonly rows: readonly Row[] } {
  if (leaf?.kind === 'table') {
    const isFull = leaf.hasLeft
      ? leaf.rows.length > 0
      : tableRows(leaf, { width, isEnded: false }).length > liveRows;
    return isFull ? cutTable(leaf, width) : { leaf, rows: [] };
  }
  if (leaf?.kind === 'text') {
    const height = textRows(leaf, { width, isEnded: false }).length;
    const most = Math.max(LEAST_SOURCE_KEPT, liveRows * width * UNITS_A_CELL);
    const isLong = leaf.done.length + leaf.line.length > most;
    const count = isLong ? Math.max(1, height - 1) : height - proseRows;
    if (count > 0 && height > 0) return cutText(leaf, { width, count });
  }
  return { leaf, rows: [] };
}

/** Of the block that is being written, what can be seen; of a long line of code its end. */
function growingRows(
  leaf: Leaf | undefined,
  { width, most }: { readonly width: number; readonly most: number },
): readonly Row[] {
  switch (leaf?.kind) {
    case undefined:
      return [];
    case 'code':
      return leaf.line === '' ? [] : codeRows(leaf.recent, width).slice(-Math.max(1, most));
    case 'table':
      return tableRows(leaf, { width, isEnded: false }).slice(-Math.max(1, most));
    case 'text':
      return textRows(leaf, { width, isEnded: false });
  }
}

function codeRows(text: string, width: number): readonly Row[] {
  return wrapCells(expandTabs(text), width).map((each) => row(each));
}
