/** What stands left of a block's rows: bars of quotes, markers of items, and the space below them. */
import { row, spanRow, type Row, type Span } from '../rows.ts';
import { cellWidth } from '../text-rows.ts';
import type { Margin } from './blocks.ts';

export interface FittedMargins {
  readonly first: readonly Span[];
  readonly rest: readonly Span[];
  /** A marker that is too wide to stand left of the text: it begins the text. */
  readonly lead: string;
  /** Cells that are left for the text. */
  readonly width: number;
}

/** In a narrow window the margins take no more than half of it; what is given up first is what encloses most. */
export function fitMargins(
  margins: readonly Margin[],
  { width, hasLeft }: { readonly width: number; readonly hasLeft: boolean },
): FittedMargins {
  const most = Math.floor(width / 2);
  const kept: Margin[] = [];
  let used = 0;
  let lead = '';
  for (const margin of margins.toReversed()) {
    const cells = cellWidth(margin.first);
    const isMarker = margin.first !== margin.rest;
    if (used + cells <= most) {
      kept.unshift(margin);
      used += cells;
    } else if (isMarker) lead = margin.first + lead;
    else break;
  }
  const rest = kept.map((margin) => spanOf(margin.rest));
  const first = hasLeft ? rest : kept.map((margin) => spanOf(margin.first));
  return { first, rest, lead: hasLeft ? '' : lead, width: width - used };
}

/** Rows with their margins; where there is nothing but a margin, without the space at its end. */
export function withMargins(
  { first, rest }: Pick<FittedMargins, 'first' | 'rest'>,
  rows: readonly (readonly Span[])[],
): readonly Row[] {
  return rows.map((spans, index) => rowOf([...(index === 0 ? first : rest), ...spans]));
}

function spanOf(text: string): Span {
  return { text, tones: text.startsWith(BAR) ? ['dim'] : [] };
}

const BAR = '│';

function rowOf(parts: readonly Span[]): Row {
  const shown: Span[] = [];
  let isEnd = true;
  for (const span of parts.toReversed()) {
    const text = isEnd ? span.text.trimEnd() : span.text;
    if (text === '') continue;
    isEnd = false;
    shown.unshift({ ...span, text });
  }
  const spans = merged(shown);
  const isPlain = spans.every(({ tones }) => tones.length === 0);
  return isPlain ? row(spans.map(({ text }) => text).join('')) : spanRow(spans);
}

function merged(spans: readonly Span[]): readonly Span[] {
  const joined: Span[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    if (last !== undefined && last.tones.join() === span.tones.join()) {
      joined[joined.length - 1] = { ...last, text: last.text + span.text };
    } else joined.push(span);
  }
  return joined;
}
