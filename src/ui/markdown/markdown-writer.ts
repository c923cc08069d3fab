/**
 * Markdown written straight to a terminal, without a region that is drawn again: finished rows once, and the row
 * that grows word by word. Only where a sign turns out to mean something else is that one row written anew.
 */
import { spanRow, type Row, type Span } from '../rows.ts';
import type { Style } from '../style.ts';
import { paint } from '../theme.ts';
import type { Highlight } from './color-code.ts';
import {
  endMarkdown,
  growMarkdown,
  liveMarkdown,
  NO_MARKDOWN,
  type GrownMarkdown,
} from './growing-markdown.ts';

export interface MarkdownWriter {
  /** What has arrived, clean. */
  push(text: string): void;
  /** Colours have been loaded: what waited for them is written. */
  refresh(): void;
  /** Nothing more comes. Ends with a line feed if anything was written. */
  end(): void;
  /** Lines wait for their colours. */
  readonly isWaiting: boolean;
}

export function createMarkdownWriter(options: {
  readonly write: (text: string) => void;
  readonly style: Style;
  readonly highlight: Highlight;
  /** Cells a row may have; asked each time, because windows change. */
  readonly width: () => number;
}): MarkdownWriter {
  const { write, style, highlight } = options;
  let state = NO_MARKDOWN;
  /** What of the growing row is on the screen. */
  let begun: Row | undefined;

  function take(arrived: string): void {
    const width = options.width();
    const grown: GrownMarkdown = growMarkdown(state, arrived, {
      width,
      liveRows: MOST_UNSEEN,
      proseRows: 1,
      highlight,
    });
    state = grown.state;
    const isProse = state.blocks.leaf?.kind === 'text' && state.code.waiting.length === 0;
    const [row] = isProse ? liveMarkdown(state, { width, most: 1 }) : [];
    writeAll(grown.finished, row === undefined ? undefined : wholeWords(row));
  }

  function writeAll(finished: readonly Row[], growing: Row | undefined): void {
    const text = finished.map((row) => `${continued(row)}\n`).join('');
    const more = growing === undefined ? '' : continued(growing);
    begun = growing ?? begun;
    if (text + more !== '') write(text + more);
  }

  /** What is left to be written of a row, or all of it in place of what is there. */
  function continued(row: Row): string {
    const before = begun;
    begun = undefined;
    if (before === undefined) return paint(row, style);
    const rest = restAfter(row, before);
    return rest === undefined ? `${ERASE_ROW}${paint(row, style)}` : paint(spanRow(rest), style);
  }

  return {
    push: take,
    refresh: () => take(''),
    end() {
      writeAll(endMarkdown(state, { width: options.width(), highlight }), undefined);
      state = NO_MARKDOWN;
    },
    get isWaiting() {
      return state.code.waiting.length > 0;
    },
  };
}

/** A table longer than that has the columns of what came first. */
const MOST_UNSEEN = 40;
const ERASE_ROW = '\r\x1b[K';

/** Without the word that grows: it may yet belong to the next row. */
function wholeWords(row: Row): Row {
  const end = row.text.lastIndexOf(' ');
  return spanRow(cut(spansOf(row), end < 0 ? 0 : end));
}

function spansOf({ text, tone, spans }: Row): readonly Span[] {
  return spans ?? [{ text, tones: [tone] }];
}

function cut(spans: readonly Span[], length: number): readonly Span[] {
  const kept: Span[] = [];
  let left = length;
  for (const { text, tones } of spans) {
    if (left <= 0) break;
    kept.push({ text: text.slice(0, left), tones });
    left -= text.length;
  }
  return kept;
}

/** The row without what is there already; undefined if it does not begin so. */
function restAfter(row: Row, begun: Row): readonly Span[] | undefined {
  const length = begun.text.length;
  const same = cut(spansOf(row), length);
  if (key(same) !== key(spansOf(begun))) return undefined;
  const rest: Span[] = [];
  let skip = length;
  for (const { text, tones } of spansOf(row)) {
    if (text.length > skip) rest.push({ text: text.slice(Math.max(0, skip)), tones });
    skip -= text.length;
  }
  return rest;
}

function key(spans: readonly Span[]): string {
  return JSON.stringify(spans.map(({ text, tones }) => [text, tones.filter((tone) => tone !== 'plain')]));
}
