import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOllamaDecoder } from '../../../src/chat/ollama-chat.ts';
import { NDJSON, end, failed, ollamaStreams, said, text } from '../../support/odd-streams/ollama.ts';
import { answerOf, cutAt, everyCut, read } from './wire.ts';

const FORMAT = { createDecoder: createOllamaDecoder, framing: 'lines' } as const;
describe('an answer of Ollama', () => {
  it.each(ollamaStreams)('$name: the same however it is cut', async ({ body, type = NDJSON, expected }) => {
    for (const pieces of everyCut(body)) expect(await read(answerOf(pieces, type), FORMAT)).toEqual(expected);
  });

  it('is the same in any number of pieces, with any words', async () => {
    const words = fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(words, fc.array(fc.nat(), { maxLength: 20 }), async (texts, cuts) => {
        const body = text('Say: ') + texts.map(text).join('') + end();
        expect(await read(answerOf(cutAt(body, cuts), NDJSON), FORMAT)).toEqual(
          said(`Say: ${texts.join('')}`),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('of one endless line is given up', async () => {
    const megabyte = Buffer.alloc(1024 * 1024, 'x');
    const pieces = [Buffer.from('{"x":"'), ...Array.from({ length: 17 }, () => megabyte)];
    expect(await read(answerOf(pieces, NDJSON), FORMAT)).toEqual(
      failed('response_too_large', 9, 'The service sent a single line larger than mira reads.'),
    );
  });
});
