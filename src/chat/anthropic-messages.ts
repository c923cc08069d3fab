/**
 * Anthropic's Messages wire format: a request to JSON, and events of the stream (or one whole answer) to chat
 * events. The content comes in numbered blocks, which some servers interleave; the text is given out in the order of
 * the blocks. It never touches the network.
 */
import type { MiraError } from '../errors.ts';
import { isRecord, parseJson } from '../json.ts';
import type { AnswerDecoder, DecoderContext } from './answer-decoder.ts';
import { createContentBlocks } from './content-blocks.ts';
import type { BlockKind } from './content-blocks.ts';
import type { ChatMessage, ChatRequest, FinishReason, Usage } from './provider.ts';
import { createSpeech } from './speech.ts';
import { tokenCount } from './token-count.ts';
import { createToolCalls } from './tool-calls.ts';
import { unreadable } from './unreadable.ts';

/** The format wants a limit. It is above what answers need, and below what any model of today refuses. */
const DEFAULT_MAX_TOKENS = 8_192;

export function messagesBody(request: ChatRequest): string {
  const system = request.messages.filter(({ role }) => role === 'system').map(({ text }) => text);
  return JSON.stringify({
    model: request.model,
    max_tokens: request.maxTokens ?? DEFAULT_MAX_TOKENS,
    ...(system.length === 0 ? {} : { system: system.join('\n\n').toWellFormed() }),
    messages: request.messages
      .filter(({ role }) => role !== 'system')
      .map((message) => ({ role: message.role, content: contentOf(message) })),
    stream: true,
    temperature: request.temperature,
  });
}

/** Blocks only where there is more than text; a block of no text is refused. */
function contentOf({ text, images = [] }: ChatMessage): unknown {
  const wellFormed = text.toWellFormed();
  if (images.length === 0) return wellFormed;
  return [
    ...images.map(({ mediaType, base64 }) => ({
      type: 'image',
      source: { type: 'base64', media_type: mediaType, data: base64 },
    })),
    ...(wellFormed === '' ? [] : [{ type: 'text', text: wellFormed }]),
  ];
}

export function createMessagesDecoder(context: DecoderContext): AnswerDecoder {
  const output = createSpeech();
  const blocks = createContentBlocks(output);
  const toolCalls = createToolCalls();
  let count = 0;
  let pings = 0;
  let done = false;
  let hasTools = false;
  let finishReason: FinishReason | undefined;
  let refusal: string | undefined;
  let failure: MiraError | undefined;
  let input: number | undefined;
  let generated: number | undefined;

  const used = (value: unknown): void => {
    if (!isRecord(value)) return;
    input = inputTokens(value) ?? input;
    generated = tokenCount(value['output_tokens']) ?? generated;
  };
  const stopped = (value: Fields): void => {
    const reason = value['stop_reason'];
    if (typeof reason !== 'string' || reason === '') return;
    finishReason = FINISH_REASONS[reason] ?? 'other';
    if (reason === 'refusal') refusal = refusalOf(value['stop_details']);
  };
  const started = (index: number, block: unknown): void => {
    if (!isRecord(block)) return;
    if (typeof block['type'] === 'string' && block['type'].endsWith('tool_use')) hasTools = true;
    // Tools of other kinds are used by the service itself: what it uses them with is for a call that has no name.
    if (block['type'] === 'tool_use')
      toolCalls.add({ index, id: block['id'], name: block['name'], arguments: block['input'] });
    if (block['type'] === 'input_json_delta') toolCalls.add({ index, arguments: block['partial_json'] });
    for (const [field, kind] of SPOKEN) {
      if (typeof block[field] === 'string') blocks.add(index, kind, block[field]);
    }
  };

  const event = (type: string, value: Fields): void => {
    switch (type) {
      case 'message_start':
        if (isRecord(value['message'])) {
          used(value['message']['usage']);
          stopped(value['message']);
        }
        break;
      case 'content_block_start':
        started(indexOf(value), value['content_block']);
        break;
      case 'content_block_delta':
        started(indexOf(value), value['delta']);
        break;
      case 'content_block_stop':
        blocks.stop(indexOf(value));
        break;
      case 'message_delta':
        if (isRecord(value['delta'])) stopped(value['delta']);
        used(value['usage']);
        break;
      case 'message_stop':
        done = true;
        break;
      case 'error':
        failure = context.reported(value);
        break;
      case 'message':
        whole(value);
        break;
      default:
        // What is not known yet may be left out (the format's own rule).
        if (value['error'] !== undefined && value['error'] !== null) failure = context.reported(value);
    }
  };
  const whole = (value: Fields): void => {
    used(value['usage']);
    stopped(value);
    const content = Array.isArray(value['content']) ? value['content'] : [];
    for (const [index, block] of content.entries()) started(index, block);
    done = true;
  };

  return {
    push({ event: name, data }, cut = false) {
      if (done || failure !== undefined || data === '') return;
      // Not of the format, but of some servers that speak it.
      if (data.trim() === '[DONE]') {
        count += 1;
        done = finishReason !== undefined;
        return;
      }
      const value = parseJson(data);
      const type = isRecord(value) && typeof value['type'] === 'string' ? value['type'] : (name ?? '');
      if (type === 'ping') {
        pings += 1;
        return;
      }
      count += 1;
      if (isRecord(value)) event(type, value);
      else if (type === 'error') failure = context.reported(value ?? data);
      else if (value === undefined && !cut) failure = unreadable(context.host);
    },
    pushWhole(value) {
      count += 1;
      if (isRecord(value) && value['type'] === 'message') whole(value);
      else if (isRecord(value) && (value['error'] ?? value['detail'] ?? undefined) !== undefined)
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
    get pings() {
      return pings;
    },
    get done() {
      return done;
    },
    get finishReason() {
      return finishReason;
    },
    get refusal() {
      return refusal;
    },
    toolCalls,
    get usage() {
      return usageOf(input, generated);
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

/** The fields of blocks and deltas alike that hold words; a block may begin with some. */
const SPOKEN: readonly (readonly [string, BlockKind])[] = [
  ['thinking', 'reasoning'],
  ['text', 'text'],
];

function indexOf(value: Fields): number {
  return typeof value['index'] === 'number' ? value['index'] : 0;
}

const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
  // The words of other formats, from services in between.
  content_filtered: 'content_filter',
  content_filter: 'content_filter',
  stop: 'stop',
  length: 'length',
};

/** Which rule it was; the explanation is for the person who asked, and may be long. */
function refusalOf(details: unknown): string {
  if (!isRecord(details)) return '';
  const said = [details['explanation'], details['category']].find(
    (one) => typeof one === 'string' && one !== '',
  );
  return typeof said === 'string' ? said.slice(0, 300).replace(/[.\s]+$/, '') : '';
}

/** What came from the cache was read too. */
function inputTokens(usage: Fields): number | undefined {
  const own = tokenCount(usage['input_tokens']);
  if (own === undefined) return undefined;
  const cached = [usage['cache_read_input_tokens'], usage['cache_creation_input_tokens']];
  return cached.reduce<number>((sum, one) => sum + (tokenCount(one) ?? 0), own);
}

/** Half of it is none: what a service does not tell is not made up. */
function usageOf(input: number | undefined, generated: number | undefined): Usage | undefined {
  if (input === undefined || generated === undefined) return undefined;
  return { inputTokens: input, outputTokens: generated };
}
