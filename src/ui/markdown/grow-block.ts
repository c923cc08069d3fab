/** Carries out what a line was decided to mean: blocks end and begin, and text goes where it belongs. */
import {
  textLeaf,
  type BlockReading,
  type Container,
  type ItemContainer,
  type Leaf,
  type Margin,
  type TableCells,
  type TextLeaf,
} from './blocks.ts';
import { EMPTY_LINE } from './block-starts.ts';
import type { DecidedLine, LineEffect } from './decide-line.ts';
import { fitCells, splitCells } from './table-cells.ts';

/** The beginning of a line, or all of it. */
export function beginBlock(reading: BlockReading, { matched, opened, does }: DecidedLine): void {
  if (does.kind === 'continue') continueLeaf(reading, does.text);
  else if (does.kind === 'close_fence') closeLeaf(reading);
  else if (does.kind === 'underline') underline(reading, does.level);
  else if (does.kind === 'table') beginTable(reading, does);
  else if (does.kind === 'blank' && opened.length === 0) blankLine(reading, matched);
  else {
    closeDownTo(reading, matched);
    if (opened.some(({ kind }) => kind === 'item') || does.kind !== 'blank') payBlank(reading);
    open(reading, opened);
    beginLeaf(reading, does);
  }
}

/** More of the line whose beginning is known. */
export function growBlock(reading: BlockReading, text: string): void {
  const { leaf } = reading.blocks;
  if (leaf === undefined || text === '') return;
  setLeaf(reading, grown(leaf, text));
}

/** The line ends. */
export function endBlockLine(reading: BlockReading): void {
  const { leaf, isInLine } = reading.blocks;
  if (!isInLine) return;
  reading.blocks = { ...reading.blocks, isInLine: false };
  if (leaf?.kind === 'code') {
    reading.parts.push({ kind: 'code_line', code: leaf.code, language: leaf.language, text: leaf.line });
    setLeaf(reading, { ...leaf, line: '', recent: '' });
  } else if (leaf?.kind === 'table') {
    addRow(leaf.rows, fitCells(splitCells(leaf.line), leaf.alignments.length));
    setLeaf(reading, { ...leaf, line: '' });
  } else if (leaf?.kind === 'text' && leaf.look !== 'paragraph') endTextLine(reading, leaf);
}

/** Nothing more comes. */
export function closeAll(reading: BlockReading): void {
  closeLeaf(reading);
  closeDownTo(reading, 0);
}

/** How much of a line of code is kept at hand to be shown while it grows. */
const RECENT = 4_096;

function setLeaf(reading: BlockReading, leaf: Leaf | undefined): void {
  reading.blocks = { ...reading.blocks, leaf };
}

function grown(leaf: Leaf, text: string): Leaf {
  if (leaf.kind !== 'code') return { ...leaf, line: leaf.line + text };
  return { ...leaf, line: leaf.line + text, recent: (leaf.recent + text.slice(-RECENT)).slice(-RECENT) };
}

/** Rows are added in place, see `ownRows`. */
function addRow(rows: readonly TableCells[], row: TableCells): void {
  (rows as TableCells[]).push(row);
}

function continueLeaf(reading: BlockReading, text: string): void {
  const { leaf, codes } = reading.blocks;
  if (leaf?.kind === 'text' && leaf.look === 'paragraph') {
    const done = leaf.line === '' && leaf.done === '' ? '' : `${leaf.done}${leaf.line}\n`;
    setLeaf(reading, { ...leaf, done, line: text, isWholeLine: true });
  } else if (leaf?.kind === 'code') {
    for (let blank = 0; blank < leaf.blanks; blank += 1) {
      reading.parts.push({ kind: 'code_line', code: codes, language: leaf.language, text: '' });
    }
    setLeaf(reading, grown({ ...leaf, blanks: 0 }, text));
  } else if (leaf !== undefined) setLeaf(reading, grown(leaf, text));
  reading.blocks = { ...reading.blocks, isInLine: true };
}

function endTextLine(reading: BlockReading, leaf: TextLeaf): void {
  reading.parts.push(leaf);
  const { until } = leaf;
  if (until === undefined || (until !== EMPTY_LINE && leaf.line.toLowerCase().includes(until))) {
    setLeaf(reading, undefined);
    return;
  }
  const margins = leaf.margins.map(({ rest }) => ({ first: rest, rest }));
  setLeaf(reading, textLeaf({ look: 'html', margins, line: '', until }));
}

function underline(reading: BlockReading, level: number): void {
  const { leaf } = reading.blocks;
  if (leaf?.kind !== 'text') return;
  reading.parts.push({ ...leaf, look: leaf.hasLeft ? leaf.look : headingLook(level) });
  setLeaf(reading, undefined);
}

function headingLook(level: number): TextLeaf['look'] {
  return level <= 2 ? 'heading' : 'subheading';
}

