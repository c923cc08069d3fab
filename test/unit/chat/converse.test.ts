import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { converseInput, createConverseDecoder } from '../../../src/chat/converse.ts';
import { createFrameStream } from '../../../src/chat/frame-stream.ts';
import type { ChatEvent, FinishReason } from '../../../src/chat/provider.ts';
import { answer, delta, event, exception, frame, metadata, stop, text } from '../../support/aws/frames.ts';
import { answerOf, cutAt, everyCut, read } from './wire.ts';
import { calling } from '../../support/odd-streams/odd-stream.ts';
import type { Reading } from '../../support/odd-streams/odd-stream.ts';

const FORMAT = { createDecoder: createConverseDecoder, framing: createFrameStream };
const TYPE = 'application/vnd.amazon.eventstream';
const HOST = 'api.example';

const all = (...frames: readonly Uint8Array[]): Buffer => Buffer.concat(frames);
const start = event('messageStart', { role: 'assistant' });
const thought = (words: string, index = 0): Buffer => delta({ reasoningContent: { text: words } }, index);
const blockStop = (index = 0): Buffer => event('contentBlockStop', { contentBlockIndex: index });

const said = (words: string, finishReason: FinishReason = 'stop', usage = [3, 4]): Reading => ({
  events: [
    ...(words === '' ? [] : [{ kind: 'text' as const, text: words }]),
    { kind: 'usage', usage: { inputTokens: usage[0] ?? 0, outputTokens: usage[1] ?? 0 } },
    { kind: 'finish', finishReason },
  ],
});
const failed = (code: string, exit: number, message: string, ...texts: readonly string[]): Reading => ({
  events: texts.map((one): ChatEvent => ({ kind: 'text', text: one })),
  error: { code, exit, message },
});
const cut = (...texts: readonly string[]): Reading =>
  failed('stream_cut', 9, `The answer of ${HOST} was cut short.`, ...texts);
const damaged = (...texts: readonly string[]): Reading =>
  failed('stream_cut', 9, 'The answer was damaged on its way.', ...texts);

/** The frame with one byte of it changed. */
function spoilt(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 0x01, at);
  return copy;
}

/** A prelude that promises so much, with the checksum that belongs to it. */
function promising(total: number, headers: number): Buffer {
  const model = frame({}, '');
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(total, 0);
  prelude.writeUInt32BE(headers, 4);
  return all(prelude, crc(prelude), model.subarray(12));
}

function crc(bytes: Buffer): Buffer {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  const made = Buffer.alloc(4);
  made.writeUInt32BE(~sum >>> 0);
  return made;
}

interface Row {
  readonly name: string;
  readonly body: Buffer;
  readonly expected: Reading;
}

