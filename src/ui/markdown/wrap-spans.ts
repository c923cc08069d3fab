/** Runs of text as rows of at most so many cells, and where in the text each row begins. */
import type { Span } from '../rows.ts';
import { breakWords } from '../text-rows.ts';

export interface WrappedSpans {
  readonly rows: readonly (readonly Span[])[];
  /** Where in the text each row begins, and after the last where the text ends. */
  readonly starts: readonly number[];
}

/** Line feeds in the text begin a new row; the spaces at the end of a row are not shown. */
export function wrapSpans(spans: readonly Span[], width: number): WrappedSpans {
  const text = spans.map((span) => span.text).join('');
  const rows: (readonly Span[])[] = [];
  const starts: number[] = [];
  const places = spanPlaces(spans);
  let begin = 0;
  for (const line of text.split('\n')) {
    for (const { start, end } of breakWords(line, width)) {
      const ink = start === 0 ? 0 : skipSpaces(line, { start, end });
      starts.push(begin + ink);
      rows.push(sliceSpans(places, { start: begin + ink, end: begin + end }));
    }
    begin += line.length + 1;
  }
  return { rows, starts: [...starts, text.length] };
}

function skipSpaces(line: string, { start, end }: { readonly start: number; readonly end: number }): number {
  let at = start;
  while (at < end && line[at] === ' ') at += 1;
  return at;
}

interface SpanPlaces {
  readonly spans: readonly Span[];
  /** Where the span at hand begins; rows are asked for in order. */
  index: number;
  from: number;
}

function spanPlaces(spans: readonly Span[]): SpanPlaces {
  return { spans, index: 0, from: 0 };
}

function sliceSpans(
  places: SpanPlaces,
  { start, end }: { readonly start: number; readonly end: number },
): readonly Span[] {
  const row: Span[] = [];
  for (;;) {
    const span = places.spans[places.index];
    if (span === undefined || places.from >= end) return row;
    const until = places.from + span.text.length;
    if (until > start) {
      const text = span.text.slice(Math.max(0, start - places.from), end - places.from);
      if (text !== '') row.push({ text, tones: span.tones });
    }
    if (until > end) return row;
    places.index += 1;
    places.from = until;
  }
}
