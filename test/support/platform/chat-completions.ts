/** `POST /v1/chat/completions` as platforms.md A.7 and A.8 describe it, streamed word by word. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { detail, json, text, type Answer } from './answer.ts';
import { MODELS, type Librarian, type ModelId } from './model.ts';
import type { PlatformRequest } from './request-record.ts';

export interface ChatOptions {
  readonly librarian: () => Promise<Librarian>;
  readonly wordDelayMs: number;
  /** Told what each answer used. */
  readonly onAnswered?: ((used: Usage) => void) | undefined;
}

interface Completion {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

interface Message {
  readonly role: string;
  readonly content: string;
}

export async function completeChat(
  options: ChatOptions,
  request: PlatformRequest,
  signal: AbortSignal,
): Promise<Answer> {
  const body = parseBody(request);
  if (body === undefined) return text(400, 'Failed to parse the request body as JSON');
  const { model, messages } = body;
  if (!isModel(model)) return detail(400, `Invalid model. Must be one of: ${MODELS.join(', ')}`);
  if (!isMessages(messages))
    return text(422, 'messages: expected a list of {role, content} with text content');
  const question = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  const answer = (await options.librarian()).answer({ text: question, model });
  const usage = countWords(messages, answer);
  options.onAnswered?.(usage);
  const completion = { id: `chatcmpl-${randomBytes(12).toString('hex')}`, created: seconds(), model };
  if (body.stream !== true) return whole(completion, answer, usage);
  const includeUsage =
    (body.stream_options as { include_usage?: unknown } | undefined)?.include_usage === true;
  return {
    status: 200,
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
    body: chunks({
      completion,
      answer,
      usage: includeUsage ? usage : undefined,
      wordDelayMs: options.wordDelayMs,
      signal,
    }),
  };
}

function parseBody(request: PlatformRequest): Readonly<Record<string, unknown>> | undefined {
  return Object.keys(request.fields).length === 0 ? undefined : request.fields;
}

function isModel(value: unknown): value is ModelId {
  return MODELS.some((model) => model === value);
}

function isMessages(value: unknown): value is readonly Message[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(
      (message: unknown) =>
        typeof message === 'object' &&
        message !== null &&
        'role' in message &&
        typeof message.role === 'string' &&
        'content' in message &&
        typeof message.content === 'string',
    )
  );
}

type Usage = ReturnType<typeof countWords>;

function countWords(messages: readonly Message[], answer: string) {
  const count = (written: string) => written.split(/\s+/).filter(Boolean).length;
  const prompt = messages.reduce((sum, { content }) => sum + count(content), 0);
  return { prompt_tokens: prompt, completion_tokens: count(answer), total_tokens: prompt + count(answer) };
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

function whole(completion: Completion, answer: string, usage: Usage): Answer {
  return json(200, {
    ...completion,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: answer }, finish_reason: 'stop' }],
    usage,
  });
}

interface Chunks {
  readonly completion: Completion;
  readonly answer: string;
  readonly usage: Usage | undefined;
  readonly wordDelayMs: number;
  readonly signal: AbortSignal;
}

async function* chunks({ completion, answer, usage, wordDelayMs, signal }: Chunks): AsyncGenerator<string> {
  const chunk = (choices: readonly object[], more: object = {}) =>
    `data: ${JSON.stringify({ ...completion, object: 'chat.completion.chunk', choices, ...more })}\n\n`;
  const choice = (delta: object, finishReason: string | null = null) => [
    { index: 0, delta, finish_reason: finishReason },
  ];
  yield chunk(choice({ role: 'assistant', content: '' }));
  for (const word of answer.match(/\s*\S+/g) ?? []) {
    if (wordDelayMs > 0) await delay(wordDelayMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    yield chunk(choice({ content: word }));
  }
  yield chunk(choice({}, 'stop'));
  if (usage !== undefined) yield chunk([], { usage });
  yield 'data: [DONE]\n\n';
}