const rows: readonly Row[] = [
  { name: 'as documented', body: answer('Grüße 🙂 世界'), expected: said('Grüße 🙂 世界') },
  {
    name: 'reasoning, with its signature and what is hidden of it, before the answer',
    body: all(
      start,
      thought('Let me '),
      thought('see.'),
      delta({ reasoningContent: { signature: 'c2ln' } }),
      delta({ reasoningContent: { redactedContent: 'eA==' } }),
      blockStop(0),
      text('Yes.', 1),
      blockStop(1),
      stop(),
      metadata(),
    ),
    expected: { events: [{ kind: 'reasoning', text: 'Let me see.' }, ...said('Yes.').events] },
  },
  {
    name: 'blocks that are interleaved',
    body: all(
      text('a', 0),
      text('1', 1),
      text('b', 0),
      blockStop(1),
      blockStop(0),
      text('2', 2),
      stop(),
      metadata(),
    ),
    expected: said('ab12'),
  },
  {
    name: 'a call of a tool',
    body: all(
      start,
      event('contentBlockStart', {
        contentBlockIndex: 0,
        start: { toolUse: { toolUseId: 't', name: 'clock' } },
      }),
      delta({ toolUse: { input: '{"zone":"UTC"}' } }),
      blockStop(),
      stop('tool_use'),
      metadata(),
    ),
    expected: calling(said('', 'tool_calls'), { id: 't', name: 'clock', arguments: { zone: 'UTC' } }),
  },
  ...(
    [
      ['end_turn', 'stop'],
      ['stop_sequence', 'stop'],
      ['max_tokens', 'length'],
      ['model_context_window_exceeded', 'length'],
      ['something_new', 'other'],
    ] as const
  ).map(([reason, finishReason]) => ({
    name: `an answer that ended for ${reason}`,
    body: answer('so', reason),
    expected: said('so', finishReason),
  })),
  ...['guardrail_intervened', 'content_filtered'].map((reason) => ({
    name: `an answer that ended for ${reason}`,
    body: answer('so', reason),
    expected: failed('content_filtered', 8, `The content filter of ${HOST} stopped the answer.`, 'so'),
  })),
  ...['malformed_model_output', 'malformed_tool_use'].map((reason) => ({
    name: `an answer that ended for ${reason}`,
    body: answer('so', reason),
    expected: failed('server_error', 9, `The model at ${HOST} wrote something that is no answer.`, 'so'),
  })),
  {
    name: 'what came from the cache, which was read too',
    body: all(
      text('so'),
      stop(),
      metadata({ inputTokens: 3, outputTokens: 4, cacheReadInputTokens: 10, cacheWriteInputTokens: 20 }),
    ),
    expected: said('so', 'stop', [33, 4]),
  },
  {
    name: 'no account of what was used',
    body: all(text('so'), stop()),
    expected: {
      events: [
        { kind: 'text', text: 'so' },
        { kind: 'finish', finishReason: 'stop' },
      ],
    },
  },
  {
    name: 'events, headers and fields nobody knows yet',
    body: all(
      event('somethingNew', { a: 1 }),
      frame(
        { ':message-type': 'event', ':event-type': 'contentBlockDelta', extra: 'x' },
        '{"delta":{"text":"so"},"p":"abcd"}',
      ),
      delta({ citation: { title: 't' } }),
      stop(),
      metadata(),
    ),
    expected: said('so'),
  },
  {
    name: 'headers of every type',
    body: all(
      rawHeaders([
        [0, Buffer.alloc(0)],
        [1, Buffer.alloc(0)],
        [2, Buffer.alloc(1)],
        [3, Buffer.alloc(2)],
        [4, Buffer.alloc(4)],
        [5, Buffer.alloc(8)],
        [6, Buffer.from([0, 2, 7, 7])],
        [8, Buffer.alloc(8)],
        [9, Buffer.alloc(16)],
      ]),
      answer('so'),
    ),
    expected: said('so'),
  },
  { name: 'an end before the answer', body: all(start, text('so far')), expected: cut('so far') },
  {
    name: 'an end inside a frame',
    body: all(text('so far'), text('more').subarray(0, 40)),
    expected: cut('so far'),
  },
  {
    name: 'an end inside a prelude',
    body: all(text('so far'), text('more').subarray(0, 7)),
    expected: cut('so far'),
  },
  { name: 'nothing', body: start, expected: failed('stream_cut', 9, `${HOST} answered with nothing.`) },
  {
    name: 'a payload that was damaged',
    body: all(text('so'), spoilt(text('xx'), 110)),
    expected: damaged('so'),
  },
  {
    name: 'a checksum that was damaged',
    body: all(text('so'), spoilt(text('xx'), text('xx').length - 1)),
    expected: damaged('so'),
  },
  {
    name: 'a length that was damaged',
    body: all(text('so'), spoilt(text('xx'), 3)),
    expected: damaged('so'),
  },
  {
    name: 'a prelude whose checksum was damaged',
    body: all(text('so'), spoilt(text('xx'), 9)),
    expected: damaged('so'),
  },
  {
    name: 'headers that are longer than their frame',
    body: all(text('so'), promising(16, 1)),
    expected: damaged('so'),
  },
  ...[0, 11, 12, 15].map((length) => ({
    name: `a frame of ${length} bytes, shorter than any frame`,
    body: all(text('so'), promising(length, 0)),
    expected: damaged('so'),
  })),
  {
    name: 'a header that ends outside',
    body: all(text('so'), rawHeaders([[6, Buffer.from([1, 0, 1])]])),
    expected: damaged('so'),
  },
  {
    name: 'a header of no type',
    body: all(text('so'), rawHeaders([[10, Buffer.alloc(0)]])),
    expected: damaged('so'),
  },
  {
    name: 'a frame larger than any answer',
    body: all(text('so'), promising(0x7fffffff, 0)),
    expected: failed(
      'response_too_large',
      9,
      'The service sent a single message larger than mira reads.',
      'so',
    ),
  },
  {
    name: 'damage after the end, where nothing is missing',
    body: all(text('so'), stop(), spoilt(metadata(), 3)),
    expected: {
      events: [
        { kind: 'text', text: 'so' },
        { kind: 'finish', finishReason: 'stop' },
      ],
    },
  },
  {
    name: 'a payload that is no JSON',
    body: all(
      text('so'),
      frame({ ':message-type': 'event', ':event-type': 'contentBlockDelta' }, '{"delta":'),
    ),
    expected: failed('malformed_response', 9, `${HOST} sent an answer that mira cannot read.`, 'so'),
  },
  {
    name: 'a failure in the middle',
    body: all(text('so'), exception('internalServerException', 'out of memory')),
    expected: failed('server_error', 9, `${HOST} failed: out of memory.`, 'so'),
  },
  {
    name: 'a failure whose text is no JSON',
    body: all(
      text('so'),
      frame({ ':message-type': 'exception', ':exception-type': 'modelStreamErrorException' }, 'broken'),
    ),
    expected: failed('server_error', 9, `${HOST} failed: broken.`, 'so'),
  },
  {
    name: 'a failure that is only a code',
    body: all(
      text('so'),
      frame({ ':message-type': 'error', ':error-code': 'InternalError', ':error-message': 'it broke' }, ''),
    ),
    expected: failed('server_error', 9, `${HOST} failed: it broke.`, 'so'),
  },
  {
    name: 'a whole answer that is not streamed',
    body: Buffer.from(
      JSON.stringify({
        output: {
          message: {
            role: 'assistant',
            content: [{ reasoningContent: { reasoningText: { text: 'Hm. ' } } }, { text: 'so' }],
          },
        },
        stopReason: 'end_turn',
        usage: { inputTokens: 3, outputTokens: 4 },
      }),
    ),
    expected: { events: [{ kind: 'reasoning', text: 'Hm. ' }, ...said('so').events] },
  },
  {
    name: 'an error as JSON with a good status',
    body: Buffer.from('{"message":"out of order"}'),
    expected: failed('server_error', 9, `${HOST} failed: out of order.`),
  },
  {
    name: 'JSON that is no answer',
    body: Buffer.from('{"ok":true}'),
    expected: failed('malformed_response', 9, `${HOST} sent an answer that mira cannot read.`),
  },
  {
    name: 'a web page',
    body: Buffer.from('<!doctype html><title>Sign in</title>'),
    expected: failed('malformed_response', 9, `${HOST} answered with a web page instead of an answer.`),
  },
];

