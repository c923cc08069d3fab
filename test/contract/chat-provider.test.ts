import { createAws } from '../../src/api/aws.ts';
import type { AwsKeys } from '../../src/api/aws/access.ts';
import type { ChatProvider } from '../../src/chat/provider.ts';
import { createAnthropicProvider } from '../../src/chat/providers/anthropic.ts';
import { createBedrockProvider } from '../../src/chat/providers/bedrock.ts';
import { createMiraProvider } from '../../src/chat/providers/mira.ts';
import { createOllamaProvider } from '../../src/chat/providers/ollama.ts';
import { createOpenAiProvider } from '../../src/chat/providers/openai.ts';
import { expect } from 'vitest';
import { delta, exception, FRAMES, metadata, stop, text as words } from '../support/aws/frames.ts';
import { isSignedWith } from '../support/aws/signature.ts';
import { chatProviderContract, KEY } from './chat-provider.ts';
import type { Opening, Subject, Wire } from './chat-provider.ts';

const event = (value: object, name?: string): string =>
  `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(value)}\n\n`;
const line = (value: object): string => `${JSON.stringify(value)}\n`;

const choice = (fields: object, reason: string | null = null): string =>
  event({ choices: [{ index: 0, delta: fields, finish_reason: reason }] });

const completions: Wire = {
  contentType: 'text/event-stream',
  think: (text) => choice({ reasoning_content: text }),
  say: (text) => choice({ content: text }),
  end: (reason) =>
    `${choice({}, reason)}${event({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } })}data: [DONE]\n\n`,
  fail: (message) => event({ error: { message, type: 'server_error' } }),
  refuse: (message) => JSON.stringify({ error: { message } }),
  models: (ids) => JSON.stringify({ object: 'list', data: ids.map((id) => ({ id })) }),
};

const named = (type: string, fields: object = {}): string => event({ type, ...fields }, type);
const block = (index: number, type: string, field: string, text: string): string =>
  named('content_block_delta', { index, delta: { type, [field]: text } });

const messages: Wire = {
  contentType: 'text/event-stream; charset=utf-8',
  think: (text) => block(0, 'thinking_delta', 'thinking', text) + named('ping'),
  say: (text) => block(1, 'text_delta', 'text', text),
  end: (reason) =>
    named('content_block_stop', { index: 1 }) +
    named('message_delta', {
      delta: { stop_reason: reason === 'stop' ? 'end_turn' : 'max_tokens' },
      usage: { input_tokens: 3, output_tokens: 4 },
    }) +
    named('message_stop'),
  fail: (message) => named('error', { error: { type: 'api_error', message } }),
  refuse: (message) => JSON.stringify({ type: 'error', error: { type: 'some_error', message } }),
  models: (ids) => JSON.stringify({ data: ids.map((id) => ({ type: 'model', id })), has_more: false }),
};

const lines: Wire = {
  contentType: 'application/x-ndjson',
  think: (thinking) => line({ message: { role: 'assistant', content: '', thinking }, done: false }),
  say: (content) => line({ message: { role: 'assistant', content }, done: false }),
  end: (reason) =>
    line({ message: { content: '' }, done: true, done_reason: reason, prompt_eval_count: 3, eval_count: 4 }),
  fail: (error) => line({ error }),
  refuse: (error) => JSON.stringify({ error }),
  models: (ids) => JSON.stringify({ models: ids.map((name) => ({ name })) }),
};

const frames: Wire = {
  contentType: FRAMES['content-type'],
  think: (text) => delta({ reasoningContent: { text } }),
  say: (text) => words(text, 1),
  end: (reason) => Buffer.concat([stop(reason === 'stop' ? 'end_turn' : 'max_tokens'), metadata()]),
  fail: (message) => exception('internalServerException', message),
  refuse: (message) => JSON.stringify({ message }),
  models: (ids) => JSON.stringify({ modelSummaries: ids.map((modelId) => ({ modelId })) }),
};

const SECRET = 'w'.repeat(40);

function bedrock(
  { origin, bearer: _bearer, ...options }: Opening,
  credential: { readonly kind: 'token'; readonly token: string } | ({ readonly kind: 'keys' } & AwsKeys),
): ChatProvider {
  const address = new URL('/', origin);
  const aws = createAws({
    http: options.http,
    now: options.now,
    access: {
      credential: { ...credential, source: 'SERVICE_KEY', mend: 'mira aws set' },
      region: 'us-east-1',
      endpoints: { sts: address, bedrock: address, 'bedrock-runtime': address },
    },
  });
  return createBedrockProvider({ ...options, aws, notice: () => {} });
}

const authorization = ['authorization', new RegExp(`^Bearer ${KEY}$`)] as const;

const subjects: readonly Subject[] = [
  {
    name: 'mira',
    wire: completions,
    header: authorization,
    open: ({ origin, ...options }) => createMiraProvider({ ...options, baseUrl: new URL(origin) }),
  },
  {
    name: 'openai',
    wire: completions,
    header: authorization,
    open: ({ origin, ...options }) =>
      createOpenAiProvider({
        ...options,
        id: 'openai',
        baseUrl: new URL('/v1/', origin),
        dialect: { limit: 'max_completion_tokens', includesUsage: true },
        addressFrom: 'OPENAI_BASE_URL',
      }),
  },
  {
    name: 'anthropic',
    wire: messages,
    header: ['x-api-key', new RegExp(`^${KEY}$`)],
    open: ({ origin, ...options }) =>
      createAnthropicProvider({
        ...options,
        id: 'anthropic',
        baseUrl: new URL('/', origin),
        isAnthropic: true,
        addressFrom: 'ANTHROPIC_BASE_URL',
      }),
  },
  {
    name: 'bedrock, with an API key',
    wire: frames,
    header: authorization,
    open: (opening) => bedrock(opening, { kind: 'token', token: KEY }),
  },
  {
    name: 'bedrock, with keys that sign',
    wire: {
      ...frames,
      // What is no error of a service in front of AWS is named.
      refuse: (message) => frames.refuse(message.replace(KEY, SECRET)),
    },
    header: ['authorization', new RegExp(`^AWS4-HMAC-SHA256 Credential=${KEY}/\\d{8}/us-east-1/bedrock/`)],
    check: (request) => expect(isSignedWith(SECRET, request)).toBe(true),
    open: (opening) => bedrock(opening, { kind: 'keys', accessKeyId: KEY, secretAccessKey: SECRET }),
  },
  {
    name: 'ollama',
    wire: lines,
    header: authorization,
    open: ({ origin, ...options }) => createOllamaProvider({ ...options, baseUrl: new URL('/', origin) }),
  },
];

for (const subject of subjects) chatProviderContract(subject);
