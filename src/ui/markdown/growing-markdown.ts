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
  /** The rows of the block that is being written, as they were laid out last. */
  readonly growing: { readonly width: number; readonly rows: readonly Row[] };
}

export const NO_MARKDOWN: GrowingMarkdown = {
  blocks: NO_BLOCKS,
  code: NO_CODE,
  growing: { width: 0, rows: [] },
};

export interface GrownMarkdown {
  readonly state: GrowingMarkdown;
  /** They leave for the scrollback. */
  readonly finished: readonly Row[];
}

export interface MarkdownOptions {
  readonly width: number;
  /** How many rows may wait, for what comes to tell how they look. */
  readonly liveRows: number;
  /** The same for prose, which looks at once as it will: what does not wait cannot be broken by a window that changes. */
  readonly proseRows?: number | undefined;
  readonly highlight: Highlight;
}

/**
 * Takes in what has arrived since the last time: clean text, without control characters. Afterwards the live
 * rows are at most `liveRows`, but for a line of code or a row of a table that alone is longer than that. The
 * work depends on what has arrived and on `liveRows`, not on how long the document is.
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
  const height = cut.rows.length + cut.growing.length;
  const { code, finished } = colorCode(state.code, entering, { highlight, room: liveRows - height });
  const growing = { width, rows: cut.growing };
  if (code.waiting.length === 0) {
    return {
      state: { blocks: { ...blocks, leaf: cut.leaf }, code, growing },
      finished: [...finished, ...cut.rows],
    };
  }
  // Nothing passes the code that waits for its colours.
  return { state: { blocks, code, growing: { width, rows: [...cut.rows, ...cut.growing] } }, finished };
}

/** The last `most` of the rows that may still change, each at most `width` cells wide. */
export function liveMarkdown(
  { blocks, code, growing }: GrowingMarkdown,
  { width, most }: { readonly width: number; readonly most: number },
): readonly Row[] {
  if (most < 1) return [];
  const waiting = code.waiting.flatMap((each) =>
    each.code === undefined ? [each.row] : codeRows(each.row.text, width),
  );
  const rows = growing.width === width ? growing.rows : growingRows(blocks.leaf, { width, most });
  return [...waiting, ...rows].slice(-most);
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

interface CutLeaf {
  readonly leaf: Leaf | undefined;
  /** What has to leave at once. */
  readonly rows: readonly Row[];
  readonly growing: readonly Row[];
}

function cutLeaf(
  leaf: Leaf | undefined,
  {
    width,
    liveRows,
    proseRows,
  }: { readonly width: number; readonly liveRows: number; readonly proseRows: number },
): CutLeaf {
  if (leaf?.kind === 'text') return cutText(leaf, { width, most: proseRows });
  const growing = growingRows(leaf, { width, most: liveRows });
  const isFull = leaf?.kind === 'table' && (leaf.hasLeft ? leaf.rows.length > 0 : growing.length > liveRows);
  if (!isFull) return { leaf, rows: [], growing };
  const cut = cutTable(leaf, width);
  return { ...cut, growing: growingRows(cut.leaf, { width, most: liveRows }) };
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
      return tableRows(leaf, { width, isEnded: false });
    case 'text':
      return textRows(leaf, { width, isEnded: false });
  }
}

function codeRows(text: string, width: number): readonly Row[] {
  return wrapCells(expandTabs(text), width).map((each) => row(each));
}