/** A frame with headers of these types and values. */
function rawHeaders(headers: readonly (readonly [type: number, value: Buffer])[]): Buffer {
  const head = all(...headers.map(([type, value]) => all(Buffer.of(1, 0x78, type), value)));
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(16 + head.length, 0);
  prelude.writeUInt32BE(head.length, 4);
  const rest = all(prelude, crc(prelude), head);
  return all(rest, crc(rest));
}

describe('an answer of Converse', () => {
  it.each(rows)('with $name is read the same however it is cut', async ({ body, expected }) => {
    for (const pieces of everyCut(body)) expect(await read(answerOf(pieces, TYPE), FORMAT)).toEqual(expected);
  });

  it('is read the same in any pieces', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...rows), fc.array(fc.nat()), async ({ body, expected }, cuts) => {
        expect(await read(answerOf(cutAt(body, cuts), TYPE), FORMAT)).toEqual(expected);
      }),
    );
  });

  it('is damaged, or the same, whichever bit of it is changed', async () => {
    const body = all(text('hello'), stop());
    const whole = await read(answerOf([body], TYPE), FORMAT);
    const frames = [0, text('hello').length];
    for (let bit = 0; bit < body.length * 8; bit += 1) {
      const copy = Buffer.from(body);
      copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const { events, error } = await read(answerOf([copy], TYPE), FORMAT);
      // The very first byte is what frames are told from text by.
      const isFirst = frames[0] === bit >> 3;
      expect([error === undefined, isFirst || error?.exit === 9]).toEqual([false, true]);
      expect(whole.events.slice(0, events.length)).toEqual(events);
    }
  });
});

describe('a question of Converse', () => {
  it('tells the task apart, puts turns of one side together, and carries pictures as bytes', () => {
    expect(
      converseInput({
        model: 'm',
        maxTokens: 5,
        temperature: 0.5,
        messages: [
          { role: 'system', text: 'be brief' },
          { role: 'user', text: 'hi' },
          { role: 'assistant', text: '', stopped: true },
          { role: 'user', text: 'what is it?', images: [{ mediaType: 'image/png', base64: 'QUJD' }] },
          { role: 'assistant', text: 'A.\ud800' },
          { role: 'user', text: '', images: [{ mediaType: 'image/webp', base64: 'REVG' }] },
        ],
      }),
    ).toEqual({
      modelId: 'm',
      system: [{ text: 'be brief' }],
      messages: [
        {
          role: 'user',
          content: [
            { text: 'hi' },
            { image: { format: 'png', source: { bytes: Buffer.from('ABC') } } },
            { text: 'what is it?' },
          ],
        },
        { role: 'assistant', content: [{ text: 'A.\ufffd' }] },
        { role: 'user', content: [{ image: { format: 'webp', source: { bytes: Buffer.from('DEF') } } }] },
      ],
      inferenceConfig: { maxTokens: 5, temperature: 0.5 },
    });
  });

  it('says nothing of what was not asked for', () => {
    expect(converseInput({ model: 'm', messages: [{ role: 'user', text: 'hi' }] })).toEqual({
      modelId: 'm',
      messages: [{ role: 'user', content: [{ text: 'hi' }] }],
    });
  });
});
