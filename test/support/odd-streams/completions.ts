/** Answers in the chat-completions format as servers really send them, and what is to be made of each. */
import type { ChatEvent } from '../../../src/chat/provider.ts';
import { calling } from './odd-stream.ts';
import type { OddStream, Reading } from './odd-stream.ts';

/** A chunk of a streamed answer. */
const delta = (fields: unknown, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: fields, finish_reason: finish }] })}\n\n`;
export const text = (content: string): string => delta({ content });
export const finish = (reason = 'stop'): string => delta({}, reason);
export const DONE = 'data: [DONE]\n\n';

const said = (
  answer: string,
  finishReason: 'stop' | 'length' | 'tool_calls' | 'other' = 'stop',
): Reading => ({
  events: [
    ...(answer === '' ? [] : [{ kind: 'text' as const, text: answer }]),
    { kind: 'finish', finishReason },
  ],
});
const thought = (reasoning: string, answer: string): Reading => ({
  events: [
    { kind: 'reasoning', text: reasoning },
    { kind: 'text', text: answer },
    { kind: 'finish', finishReason: 'stop' },
  ],
});
const failed = (
  error: { readonly code: string; readonly exit: number; readonly message: string },
  ...texts: readonly string[]
): Reading => ({ events: texts.map((one): ChatEvent => ({ kind: 'text', text: one })), error });

const cut = { code: 'stream_cut', exit: 9, message: 'The answer of api.example was cut short.' };
const nothing = { code: 'stream_cut', exit: 9, message: 'api.example answered with nothing.' };
const unreadable = {
  code: 'malformed_response',
  exit: 9,
  message: 'api.example sent an answer that mira cannot read.',
};
const webPage = {
  code: 'malformed_response',
  exit: 9,
  message: 'api.example answered with a web page instead of an answer.',
};
const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const hello = text('Grüße ') + text('🙂 世界');
const greeting = 'Grüße 🙂 世界';
const choices = (fields: object): string => event({ choices: [fields] });

export const completionsStreams: readonly OddStream[] = [
  {
    name: 'as documented',
    body: delta({ role: 'assistant', content: '' }) + hello + finish() + DONE,
    expected: said(greeting),
  },
  { name: 'a finish reason and no [DONE]', body: hello + finish(), expected: said(greeting) },
  { name: '[DONE] and no finish reason', body: hello + DONE, expected: said(greeting) },
  {
    name: 'the last blank line is missing',
    body: `${hello}${finish()}data: [DONE]`,
    expected: said(greeting),
  },
  {
    name: 'the blank line after the finish reason is missing',
    body: `${hello}${finish().trimEnd()}`,
    expected: said(greeting),
  },
  { name: 'something after [DONE]', body: hello + finish() + DONE + text('more'), expected: said(greeting) },
  { name: 'an end without a finish reason', body: hello, expected: failed(cut, greeting) },
  {
    name: 'an end in the middle of an event',
    body: hello + text('x').slice(0, -20),
    expected: failed(cut, greeting),
  },
  { name: 'only a role', body: delta({ role: 'assistant', content: '' }), expected: failed(nothing) },
  { name: 'nothing at all', body: '', expected: failed(nothing) },
  { name: 'only comments', body: ': ping\n\n: ping\n\n', expected: failed(nothing) },
  { name: 'only [DONE]', body: DONE, expected: failed(nothing) },
  { name: 'an empty answer that says it is finished', body: finish() + DONE, expected: said('') },
  {
    name: 'a length as the reason',
    body: hello + finish('length') + DONE,
    expected: said(greeting, 'length'),
  },
  {
    name: 'tool calls as the reason',
    body: delta({ tool_calls: [{ id: 'a' }] }) + finish('tool_calls') + DONE,
    expected: said('', 'tool_calls'),
  },
  { name: 'an unknown reason', body: hello + finish('because') + DONE, expected: said(greeting, 'other') },
  {
    name: 'an empty finish reason on every chunk',
    body: delta({ content: 'a' }, '') + delta({ content: 'b' }, 'stop') + DONE,
    expected: said('ab'),
  },
  {
    name: 'data: without a space',
    body: (hello + finish() + DONE).replaceAll('data: ', 'data:'),
    expected: said(greeting),
  },
  { name: 'CRLF', body: (hello + finish() + DONE).replaceAll('\n', '\r\n'), expected: said(greeting) },
  { name: 'CR', body: (hello + finish() + DONE).replaceAll('\n', '\r'), expected: said(greeting) },
  { name: 'a byte order mark', body: `\ufeff${hello}${finish()}${DONE}`, expected: said(greeting) },
  {
    name: 'comments between',
    body: `: OPENROUTER PROCESSING\n\n${text('a')}:\n\n:\n${text('b')}${finish()}${DONE}`,
    expected: said('ab'),
  },
  {
    name: 'ids, names and retry fields',
    body: `id: 1\nevent: message\nretry: 10\n${text('a')}${finish()}${DONE}`,
    expected: said('a'),
  },
  {
    name: 'data over several lines',
    body: `data: {"choices":\ndata: [{"delta":{"content":"a"}}]}\n\n${finish()}`,
    expected: said('a'),
  },
  { name: 'empty data', body: `data:\n\n${text('a')}data: \n\n${finish()}`, expected: said('a') },
  {
    name: 'empty, missing and null choices',
    body:
      event({ choices: [], prompt_filter_results: [] }) +
      event({ id: 'x' }) +
      event({ choices: null }) +
      event(null) +
      event(7) +
      text('a') +
      choices({ delta: null }) +
      choices({ index: 0 }) +
      finish() +
      event({ choices: [] }) +
      DONE,
    expected: said('a'),
  },
  {
    name: 'a second choice',
    body: choices({ index: 1, delta: { content: 'no' } }) + text('yes') + finish(),
    expected: said('yes'),
  },
  {
    name: 'the whole message in every chunk',
    body:
      choices({ message: { content: 'a' } }) +
      choices({ message: { content: 'ab' } }) +
      choices({ message: { content: 'abc' }, finish_reason: 'stop' }),
    expected: said('abc'),
  },
  {
    name: 'the whole message beside the delta',
    body:
      choices({ delta: { content: 'a' }, message: { content: 'a' } }) +
      choices({ delta: { content: 'b' }, message: { content: 'ab' }, finish_reason: 'stop' }),
    expected: said('ab'),
  },
  {
    name: 'content in parts',
    body:
      delta({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] }) +
      delta({ content: [{ type: 'text', text: 'a' }, 'b', 3] }) +
      finish(),
    expected: thought('hm', 'ab'),
  },
  { name: 'null content', body: delta({ content: null }) + text('a') + finish(), expected: said('a') },
  {
    name: 'a refusal',
    body: delta({ refusal: 'I ' }) + delta({ refusal: 'cannot' }) + finish() + DONE,
    expected: failed(
      { code: 'content_filtered', exit: 8, message: 'The model at api.example refused to answer.' },
      'I cannot',
    ),
  },
  {
    name: 'half an emoji in each chunk',
    body:
      'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\ndata: {"choices":[{"delta":{"content":"\\ude42"}}]}\n\n' +
      finish(),
    expected: said('🙂'),
  },
  {
    name: 'half an emoji and no more',
    body: 'data: {"choices":[{"delta":{"content":"a\\ud83d"}}]}\n\n' + finish(),
    expected: said('a\ufffd'),
  },
  {
    name: 'a bad byte',
    body: Buffer.concat([
      Buffer.from('data: {"choices":[{"delta":{"content":"a'),
      Buffer.from([0xff]),
      Buffer.from(`b"}}]}\n\n${finish()}`),
    ]),
    expected: said('a\ufffdb'),
  },
  ...['reasoning_content', 'reasoning', 'thinking', 'thinking_content'].map((field) => ({
    name: `reasoning in ${field}`,
    body: delta({ [field]: 'let me ' }) + delta({ [field]: 'see', content: '' }) + hello + finish() + DONE,
    expected: thought('let me see', greeting),
  })),
  {
    name: 'reasoning in two fields at once',
    body: delta({ reasoning: 'hm', reasoning_content: 'hm' }) + text('a') + finish(),
    expected: thought('hm', 'a'),
  },
  {
    name: 'reasoning in tags',
    body:
      text('\n<thi') + text('nk>let me') + text(' see</th') + text('ink>\n') + text('\n') + hello + finish(),
    expected: thought('let me see', greeting),
  },
  {
    name: 'a tag in the middle of the answer',
    body: text('use <think>x</think>') + finish(),
    expected: said('use <think>x</think>'),
  },
  {
    name: 'what only looks like a tag',
    body: text('<thi') + text('s>') + finish(),
    expected: said('<this>'),
  },
  { name: 'the beginning of a tag and no more', body: text('<think') + finish(), expected: said('<think') },
  {
    name: 'usage in its own chunk',
    body:
      text('a') +
      finish() +
      event({
        choices: [],
        usage: {
          prompt_tokens: 3,
          completion_tokens: 5,
          total_tokens: 8,
          completion_tokens_details: { reasoning_tokens: 2 },
        },
      }) +
      DONE,
    expected: {
      events: [
        { kind: 'text', text: 'a' },
        { kind: 'usage', usage: { inputTokens: 3, outputTokens: 5, reasoningTokens: 2 } },
        { kind: 'finish', finishReason: 'stop' },
      ],
    },
  },
  {
    name: 'usage on every chunk',
    body:
      [1, 2]
        .map((n) =>
          event({
            choices: [{ delta: { content: 'a' } }],
            usage: { prompt_tokens: 1, completion_tokens: n },
          }),
        )
        .join('') + event({ choices: [{ delta: {}, finish_reason: 'stop' }], usage: null }),
    expected: {
      events: [
        { kind: 'text', text: 'aa' },
        { kind: 'usage', usage: { inputTokens: 1, outputTokens: 2 } },
        { kind: 'finish', finishReason: 'stop' },
      ],
    },
  },
  {
    name: 'a content filter',
    body: text('a') + finish('content_filter') + DONE,
    expected: failed(
      { code: 'content_filtered', exit: 8, message: 'The content filter of api.example stopped the answer.' },
      'a',
    ),
  },
  {
    name: 'an error in the stream',
    body:
      text('a') + event({ error: { message: 'queue is full', type: 'server_error', code: 'queue_full' } }),
    expected: failed({ code: 'server_error', exit: 9, message: 'api.example failed: queue is full.' }, 'a'),
  },
  {
    name: 'an error with a numeric code',
    body: event({ error: { message: 'slow down', code: 429 } }),
    expected: failed({
      code: 'rate_limited',
      exit: 7,
      message: 'api.example limits how often it may be asked: slow down.',
    }),
  },
  {
    name: 'an error with a null code and choices beside it',
    body:
      choices({ delta: { content: 'a' } }) +
      event({
        error: { message: 'gone', code: null },
        choices: [{ delta: { content: '' }, finish_reason: 'error' }],
      }),
    expected: failed({ code: 'server_error', exit: 9, message: 'api.example failed: gone.' }, 'a'),
  },
  {
    name: 'finish reason "error"',
    body: text('a') + finish('error') + DONE,
    expected: failed(
      { code: 'server_error', exit: 9, message: 'api.example failed: the answer ended with an error.' },
      'a',
    ),
  },
  {
    name: 'an error as a bare string',
    body: event({ error: 'model crashed' }),
    expected: failed({ code: 'server_error', exit: 9, message: 'api.example failed: model crashed.' }),
  },
  {
    name: 'an error in a list',
    body: event([{ error: { code: 503, message: 'overloaded' } }]),
    expected: failed({
      code: 'server_error',
      exit: 9,
      message: 'api.example failed (status 503): overloaded.',
    }),
  },
  {
    name: 'an error event',
    body: `event: error\n${event({ message: 'bad' })}`,
    expected: failed({ code: 'server_error', exit: 9, message: 'api.example failed: bad.' }),
  },
  {
    name: 'an error event in plain text',
    body: 'event: error\ndata: out of memory\n\n',
    expected: failed({ code: 'server_error', exit: 9, message: 'api.example failed: out of memory.' }),
  },
  {
    name: 'a detail in the stream',
    body: event({ detail: 'Backend unavailable' }),
    expected: failed({ code: 'server_error', exit: 9, message: 'api.example failed: Backend unavailable.' }),
  },
  {
    name: 'error: null is none',
    body: event({ error: null, choices: [{ delta: { content: 'a' } }] }) + finish(),
    expected: said('a'),
  },
  {
    name: 'an event that is not JSON',
    body: `${text('a')}data: {broken}\n\n${finish()}`,
    expected: failed(unreadable, 'a'),
  },
  {
    name: 'JSON although a stream was asked for',
    body: JSON.stringify(
      {
        choices: [{ message: { content: greeting, thinking: 'hm' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1, completion_tokens: 2, thinking_tokens: 1 },
      },
      null,
      2,
    ),
    type: 'application/json',
    expected: {
      events: [
        { kind: 'reasoning', text: 'hm' },
        { kind: 'text', text: greeting },
        { kind: 'usage', usage: { inputTokens: 1, outputTokens: 2, reasoningTokens: 1 } },
        { kind: 'finish', finishReason: 'stop' },
      ],
    },
  },
  {
    name: 'JSON that calls itself a stream',
    body: '\ufeff\n {"choices":[{"message":{"content":"a"},"finish_reason":"length"}]}',
    expected: said('a', 'length'),
  },
  {
    name: 'JSON with an error and 200',
    body: '{"error":{"message":"no","code":"insufficient_quota"}}',
    type: 'application/json',
    expected: failed({
      code: 'quota_exceeded',
      exit: 7,
      message: 'api.example has nothing left for this account: no.',
    }),
  },
  {
    name: 'JSON with a detail and 200',
    body: '{"detail":"no"}',
    type: 'application/json',
    expected: failed({ code: 'server_error', exit: 9, message: 'api.example failed: no.' }),
  },
  {
    name: 'JSON of something else',
    body: '{"status":"ok"}',
    type: 'application/json',
    expected: failed(unreadable),
  },
  { name: 'cut JSON', body: '{"choices":[{"mess', type: 'application/json', expected: failed(unreadable) },
  {
    name: 'a web page',
    body: '<!doctype html><title>Log in</title>',
    type: 'text/html',
    expected: failed(webPage),
  },
  { name: 'a web page that calls itself a stream', body: '\n\n<html></html>', expected: failed(webPage) },
  { name: 'a page of text', body: 'Please log in', type: 'text/html', expected: failed(webPage) },
  {
    name: 'plain text',
    body: 'Service is resting',
    type: 'text/plain',
    expected: failed({
      code: 'malformed_response',
      exit: 9,
      message: 'api.example answered with something that is no chat answer.',
    }),
  },
  {
    name: 'a stream with the type of JSON',
    body: hello + finish() + DONE,
    type: 'application/json',
    expected: said(greeting),
  },
  { name: 'a stream without a type', body: hello + finish() + DONE, type: '', expected: said(greeting) },
  {
    name: 'empty lines before the first event',
    body: `\n\r\n\n${hello}${finish()}`,
    expected: said(greeting),
  },
  {
    name: 'one newline between events',
    body: (hello + finish() + DONE).replaceAll('\n\n', '\n'),
    expected: said(greeting),
  },
  {
    name: 'one newline between some events',
    body: hello.replaceAll('\n\n', '\n') + text('!') + finish().replaceAll('\n\n', '\n') + DONE,
    expected: said(`${greeting}!`),
  },
  {
    name: 'one newline between events, and something between them that is not JSON',
    body: `${text('a').trimEnd()}\ndata: {broken}\n${finish()}`,
    expected: failed(unreadable),
  },
  {
    name: 'lines of JSON that call themselves a stream',
    body: `${hello}${finish()}${DONE}`.replaceAll('data: ', '').replaceAll('\n\n', '\n'),
    expected: said(greeting),
  },
  {
    name: 'lines of JSON without an end',
    body: hello.replaceAll('data: ', ''),
    expected: failed(cut, greeting),
  },
  { name: '[DONE] with spaces', body: `${hello}${finish()}data:   [DONE]  \n\n`, expected: said(greeting) },
  {
    name: '[DONE] in a string',
    body: `${hello}${finish()}data: "[DONE]"\n\n`,
    expected: said(greeting),
  },
  {
    name: 'heartbeats of every kind',
    body: `:\n\nevent: ping\ndata: {}\n\n${text('a')}event: heartbeat\ndata: {"type":"ping"}\n\ndata: {}\n\ndata\n\n${finish()}`,
    expected: said('a'),
  },
  {
    name: 'a web page in the middle',
    body: `${text('a')}<html><body>502 Bad Gateway</body></html>\n\n`,
    expected: failed(cut, 'a'),
  },
  {
    name: 'JSON of an error in the middle, without data:',
    body: `${text('a')}{"error":{"message":"worker died"}}\n`,
    expected: failed(cut, 'a'),
  },
  {
    name: 'text after the finish reason',
    body: text('a') + finish() + text('b') + DONE,
    expected: said('ab'),
  },
  {
    name: 'two finish reasons',
    body: text('a') + finish('length') + finish('stop') + DONE,
    expected: said('a'),
  },
  {
    name: 'the finish reason beside the last text',
    body: text('a') + delta({ content: 'b' }, 'stop'),
    expected: said('ab'),
  },
  {
    name: 'a finish reason in capitals',
    body: text('a') + finish('STOP') + text('') + DONE,
    expected: said('a'),
  },
  {
    name: 'a finish reason that is the word null',
    body: delta({ content: 'a' }, 'null') + delta({ content: 'b' }, 'null'),
    expected: failed(cut, 'ab'),
  },
  {
    name: 'MAX_TOKENS as the reason',
    body: text('a') + finish('MAX_TOKENS') + DONE,
    expected: said('a', 'length'),
  },
  {
    name: 'text completions',
    body: choices({ index: 0, text: 'a' }) + choices({ index: 0, text: 'b', finish_reason: 'stop' }) + DONE,
    expected: said('ab'),
  },
  {
    name: 'obfuscation and other fields',
    body:
      event({
        id: 'chatcmpl-1',
        service_tier: 'default',
        system_fingerprint: null,
        obfuscation: 'q8Zk3',
        usage: null,
        choices: [{ index: 0, delta: { content: 'a' }, logprobs: null, finish_reason: null }],
      }) +
      finish() +
      DONE,
    expected: said('a'),
  },
  {
    name: 'what a content filter of Azure adds',
    body:
      event({ choices: [], prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }] }) +
      choices({ index: 0, delta: { content: 'a' }, content_filter_results: { hate: { filtered: false } } }) +
      choices({ index: 0, delta: {}, finish_reason: 'stop', content_filter_offsets: {} }) +
      DONE,
    expected: said('a'),
  },
  {
    name: 'reasoning beside its details',
    body:
      delta({ reasoning: 'hm', reasoning_details: [{ type: 'reasoning.text', text: 'hm' }], content: '' }) +
      text('a') +
      finish() +
      DONE,
    expected: thought('hm', 'a'),
  },
  {
    name: 'reasoning and text in one delta',
    body: delta({ reasoning_content: 'hm', content: 'a' }) + finish() + DONE,
    expected: thought('hm', 'a'),
  },
  {
    name: 'reasoning and nothing else',
    body: delta({ reasoning_content: 'hm' }) + finish('length') + DONE,
    expected: {
      events: [
        { kind: 'reasoning', text: 'hm' },
        { kind: 'finish', finishReason: 'length' },
      ],
    },
  },
  {
    name: 'reasoning that is cut',
    body: delta({ reasoning_content: 'hm' }),
    expected: { events: [{ kind: 'reasoning', text: 'hm' }], error: cut },
  },
  {
    name: 'a tag of reasoning that is never closed',
    body: text('<think>hm') + finish() + DONE,
    expected: {
      events: [
        { kind: 'reasoning', text: 'hm' },
        { kind: 'finish', finishReason: 'stop' },
      ],
    },
  },
  {
    name: 'the text as null, false and a number',
    body: delta({ content: null, refusal: null }) + delta({ content: false }) + text('a') + finish() + DONE,
    expected: said('a'),
  },
  {
    name: 'an old function call',
    body:
      delta({ function_call: { name: 'f', arguments: '' } }) +
      delta({ function_call: { arguments: '{}' } }) +
      finish('function_call') +
      DONE,
    expected: calling(said('', 'tool_calls'), { name: 'f', arguments: {} }),
  },
  {
    name: 'tool calls in pieces without a number, with ids and names that repeat, and "stop" for an end',
    body:
      delta({ tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{"x"' } }] }) +
      delta({ tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: ':1}' } }] }) +
      finish('stop') +
      DONE,
    expected: calling(said('', 'tool_calls'), { id: 'a', name: 'f', arguments: { x: 1 } }),
  },
  {
    name: 'tool calls that all have the same number',
    body:
      delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '{"x":1}' } }] }) +
      delta({ tool_calls: [{ index: 0, id: 'b', function: { name: 'f', arguments: '{"x":2}' } }] }) +
      delta({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '{"x":3}' } }] }) +
      delta({ tool_calls: [{ index: 0, function: { name: 'g', arguments: '' } }] }) +
      finish('tool_calls'),
    expected: calling(
      said('', 'tool_calls'),
      { id: 'a', name: 'f', arguments: { x: 1 } },
      { id: 'b', name: 'f', arguments: { x: 2 } },
      { name: 'f', arguments: { x: 3 } },
      { name: 'g', arguments: {} },
    ),
  },
  {
    name: 'tool calls whose pieces mingle',
    body:
      delta({
        tool_calls: [
          { index: 0, id: 'a', function: { name: 'f', arguments: '{' } },
          { index: 1, id: 'b', function: { name: 'g', arguments: '{"y"' } },
        ],
      }) +
      delta({ tool_calls: [{ index: 1, function: { arguments: ':' } }] }) +
      delta({ tool_calls: [{ index: 0, function: { arguments: '}' } }] }) +
      delta({ tool_calls: [{ index: 1, function: { arguments: '2}' } }] }) +
      finish('tool_calls'),
    expected: calling(
      said('', 'tool_calls'),
      { id: 'a', name: 'f', arguments: {} },
      { id: 'b', name: 'g', arguments: { y: 2 } },
    ),
  },
  {
    name: 'tool calls with arguments that are an object, and arguments that are none',
    body:
      delta({ tool_calls: [{ index: 0, function: { name: 'f', arguments: { x: 1 } } }] }) +
      delta({ tool_calls: [{ index: 1, function: { name: 'g', arguments: '[1]' } }] }) +
      finish('tool_calls'),
    expected: calling(
      said('', 'tool_calls'),
      { name: 'f', arguments: { x: 1 } },
      { name: 'g', arguments: '[1]' },
    ),
  },
  {
    name: 'a whole tool call, and an end without a finish reason',
    body: delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '{"x":1}' } }] }),
    expected: calling(said('', 'tool_calls'), { id: 'a', name: 'f', arguments: { x: 1 } }),
  },
  {
    name: 'a tool call that breaks off',
    body: delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '{"x"' } }] }),
    expected: failed(cut),
  },
  {
    name: 'tool calls in a whole answer',
    body: '{"choices":[{"message":{"content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}',
    expected: calling(said('', 'tool_calls'), { id: 'a', name: 'f', arguments: {} }),
  },
  {
    name: 'a tool call after text, without a finish reason',
    body: text('Let me look.') + delta({ tool_calls: [{ index: 0, function: { arguments: '' } }] }) + DONE,
    expected: said('Let me look.'),
  },
  {
    name: 'tool calls that are null and empty',
    body: delta({ content: 'a', tool_calls: null }) + delta({ tool_calls: [] }) + finish() + DONE,
    expected: said('a'),
  },
  {
    name: 'a refusal in a whole answer',
    body: '{"choices":[{"message":{"content":null,"refusal":"I cannot"},"finish_reason":"stop"}]}',
    type: 'application/json',
    expected: failed(
      { code: 'content_filtered', exit: 8, message: 'The model at api.example refused to answer.' },
      'I cannot',
    ),
  },
  {
    name: 'a content filter before any text',
    body: finish('content_filter') + DONE,
    expected: failed({
      code: 'content_filtered',
      exit: 8,
      message: 'The content filter of api.example stopped the answer.',
    }),
  },
  {
    name: 'half of the usage',
    body: text('a') + finish() + event({ choices: [], usage: { completion_tokens: 5 } }) + DONE,
    expected: said('a'),
  },
  {
    name: 'usage that is no number',
    body:
      text('a') +
      finish() +
      event({ choices: [], usage: { prompt_tokens: '3', completion_tokens: -1 } }) +
      DONE,
    expected: said('a'),
  },
  {
    name: 'usage in a chunk without choices, before the end',
    body: event({ usage: { prompt_tokens: 3, completion_tokens: 5 } }) + text('a') + finish(),
    expected: {
      events: [
        { kind: 'text', text: 'a' },
        { kind: 'usage', usage: { inputTokens: 3, outputTokens: 5 } },
        { kind: 'finish', finishReason: 'stop' },
      ],
    },
  },
  {
    name: 'an error that is not there: null, false, empty',
    body:
      event({ error: null, choices: [{ delta: { content: 'a' } }] }) +
      event({ error: false, choices: [{ delta: { content: 'b' } }] }) +
      event({ error: '', choices: [{ delta: { content: 'c' }, finish_reason: 'stop' }] }),
    expected: said('abc'),
  },
  {
    name: 'a quota that is used up, told in the stream',
    body: event({ error: { message: 'You exceeded your current quota.', code: 'insufficient_quota' } }),
    expected: failed({
      code: 'quota_exceeded',
      exit: 7,
      message: 'api.example has nothing left for this account: You exceeded your current quota.',
    }),
  },
  {
    name: 'too long a question, told in the stream',
    body: event({
      error: {
        message: 'This model takes 8192 tokens',
        type: 'invalid_request_error',
        code: 'context_length_exceeded',
      },
    }),
    expected: failed({
      code: 'invalid_request',
      exit: 2,
      message: 'api.example does not accept the request: This model takes 8192 tokens.',
    }),
  },
  {
    name: 'an error with its code in a string',
    body: text('a') + event({ error: { message: 'upstream timeout', code: '504' } }),
    expected: failed(
      { code: 'server_error', exit: 9, message: 'api.example failed (status 504): upstream timeout.' },
      'a',
    ),
  },
  {
    name: 'an error within a choice',
    body: text('a') + choices({ delta: { content: '' }, error: { message: 'cut off', code: 502 } }),
    expected: failed(
      { code: 'server_error', exit: 9, message: 'api.example failed (status 502): cut off.' },
      'a',
    ),
  },
  {
    name: 'an error as JSON within a string',
    body: event({ detail: '{"error":"content_blocked","category":"prompt_injection"}' }),
    expected: failed({
      code: 'content_filtered',
      exit: 8,
      message: 'The content filter of api.example stopped this (prompt_injection).',
    }),
  },
  {
    name: 'an error after the finish reason',
    body: text('a') + finish() + event({ error: { message: 'late' } }),
    expected: failed({ code: 'server_error', exit: 9, message: 'api.example failed: late.' }, 'a'),
  },
  {
    name: 'an error with an empty message',
    body: event({ error: { message: '', type: '', code: null } }),
    expected: failed({ code: 'server_error', exit: 9, message: 'api.example failed.' }),
  },
  {
    name: 'an error that says a whole page',
    body: event({ error: { message: `<html>${'x'.repeat(50)}\u001b[2J\n</html>` } }),
    expected: failed({
      code: 'server_error',
      exit: 9,
      message: `api.example failed: <html>${'x'.repeat(50)} [2J </html>.`,
    }),
  },
  {
    name: 'an upstream failure that comes as text',
    body: text('Ошибка: upstream') + finish() + DONE,
    expected: said('Ошибка: upstream'),
  },
  {
    name: 'letters that count as ends of lines elsewhere',
    body: text('a\u2028b\u2029c\u0085d\u000be') + finish() + DONE,
    expected: said('a\u2028b\u2029c\u0085d\u000be'),
  },
  {
    name: 'the same letters as they are, not escaped',
    body: 'data: {"choices":[{"delta":{"content":"a\u2028b\u0085c"}}]}\n\n' + finish() + DONE,
    expected: said('a\u2028b\u0085c'),
  },
  {
    name: 'control characters and a NUL',
    body: text('a\u001b[31mb\u0000c') + finish() + DONE,
    expected: said('a\u001b[31mb\u0000c'),
  },
  {
    name: 'bytes that end in the middle of a letter',
    body: Buffer.concat([
      Buffer.from(text('a')),
      Buffer.from('data: {"choices":[{"delta":{"content":"'),
      Buffer.from([0xf0, 0x9f]),
    ]),
    expected: failed(cut, 'a'),
  },
  {
    name: 'a list of answers',
    body: JSON.stringify([{ choices: [{ message: { content: 'a' }, finish_reason: 'stop' }] }]),
    type: 'application/json',
    expected: said('a'),
  },
  {
    name: 'a whole answer in one event',
    body: choices({ message: { role: 'assistant', content: 'a' }, finish_reason: 'stop' }) + DONE,
    expected: said('a'),
  },
  {
    name: 'a whole answer that is empty',
    body: '{"choices":[]}',
    type: 'application/json',
    expected: failed(nothing),
  },
  {
    name: 'JSON with a list of faults and 200',
    body: '{"detail":[{"loc":["body","model"],"msg":"field required","type":"missing"}]}',
    type: 'application/json',
    expected: failed({
      code: 'server_error',
      exit: 9,
      message: 'api.example failed: body.model: field required.',
    }),
  },
  { name: 'the word null', body: 'null', type: 'application/json', expected: failed(nothing) },
  { name: 'an empty object', body: '{}', type: 'application/json', expected: failed(unreadable) },
  { name: 'an empty list', body: '[]', type: 'application/json', expected: failed(unreadable) },
  { name: 'a string of JSON', body: '"busy"', type: 'application/json', expected: failed(nothing) },
  {
    name: 'a form of XML',
    body: '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    type: 'application/xml',
    expected: failed(webPage),
  },
];
