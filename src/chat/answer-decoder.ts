/** What turns the events of one answer into chat events, whatever the wire format. It never touches the network. */
import type { MiraError } from '../errors.ts';
import type { ServerEvent } from './event-stream.ts';
import type { ChatEvent, FinishReason, Usage } from './provider.ts';
import type { ToolCalls } from './tool-calls.ts';

export interface AnswerDecoder {
  /** One event, or one line; `cut` forgives that it cannot be read, because the stream broke off inside it. */
  push(event: ServerEvent, cut?: boolean): void;
  /** A whole answer, from a server that does not stream. */
  pushWhole(value: unknown): void;
  /** No more will come: gives out what was held back. */
  end(): void;
  /** What arrived since the last call; neighbouring pieces of text are one event. */
  take(): readonly ChatEvent[];
  /** Events seen, of any kind; comments and signs of life are none. */
  readonly count: number;
  /** Signs of life seen, in formats that have them. */
  readonly pings: number;
  /** The service said that nothing more will come. */
  readonly done: boolean;
  readonly finishReason: FinishReason | undefined;
  /** The model declined; the text is why, as far as that is said, and may be empty. */
  readonly refusal: string | undefined;
  readonly usage: Usage | undefined;
  readonly toolCalls: Pick<ToolCalls, 'all' | 'areWhole'>;
  /** Anything of an answer arrived: text, reasoning, a tool call, or a reason for its end. */
  readonly begun: boolean;
  readonly failure: MiraError | undefined;
}

export interface DecoderContext {
  /** Host, for messages. */
  readonly host: string;
  /** Makes an error of what a service reports in place of an answer. */
  readonly reported: (error: unknown) => MiraError;
}
