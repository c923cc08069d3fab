/** A row as what shows it thinks of it: its text, and what it is. Colours come last, from the theme. */
export type Tone =
  | 'plain'
  | 'user'
  | 'dim'
  | 'good'
  | 'bad'
  | 'warn'
  | 'heading'
  | 'strong'
  | 'emphasis'
  | 'strike'
  | 'link'
  | 'code'
  | 'keyword'
  | 'string'
  | 'comment'
  | 'number'
  | 'function'
  | 'type'
  | 'paper';

/** A stretch of a row that looks the same throughout; its tones are applied one within the other. */
export interface Span {
  readonly text: string;
  readonly tones: readonly Tone[];
}

export interface Row {
  readonly text: string;
  readonly tone: Tone;
  /** Where parts of the row differ: together they are `text`, and `tone` is not applied. */
  readonly spans?: readonly Span[];
}

export function row(text: string, tone: Tone = 'plain'): Row {
  return { text, tone };
}

export function spanRow(spans: readonly Span[]): Row {
  return { text: spans.map(({ text }) => text).join(''), tone: 'plain', spans };
}
