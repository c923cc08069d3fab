/**
 * The chat-completions wire format: a request to JSON, and events of the stream (or one whole answer) to chat
 * events. It takes what servers that call themselves compatible really send; it never touches the network.
 */
import type { MiraError } from '../errors.ts';
import { isRecord, parseJson } from '../json.ts';
import type { AnswerDecoder, DecoderContext } from './answer-decoder.ts';
import type { ServerEvent } from './event-stream.ts';
import type { ChatImage, ChatRequest, FinishReason, Usage } from './provider.ts';
import { createSpeech } from './speech.ts';
import { createThinkTags } from './think-tags.ts';
import { tokenCount } from './token-count.ts';
import { createToolCalls } from './tool-calls.ts';
import type { ToolCallPiece } from './tool-calls.ts';
import { unreadable } from './unreadable.ts';

/** Where services that follow the format differ. */
export interface CompletionsDialect {
  /** What the longest answer is called; newer models of OpenAI refuse the older name, other services the newer one. */
  readonly limit: 'max_tokens' | 'max_completion_tokens';
  /** Reports what was used, in a last chunk of its own. */
  readonly includesUsage: boolean;
  /** Takes the JSON Schema of an object as `response_format`. */
  readonly takesSchema?: boolean;
}

/** Only what every such service documents; more is for providers that are known to take it. */
const COMMON: CompletionsDialect = { limit: 'max_tokens', includesUsage: false };

export function completionsBody(request: ChatRequest, dialect: CompletionsDialect = COMMON): string {
  return JSON.stringify({
    model: request.model,
    messages: request.messages.map(({ role, text, images }) => ({ role, content: contentOf(text, images) })),
    stream: true,
    ...(dialect.includesUsage ? { stream_options: { include_usage: true } } : {}),
    temperature: request.temperature,
    [dialect.limit]: request.maxTokens,
    ...(dialect.takesSchema === true ? responseFormat(request.answerSchema) : {}),
  });
}

/** Not strict, which takes a part of JSON Schema only; and of an object, since other answers are refused. */
function responseFormat(schema: ChatRequest['answerSchema']): object {
  if (!isRecord(schema) || schema['type'] !== 'object') return {};
  return { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: false } } };
}

/** Parts only where there is more than text: many services take a string alone. */
function contentOf(text: string, images: readonly ChatImage[] = []): unknown {
  const wellFormed = text.toWellFormed();
  if (images.length === 0) return wellFormed;
  return [
    ...(wellFormed === '' ? [] : [{ type: 'text', text: wellFormed }]),
    ...images.map(({ mediaType, base64 }) => ({
      type: 'image_url',
      image_url: { url: `data:${mediaType};base64,${base64}` },
    })),
  ];
}

export function createCompletionsDecoder(context: DecoderContext): AnswerDecoder {
  const output = createSpeech();
  const tags = createThinkTags();
  const toolCalls = createToolCalls();
  let count = 0;
  let done = false;
  let begun = false;
  let finishReason: FinishReason | undefined;
  let usage: Usage | undefined;
  let failure: MiraError | undefined;
  let whole = '';
  let refused = false;

  const text = (piece: string): void => {
    if (piece === '') return;
    begun = true;
    for (const part of tags.push(piece)) output.add(part.kind, part.text);
  };
  const reasoning = (piece: string): void => {
    if (piece === '') return;
    begun = true;
    output.add('reasoning', piece);
  };
  const speech = (message: Readonly<Record<string, unknown>>): void => {
    reasoning(reasoningOf(message));
    for (const part of contentParts(message['content'])) (part.kind === 'text' ? text : reasoning)(part.text);
    if (typeof message['refusal'] === 'string' && message['refusal'] !== '') {
      refused = true;
      text(message['refusal']);
    }
    for (const piece of toolPieces(message)) {
      begun = true;
      toolCalls.add(piece);
    }
  };
  // Seen: chunks that repeat the whole message so far instead of adding to it.
  const repeated = (message: Readonly<Record<string, unknown>>): void => {
    const full = contentParts(message['content'])
      .filter(({ kind }) => kind === 'text')
      .map((part) => part.text)
      .join('');
    const fresh = full.startsWith(whole) ? full.slice(whole.length) : full;
    speech({ ...message, content: fresh });
    whole = full;
  };

  const answer = (value: unknown, streamed: boolean): void => {
    if (!isRecord(value)) return;
    usage = usageOf(value['usage']) ?? usage;
    const choice = firstChoice(value['choices']);
    if (choice !== undefined) {
      if (isRecord(choice['delta'])) speech(choice['delta']);
      else if (isRecord(choice['message'])) (streamed ? repeated : speech)(choice['message']);
      else if (typeof choice['text'] === 'string') text(choice['text']);
      const reason = finishReasonOf(choice['finish_reason']);
      if (reason !== undefined) {
        begun = true;
        finishReason = reason;
      }
    }
    const error = errorOf(value, choice);
    if (error !== undefined) failure = context.reported(error);
  };

  const push = ({ event, data }: ServerEvent, cut: boolean): void => {
    if (done || failure !== undefined || data === '') return;
    count += 1;
    if (data.trim() === '[DONE]') {
      done = true;
      return;
    }
    const value = parseJson(data);
    if (value !== undefined) answer(event === 'error' ? { error: value } : unlisted(value), true);
    else if (event === 'error') failure = context.reported(data);
    else if (!cut) failure = unreadable(context.host);
  };

  return {
    push(event, cut = false) {
      const parts = eventsOf(event, cut);
      for (const [index, part] of parts.entries()) push(part, cut && index === parts.length - 1);
    },
    pushWhole(listed) {
      const value = unlisted(listed);
      count += 1;
      if (!isRecord(value) || (value['choices'] === undefined && errorOf(value, undefined) === undefined)) {
        failure = unreadable(context.host);
        return;
      }
      answer(value, false);
      done = true;
    },
    end() {
      for (const part of tags.end()) output.add(part.kind, part.text);
      output.flush();
    },
    take: () => output.take(),
    get count() {
      return count;
    },
    pings: 0,
    get done() {
      return done;
    },
    get finishReason() {
      return finishReason;
    },
    // Its words are the text already.
    get refusal() {
      return refused ? '' : undefined;
    },
    get usage() {
      return usage;
    },
    toolCalls,
    get begun() {
      return begun;
    },
    get failure() {
      return failure;
    },
  };
}