/** The last line of the paragraph was the header. */
function beginTable(reading: BlockReading, { alignments }: Extract<LineEffect, { kind: 'table' }>): void {
  const { leaf } = reading.blocks;
  if (leaf?.kind !== 'text') return;
  const isAlone = leaf.done === '' && !leaf.hasLeft;
  if (leaf.done !== '') reading.parts.push({ ...leaf, done: '', line: leaf.done.slice(0, -1) });
  const margins = isAlone ? leaf.margins : leaf.margins.map(({ rest }) => ({ first: rest, rest }));
  const rows = [fitCells(splitCells(leaf.line), alignments.length)];
  setLeaf(reading, { kind: 'table', margins, alignments, rows, hasLeft: false, line: '' });
}

function blankLine(reading: BlockReading, matched: number): void {
  const { leaf } = reading.blocks;
  const goesOn =
    leaf?.kind === 'code' && leaf.fence === undefined && matched === reading.blocks.containers.length;
  if (goesOn) {
    setLeaf(reading, { ...leaf, blanks: leaf.blanks + 1 });
    return;
  }
  closeLeaf(reading);
  closeDownTo(reading, matched);
  reading.blocks = { ...reading.blocks, owesBlank: true };
}

function closeLeaf(reading: BlockReading): void {
  const { leaf } = reading.blocks;
  if (leaf === undefined) return;
  setLeaf(reading, undefined);
  if (leaf.kind === 'code') {
    reading.parts.push({ kind: 'fence', language: '' });
    if (leaf.blanks > 0) reading.blocks = { ...reading.blocks, owesBlank: true };
  } else if (leaf.kind === 'table') reading.parts.push(leaf);
  else if (leaf.look !== 'html') reading.parts.push(leaf);
}

/** Ends the containers from the `depth`th on, and with them what they hold. */
function closeDownTo(reading: BlockReading, depth: number): void {
  closeLeaf(reading);
  const { containers } = reading.blocks;
  if (containers.length <= depth) return;
  const innermost = containers.at(-1);
  if (innermost?.kind === 'item' && !innermost.isShown) {
    payBlank(reading);
    reading.parts.push({ kind: 'marker', margins: containers.map(marginOf) });
    reading.blocks = { ...reading.blocks, hasBegun: true };
  }
  reading.blocks = { ...reading.blocks, containers: reading.blocks.containers.slice(0, depth) };
}

/** Shows the empty line that was owed, with the bars of the quotes that go on. */
function payBlank(reading: BlockReading): void {
  const { owesBlank, hasBegun, containers } = reading.blocks;
  if (!owesBlank) return;
  reading.blocks = { ...reading.blocks, owesBlank: false };
  if (!hasBegun) return;
  const margins = containers.map(marginOf).map(({ rest }) => ({ first: rest, rest }));
  reading.parts.push({ kind: 'blank', margins });
}

function open(reading: BlockReading, opened: readonly Container[]): void {
  const containers = reading.blocks.containers.map((each) =>
    each.kind === 'item' && each.isBare ? { ...each, isBare: false } : each,
  );
  reading.blocks = { ...reading.blocks, containers: [...containers, ...opened] };
}

function beginLeaf(reading: BlockReading, does: LineEffect): void {
  const { containers, codes } = reading.blocks;
  if (does.kind === 'blank') return;
  const margins = containers.map(marginOf);
  reading.blocks = { ...reading.blocks, hasBegun: true, containers: containers.map(shown) };
  const begin = (leaf: Leaf | undefined, isInLine: boolean): void => {
    reading.blocks = { ...reading.blocks, leaf, isInLine };
  };
  switch (does.kind) {
    case 'paragraph':
      return begin(textLeaf({ look: 'paragraph', margins, line: does.text }), true);
    case 'heading':
      return begin(textLeaf({ look: headingLook(does.level), margins, line: does.text }), true);
    case 'html':
      return begin(textLeaf({ look: 'html', margins, line: does.text, until: does.until }), true);
    case 'rule':
      reading.parts.push({ kind: 'rule', margins });
      return begin(undefined, false);
    case 'fence':
    case 'indented': {
      const language = does.kind === 'fence' ? does.language : '';
      if (containers.some((each) => each.kind === 'item' && !each.isShown)) {
        reading.parts.push({ kind: 'marker', margins });
      }
      reading.parts.push({ kind: 'fence', language });
      const leaf: Leaf = { kind: 'code', code: codes + 1, language, line: '', recent: '', blanks: 0 };
      reading.blocks = { ...reading.blocks, codes: codes + 1 };
      if (does.kind === 'fence') return begin({ ...leaf, fence: does.fence }, false);
      return begin(grown(leaf, does.text), true);
    }
    default:
      return begin(undefined, false);
  }
}

function shown(container: Container): Container {
  return container.kind === 'item' && !container.isShown ? { ...container, isShown: true } : container;
}

function marginOf(container: Container): Margin {
  if (container.kind === 'quote') return { first: QUOTE, rest: QUOTE };
  const marker = markerOf(container);
  const rest = ' '.repeat(marker.length);
  return { first: container.isShown ? rest : marker, rest };
}

function markerOf({ number, sign, task }: ItemContainer): string {
  if (number !== undefined) return `${number}${sign} ${task === undefined ? '' : `${task} `}`;
  return `${task ?? BULLET} `;
}

const QUOTE = '│ ';
const BULLET = '•';
