/** What every provider speaks: one request in, one stream of the same events out. */
import type { ToolCall } from './tool-calls.ts';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly text: string;
  /** An answer that ended before it was whole. */
  readonly stopped?: boolean | undefined;
  /** Only of a user, and only for a provider that takes them. */
  readonly images?: readonly ChatImage[] | undefined;
  /** What the text was put together from besides what was typed, in its order; not sent. */
  readonly parts?: readonly TextPart[] | undefined;
}

/** A file, or standard input. */
export interface TextPart {
  /** As a person calls it. */
  readonly name: string;
  /** Where in the text it begins. */
  readonly at: number;
}

export interface ChatImage {
  readonly mediaType: 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp';
  readonly base64: string;
}

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly maxTokens?: number | undefined;
  readonly temperature?: number | undefined;
  /** JSON Schema of the answer; sent where the service is known to take one, as well as told in words. */
  readonly answerSchema?: object | boolean | undefined;
}

export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens?: number | undefined;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'other';

export type ChatEvent =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'reasoning'; readonly text: string }
  /** The model asks that a tool be used, which is whole; after all text. */
  | ({ readonly kind: 'tool_call' } & ToolCall)
  | { readonly kind: 'usage'; readonly usage: Usage }
  | { readonly kind: 'rate_limit'; readonly remaining: number; readonly resetAt?: number | undefined }
  /** The request is sent again after `afterMs`; nothing of the answer has been shown. */
  | { readonly kind: 'retry'; readonly attempt: number; readonly afterMs: number; readonly reason: string }
  /** The last event of an answer that is whole. */
  | { readonly kind: 'finish'; readonly finishReason: FinishReason };

export interface Model {
  readonly id: string;
  /** Context window, tokens. */
  readonly context?: number | undefined;
  /** Longest answer, tokens. */
  readonly maxOutput?: number | undefined;
  readonly ownedBy?: string | undefined;
}

export interface ChatOptions {
  readonly signal: AbortSignal;
  /** Called once the request is on its way, each time it is sent; what takes time is better done then than before. */
  readonly onSent?: (() => void) | undefined;
}

export interface ChatProvider {
  readonly id: string;
  /** Messages may carry images. */
  readonly takesImages: boolean;
  /** Streams one answer. Throws MiraError; what had arrived is in the events already given. */
  chat(request: ChatRequest, options: ChatOptions): AsyncIterable<ChatEvent>;
  models(options: { readonly signal: AbortSignal }): Promise<readonly Model[]>;
}
