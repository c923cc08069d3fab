/** Where the network cuts an answer means nothing: every row of the tables, in pieces of any number and length. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createMessagesDecoder } from '../../../src/chat/anthropic-messages.ts';
import { createCompletionsDecoder } from '../../../src/chat/chat-completions.ts';
import { createOllamaDecoder } from '../../../src/chat/ollama-chat.ts';
import { completionsStreams } from '../../support/odd-streams/completions.ts';
import { messagesStreams } from '../../support/odd-streams/messages.ts';
import { NDJSON, ollamaStreams } from '../../support/odd-streams/ollama.ts';
import { answerOf, cutAt, read } from './wire.ts';

const SSE = 'text/event-stream';
const formats = [
  { createDecoder: createCompletionsDecoder, framing: 'events', usual: SSE, rows: completionsStreams },
  { createDecoder: createMessagesDecoder, framing: 'events', usual: SSE, rows: messagesStreams },
  { createDecoder: createOllamaDecoder, framing: 'lines', usual: NDJSON, rows: ollamaStreams },
] as const;
const all = formats.flatMap(({ rows, ...format }) => rows.map((row) => ({ row, format })));

it('any row in any pieces gives the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...all),
      fc.array(fc.nat(), { maxLength: 30 }),
      async ({ row, format }, cuts) => {
        const answer = answerOf(cutAt(row.body, cuts), row.type ?? format.usual);
        expect({ name: row.name, ...(await read(answer, format)) }).toEqual({
          name: row.name,
          ...row.expected,
        });
      },
    ),
    { numRuns: 2_000 },
  );
});
