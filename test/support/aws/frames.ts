/** Messages of an AWS event stream (application/vnd.amazon.eventstream), as Bedrock sends them. */
import { crc32 } from 'node:zlib';

export const FRAMES = { 'content-type': 'application/vnd.amazon.eventstream' };

export function frame(headers: Readonly<Record<string, string>>, payload: string): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => textHeader(name, value)));
  const body = Buffer.from(payload);
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(16 + head.length + body.length, 0);
  prelude.writeUInt32BE(head.length, 4);
  const rest = Buffer.concat([prelude, checksum(prelude), head, body]);
  return Buffer.concat([rest, checksum(rest)]);
}

function textHeader(name: string, value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(value));
  return Buffer.concat([
    Buffer.of(Buffer.byteLength(name)),
    Buffer.from(name),
    Buffer.of(7),
    length,
    Buffer.from(value),
  ]);
}

function checksum(bytes: Buffer): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum;
}

export function event(name: string, fields: object = {}): Buffer {
  const headers = {
    ':event-type': name,
    ':content-type': 'application/json',
    ':message-type': 'event',
  };
  return frame(headers, JSON.stringify(fields));
}

/** A failure after a status of 200. */
export function exception(name: string, message: string): Buffer {
  const headers = {
    ':exception-type': name,
    ':content-type': 'application/json',
    ':message-type': 'exception',
  };
  return frame(headers, JSON.stringify({ message }));
}

export const delta = (fields: object, index = 0): Buffer =>
  event('contentBlockDelta', { contentBlockIndex: index, delta: fields });

export const text = (words: string, index = 0): Buffer => delta({ text: words }, index);

export const stop = (reason = 'end_turn'): Buffer => event('messageStop', { stopReason: reason });

export const metadata = (usage: object = { inputTokens: 3, outputTokens: 4, totalTokens: 7 }): Buffer =>
  event('metadata', { usage, metrics: { latencyMs: 1 } });

/** A whole answer. */
export function answer(words: string, reason = 'end_turn'): Buffer {
  return Buffer.concat([
    event('messageStart', { role: 'assistant' }),
    text(words),
    event('contentBlockStop', { contentBlockIndex: 0 }),
    stop(reason),
    metadata(),
  ]);
}
