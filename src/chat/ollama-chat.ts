/**
 * Ollama's own wire format: a request to JSON, and lines of the stream, each an object, to chat events. It never
 * touches the network.
 */
import type { MiraError } from '../errors.ts';
import { isRecord, parseJson } from '../json.ts';
import type { AnswerDecoder, DecoderContext } from './answer-decoder.ts';
import type { ChatRequest, FinishReason, Usage } from './provider.ts';
import { createSpeech } from './speech.ts';
import { createThinkTags } from './think-tags.ts';
import { tokenCount } from './token-count.ts';
import { createToolCalls } from './tool-calls.ts';
import { unreadable } from './unreadable.ts';

export function ollamaBody(request: ChatRequest): string {
  const { model, messages, temperature, maxTokens, answerSchema } = request;
  const isPlain = temperature === undefined && maxTokens === undefined;
  return JSON.stringify({
    model,
    messages: messages.map(({ role, text, images = [] }) => ({
      role,
      content: text.toWellFormed(),
      ...(images.length === 0 ? {} : { images: images.map(({ base64 }) => base64) }),
    })),
    stream: true,
    ...(isRecord(answerSchema) ? { format: answerSchema } : {}),
    ...(isPlain ? {} : { options: { temperature, num_predict: maxTokens } }),
  });
}

export function createOllamaDecoder(context: DecoderContext): AnswerDecoder {
  const output = createSpeech();
  const tags = createThinkTags();
  const toolCalls = createToolCalls();
  let count = 0;
  let tools = 0;
  let begun = false;
  let done = false;
  let finishReason: FinishReason | undefined;
  let usage: Usage | undefined;
  let failure: MiraError | undefined;
  /** Of one object over several lines, from something in between that does not stream, and lays out what it passes on. */
  let held: string | undefined;

  const speech = (message: Readonly<Record<string, unknown>>): void => {
    const { thinking, content, tool_calls: calls } = message;
    if (typeof thinking === 'string' && thinking !== '') {
      begun = true;
      output.add('reasoning', thinking);
    }
    if (typeof content === 'string' && content !== '') {
      begun = true;
      for (const part of tags.push(content)) output.add(part.kind, part.text);
    }
    for (const call of Array.isArray(calls) ? calls : []) {
      if (!isRecord(call)) continue;
      begun = true;
      // Each is whole.
      const used = isRecord(call['function']) ? call['function'] : {};
      toolCalls.add({
        index: (tools += 1),
        id: call['id'],
        name: used['name'],
        arguments: used['arguments'],
      });
    }
  };
  const answer = (value: unknown, cut: boolean): void => {
    if (!isRecord(value)) {
      if (!cut) failure = unreadable(context.host);
      return;
    }
    if (value['error'] !== undefined && value['error'] !== null && value['error'] !== '') {
      failure = context.reported(value);
      return;
    }
    if (isRecord(value['message'])) speech(value['message']);
    if (value['done'] !== true) return;
    begun = true;
    done = true;
    finishReason = finishReasonOf(value['done_reason']);
    usage = usageOf(value) ?? usage;
  };

  return {
    push({ data }, cut = false) {
      if (done || failure !== undefined) return;
      count += 1;
      if (count === 1 && data === '{') held = '';
      if (held === undefined) answer(parseJson(data), cut);
      else held += data;
    },
    pushWhole(value) {
      count += 1;
      answer(value, false);
    },
    end() {
      if (held !== undefined) answer(parseJson(held), false);
      held = undefined;
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
    refusal: undefined,
    toolCalls,
    get usage() {
      return usage;
    },
    get begun() {
      return begun;
    },
    get failure() {
      return failure;
    },
  };
}

/** Earlier versions gave none with an end that was in order. */
function finishReasonOf(reason: unknown): FinishReason {
  if (reason === undefined || reason === '' || reason === 'stop') return 'stop';
  return reason === 'length' ? 'length' : 'other';
}

/** Ollama writes no zero, and what was read from the cache of an earlier question is left out of its numbers. */
function usageOf(value: Readonly<Record<string, unknown>>): Usage | undefined {
  const inputTokens = tokenCount(value['prompt_eval_count']);
  const outputTokens = tokenCount(value['eval_count']);
  if (inputTokens === undefined && outputTokens === undefined) return undefined;
  return { inputTokens: inputTokens ?? 0, outputTokens: outputTokens ?? 0 };
}
