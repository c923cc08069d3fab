/** Bytes as they were before compression, counted: a small answer must not become gigabytes. */
import type { Transform } from 'node:stream';

import { MiraError, foreignCode } from '../../errors.ts';
import { endedEarly } from './failure.ts';

export interface DecodeOptions {
  readonly encoding: string | undefined;
  readonly host: string;
  readonly maxBytes: number;
}

/** @throws MiraError `response_too_large`, `malformed_response`, and what `bytes` throws */
export async function* decoded(
  bytes: AsyncIterable<Uint8Array>,
  options: DecodeOptions,
): AsyncGenerator<Uint8Array> {
  const encodings = (options.encoding ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  let plain = bytes;
  for (const encoding of encodings.reverse()) plain = inflated(plain, { encoding, host: options.host });

  let total = 0;
  for await (const chunk of plain) {
    total += chunk.length;
    if (total > options.maxBytes) throw tooLarge(options);
    yield chunk;
  }
}

export async function collected(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* inflated(
  bytes: AsyncIterable<Uint8Array>,
  options: { readonly encoding: string; readonly host: string },
): AsyncGenerator<Uint8Array> {
  const { Readable, pipeline } = await import('node:stream');
  const source = bytes[Symbol.asyncIterator]();
  const first = await source.next();
  if (first.done === true) return;
  const inflater = await createInflater({ ...options, firstByte: first.value[0] ?? 0 });
  const rest = (async function* () {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => source };
  })();
  // Errors of both sides surface where the inflater is read.
  pipeline(Readable.from(rest, { objectMode: false }), inflater, () => {});
  try {
    for await (const chunk of inflater) yield chunk;
  } catch (error) {
    if (error instanceof MiraError) throw error;
    if (foreignCode(error) === 'Z_BUF_ERROR') throw endedEarly(options.host, error);
    throw new MiraError('malformed_response', `${options.host} sent a compressed answer that is damaged.`, {
      hint: 'Try again.',
      cause: error,
    });
  } finally {
    inflater.destroy();
    await source.return?.();
  }
}

async function createInflater(options: {
  readonly encoding: string;
  readonly host: string;
  readonly firstByte: number;
}): Promise<Transform> {
  const zlib = await import('node:zlib');
  switch (options.encoding) {
    case 'gzip':
    case 'x-gzip':
      return zlib.createGunzip();
    case 'br':
      return zlib.createBrotliDecompress();
    case 'deflate':
      // Some servers send the bare stream without the zlib header that RFC 9110, section 8.4.1.2, asks for.
      return (options.firstByte & 0x0f) === 0x08 ? zlib.createInflate() : zlib.createInflateRaw();
    default:
      throw new MiraError(
        'malformed_response',
        `${options.host} sent its answer in a compression mira did not ask for.`,
      );
  }
}

function tooLarge(options: DecodeOptions): MiraError {
  const mib = Math.max(1, Math.round(options.maxBytes / (1024 * 1024)));
  return new MiraError('response_too_large', `The answer of ${options.host} is larger than ${mib} MiB.`, {
    hint: 'Check the address: this is not an answer the service should give.',
  });
}
