/** Answers in Ollama's own format as it and its imitators send them, and what is to be made of each. */
import type { ChatEvent, FinishReason } from '../../../src/chat/provider.ts';
import { calling } from './odd-stream.ts';
import type { OddStream, Reading } from './odd-stream.ts';

export const NDJSON = 'application/x-ndjson';

const line = (fields: object): string => `${JSON.stringify({ model: 'm', ...fields })}\n`;
const message = (fields: object): string => line({ message: { role: 'assistant', ...fields }, done: false });
export const text = (content: string): string => message({ content });
export const end = (more: object = {}): string =>
  line({
    message: { role: 'assistant', content: '' },
    done: true,
    done_reason: 'stop',
    prompt_eval_count: 3,
    eval_count: 4,
    ...more,
  });
const hello = text('Grüße ') + text('🙂 世界');
const greeting = 'Grüße 🙂 世界';

export const said = (answer: string, finishReason: FinishReason = 'stop'): Reading => ({
  events: [
    ...(answer === '' ? [] : [{ kind: 'text' as const, text: answer }]),
    { kind: 'usage', usage: { inputTokens: 3, outputTokens: 4 } },
    { kind: 'finish', finishReason },
  ],
});
export const failed = (code: string, exit: number, words: string, ...texts: readonly string[]): Reading => ({
  events: texts.map((one): ChatEvent => ({ kind: 'text', text: one })),
  error: { code, exit, message: words },
});

