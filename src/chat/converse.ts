/**
 * The Converse format of AWS Bedrock: a request to its fields, and events of the stream (or one whole answer) to chat
 * events. The content comes in numbered blocks. It never touches the network.
 */
import type { ConverseInput } from '../api/aws/converse-input.ts';
import { MiraError } from '../errors.ts';
import { isRecord, parseJson } from '../json.ts';
import type { AnswerDecoder, DecoderContext } from './answer-decoder.ts';
import { createContentBlocks } from './content-blocks.ts';
import type { ChatMessage, ChatRequest, FinishReason, Usage } from './provider.ts';
import { createSpeech } from './speech.ts';
import { tokenCount } from './token-count.ts';
import { createToolCalls } from './tool-calls.ts';
import { unreadable } from './unreadable.ts';

export function converseInput(request: ChatRequest): ConverseInput {
  const { model, messages, maxTokens, temperature } = request;
  const system = messages.filter(({ role }) => role === 'system').map(({ text }) => text);
  const limits = {
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(temperature === undefined ? {} : { temperature }),
  };
  return {
    modelId: model,
    ...(system.length === 0 ? {} : { system: [{ text: system.join('\n\n').toWellFormed() }] }),
    messages: turns(messages),
    ...(Object.keys(limits).length === 0 ? {} : { inferenceConfig: limits }),
  };
}

type Turn = NonNullable<ConverseInput['messages']>[number];
type Content = NonNullable<Turn['content']>;

/** Bedrock wants turns to alternate: what was asked after an answer that never came goes into one. */
function turns(messages: readonly ChatMessage[]): Turn[] {
  const made: { readonly role: 'user' | 'assistant'; readonly content: Content }[] = [];
  for (const message of messages) {
    if (message.role === 'system') continue;
    const content = contentOf(message);
    if (content.length === 0) continue;
    const last = made.at(-1);
    if (last?.role === message.role) last.content.push(...content);
    else made.push({ role: message.role, content });
  }
  return made;
}

/** A block of no text is refused. */
function contentOf({ text, images = [] }: ChatMessage): Content {
  return [
    ...images.map(({ mediaType, base64 }) => ({
      image: { format: IMAGE_FORMATS[mediaType], source: { bytes: Buffer.from(base64, 'base64') } },
    })),
    ...(text === '' ? [] : [{ text: text.toWellFormed() }]),
  ];
}

const IMAGE_FORMATS = {
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'image/gif': 'gif',
  'image/webp': 'webp',
} as const;

export function createConverseDecoder(context: DecoderContext): AnswerDecoder {
  const output = createSpeech();
  const blocks = createContentBlocks(output);
  const toolCalls = createToolCalls();
  let count = 0;
  let done = false;
  let hasTools = false;
  let finishReason: FinishReason | undefined;
  let usage: Usage | undefined;
  let failure: MiraError | undefined;

  const spoken = (index: number, value: unknown): void => {
    if (!isRecord(value)) return;
    const { text, reasoningContent, toolUse } = value;
    if (isRecord(toolUse)) {
      hasTools = true;
      toolCalls.add({ index, id: toolUse['toolUseId'], name: toolUse['name'], arguments: toolUse['input'] });
    }
    if (typeof text === 'string') blocks.add(index, 'text', text);
    const thought = findThought(reasoningContent);
    if (thought !== undefined) blocks.add(index, 'reasoning', thought);
  };
  const stopped = (reason: unknown): void => {
    if (typeof reason !== 'string' || reason === '') return;
    if (reason.startsWith('malformed_')) failure = malformed(context.host);
    else finishReason = FINISH_REASONS[reason] ?? 'other';
  };
  const event = (name: string, value: Fields): void => {
    switch (name) {
      case 'contentBlockStart':
        spoken(indexOf(value), value['start']);
        break;
      case 'contentBlockDelta':
        spoken(indexOf(value), value['delta']);
        break;
      case 'contentBlockStop':
        blocks.stop(indexOf(value));
        break;
      case 'messageStop':
        stopped(value['stopReason']);
        break;
      case 'metadata':
        usage = usageOf(value['usage']) ?? usage;
        done = finishReason !== undefined;
        break;
      case 'exception':
        failure = context.reported(value);
        break;
      default:
      // The start of the message says nothing, and what is not known yet may be left out.
    }
  };
  const whole = ({ output: said, stopReason, usage: used }: Fields): void => {
    const message = isRecord(said) ? said['message'] : undefined;
    const content = isRecord(message) && Array.isArray(message['content']) ? message['content'] : [];
    for (const [index, block] of content.entries()) spoken(index, block);
    usage = usageOf(used);
    stopped(stopReason);
    done = true;
  };

  return {
    push({ event: name = '', data }) {
      if (done || failure !== undefined) return;
      count += 1;
      const value = data === '' ? {} : parseJson(data);
      if (isRecord(value)) event(name, value);
      else failure = unreadable(context.host);
    },
    pushWhole(value) {
      count += 1;
      if (isRecord(value) && isRecord(value['output'])) whole(value);
      else if (isRecord(value) && (value['message'] ?? value['Message'] ?? undefined) !== undefined)
        failure = context.reported(value);
      else failure = unreadable(context.host);
    },
    end() {
      blocks.end();
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
    refusal: undefined,
    toolCalls,
    get usage() {
      return usage;
    },
    get begun() {
      return blocks.begun || hasTools || finishReason !== undefined;
    },
    get failure() {
      return failure;
    },
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** A delta has the text itself, a whole block has it one level down. */
function findThought(content: unknown): string | undefined {
  if (!isRecord(content)) return undefined;
  const { text, reasoningText } = content;
  if (typeof text === 'string') return text;
  const inner = isRecord(reasoningText) ? reasoningText['text'] : undefined;
  return typeof inner === 'string' ? inner : undefined;
}

function indexOf({ contentBlockIndex }: Fields): number {
  return typeof contentBlockIndex === 'number' ? contentBlockIndex : 0;
}

const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  guardrail_intervened: 'content_filter',
  content_filtered: 'content_filter',
};

function malformed(host: string): MiraError {
  return new MiraError('server_error', `The model at ${host} wrote something that is no answer.`, {
    hint: 'Ask again, or in other words.',
  });
}

/** What came from the cache was read too. */
function usageOf(value: unknown): Usage | undefined {
  if (!isRecord(value)) return undefined;
  const input = tokenCount(value['inputTokens']);
  const generated = tokenCount(value['outputTokens']);
  if (input === undefined && generated === undefined) return undefined;
  const cached = [value['cacheReadInputTokens'], value['cacheWriteInputTokens']];
  return {
    inputTokens: cached.reduce<number>((sum, one) => sum + (tokenCount(one) ?? 0), input ?? 0),
    outputTokens: generated ?? 0,
  };
}
