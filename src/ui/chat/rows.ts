/** A row as the chat thinks of it: its text, and what it is. Colours come last, from the theme. */
export type Tone = 'plain' | 'user' | 'dim' | 'good' | 'bad' | 'warn';

export interface Row {
  readonly text: string;
  readonly tone: Tone;
}

export function row(text: string, tone: Tone = 'plain'): Row {
  return { text, tone };
}
