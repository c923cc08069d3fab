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

/** Everything that could be decoded is given before the failure of what could not. */
async function* inflated(
  bytes: AsyncIterable<Uint8Array>,
  options: { readonly encoding: string; readonly host: string },
): AsyncGenerator<Uint8Array> {
  const source = bytes[Symbol.asyncIterator]();
  const first = await source.next();
  if (first.done === true) return;
  const inflater = await createInflater({ ...options, firstByte: first.value[0] ?? 0 });
  let failure: unknown;
  inflater.on('error', (error) => {
    failure ??= error;
  });
  try {
    let next: IteratorResult<Uint8Array> = first;
    while (next.done !== true && failure === undefined) {
      const { value } = next;
      yield* decodedOf(inflater, (done) => inflater.write(value, done));
      next = await source.next();
    }
    if (failure === undefined) yield* decodedOf(inflater, () => inflater.end());
    if (failure !== undefined) throw damaged(failure, options.host);
  } finally {
    inflater.destroy();
    await source.return?.();
  }
}

/** Until `done`, or the end of all, which an error is too; read as it comes, so that what becomes much is not held whole. */
async function* decodedOf(inflater: Transform, feed: (done: () => void) => void): AsyncGenerator<Uint8Array> {
  let isTaken = false;
  let wake = (): void => {};
  const onReadable = (): void => wake();
  const onDone = (): void => {
    isTaken = true;
    wake();
  };
  inflater.on('readable', onReadable);
  inflater.on('close', onDone);
  feed(onDone);
  try {
    for (;;) {
      for (let piece = read(inflater); piece !== undefined; piece = read(inflater)) yield piece;
      if (isTaken) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (isTaken || inflater.readableLength > 0) resolve();
      });
    }
  } finally {
    inflater.off('readable', onReadable);
    inflater.off('close', onDone);
  }
}

function read(inflater: Transform): Uint8Array | undefined {
  const piece: unknown = inflater.read();
  return piece instanceof Uint8Array ? piece : undefined;
}

function damaged(error: unknown, host: string): MiraError {
  if (foreignCode(error) === 'Z_BUF_ERROR') return endedEarly(host, error);
  return new MiraError('malformed_response', `${host} sent a compressed answer that is damaged.`, {
    hint: 'Try again.',
    cause: error,
  });
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