export const ollamaStreams: readonly OddStream[] = [
  { name: 'as documented', body: hello + end(), expected: said(greeting) },
  {
    name: 'thinking before the answer',
    body:
      message({ content: '', thinking: 'Let me ' }) +
      message({ content: '', thinking: 'see.' }) +
      hello +
      end(),
    expected: { events: [{ kind: 'reasoning', text: 'Let me see.' }, ...said(greeting).events] },
  },
  {
    name: 'thinking within the text',
    body: text('<thi') + text('nk>hm</think>\n\n') + hello + end(),
    expected: { events: [{ kind: 'reasoning', text: 'hm' }, ...said(greeting).events] },
  },
  { name: 'CRLF', body: (hello + end()).replaceAll('\n', '\r\n'), expected: said(greeting) },
  { name: 'empty lines', body: `\n\n${hello}\n  \n${end()}`, expected: said(greeting) },
  { name: 'no newline at the end', body: (hello + end()).trimEnd(), expected: said(greeting) },
  { name: 'something after the end', body: hello + end() + text('more'), expected: said(greeting) },
  { name: 'the type of JSON', body: hello + end(), type: 'application/json', expected: said(greeting) },
  { name: 'no type', body: hello + end(), type: '', expected: said(greeting) },
  {
    name: 'all in one line, from a server that does not stream',
    body: end({ message: { role: 'assistant', content: greeting } }),
    type: 'application/json',
    expected: said(greeting),
  },
  {
    name: 'half an emoji in each line',
    body: `{"message":{"content":"\\ud83d"}}\n{"message":{"content":"\\ude42"}}\n${end()}`,
    expected: said('🙂'),
  },
  ...(
    [
      [undefined, 'stop'],
      ['length', 'length'],
      ['load', 'other'],
    ] as const
  ).map(([reason, finishReason]) => ({
    name: `the reason ${reason}`,
    body: hello + end({ done_reason: reason }),
    expected: said(greeting, finishReason),
  })),
  {
    name: 'an error in the middle',
    body: hello + line({ error: 'an error was encountered while running the model' }),
    expected: failed(
      'server_error',
      9,
      'api.example failed: an error was encountered while running the model.',
      greeting,
    ),
  },
  {
    name: 'an error at the beginning',
    body: '{"error":"model runner has unexpectedly stopped"}',
    expected: failed('server_error', 9, 'api.example failed: model runner has unexpectedly stopped.'),
  },
  {
    name: 'an end before the end',
    body: hello,
    expected: failed('stream_cut', 9, 'The answer of api.example was cut short.', greeting),
  },
  {
    name: 'an end in the middle of a line',
    body: hello + text('x').slice(0, -20),
    expected: failed('stream_cut', 9, 'The answer of api.example was cut short.', greeting),
  },
  {
    name: 'nothing',
    body: '',
    expected: failed('stream_cut', 9, 'api.example answered with nothing.'),
  },
  {
    name: 'another format',
    body: 'data: {"choices":[]}\n\n',
    expected: failed('malformed_response', 9, 'api.example sent an answer that mira cannot read.'),
  },
  {
    name: 'a byte order mark',
    body: `\ufeff${hello}${end()}`,
    expected: said(greeting),
  },
  {
    name: 'an end without a message',
    body: hello + line({ done: true, done_reason: 'stop', prompt_eval_count: 3, eval_count: 4 }),
    expected: said(greeting),
  },
  {
    name: 'an end with the last of the text',
    body: text('Grüße ') + end({ message: { role: 'assistant', content: '🙂 世界' } }),
    expected: said(greeting),
  },
  {
    name: 'an answer with no words',
    body: end(),
    expected: said(''),
  },
  {
    name: 'a model that was only loaded',
    body: end({ done_reason: 'load' }),
    expected: said('', 'other'),
  },
  {
    name: 'numbers that are left out where they are zero',
    body: hello + line({ done: true, done_reason: 'stop', eval_count: 4 }),
    expected: {
      events: [
        { kind: 'text', text: greeting },
        { kind: 'usage', usage: { inputTokens: 0, outputTokens: 4 } },
        { kind: 'finish', finishReason: 'stop' },
      ],
    },
  },
  {
    name: 'no numbers',
    body: hello + line({ done: true, done_reason: 'stop' }),
    expected: {
      events: [
        { kind: 'text', text: greeting },
        { kind: 'finish', finishReason: 'stop' },
      ],
    },
  },
  {
    name: 'a tool that is called, without an id',
    body: message({ content: '', tool_calls: [{ function: { name: 'f', arguments: { x: 1 } } }] }) + end(),
    expected: calling(said('', 'tool_calls'), { name: 'f', arguments: { x: 1 } }),
  },
  {
    name: 'all in one object that is laid out over several lines',
    body: JSON.stringify(
      {
        message: { role: 'assistant', content: 'a\nb', tool_calls: [] },
        done: true,
        done_reason: 'stop',
        prompt_eval_count: 3,
        eval_count: 4,
      },
      undefined,
      2,
    ),
    expected: said('a\nb'),
  },
  {
    name: 'one object over several lines that breaks off',
    body: '{\n  "message": {\n    "content": "a"\n  },\n',
    expected: failed('malformed_response', 9, 'api.example sent an answer that mira cannot read.'),
  },
  {
    name: 'null in every place',
    body: message({ content: null, thinking: null, tool_calls: null, images: null }) + hello + end(),
    expected: said(greeting),
  },
  {
    name: 'fields that nobody knows yet',
    body: line({ progress: 0.5 }) + hello + end({ logprobs: [], remote_model: 'x' }),
    expected: said(greeting),
  },
  {
    name: 'an error as an object',
    body: line({ error: { message: 'out of memory', code: 500 } }),
    expected: failed('server_error', 9, 'api.example failed (status 500): out of memory.'),
  },
  {
    name: 'an error that is null is none',
    body: line({ error: null }) + line({ error: '' }) + hello + end(),
    expected: said(greeting),
  },
  {
    name: 'somebody who has to sign in first',
    body: line({ error: 'unauthorized', signin_url: 'https://ollama.com/connect' }),
    expected: failed('server_error', 9, 'api.example failed: unauthorized.'),
  },
  {
    name: 'a line that is not JSON',
    body: `${hello}oops\n${end()}`,
    expected: failed('malformed_response', 9, 'api.example sent an answer that mira cannot read.', greeting),
  },
  {
    name: 'a line that is a list',
    body: `${hello}[]\n${end()}`,
    expected: failed('malformed_response', 9, 'api.example sent an answer that mira cannot read.', greeting),
  },
  {
    name: 'thinking and no more',
    body: message({ content: '', thinking: 'hm' }),
    expected: {
      events: [{ kind: 'reasoning', text: 'hm' }],
      error: { code: 'stream_cut', exit: 9, message: 'The answer of api.example was cut short.' },
    },
  },
  {
    name: 'CR alone between lines',
    body: (hello + end()).replaceAll('\n', '\r'),
    expected: failed('stream_cut', 9, 'api.example answered with nothing.'),
  },
  {
    name: 'a web page',
    body: '<!doctype html>',
    type: 'text/html',
    expected: failed('malformed_response', 9, 'api.example answered with a web page instead of an answer.'),
  },
];
