/** Answers in Ollama's own format as it and its imitators send them, and what is to be made of each. */
import type { ChatEvent, FinishReason } from '../../../src/chat/provider.ts';
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
    name: 'a web page',
    body: '<!doctype html>',
    type: 'text/html',
    expected: failed('malformed_response', 9, 'api.example answered with a web page instead of an answer.'),
  },
];
