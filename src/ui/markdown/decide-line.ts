/**
 * What a line means for the blocks that are open (CommonMark, appendix: phase 1): which go on, which begin, and
 * what its text is. It may be asked before the line is whole: undefined as long as the rest could change it.
 */
import {
  closesFence,
  delimiterRow,
  findBlockStart,
  taskMark,
  type Alignment,
  type Fence,
  type HtmlEnd,
  type LineText,
} from './block-starts.ts';
import type { Blocks, Container, ItemContainer, Leaf } from './blocks.ts';
import {
  indentOf,
  isBlank,
  restOf,
  skipCharacters,
  skipColumns,
  startOf,
  textOf,
  type LineCursor,
} from './line-cursor.ts';
import { splitCells } from './table-cells.ts';

export interface DecidedLine {
  /** How many of the open containers go on. */
  readonly matched: number;
  /** Those that begin in this line. */
  readonly opened: readonly Container[];
  readonly does: LineEffect;
}

export type LineEffect =
  | { readonly kind: 'blank' }
  /** Belongs to the block that is open. */
  | { readonly kind: 'continue'; readonly text: string }
  | { readonly kind: 'close_fence' }
  | { readonly kind: 'underline'; readonly level: number }
  | { readonly kind: 'table'; readonly alignments: readonly Alignment[] }
  | { readonly kind: 'heading'; readonly level: number; readonly text: string }
  | { readonly kind: 'rule' }
  | { readonly kind: 'fence'; readonly fence: Fence & { readonly indent: number }; readonly language: string }
  | { readonly kind: 'indented'; readonly text: string }
  | { readonly kind: 'html'; readonly until: HtmlEnd; readonly text: string }
  | { readonly kind: 'paragraph'; readonly text: string };

/** No line waits for more than that. */
export const LONGEST_UNDECIDED = 1_000;

export function decideLine(blocks: Blocks, line: LineText): DecidedLine | undefined {
  const { matched, cursor } = matchContainers(blocks.containers, startOf(line.text));
  const isAll = matched === blocks.containers.length;
  if (isBlank(cursor)) {
    if (!line.isWhole && !line.isForced) return undefined;
    if (line.isWhole)
      return { matched, opened: [], does: blankLine(isAll ? blocks.leaf : undefined, cursor) };
  }
  const goesOn = isAll ? insideLeaf(blocks.leaf, { cursor, line }) : undefined;
  if (goesOn === 'undecided') return undefined;
  if (goesOn !== undefined) return { matched, opened: [], does: goesOn };
  return openBlocks(blocks, { line, cursor, matched });
}

const MOST_CONTAINERS = 32;

function matchContainers(
  containers: readonly Container[],
  start: LineCursor,
): { readonly matched: number; readonly cursor: LineCursor } {
  let cursor = start;
  for (const [index, container] of containers.entries()) {
    const next = container.kind === 'quote' ? skipQuote(cursor) : skipItem(cursor, container);
    if (next === undefined) return { matched: index, cursor };
    cursor = next;
  }
  return { matched: containers.length, cursor };
}

function skipQuote(cursor: LineCursor): LineCursor | undefined {
  const indent = indentOf(cursor);
  if (indent > 3) return undefined;
  const sign = skipColumns(cursor, indent);
  if (sign.line[sign.at] !== '>') return undefined;
  const after = skipCharacters(sign, 1);
  return indentOf(after) > 0 ? skipColumns(after, 1) : after;
}

function skipItem(cursor: LineCursor, { indent, isBare }: ItemContainer): LineCursor | undefined {
  if (isBlank(cursor)) return isBare ? undefined : skipColumns(cursor, indent);
  return indentOf(cursor) >= indent ? skipColumns(cursor, indent) : undefined;
}

function blankLine(leaf: Leaf | undefined, cursor: LineCursor): LineEffect {
  if (leaf?.kind === 'code' && leaf.fence !== undefined) {
    return { kind: 'continue', text: restOf(skipColumns(cursor, leaf.fence.indent)) };
  }
  if (leaf?.kind === 'text' && leaf.until) return { kind: 'continue', text: '' };
  return { kind: 'blank' };
}

/** Blocks that take lines without asking what they might begin. */
function insideLeaf(
  leaf: Leaf | undefined,
  { cursor, line }: { readonly cursor: LineCursor; readonly line: LineText },
): LineEffect | 'undecided' | undefined {
  if (leaf?.kind === 'text' && leaf.until !== undefined) return { kind: 'continue', text: restOf(cursor) };
  if (leaf?.kind !== 'code') return undefined;
  const { fence } = leaf;
  if (fence === undefined) {
    return indentOf(cursor) >= 4 ? { kind: 'continue', text: restOf(skipColumns(cursor, 4)) } : undefined;
  }
  if (indentOf(cursor) <= 3) {
    const closes = closesFence(fence, { ...line, text: textOf(cursor) });
    if (closes === 'undecided') return 'undecided';
    if (closes) return { kind: 'close_fence' };
  }
  return { kind: 'continue', text: restOf(skipColumns(cursor, fence.indent)) };
}

