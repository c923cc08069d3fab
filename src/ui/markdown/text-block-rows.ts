/** A block of text (a paragraph, a heading, a line of HTML) as rows, whole, growing, or in part. */
import type { Row, Span, Tone } from '../rows.ts';
import type { TextLeaf } from './blocks.ts';
import { cutInline, parseInline, type Inline, type InlineSource } from './inline.ts';
import { fitMargins, withMargins, type FittedMargins } from './margins.ts';
import { wrapSpans, type WrappedSpans } from './wrap-spans.ts';

export function textRows(
  leaf: TextLeaf,
  { width, isEnded }: { readonly width: number; readonly isEnded: boolean },
): readonly Row[] {
  return shownRows(leaf, layText(leaf, { width, isEnded }), isEnded);
}

export interface CutText {
  /** The first rows, which leave. */
  readonly rows: readonly Row[];
  /** The text without them, which goes on as it looked. */
  readonly leaf: TextLeaf;
  /** Its rows. */
  readonly growing: readonly Row[];
}

/** A text that still grows, so that no more than `most` rows of it stay. */
export function cutText(
  leaf: TextLeaf,
  { width, most }: { readonly width: number; readonly most: number },
): CutText {
  const laid = layText(leaf, { width, isEnded: false });
  const shown = shownRows(leaf, laid, false);
  const isLong =
    leaf.done.length + leaf.line.length > Math.max(LEAST_SOURCE_KEPT, most * width * UNITS_A_CELL);
  const count = isLong ? Math.max(1, shown.length - 1) : shown.length - most;
  if (count <= 0) return { rows: [], leaf, growing: shown };
  const place = (laid.wrapped.starts[count] ?? Infinity) - laid.lead;
  const cut = cutInline(laid.inline, laid.source, Math.max(0, place));
  return {
    rows: shown.slice(0, count),
    leaf: { ...withoutBeginning(leaf, cut.at), carried: cut.carried, hasLeft: true },
    growing: shown.slice(count),
  };
}

/** Text that shows little of itself (marks upon marks, signs that mean nothing) does not pile up. */
const LEAST_SOURCE_KEPT = 6_000;
const UNITS_A_CELL = 4;

function shownRows(leaf: TextLeaf, { inline, margins, wrapped }: LaidText, isEnded: boolean): readonly Row[] {
  const isInvisible = inline.runs.length === 0 && (!isEnded || leaf.hasLeft);
  return isInvisible ? [] : withMargins(margins, wrapped.rows);
}

/** A line that begins with a bar is kept back until the next one tells whether it is the header of a table. */
function growingSource({ look, done, line, isWholeLine }: TextLeaf): string {
  const mayBeHeader =
    look === 'paragraph' && isWholeLine && line.startsWith('|') && line.length < LONGEST_HEADER;
  return mayBeHeader ? done : done + line;
}

const LONGEST_HEADER = 2_000;

const TONES: Readonly<Record<TextLeaf['look'], readonly Tone[]>> = {
  paragraph: [],
  html: [],
  heading: ['heading'],
  subheading: ['strong'],
};

interface LaidText {
  readonly inline: Inline;
  readonly source: InlineSource;
  readonly wrapped: WrappedSpans;
  readonly margins: FittedMargins;
  /** How much of the text is a marker that stands in it. */
  readonly lead: number;
}

function layText(
  leaf: TextLeaf,
  { width, isEnded }: { readonly width: number; readonly isEnded: boolean },
): LaidText {
  const { look, carried, hasLeft } = leaf;
  const text = isEnded ? leaf.done + leaf.line : growingSource(leaf);
  const source: InlineSource = { source: preparedSource(look, { text, isEnded }), isEnded, carried };
  const inline = look === 'html' ? verbatim(source) : parseInline(source);
  const margins = fitMargins(leaf.margins, { width, hasLeft });
  const tones = TONES[look];
  const spans: Span[] = inline.runs.map((run) => ({ text: run.text, tones: [...tones, ...run.tones] }));
  if (margins.lead !== '') spans.unshift({ text: margins.lead, tones: [] });
  return { inline, source, wrapped: wrapSpans(spans, margins.width), margins, lead: margins.lead.length };
}

/** Without the signs that close a heading, and without what may become them. */
function preparedSource(
  look: TextLeaf['look'],
  { text, isEnded }: { readonly text: string; readonly isEnded: boolean },
): string {
  if (look === 'html') return text;
  const trimmed = isEnded ? text.trimEnd() : text;
  if (look === 'paragraph') return trimmed;
  return text.includes('\n') ? trimmed : withoutClosing(trimmed, isEnded);
}

/** Read from the end, so that a long line of such signs is read once. */
function withoutClosing(heading: string, isEnded: boolean): string {
  let end = heading.length;
  while (heading[end - 1] === '#') end -= 1;
  if (isEnded) return end === 0 || isSpace(heading[end - 1]) ? heading.slice(0, end).trimEnd() : heading;
  let from = heading.length;
  const least = Math.max(0, heading.length - LONGEST_CLOSING);
  for (let at = heading.length - 1; at >= least && (heading[at] === '#' || isSpace(heading[at])); at -= 1) {
    if (at === 0 || isSpace(heading[at])) from = at;
  }
  return heading.slice(0, from);
}

/** Of signs that may close a heading, no more wait to be told from text. */
const LONGEST_CLOSING = 100;

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}

function verbatim({ source }: InlineSource): Inline {
  const text = source.replace(/\t/g, ' ');
  return {
    runs: text === '' ? [] : [{ text, tones: [], node: 0 }],
    nodes: [{ text, from: 0, to: source.length, kind: 'text', tones: [] }],
    marks: [],
    end: source.length,
  };
}

function withoutBeginning(leaf: TextLeaf, at: number): TextLeaf {
  const { done, line } = leaf;
  if (at < done.length) return { ...leaf, done: done.slice(at) };
  const within = at - done.length;
  return { ...leaf, done: '', line: line.slice(within), isWholeLine: within === 0 && leaf.isWholeLine };
}
