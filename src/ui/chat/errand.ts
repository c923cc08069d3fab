/** How the chat hands a slash command on, and what it gets back. Only types: the work is done where the world is. */
import type { Errand } from './slash.ts';
import type { Attachment, Talk } from './talk.ts';

export interface Reply {
  /** Printed into the scrollback, a line a row; made safe by the chat. */
  readonly lines?: readonly string[] | undefined;
  /** Said for a moment in the status line. */
  readonly notice?: string | undefined;
  /** The conversation goes on as this one; its messages are printed when they are other ones. */
  readonly talk?: Talk | undefined;
  /** Goes along with the next question. */
  readonly attachment?: Attachment | undefined;
  /** Another account or none: what the status line says of it. */
  readonly account?: { readonly name: string | undefined } | undefined;
}

export interface Spent {
  readonly tokens: number;
  /** What the server told last: requests left, and when there are more (ms since the epoch). */
  readonly rateLimit?: { readonly remaining: number; readonly resetAt?: number | undefined } | undefined;
}

/** @throws MiraError, whose sentence is shown */
export type RunErrand = (
  errand: Errand,
  options: {
    readonly talk: Talk;
    /** In this chat so far. */
    readonly spent: Spent;
    readonly signal: AbortSignal;
    /** Gives the terminal to the work, as it was found, and draws the chat again afterwards. */
    readonly withTerminal: <T>(work: () => Promise<T>) => Promise<T>;
  },
) => Promise<Reply>;
