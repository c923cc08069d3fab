/** What every provider does alike, whatever its service speaks. */
import { describe, expect, it } from 'vitest';
import type { BearerSource } from '../../src/api/bearer.ts';
import type { Http } from '../../src/api/http.ts';
import type { Patience } from '../../src/chat/ask.ts';
import type { ChatProvider, ChatRequest } from '../../src/chat/provider.ts';
import type { AnswerClocks } from '../../src/chat/read-answer.ts';
import { binaryChunk, head, whole } from '../support/raw-server.ts';
import type { RawRequest } from '../support/raw-server.ts';
import { openHttp, serve } from '../unit/api/open-http.ts';
import { hear, keyFrom, never, patience } from '../unit/chat/support/hear.ts';

/** A piece of an answer, as text or, where the format is none, as bytes. */
type Piece = string | Uint8Array;

/** How a service says things. */
export interface Wire {
  readonly contentType: string;
  think(text: string): Piece;
  say(text: string): Piece;
  /** The end in good order, of an answer that read 3 tokens and wrote 4. */
  end(reason: 'stop' | 'length'): Piece;
  /** A failure after a status of 200. */
  fail(message: string): Piece;
  /** The body of an answer that is no 2xx. */
  refuse(message: string): string;
  models(ids: readonly string[]): string;
}

export interface Opening extends Patience {
  readonly http: Http;
  readonly origin: string;
  readonly bearer: BearerSource;
  readonly clocks: AnswerClocks;
}

export interface Subject {
  readonly name: string;
  readonly wire: Wire;
  /** The header that carries the key, or names it. */
  readonly header: readonly [name: string, value: RegExp];
  /** Whatever else must be true of every request. */
  check?(request: RawRequest): void;
  open(opening: Opening): ChatProvider;
}

export const KEY = 'key-of-a-test';
const hi: ChatRequest = { model: 'm', messages: [{ role: 'user', text: 'hi' }] };
const USAGE = { kind: 'usage', usage: { inputTokens: 3, outputTokens: 4 } };
const STOP = { kind: 'finish', finishReason: 'stop' };

