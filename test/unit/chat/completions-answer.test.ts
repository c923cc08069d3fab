import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { ChatEvent } from '../../../src/chat/provider.ts';
import { DONE, completionsStreams, finish, text } from '../../support/odd-streams/completions.ts';
import { answerOf, everyCut, read } from './wire.ts';

describe('an answer', () => {
  it.each(completionsStreams)('$name: the same however it is cut', async ({ body, type, expected }) => {
    for (const pieces of everyCut(body)) expect(await read(answerOf(pieces, type))).toEqual(expected);
  });

  it('is the same however it is cut, with any text in it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { maxLength: 8 }),
        fc.array(fc.nat(2_000), { maxLength: 20 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        async (texts, cuts, newline) => {
          const stream = (texts.map(text).join('') + finish() + DONE).replaceAll('\n', newline);
          const bytes = Buffer.from(stream);
          const at = [...new Set([0, ...cuts.map((cutAt) => cutAt % bytes.length), bytes.length])].sort(
            (a, b) => a - b,
          );
          const pieces = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
          expect(await read(answerOf(pieces))).toEqual(await read(answerOf([bytes])));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of one endless event is given up', async () => {
    const megabyte = Buffer.alloc(1024 * 1024, 'x');
    const pieces = [Buffer.from('data: '), ...Array.from({ length: 17 }, () => megabyte)];
    const { error } = await read(answerOf(pieces));
    expect(error).toEqual({
      code: 'response_too_large',
      exit: 9,
      message: 'The service sent a single event larger than mira reads.',
    });
  });

  it('of nothing but spaces is given up without reading them again and again', async () => {
    const spaces = Buffer.alloc(4096, ' ');
    const { error } = await read(answerOf(Array.from({ length: 2 ** 11 + 1 }, () => spaces)));
    expect(error?.code).toBe('response_too_large');
  });

  it('hands out one piece of text for each network read', async () => {
    const { readCompletions } = await import('../../../src/chat/completions-answer.ts');
    const pieces = [text('a') + text('b') + text('c'), text('d') + finish() + DONE].map((one) =>
      Buffer.from(one),
    );
    const events: ChatEvent[] = [];
    const options = { clocks: { silenceMs: 1000, quietMs: 1000 }, stop: new AbortController(), now: () => 0 };
    for await (const one of readCompletions(answerOf(pieces), options)) events.push(one);
    expect(events).toEqual([
      { kind: 'text', text: 'abc' },
      { kind: 'text', text: 'd' },
      { kind: 'finish', finishReason: 'stop' },
    ]);
  });
});
