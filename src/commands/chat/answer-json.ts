/** An answer as JSON (cli.md 4): an event a line, or everything in one object at the end. */
import type { ChatEvent, Usage } from '../../chat/provider.ts';
import type { ToolCall } from '../../chat/tool-calls.ts';
import type { JsonObject } from '../define.ts';
import { moment } from '../moments.ts';
import type { RecordedEvent } from './recorder.ts';

export type AnswerEvent =
  | {
      readonly kind: 'start';
      readonly provider: string;
      readonly model: string;
      /** Under which it will be saved. */
      readonly conversationId?: string | undefined;
    }
  | RecordedEvent;

const EVENT = 'mira.chat.event/1';

export async function* answerLines(events: AsyncIterable<AnswerEvent>): AsyncGenerator<JsonObject> {
  const text: string[] = [];
  for await (const event of events) {
    switch (event.kind) {
      case 'start':
        yield {
          schema: EVENT,
          event: 'start',
          provider: event.provider,
          model: event.model,
          ...(event.conversationId === undefined ? {} : { conversation_id: event.conversationId }),
        };
        break;
      case 'conversation':
        break;
      case 'text':
        text.push(event.text);
        yield { schema: EVENT, event: 'delta', text: event.text };
        break;
      case 'reasoning':
        yield { schema: EVENT, event: 'reasoning', text: event.text };
        break;
      case 'retry':
        yield {
          schema: EVENT,
          event: 'retry',
          attempt: event.attempt,
          after_ms: Math.round(event.afterMs),
          reason: event.reason,
        };
        break;
      case 'tool_call':
        yield { schema: EVENT, event: 'tool_call', ...toolCallJson(event) };
        break;
      case 'usage':
        yield { schema: EVENT, event: 'usage', ...usageJson(event.usage) };
        break;
      case 'rate_limit':
        yield { schema: EVENT, event: 'rate_limit', ...rateLimitJson(event) };
        break;
      case 'finish':
        yield { schema: EVENT, event: 'end', finish_reason: event.finishReason, text: text.join('') };
        break;
    }
  }
}

/** @param elapsed monotonic clock, milliseconds */
export async function answerObject(
  events: AsyncIterable<AnswerEvent>,
  elapsed: () => number,
): Promise<JsonObject> {
  const startedAt = elapsed();
  const text: string[] = [];
  const reasoning: string[] = [];
  const toolCalls: ToolCall[] = [];
  let firstTokenAt: number | undefined;
  // What comes after it is the saving, which is no part of the answer.
  let finishedAt: number | undefined;
  let retries = 0;
  const found: {
    start?: Extract<AnswerEvent, { kind: 'start' }>;
    usage?: Usage;
    limit?: RateLimit;
    finish?: string;
    conversationId?: string;
  } = {};
  for await (const event of events) {
    if (event.kind === 'text' || event.kind === 'reasoning') firstTokenAt ??= elapsed();
    if (event.kind === 'start') found.start = event;
    else if (event.kind === 'text') text.push(event.text);
    else if (event.kind === 'reasoning') reasoning.push(event.text);
    else if (event.kind === 'retry') retries += 1;
    else if (event.kind === 'tool_call') toolCalls.push(event);
    else if (event.kind === 'usage') found.usage = event.usage;
    else if (event.kind === 'rate_limit') found.limit = event;
    else if (event.kind === 'conversation') found.conversationId = event.id;
    else {
      found.finish = event.finishReason;
      finishedAt = elapsed();
    }
  }
  const endedAt = finishedAt ?? elapsed();
  return {
    schema: 'mira.chat/1',
    ...(found.conversationId === undefined ? {} : { conversation_id: found.conversationId }),
    provider: found.start?.provider,
    model: found.start?.model,
    text: text.join(''),
    ...(reasoning.length === 0 ? {} : { reasoning: reasoning.join('') }),
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls.map(toolCallJson) }),
    finish_reason: found.finish,
    ...(found.usage ? { usage: usageJson(found.usage) } : {}),
    timing: {
      first_token_ms: Math.round((firstTokenAt ?? endedAt) - startedAt),
      total_ms: Math.round(endedAt - startedAt),
    },
    ...(found.limit ? { rate_limit: rateLimitJson(found.limit) } : {}),
    retries,
  };
}

function toolCallJson({ id, name, arguments: given }: ToolCall): Readonly<Record<string, unknown>> {
  return { ...(id === undefined ? {} : { id }), name, arguments: given };
}

type RateLimit = Extract<ChatEvent, { readonly kind: 'rate_limit' }>;

function usageJson({ inputTokens, outputTokens, reasoningTokens }: Usage): Readonly<Record<string, number>> {
  return {
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    ...(reasoningTokens === undefined ? {} : { reasoning_tokens: reasoningTokens }),
  };
}

function rateLimitJson({ remaining, resetAt }: RateLimit): Readonly<Record<string, unknown>> {
  return { remaining, ...(resetAt === undefined ? {} : { reset_at: moment(resetAt) }) };
}