/** Some servers forget the blank line between events, so that several arrive as the lines of one. */
function eventsOf(event: ServerEvent, cut: boolean): readonly ServerEvent[] {
  if (!event.data.includes('\n') || parseJson(event.data) !== undefined) return [event];
  const lines = event.data.split('\n').filter((line) => line.trim() !== '');
  const whole = cut ? lines.slice(0, -1) : lines;
  const isEach = whole.every((line) => line.trim() === '[DONE]' || parseJson(line) !== undefined);
  return isEach ? lines.map((data) => ({ ...event, data })) : [event];
}

/** Gemini's compatible endpoint wraps errors into a list. */
function unlisted(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : value;
}

function firstChoice(choices: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!Array.isArray(choices)) return undefined;
  const first: unknown = choices.find((choice) => isRecord(choice) && (choice['index'] ?? 0) === 0);
  return isRecord(first) ? first : undefined;
}

const REASONING_FIELDS = ['reasoning_content', 'reasoning', 'thinking', 'thinking_content'] as const;

/** Some servers fill two of the fields with the same text: the first one counts. */
function reasoningOf(message: Readonly<Record<string, unknown>>): string {
  for (const field of REASONING_FIELDS) {
    const value = message[field];
    if (typeof value === 'string' && value !== '') return value;
  }
  return '';
}

interface ContentPart {
  readonly kind: 'text' | 'reasoning';
  readonly text: string;
}

/** Content is a string, or a list of parts, of which some may be thinking. */
function contentParts(
  content: unknown,
): readonly { readonly kind: 'text' | 'reasoning'; readonly text: string }[] {
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  if (!Array.isArray(content)) return [];
  return content.flatMap((part: unknown): readonly ContentPart[] => {
    if (typeof part === 'string') return [{ kind: 'text', text: part }];
    if (!isRecord(part)) return [];
    const thinking = part['thinking'];
    if (thinking !== undefined) {
      return contentParts(thinking).map(({ text }) => ({ kind: 'reasoning', text }));
    }
    return typeof part['text'] === 'string' ? [{ kind: 'text', text: part['text'] }] : [];
  });
}

const NO_PIECES: readonly ToolCallPiece[] = [];

/** The calls of tools, or the one call of a function, as it was named before. */
function toolPieces({
  tool_calls: calls,
  function_call: older,
}: Readonly<Record<string, unknown>>): readonly ToolCallPiece[] {
  // Nearly every time.
  if (!Array.isArray(calls) && !isRecord(older)) return NO_PIECES;
  const pieces: readonly unknown[] = Array.isArray(calls) ? calls : [];
  const found = pieces
    .filter(isRecord)
    .map(({ index, id, function: used }) => ({ index, id, ...usedOf(used) }));
  return isRecord(older) ? [...found, usedOf(older)] : found;
}

function usedOf(used: unknown): Pick<ToolCallPiece, 'name' | 'arguments'> {
  return isRecord(used) ? { name: used['name'], arguments: used['arguments'] } : {};
}

function finishReasonOf(value: unknown): FinishReason | undefined {
  if (typeof value !== 'string' || value === '' || value === 'null' || value === 'error') return undefined;
  return FINISH_REASONS[value.toLowerCase()] ?? 'other';
}

const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  end_turn: 'stop',
  eos: 'stop',
  length: 'length',
  max_tokens: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
};

/** An error in place of, or in the middle of, an answer. */
function errorOf(
  value: Readonly<Record<string, unknown>>,
  choice: Readonly<Record<string, unknown>> | undefined,
): unknown {
  const error = value['error'] ?? choice?.['error'];
  if (error !== undefined && error !== null && error !== false && error !== '') {
    return typeof error === 'object' ? error : value;
  }
  if (choice === undefined && value['detail'] !== undefined && value['choices'] === undefined) return value;
  if (choice?.['finish_reason'] === 'error') return { message: 'the answer ended with an error' };
  return undefined;
}

/** Half of it is none: what a service does not tell is not made up. */
function usageOf(value: unknown): Usage | undefined {
  if (!isRecord(value)) return undefined;
  const inputTokens = tokenCount(value['prompt_tokens'] ?? value['input_tokens']);
  const outputTokens = tokenCount(value['completion_tokens'] ?? value['output_tokens']);
  if (inputTokens === undefined || outputTokens === undefined) return undefined;
  const details = value['completion_tokens_details'];
  const reasoningTokens = tokenCount(
    (isRecord(details) ? details['reasoning_tokens'] : undefined) ?? value['thinking_tokens'],
  );
  return {
    inputTokens,
    outputTokens,
    ...(reasoningTokens === undefined ? {} : { reasoningTokens }),
  };
}
