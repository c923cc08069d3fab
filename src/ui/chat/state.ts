/**
 * The chat as a value: what was said, what is being written, the answer under way. `update` is pure; what
 * must happen in the world comes back as effects, in order. Times are handed in with the action.
 */
import type { MiraError } from '../../errors.ts';
import type { ChatEvent, ChatMessage } from '../../chat/provider.ts';
import type { Row } from '../rows.ts';
import type { GrowingText } from './answer-text.ts';
import { EMPTY_COMPOSER, type Composer } from './composer.ts';
import type { ChatKey } from './keys.ts';

export interface ChatState {
  readonly messages: readonly ChatMessage[];
  readonly model: string;
  readonly composer: Composer;
  /** Sent while an answer streams, oldest first. */
  readonly queue: readonly string[];
  /** The answer under way. */
  readonly turn?: Turn | undefined;
  readonly turns: number;
  readonly notice?: Notice | undefined;
  /** Until then a second Ctrl-C leaves. */
  readonly leaveUntil: number;
  readonly tokens: number;
  readonly requestsLeft?: number | undefined;
  readonly columns: number;
  readonly rows: number;
}

export interface Turn {
  readonly id: number;
  readonly phase: 'waiting' | 'thinking' | 'answering';
  readonly startedAt: number;
  /** All of the answer so far. */
  readonly text: string;
  /** The part of it that no frame has taken in. */
  readonly arrived: string;
  readonly growing: GrowingText;
  readonly retry?: { readonly attempt: number; readonly at: number; readonly reason: string } | undefined;
}

export interface Notice {
  readonly text: string;
  readonly until: number;
}

export type ChatAction =
  | { readonly kind: 'key'; readonly key: ChatKey; readonly at: number }
  | { readonly kind: 'resized'; readonly columns: number; readonly rows: number }
  /** `turn` tells a late event of a stopped answer from one of the next. */
  | { readonly kind: 'event'; readonly turn: number; readonly event: ChatEvent; readonly at: number }
  | { readonly kind: 'ended'; readonly turn: number; readonly at: number }
  | { readonly kind: 'failed'; readonly turn: number; readonly error: MiraError; readonly at: number }
  /** A frame is about to be drawn: finished rows leave. */
  | { readonly kind: 'frame'; readonly at: number }
  /** The program is told to end. */
  | { readonly kind: 'leave'; readonly at: number };

export type Effect =
  | { readonly kind: 'print'; readonly rows: readonly Row[] }
  | {
      readonly kind: 'send';
      readonly turn: number;
      readonly messages: readonly ChatMessage[];
      readonly model: string;
    }
  | { readonly kind: 'stop'; readonly turn: number }
  | { readonly kind: 'leave' };

export interface Update {
  readonly state: ChatState;
  readonly effects: readonly Effect[];
}

export function initialState(start: {
  readonly model: string;
  readonly columns: number;
  readonly rows: number;
}): ChatState {
  return {
    ...start,
    messages: [],
    composer: EMPTY_COMPOSER,
    queue: [],
    turns: 0,
    leaveUntil: 0,
    tokens: 0,
  };
}

/** One cell is left free: some terminals break a row that is full to the last. */
export function proseWidth(columns: number): number {
  return Math.max(4, columns - 1);
}
