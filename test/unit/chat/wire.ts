/** Answers as bytes, and what a reader makes of them, for tests of the wire format. */
import type { HttpResponse } from '../../../src/api/http.ts';
import { createCompletionsDecoder } from '../../../src/chat/chat-completions.ts';
import type { ChatEvent } from '../../../src/chat/provider.ts';
import { readAnswer } from '../../../src/chat/read-answer.ts';
import type { AnswerReading } from '../../../src/chat/read-answer.ts';
import { MiraError } from '../../../src/errors.ts';
import type { Reading } from '../../support/odd-streams/odd-stream.ts';

/** An answer whose body comes in these pieces. */
export function answerOf(pieces: readonly Uint8Array[], contentType = 'text/event-stream'): HttpResponse {
  const unused = (): never => {
    throw new Error('only bytes() is read');
  };
  return {
    status: 200,
    headers: { 'content-type': contentType },
    url: new URL('https://api.example/v1/chat/completions'),
    async *bytes() {
      yield* pieces;
    },
    text: unused,
    json: unused,
    discard: () => {},
  };
}

type Format = Pick<AnswerReading, 'createDecoder' | 'framing'>;

const COMPLETIONS: Format = { createDecoder: createCompletionsDecoder, framing: 'events' };

/** Reads a whole answer; neighbouring pieces of text are joined, since where they are cut means nothing. */
export async function read(response: HttpResponse, format: Format = COMPLETIONS): Promise<Reading> {
  const events: ChatEvent[] = [];
  try {
    const answer = readAnswer(response, {
      ...format,
      clocks: { silenceMs: 5_000, quietMs: 5_000 },
      stop: new AbortController(),
      now: () => 0,
    });
    for await (const event of answer) append(events, event);
    return { events };
  } catch (error) {
    if (!(error instanceof MiraError)) throw error;
    return { events, error: { code: error.code, exit: error.exitCode, message: error.message } };
  }
}

/** The bytes whole, cut in two at every place, and one by one. */
export function* everyCut(body: string | Uint8Array): Generator<readonly Uint8Array[]> {
  const bytes = Buffer.from(body);
  yield [bytes];
  for (let at = 1; at < bytes.length; at += 1) yield [bytes.subarray(0, at), bytes.subarray(at)];
  yield Array.from(bytes, (byte) => Uint8Array.of(byte));
}

/** Pieces that begin at these places, wherever they are. */
export function cutAt(body: string | Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  const bytes = Buffer.from(body);
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])];
  const at = places.toSorted((a, b) => a - b);
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

export function append(events: ChatEvent[], event: ChatEvent): void {
  const last = events.at(-1);
  if (event.kind === 'text' && last?.kind === 'text') {
    events[events.length - 1] = { kind: 'text', text: last.text + event.text };
  } else if (event.kind === 'reasoning' && last?.kind === 'reasoning') {
    events[events.length - 1] = { kind: 'reasoning', text: last.text + event.text };
  } else {
    events.push(event);
  }
}
