/**
 * Lines of code get their colours once, when they are whole, with the state of the grammar handed from line to
 * line. While the grammar is being loaded they wait, and what comes after them waits behind them, as far as
 * there is room; what has to leave before that leaves without colour.
 */
import { row, spanRow, type Row, type Span } from '../rows.ts';

/** `undefined`: there are no colours for this language. */
export type Highlight = (language: string) => LineHighlighter | 'loading' | undefined;

export interface LineHighlighter {
  /** `before` is what the line above gave, undefined for the first. The spans together are the line. */
  colorLine(line: string, before: GrammarState | undefined): ColoredLine;
}

export interface ColoredLine {
  readonly spans: readonly Span[];
  readonly after: GrammarState;
}

/** Of no meaning but to the highlighter that made it. */
export type GrammarState = object;

/** A finished row, and the line of code it is if it is one. */
export interface EnteringRow {
  readonly row: Row;
  readonly code?: CodeLine;
  /** How many rows it takes in the live region. */
  readonly height: number;
}

export interface CodeLine {
  /** Which block of code it is in. */
  readonly code: number;
  readonly language: string;
}

export interface ColoredCode {
  readonly waiting: readonly EnteringRow[];
  /** The block that was coloured last, and how its grammar stands. */
  readonly code: number;
  readonly grammar: GrammarState | undefined;
  /** Lines of it that have left without colour, which the grammar has yet to see. */
  readonly unseen: readonly string[];
}

export const NO_CODE: ColoredCode = { waiting: [], code: 0, grammar: undefined, unseen: [] };

export function colorCode(
  before: ColoredCode,
  entering: readonly EnteringRow[],
  { highlight, room }: { readonly highlight: Highlight; readonly room: number },
): { readonly code: ColoredCode; readonly finished: readonly Row[] } {
  const queue = before.waiting.length === 0 ? entering : [...before.waiting, ...entering];
  const finished: Row[] = [];
  let state: Omit<ColoredCode, 'waiting'> = before;
  let height = queue.reduce((sum, each) => sum + each.height, 0);
  for (const [index, each] of queue.entries()) {
    const coloring = each.code === undefined ? undefined : highlight(each.code.language);
    if (coloring === 'loading' && height <= room)
      return { code: { ...state, waiting: queue.slice(index) }, finished };
    const colored = color(state, each, coloring);
    finished.push(colored.row);
    state = colored.state;
    height -= each.height;
  }
  return { code: { ...state, waiting: [] }, finished };
}

/**
 * Longer lines, and lines with longer gaps, are data rather than code: they stay plain. Some grammars look back over
 * a line many times, which is nothing in lines that were written and minutes in lines that were made for it.
 */
const LONGEST_COLORED = 500;
const WIDE_GAP = /\s{60}/;

function color(
  state: Omit<ColoredCode, 'waiting'>,
  { row: plain, code }: EnteringRow,
  coloring: LineHighlighter | 'loading' | undefined,
): { readonly row: Row; readonly state: Omit<ColoredCode, 'waiting'> } {
  if (code === undefined || coloring === undefined) return { row: plain, state };
  const isNew = state.code !== code.code;
  const unseen = isNew ? [] : state.unseen;
  let grammar = isNew ? undefined : state.grammar;
  const { text } = plain;
  if (text.length > LONGEST_COLORED || WIDE_GAP.test(text))
    return { row: plain, state: { code: code.code, grammar, unseen } };
  if (coloring === 'loading') {
    return { row: plain, state: { code: code.code, grammar, unseen: [...unseen, text] } };
  }
  for (const line of unseen) grammar = coloring.colorLine(line, grammar).after;
  const { spans, after } = coloring.colorLine(text, grammar);
  const isPlain = spans.every(({ tones }) => tones.length === 0);
  return {
    row: isPlain ? row(text) : spanRow(spans),
    state: { code: code.code, grammar: after, unseen: [] },
  };
}
