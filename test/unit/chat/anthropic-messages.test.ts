import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMessagesDecoder } from '../../../src/chat/anthropic-messages.ts';
import { END, finish, messagesStreams, said, start, text } from '../../support/odd-streams/messages.ts';
import { answerOf, cutAt, everyCut, read } from './wire.ts';

const FORMAT = { createDecoder: createMessagesDecoder, framing: 'events' } as const;

describe('an answer in the Messages format', () => {
  it.each(messagesStreams)('$name: the same however it is cut', async ({ body, type, expected }) => {
    for (const pieces of everyCut(body)) expect(await read(answerOf(pieces, type), FORMAT)).toEqual(expected);
  });

  it('is the same in any number of pieces, with any words in any blocks', async () => {
    const words = fc.array(
      fc.record({ index: fc.nat(2), text: fc.string({ unit: 'grapheme', maxLength: 12 }) }),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(words, fc.array(fc.nat(), { maxLength: 20 }), async (deltas, cuts) => {
        const body = start() + deltas.map((one) => text(one.text, one.index)).join('') + finish() + END;
        const inOrder = [...new Set(deltas.map(({ index }) => index))]
          .map((index) => deltas.filter((one) => one.index === index).map((one) => one.text))
          .flat()
          .join('');
        expect(await read(answerOf(cutAt(body, cuts)), FORMAT)).toEqual(said(inOrder));
      }),
      { numRuns: 300 },
    );
  });
});