function openBlocks(
  blocks: Blocks,
  {
    line,
    cursor: begin,
    matched,
  }: { readonly line: LineText; readonly cursor: LineCursor; readonly matched: number },
): DecidedLine | undefined {
  const { leaf, containers } = blocks;
  const isAll = matched === containers.length;
  const hasParagraph = leaf?.kind === 'text' && leaf.look === 'paragraph';
  const opened: Container[] = [];
  let cursor = begin;
  const decided = (does: LineEffect): DecidedLine => ({ matched, opened, does });
  for (;;) {
    const inParagraph = hasParagraph && isAll && opened.length === 0;
    const indent = indentOf(cursor);
    const text: LineText = { ...line, text: textOf(cursor) };
    if (text.text === '') {
      if (!line.isWhole && !line.isForced) return undefined;
      return decided(line.isWhole ? { kind: 'blank' } : { kind: 'paragraph', text: '' });
    }
    if (indent > 3 && !inParagraph && !(hasParagraph && opened.length === 0)) {
      return decided({ kind: 'indented', text: restOf(skipColumns(cursor, 4)) });
    }
    if (indent <= 3 && matched + opened.length < MOST_CONTAINERS) {
      const quoted = skipQuote(cursor);
      if (quoted !== undefined) {
        opened.push({ kind: 'quote' });
        cursor = quoted;
        continue;
      }
    }
    const start = indent > 3 ? undefined : findBlockStart(text, { inParagraph });
    if (start === 'undecided') return undefined;
    if (start?.kind === 'item') {
      const item = openItem(cursor, {
        start,
        inParagraph,
        line,
        previous: opened.length === 0 ? containers[matched] : undefined,
      });
      if (item === 'undecided') return undefined;
      if (item !== undefined && matched + opened.length < MOST_CONTAINERS) {
        opened.push(item.container);
        cursor = item.cursor;
        continue;
      }
    } else if (start?.kind === 'fence') return decided({ ...start, fence: { ...start.fence, indent } });
    else if (start?.kind === 'html') return decided({ ...start, text: restOf(cursor) });
    else if (start !== undefined) return decided(start);

    return textLine(blocks, { text, matched, opened });
  }
}

function openItem(
  cursor: LineCursor,
  {
    start,
    inParagraph,
    line,
    previous,
  }: {
    readonly start: { readonly length: number; readonly sign: string; readonly number?: number };
    readonly inParagraph: boolean;
    readonly line: LineText;
    readonly previous: Container | undefined;
  },
): { readonly container: ItemContainer; readonly cursor: LineCursor } | 'undecided' | undefined {
  const indent = indentOf(cursor);
  const marker = skipCharacters(skipColumns(cursor, indent), start.length);
  const isBare = isBlank(marker);
  if (isBare && !line.isWhole && !line.isForced) return 'undecided';
  // CommonMark 5.2: neither an empty item nor one that does not begin with 1 interrupts a paragraph.
  if (inParagraph && (isBare || (start.number !== undefined && start.number !== 1))) return undefined;
  const spaces = indentOf(marker);
  const padding = isBare || spaces > 4 ? 1 : spaces;
  const isSameList =
    previous?.kind === 'item' &&
    previous.sign === start.sign &&
    (previous.number === undefined) === (start.number === undefined);
  const number = isSameList && previous.number !== undefined ? previous.number + 1 : start.number;
  return {
    container: {
      kind: 'item',
      indent: indent + start.length + padding,
      sign: start.sign,
      ...(number === undefined ? {} : { number }),
      isShown: false,
      isBare,
    },
    cursor: skipColumns(marker, padding),
  };
}

/** Text that begins nothing: a line of the table or paragraph that is open, or a paragraph. */
function textLine(
  { leaf, containers }: Blocks,
  {
    text,
    matched,
    opened,
  }: { readonly text: LineText; readonly matched: number; readonly opened: readonly Container[] },
): DecidedLine | undefined {
  const isAll = matched === containers.length;
  const decided = (does: LineEffect, more = opened): DecidedLine => ({ matched, opened: more, does });
  if (opened.length === 0 && leaf?.kind === 'text' && leaf.look === 'paragraph') {
    const alignments = isAll && leaf.isWholeLine && leaf.line.includes('|') ? delimiterRow(text) : undefined;
    if (alignments === 'undecided') return undefined;
    if (alignments !== undefined && splitCells(leaf.line).length === alignments.length) {
      return decided({ kind: 'table', alignments });
    }
    // A line may leave out the signs of the quotes and the indentation of the items its paragraph is in.
    return { matched: containers.length, opened, does: { kind: 'continue', text: text.text } };
  }
  if (opened.length === 0 && isAll && leaf?.kind === 'table')
    return decided({ kind: 'continue', text: text.text });
  const item = opened.at(-1);
  const task = item?.kind === 'item' ? taskMark(text) : undefined;
  if (task === 'undecided') return undefined;
  if (task === undefined || item?.kind !== 'item') return decided({ kind: 'paragraph', text: text.text });
  const rest = text.text.slice(task.mark.length).trimStart();
  return decided({ kind: 'paragraph', text: rest }, [...opened.slice(0, -1), { ...item, task: task.mark }]);
}
