/** Answers in the format of Anthropic's Messages as servers really send them, and what is to be made of each. */
import type { ChatEvent, FinishReason } from '../../../src/chat/provider.ts';
import { calling } from './odd-stream.ts';
import type { OddStream, Reading } from './odd-stream.ts';

const event = (type: string, fields: object = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
export const start = (usage: object = { input_tokens: 10, output_tokens: 1 }): string =>
  event('message_start', { message: { id: 'm', role: 'assistant', content: [], stop_reason: null, usage } });
const block = (index: number, content: object): string =>
  event('content_block_start', { index, content_block: content });
const delta = (index: number, fields: object): string =>
  event('content_block_delta', { index, delta: fields });
export const text = (value: string, index = 0): string => delta(index, { type: 'text_delta', text: value });
const thought = (value: string, index = 0): string =>
  delta(index, { type: 'thinking_delta', thinking: value });
const stop = (index = 0): string => event('content_block_stop', { index });
export const finish = (reason: string | null = 'end_turn', more: object = {}): string =>
  event('message_delta', { delta: { stop_reason: reason, ...more }, usage: { output_tokens: 15 } });
export const END = event('message_stop');
const hello = block(0, { type: 'text', text: '' }) + text('Grüße ') + text('🙂 世界') + stop();
const greeting = 'Grüße 🙂 世界';

export const said = (answer: string, finishReason: FinishReason = 'stop', usage = [10, 15]): Reading => ({
  events: [
    ...(answer === '' ? [] : [{ kind: 'text' as const, text: answer }]),
    { kind: 'usage', usage: { inputTokens: usage[0] ?? 0, outputTokens: usage[1] ?? 0 } },
    { kind: 'finish', finishReason },
  ],
});
const failed = (code: string, exit: number, message: string, ...texts: readonly string[]): Reading => ({
  events: texts.map((one): ChatEvent => ({ kind: 'text', text: one })),
  error: { code, exit, message },
});

export const messagesStreams: readonly OddStream[] = [
  { name: 'as documented', body: start() + event('ping') + hello + finish() + END, expected: said(greeting) },
  {
    name: 'thinking before the answer',
    body:
      start() +
      block(0, { type: 'thinking', thinking: '' }) +
      thought('Let me ') +
      thought('see.') +
      delta(0, { type: 'signature_delta', signature: 'c2ln' }) +
      stop(0) +
      block(1, { type: 'redacted_thinking', data: 'eA==' }) +
      stop(1) +
      block(2, { type: 'text', text: '' }) +
      text('Yes.', 2) +
      stop(2) +
      finish() +
      END,
    expected: {
      events: [{ kind: 'reasoning', text: 'Let me see.' }, ...said('Yes.').events],
    },
  },
  {
    name: 'blocks that are interleaved',
    body:
      start() +
      block(0, { type: 'text', text: 'a' }) +
      block(1, { type: 'text', text: '' }) +
      text('1', 1) +
      text('b', 0) +
      text('2', 1) +
      stop(1) +
      text('c', 0) +
      stop(0) +
      finish() +
      END,
    expected: said('abc12'),
  },
  {
    name: 'blocks without a beginning, a number or an end',
    body:
      start() +
      event('content_block_delta', { delta: { type: 'thinking_delta', thinking: '' } }) +
      event('content_block_delta', { delta: { type: 'text_delta', text: 'a' } }) +
      event('content_block_delta', { delta: { type: 'text_delta', text: 'b' } }) +
      finish() +
      END,
    expected: said('ab'),
  },
  {
    name: 'half an emoji in each delta',
    body:
      start() +
      'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\ud83d"}}\n\n' +
      'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\ude42"}}\n\n' +
      finish() +
      END,
    expected: said('🙂'),
  },
  {
    name: 'events without names',
    body: (start() + hello + finish() + END).replaceAll(/^event: .*\n/gm, ''),
    expected: said(greeting),
  },
  {
    name: 'CRLF and no space after data:',
    body: (start() + hello + finish() + END).replaceAll('data: ', 'data:').replaceAll('\n', '\r\n'),
    expected: said(greeting),
  },
  {
    name: 'events that nobody knows yet, and no objects',
    body: `${start()}${event('content_block_sparkle', { index: 7 })}data: null\n\ndata: 7\n\n${hello}${finish()}${END}`,
    expected: said(greeting),
  },
  { name: 'no message_stop', body: start() + hello + finish(), expected: said(greeting) },
  {
    name: '[DONE] for an end',
    body: `${start()}${hello}${finish()}data: [DONE]\n\n`,
    expected: said(greeting),
  },
  {
    name: 'a message_stop and no reason',
    body: start() + hello + finish(null) + END,
    expected: said(greeting),
  },
  {
    name: 'something after the end',
    body: start() + hello + finish() + END + hello,
    expected: said(greeting),
  },
  {
    name: 'tokens that came from the cache',
    body:
      start({ input_tokens: 3, cache_read_input_tokens: 100, cache_creation_input_tokens: 20 }) +
      hello +
      finish() +
      END,
    expected: said(greeting, 'stop', [123, 15]),
  },
  ...(
    [
      ['max_tokens', 'length'],
      ['model_context_window_exceeded', 'length'],
      ['stop_sequence', 'stop'],
      ['pause_turn', 'other'],
      ['something_new', 'other'],
    ] as const
  ).map(([reason, finishReason]) => ({
    name: `the reason ${reason}`,
    body: start() + hello + finish(reason) + END,
    expected: said(greeting, finishReason),
  })),
  {
    name: 'a tool that is called',
    body:
      start() +
      block(0, { type: 'tool_use', id: 't', name: 'look', input: {} }) +
      delta(0, { type: 'input_json_delta', partial_json: '' }) +
      stop() +
      finish('tool_use') +
      END,
    expected: calling(said('', 'tool_calls'), { id: 't', name: 'look', arguments: {} }),
  },
  {
    name: 'a refusal in the middle',
    body:
      start() +
      hello +
      finish('refusal', { stop_details: { category: 'cyber', explanation: 'It asks for an attack.' } }) +
      END,
    expected: failed(
      'content_filtered',
      8,
      'The model at api.example refused to answer: It asks for an attack.',
      greeting,
    ),
  },
  {
    name: 'a refusal without words',
    body: start() + finish('refusal', { stop_details: null }) + END,
    expected: failed('content_filtered', 8, 'The model at api.example refused to answer.'),
  },
  {
    name: 'too much work, told in the middle',
    body: start() + hello + event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }),
    expected: failed('server_error', 9, 'api.example failed: Overloaded.', greeting),
  },
  {
    name: 'a limit, told in the middle',
    body: event('error', { error: { type: 'rate_limit_error', message: 'Slow down' } }),
    expected: failed('rate_limited', 7, 'api.example limits how often it may be asked: Slow down.'),
  },
  {
    name: 'a limit of spending, told in the middle',
    body: event('error', {
      error: {
        type: 'rate_limit_error',
        message: 'No more',
        details: { error_code: 'enforced_spend_limit_reached' },
      },
    }),
    expected: failed('quota_exceeded', 7, 'api.example has nothing left for this account: No more.'),
  },
  {
    name: 'an error of a proxy, without a type',
    body: 'data: {"error":{"message":"upstream is gone"}}\n\n',
    expected: failed('server_error', 9, 'api.example failed: upstream is gone.'),
  },
  {
    name: 'an error that is only text',
    body: 'event: error\ndata: upstream is gone\n\n',
    expected: failed('server_error', 9, 'api.example failed: upstream is gone.'),
  },
  {
    name: 'an end without a reason',
    body: start() + hello,
    expected: failed('stream_cut', 9, 'The answer of api.example was cut short.', greeting),
  },
  {
    name: 'an end in the middle of an event',
    body: start() + hello + text('x').slice(0, -20),
    expected: failed('stream_cut', 9, 'The answer of api.example was cut short.', greeting),
  },
  {
    name: 'nothing but signs of life',
    body: event('ping') + event('ping'),
    expected: failed('stream_cut', 9, 'api.example answered with nothing.'),
  },
  {
    name: 'what cannot be read',
    body: `${start()}data: {"type":\n\n`,
    expected: failed('malformed_response', 9, 'api.example sent an answer that mira cannot read.'),
  },
  {
    name: 'a whole answer from a server that does not stream',
    body: JSON.stringify({
      type: 'message',
      content: [
        { type: 'thinking', thinking: 'hm' },
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ],
      stop_reason: 'end_turn',
      usage: { input_tokens: 10, output_tokens: 15 },
    }),
    type: 'application/json',
    expected: { events: [{ kind: 'reasoning', text: 'hm' }, ...said('ab').events] },
  },
  {
    name: 'an error with a status of 200',
    body: JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
    type: 'application/json',
    expected: failed('server_error', 9, 'api.example failed: Overloaded.'),
  },
  {
    name: 'something else as JSON',
    body: '{"status":"ok"}',
    type: 'application/json',
    expected: failed('malformed_response', 9, 'api.example sent an answer that mira cannot read.'),
  },
  { name: 'CR', body: (start() + hello + finish() + END).replaceAll('\n', '\r'), expected: said(greeting) },
  { name: 'a byte order mark', body: `\ufeff${start()}${hello}${finish()}${END}`, expected: said(greeting) },
  {
    name: 'comments between',
    body: `: hi\n\n${start()}:\n${hello}: still here\n\n${finish()}${END}`,
    expected: said(greeting),
  },
  {
    name: 'the last blank line is missing',
    body: (start() + hello + finish() + END).trimEnd(),
    expected: said(greeting),
  },
  {
    name: 'names without types',
    body: (start() + hello + finish() + END).replaceAll(/"type":"(message|content)_\w+",?/g, ''),
    expected: said(greeting),
  },
  {
    name: 'words of a block in its beginning',
    body: start() + block(0, { type: 'text', text: 'Hello' }) + text('!') + stop() + finish() + END,
    expected: said('Hello!'),
  },
  {
    name: 'citations, signatures and a tool of the server',
    body:
      start() +
      block(0, { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }) +
      delta(0, { type: 'input_json_delta', partial_json: '{"query":"x"}' }) +
      stop(0) +
      block(1, { type: 'web_search_tool_result', tool_use_id: 's', content: [] }) +
      stop(1) +
      block(2, { type: 'text', text: '', citations: [] }) +
      delta(2, { type: 'citations_delta', citation: { type: 'web_search_result_location', url: 'x' } }) +
      text('a', 2) +
      delta(2, { type: 'something_delta', sparkle: 1 }) +
      stop(2) +
      finish() +
      END,
    expected: said('a'),
  },
  {
    name: 'an answer with no words',
    body: start() + finish() + END,
    expected: said(''),
  },
  {
    name: 'nothing at all',
    body: '',
    expected: failed('stream_cut', 9, 'api.example answered with nothing.'),
  },
  {
    name: 'a beginning and no more',
    body: start(),
    expected: failed('stream_cut', 9, 'api.example answered with nothing.'),
  },
  {
    name: 'thinking and no more',
    body: start() + thought('hm'),
    expected: {
      events: [{ kind: 'reasoning', text: 'hm' }],
      error: { code: 'stream_cut', exit: 9, message: 'The answer of api.example was cut short.' },
    },
  },
  {
    name: 'the reason in the beginning of the message',
    body:
      event('message_start', {
        message: { content: [], stop_reason: 'end_turn', usage: { input_tokens: 10, output_tokens: 15 } },
      }) +
      text('a') +
      END,
    expected: said('a'),
  },
  {
    name: 'all of the usage at the end',
    body:
      start({}) +
      hello +
      event('message_delta', {
        delta: { stop_reason: 'end_turn' },
        usage: { input_tokens: 10, output_tokens: 15 },
      }) +
      END,
    expected: said(greeting),
  },
  {
    name: 'half of the usage',
    body: start({}) + hello + finish() + END,
    expected: {
      events: [
        { kind: 'text', text: greeting },
        { kind: 'finish', finishReason: 'stop' },
      ],
    },
  },
  {
    name: 'content_filtered, the word of another format',
    body: start() + hello + finish('content_filtered') + END,
    expected: failed(
      'content_filtered',
      8,
      'The content filter of api.example stopped the answer.',
      greeting,
    ),
  },
  {
    name: 'the end of the key, told in the middle',
    body: start() + event('error', { error: { type: 'authentication_error', message: 'invalid x-api-key' } }),
    expected: failed('credential_rejected', 4, 'api.example wants a credential: invalid x-api-key.'),
  },
  {
    name: 'an error that is null is none',
    body: start() + hello + 'data: {"type":"something","error":null}\n\n' + finish() + END,
    expected: said(greeting),
  },
  {
    name: 'a detail with a status of 200',
    body: '{"detail":"Backend unavailable"}',
    type: 'application/json',
    expected: failed('server_error', 9, 'api.example failed: Backend unavailable.'),
  },
  {
    name: 'a web page',
    body: '<!doctype html><title>Log in</title>',
    type: 'text/html',
    expected: failed('malformed_response', 9, 'api.example answered with a web page instead of an answer.'),
  },
  {
    name: 'chat completions in place of messages',
    body: 'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
    expected: failed('stream_cut', 9, 'api.example answered with nothing.'),
  },
];