export function chatProviderContract({ name, wire, header, check = () => {}, open }: Subject): void {
  const type = { 'content-type': wire.contentType };
  const good = joined(wire.say('hello'), wire.end('stop'));
  const begin = head(200, { ...type, 'transfer-encoding': 'chunked' });
  const provider = (origin: string, options: Partial<Opening> = {}): ChatProvider =>
    open({
      http: openHttp(),
      origin,
      bearer: keyFrom('SERVICE_KEY', KEY),
      clocks: { silenceMs: 60_000, quietMs: 60_000 },
      ...patience(),
      ...options,
    });

  describe(`the provider ${name}`, () => {
    it('gives reasoning, text, usage and the end, one byte at a time as well as at once', async () => {
      const body = joined(wire.think('Let me see. '), wire.say('Grüße '), wire.say('🙂'), wire.end('stop'));
      const server = await serve(async ({ write, index, end }) => {
        if (index === 0) return write(whole(200, body, type));
        await write(head(200, type));
        for (const byte of body) await write(Uint8Array.of(byte));
        return end();
      });
      for (let round = 0; round < 2; round += 1) {
        expect(await hear(provider(server.origin).chat(hi, { signal: never }))).toEqual({
          heard: [
            { kind: 'reasoning', text: 'Let me see. ' },
            { kind: 'text', text: 'Grüße 🙂' },
            USAGE,
            STOP,
          ],
          error: undefined,
        });
      }
    });

    it('tells an answer that was too long from one that has ended', async () => {
      const server = await serve(({ write }) =>
        write(whole(200, joined(wire.say('so'), wire.end('length')), type)),
      );
      const { heard } = await hear(provider(server.origin).chat(hi, { signal: never }));
      expect(heard.at(-1)).toEqual({ kind: 'finish', finishReason: 'length' });
    });

    it('sends its credential in one header, and says when the request is on its way', async () => {
      const server = await serve(({ write }) => write(whole(200, good, type)));
      let sent = 0;
      const { error } = await hear(
        provider(server.origin).chat(hi, { signal: never, onSent: () => (sent += 1) }),
      );
      expect([error, sent]).toEqual([undefined, 1]);
      const carrying = Object.entries(server.requests[0]?.headers ?? {}).filter(([, value]) =>
        value.includes(KEY),
      );
      expect(carrying).toEqual([[header[0], expect.stringMatching(header[1])]]);
      server.requests.forEach(check);
      expect(server.requests[0]?.body).not.toContain(KEY);
    });

    it('names the source of a credential that is refused, and does not insist', async () => {
      const server = await serve(({ write }) =>
        write(whole(401, wire.refuse(`bad key ${KEY}`), { 'content-type': 'application/json' })),
      );
      const { error } = await hear(provider(server.origin).chat(hi, { signal: never }));
      expect([error?.code, error?.exitCode, error?.message, server.requests.length]).toEqual([
        'credential_rejected',
        4,
        `127.0.0.1:${server.port} refused the credential from SERVICE_KEY: bad key [redacted].`,
        1,
      ]);
      expect(error?.next).toHaveLength(1);
    });

    it('asks again while nothing was shown, and tells each wait', async () => {
      const server = await serve(({ write, index, reset }) => {
        if (index === 0) return write(whole(503, wire.refuse('busy'), { 'retry-after': '7' }));
        if (index === 1) return reset();
        if (index === 2) return write(whole(200, wire.fail('busy'), type));
        return write(whole(200, good, type));
      });
      const waits: number[] = [];
      const { heard, error } = await hear(
        provider(server.origin, patience(waits)).chat(hi, { signal: never }),
      );
      expect([heard.map(({ kind }) => kind), error, waits]).toEqual([
        ['retry', 'retry', 'retry', 'text', 'usage', 'finish'],
        undefined,
        [7000, 2000, 4000],
      ]);
    });

    it('does not wait for more than a minute', async () => {
      const server = await serve(({ write }) =>
        write(whole(429, wire.refuse('slow down'), { 'retry-after': '7200' })),
      );
      const { error } = await hear(provider(server.origin).chat(hi, { signal: never }));
      expect([error?.code, error?.exitCode, error?.retryAfterS, server.requests.length]).toEqual([
        'rate_limited',
        7,
        7200,
        1,
      ]);
    });

    it.each([
      ['ends too early', '', 'stream_cut', 9],
      ['reports a failure', wire.fail('out of memory'), 'server_error', 9],
    ])('keeps what came of an answer that %s', async (_, rest, code, exit) => {
      const server = await serve(({ write }) => write(whole(200, joined(wire.say('so far'), rest), type)));
      const { heard, error } = await hear(provider(server.origin).chat(hi, { signal: never }));
      expect(heard).toEqual([{ kind: 'text', text: 'so far' }]);
      expect([error?.code, error?.exitCode, error?.partial, server.requests.length]).toEqual([
        code,
        exit,
        { text: 'so far' },
        1,
      ]);
    });

    it.each([
      ['a reset', 'connection_reset', (reset: () => void): void => reset(), 60_000],
      ['silence', 'timeout', (): void => {}, 60],
    ] as const)('keeps what came before %s', async (_, code, then, silenceMs) => {
      const { promise: shown, resolve } = Promise.withResolvers<void>();
      const server = await serve(async ({ write, reset }) => {
        await write(joined(begin, binaryChunk(joined(wire.say('so far')))));
        await shown;
        then(reset);
      });
      const clocks = { silenceMs, quietMs: 60_000 };
      const answer = provider(server.origin, { clocks }).chat(hi, { signal: never });
      const { error } = await hear(tapped(answer, resolve));
      expect([error?.code, error?.exitCode, error?.partial]).toEqual([code, 6, { text: 'so far' }]);
    });

    it('stops when it is told to, and keeps what came', async () => {
      const server = await serve(({ write }) =>
        write(joined(begin, binaryChunk(joined(wire.say('so far'))))),
      );
      const stop = new AbortController();
      const answer = provider(server.origin).chat(hi, { signal: stop.signal });
      const { error } = await hear(tapped(answer, () => stop.abort()));
      expect([error?.code, error?.exitCode, error?.partial]).toEqual([
        'interrupted',
        130,
        { text: 'so far' },
      ]);
    });

    it('waits for nothing after the end, though the connection stays open', async () => {
      const server = await serve(({ write }) => write(joined(begin, binaryChunk(good))));
      const { heard, error } = await hear(provider(server.origin).chat(hi, { signal: never }));
      expect([heard.at(-1), error]).toEqual([STOP, undefined]);
    });

    it('follows no redirect', async () => {
      const other = await serve(({ write }) => write(whole(200, good, type)));
      const server = await serve(({ write }) => write(whole(307, '', { location: `${other.origin}/` })));
      const { error } = await hear(provider(server.origin).chat(hi, { signal: never }));
      expect([error?.code, error?.exitCode, other.requests]).toEqual(['redirect_refused', 9, []]);
    });

    it('takes no web page for an answer', async () => {
      const server = await serve(({ write }) =>
        write(whole(200, '<!doctype html><title>Sign in</title>', { 'content-type': 'text/html' })),
      );
      const { heard, error } = await hear(provider(server.origin).chat(hi, { signal: never }));
      expect([heard, error?.code, error?.exitCode, error?.hint === undefined]).toEqual([
        [],
        'malformed_response',
        9,
        false,
      ]);
    });

    it('lists its models with the same credential', async () => {
      const list = whole(200, wire.models(['a', 'b']), { 'content-type': 'application/json' });
      const server = await serve(({ write }) => write(list));
      const models = await provider(server.origin).models({ signal: never });
      expect(models.map(({ id }) => id)).toEqual(['a', 'b']);
      expect(server.requests[0]).toMatchObject({
        method: 'GET',
        headers: { [header[0]]: expect.stringMatching(header[1]) },
      });
      server.requests.forEach(check);
    });
  });
}

function joined(...pieces: readonly Piece[]): Buffer {
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece)));
}

/** Calls back once something has been given. */
async function* tapped<T>(events: AsyncIterable<T>, onFirst: () => void): AsyncGenerator<T> {
  for await (const event of events) {
    yield event;
    onFirst();
  }
}
