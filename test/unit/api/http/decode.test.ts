import { setTimeout as delay } from 'node:timers/promises';
import { constants, gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { decoded } from '../../../../src/api/http/decode.ts';
import { MiraError } from '../../../../src/errors.ts';

/** What a server has written in gzip that goes on. */
const flushed = (text: string): Buffer => gzipSync(text, { finishFlush: constants.Z_SYNC_FLUSH });

it('what could be read of a compressed answer that is cut comes before its end does, however slow the reader', async () => {
  const words = 'x'.repeat(100_000);
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield flushed(words);
  }
  let text = '';
  let failure: unknown;
  try {
    for await (const piece of decoded(bytes(), { encoding: 'gzip', host: 'api.example', maxBytes: 1e9 })) {
      text += Buffer.from(piece).toString();
      await delay(20);
    }
  } catch (error) {
    failure = error;
  }
  expect(text).toBe(words);
  expect(failure).toBeInstanceOf(MiraError);
  expect(failure).toMatchObject({
    code: 'stream_cut',
    message: 'The answer of api.example ended too early.',
  });
});
