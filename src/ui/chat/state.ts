/**
 * The chat as a value: what was said, what is being written, the answer under way. `update` is pure; what
 * must happen in the world comes back as effects, in order. Times are handed in with the action.
 */
import type { MiraError } from '../../errors.ts';
import type { ChatEvent } from '../../chat/provider.ts';
import type { Row } from '../rows.ts';
import type { Highlight } from '../markdown/color-code.ts';
import type { GrowingMarkdown } from '../markdown/growing-markdown.ts';
import type { GrowingText } from './growing-text.ts';
import { startComposer, type Composer } from './composer.ts';
import type { Reply, Spent } from './errand.ts';
import type { ChatKey } from './keys.ts';
import type { Errand } from './slash.ts';
import type { Attachment, Talk } from './talk.ts';

export interface ChatState {
  readonly talk: Talk;
  readonly composer: Composer;
  /** Sent while an answer streams, oldest first. */
  readonly queue: readonly string[];
  /** The answer under way. */
  readonly turn?: Turn | undefined;
  readonly turns: number;
  /** A slash command that the caller obeys, while it does. */
  readonly errand?:
    { readonly id: number; readonly name: Errand['name']; readonly startedAt: number } | undefined;
  readonly errands: number;
  /** Reasoning is printed as it comes; otherwise its end is shown while it lasts, and one line stays. */
  readonly showsReasoning: boolean;
  /** Reasoning of the last answer that was not shown, for whoever wants to see it afterwards. */
  readonly foldedReasoning: string;
  readonly notice?: Notice | undefined;
  /** Until then a second Ctrl-C leaves. */
  readonly leaveUntil: number;
  readonly spent: Spent;
  /** Who is signed in, once a slash command changed it. */
  readonly account?: { readonly name: string | undefined } | undefined;
  readonly highlight: Highlight;
  readonly columns: number;
  readonly rows: number;
}

export interface Turn {
  readonly id: number;
  /** The question as it was typed, and the conversation before it; absent where nothing was typed. */
  readonly typed?: { readonly text: string; readonly before: Talk } | undefined;
  readonly phase: 'waiting' | 'thinking' | 'answering';
  readonly startedAt: number;
  /** All of the answer so far. */
  readonly text: string;
  /** The part of it that no frame has taken in. */
  readonly arrived: string;
  readonly growing: GrowingMarkdown;
  /** Absent until the model reasons. */
  readonly thought?: Thought | undefined;
  readonly retry?: { readonly attempt: number; readonly at: number; readonly reason: string } | undefined;
}

export interface Thought {
  readonly since: number;
  /** All of the reasoning so far. */
  readonly text: string;
  /** The part of it that no frame has taken in, and the row that grows, where reasoning is shown. */
  readonly arrived: string;
  readonly growing: GrowingText;
}

export interface Notice {
  readonly text: string;
  readonly until: number;
}

/** What happens in an answer: what the provider says, and what becomes of the conversation on this machine. */
export type TurnEvent =
  | ChatEvent
  /** Under this id it is kept. */
  | { readonly kind: 'conversation'; readonly id: string }
  /** A line for the person. */
  | { readonly kind: 'notice'; readonly text: string };

export type ChatAction =
  | { readonly kind: 'key'; readonly key: ChatKey; readonly at: number }
  | { readonly kind: 'resized'; readonly columns: number; readonly rows: number }
  /** `turn` tells a late event of a stopped answer from one of the next. */
  | { readonly kind: 'event'; readonly turn: number; readonly event: TurnEvent; readonly at: number }
  | { readonly kind: 'ended'; readonly turn: number; readonly at: number }
  | { readonly kind: 'failed'; readonly turn: number; readonly error: MiraError; readonly at: number }
  | { readonly kind: 'replied'; readonly errand: number; readonly reply: Reply; readonly at: number }
  | { readonly kind: 'refused'; readonly errand: number; readonly error: MiraError; readonly at: number }
  /** Paths that begin like the one being typed. */
  | { readonly kind: 'paths'; readonly path: string; readonly paths: readonly string[] }
  /** The files that the question names have been read. */
  | {
      readonly kind: 'attached';
      readonly turn: number;
      readonly attachments: readonly Attachment[];
      /** Why others do not go along. */
      readonly refusals: readonly string[];
    }
  /** The text as the editor left it. */
  | { readonly kind: 'edited'; readonly text: string }
  | { readonly kind: 'noted'; readonly text: string; readonly at: number }
  /** A frame is about to be drawn: finished rows leave. */
  | { readonly kind: 'frame'; readonly at: number }
  /** The program is told to end. */
  | { readonly kind: 'leave'; readonly at: number };

export type Effect =
  | { readonly kind: 'print'; readonly rows: readonly Row[] }
  | { readonly kind: 'send'; readonly turn: number; readonly talk: Talk }
  | { readonly kind: 'stop'; readonly turn: number }
  | { readonly kind: 'errand'; readonly id: number; readonly errand: Errand }
  | { readonly kind: 'stop_errand'; readonly id: number }
  /** An empty window; the scrollback stays. */
  | { readonly kind: 'clear' }
  /** Files that the question names are to be read before it is sent. */
  | {
      readonly kind: 'attach';
      readonly turn: number;
      readonly paths: readonly string[];
    }
  | { readonly kind: 'find_paths'; readonly path: string }
  | { readonly kind: 'editor'; readonly text: string }
  | { readonly kind: 'redraw' }
  | { readonly kind: 'leave' };

export interface Update {
  readonly state: ChatState;
  readonly effects: readonly Effect[];
}

export function initialState({
  history = [],
  ...start
}: {
  readonly talk: Talk;
  /** Colours of code; what it finds may change between two calls. */
  readonly highlight: Highlight;
  readonly columns: number;
  readonly rows: number;
  /** What was asked in earlier sessions, oldest first. */
  readonly history?: readonly string[] | undefined;
}): ChatState {
  return {
    ...start,
    composer: startComposer(history),
    queue: [],
    turns: 0,
    errands: 0,
    showsReasoning: false,
    foldedReasoning: '',
    leaveUntil: 0,
    spent: { tokens: 0 },
  };
}

/** One cell is left free: some terminals break a row that is full to the last. */
export function proseWidth(columns: number): number {
  return Math.max(4, columns - 1);
}

/** How many rows of an answer may wait to be finished; the rest of the window is for writing. */
export function liveRowsOf({ rows }: Pick<ChatState, 'rows'>): number {
  return Math.max(1, Math.min(MOST_LIVE_ROWS, rows - ROWS_BELOW));
}

const MOST_LIVE_ROWS = 12;
const ROWS_BELOW = 12;
