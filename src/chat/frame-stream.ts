/**
 * Bytes to the messages of an AWS event stream (application/vnd.amazon.eventstream), in the callback. A message is
 * its length, the length of its headers and a CRC-32 of these two, then headers, payload and a CRC-32 of all that.
 */
import { crc32 } from 'node:zlib';

import { MiraError } from '../errors.ts';
import { isRecord, parseJson } from '../json.ts';
import type { EventStream, ServerEvent } from './event-stream.ts';

const MAX_FRAME_BYTES = 16 * 1024 * 1024;
const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;

/**
 * An exception or an error of the service is an event named `exception`, whose data has the name in `__type`, as in the
 * body of an answer that is no 2xx. A frame that broke off is nothing.
 */
export function createFrameStream(onEvent: (event: ServerEvent) => void): EventStream {
  let pieces: Uint8Array[] = [];
  let size = 0;
  let wanted = PRELUDE_BYTES;

  const take = (): Buffer => {
    const bytes = Buffer.concat(pieces);
    pieces = [bytes];
    return bytes;
  };
  return {
    push(bytes) {
      pieces.push(bytes);
      size += bytes.length;
      while (size >= wanted) {
        const all = take();
        if (wanted === PRELUDE_BYTES) wanted = frameLength(all);
        else {
          onEvent(parseFrame(all.subarray(0, wanted)));
          pieces = [all.subarray(wanted)];
          size -= wanted;
          wanted = PRELUDE_BYTES;
        }
      }
    },
    end() {},
  };
}

/** @throws MiraError `stream_cut`, `response_too_large` before anything of that size is kept */
function frameLength(bytes: Buffer): number {
  const total = bytes.readUInt32BE(0);
  const headers = bytes.readUInt32BE(4);
  if (crc32(bytes.subarray(0, 8)) !== bytes.readUInt32BE(8)) throw damaged();
  if (headers > total - PRELUDE_BYTES - CHECKSUM_BYTES) throw damaged();
  if (total <= MAX_FRAME_BYTES) return total;
  throw new MiraError('response_too_large', 'The service sent a single message larger than mira reads.', {
    hint: 'Ask for a shorter answer.',
  });
}

function parseFrame(frame: Buffer): ServerEvent {
  const end = frame.length - CHECKSUM_BYTES;
  if (crc32(frame.subarray(0, end)) !== frame.readUInt32BE(end)) throw damaged();
  const headersEnd = PRELUDE_BYTES + frame.readUInt32BE(4);
  const headers = parseHeaders(frame.subarray(PRELUDE_BYTES, headersEnd));
  const data = frame.toString('utf8', headersEnd, end);
  switch (headers.get(':message-type')) {
    case 'exception':
      return exception(headers.get(':exception-type'), parseJson(data) ?? { message: data });
    case 'error':
      return exception(headers.get(':error-code'), { message: headers.get(':error-message') });
    default:
      return { event: headers.get(':event-type'), data };
  }
}

function exception(type: string | undefined, fields: unknown): ServerEvent {
  return { event: 'exception', data: JSON.stringify({ ...(isRecord(fields) ? fields : {}), __type: type }) };
}

/** The headers that are text; those of other types are passed over. */
function parseHeaders(bytes: Buffer): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  let at = 0;
  const step = (length: number): Buffer => {
    if (at + length > bytes.length) throw damaged();
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const name = step(step(1).readUInt8()).toString('utf8');
    const type = step(1).readUInt8();
    const length = VALUE_BYTES[type];
    if (length === undefined) throw damaged();
    const value = step(length === 'counted' ? step(2).readUInt16BE() : length);
    if (type === TEXT) headers.set(name, value.toString('utf8'));
  }
  return headers;
}

const TEXT = 7;

/** By type: true, false, byte, short, integer, long, bytes, text, time, uuid. */
const VALUE_BYTES: readonly (number | 'counted')[] = [0, 0, 1, 2, 4, 8, 'counted', 'counted', 8, 16];

function damaged(): MiraError {
  return new MiraError('stream_cut', 'The answer was damaged on its way.', { hint: 'Ask again.' });
}
