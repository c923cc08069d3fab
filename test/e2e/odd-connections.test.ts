/** What happens below the answer: how it is framed, encoded, cut and kept waiting, against the built program. */
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { startChatServer } from '../support/chat-server.ts';
import { DONE, finish, text } from '../support/odd-streams/completions.ts';
import { chunk, head, whole } from '../support/raw-server.ts';
import type { RawExchange } from '../support/raw-server.ts';
import { runMira, startMira } from '../support/run-mira.ts';

const SSE = { 'content-type': 'text/event-stream' };
const CHUNKED = head(200, { ...SSE, 'transfer-encoding': 'chunked' });
const said = text('Grüße ') + text('🙂');
const good = said + finish() + DONE;
const cut = said + text('more').slice(0, -30);

/** `shown` resolves once the first of the text is on stdout. */
type Answer = (exchange: RawExchange, shown: Promise<void>) => unknown;

const bytes =
  (...parts: readonly (string | Uint8Array)[]): Answer =>
  async ({ write, end }) => {
    for (const part of parts) await write(part);
    end();
  };
const kept =
  (...parts: readonly string[]): Answer =>
  async ({ write, gone }) => {
    for (const part of parts) await write(part);
    await gone;
  };

describe.concurrent('a whole answer', () => {
  const answers: readonly (readonly [string, Answer])[] = [
    ['in chunks', bytes(CHUNKED + chunk(good) + chunk(''))],
    [
      'in chunks with extensions and a trailer',
      bytes(`${CHUNKED}${Buffer.byteLength(good).toString(16)};x=y\r\n${good}\r\n0\r\nx-trailer: 1\r\n\r\n`),
    ],
    ['until the connection ends', bytes(head(200, SSE) + good)],
    ['in HTTP/1.0', bytes(`HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n${good}`)],
    [
      'after early hints',
      bytes(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${CHUNKED}${chunk(good)}${chunk('')}`),
    ],
    ['with a status without words', bytes(`HTTP/1.1 200\r\ncontent-type: text/event-stream\r\n\r\n${good}`)],
    ['byte by byte', byteByByte],
    ['whose last chunk never comes', bytes(CHUNKED + chunk(good))],
    ['after [DONE] of which the connection stays open', kept(CHUNKED + chunk(good))],
    ['after the finish reason of which the connection stays open', kept(CHUNKED + chunk(said + finish()))],
    [
      'after the finish reason of which only comments come',
      kept(CHUNKED + chunk(said + finish()), chunk(': ping\n\n'), chunk(': ping\n\n')),
    ],
    [
      'whose connection is reset after its finish reason',
      async ({ write, reset }) => {
        await write(CHUNKED + chunk(said + finish()));
        reset();
      },
    ],
    [
      'that is shorter than its length, after its finish reason',
      bytes(head(200, { ...SSE, 'content-length': '99999' }) + good),
    ],
    ['in gzip, which nobody asked for', bytes(encoded('gzip', gzipSync(good)))],
    ['in brotli', bytes(encoded('br', brotliCompressSync(good)))],
    ['in deflate', bytes(encoded('deflate', deflateSync(good)))],
    ['in deflate without its frame', bytes(encoded('deflate', deflateRawSync(good)))],
    ['in gzip that is not ended', bytes(encoded('gzip', gzipSync(good).subarray(0, -8)))],
    ['in an encoding that is none', bytes(encoded('identity', Buffer.from(good)))],
    ['with something behind it', bytes(whole(200, good, SSE), 'HTTP/1.1 200 OK\r\n\r\nmore')],
  ];
  test.each(answers)('%s is whole', async (_name, answer) => {
    await using server = await startChatServer(
      async (exchange) => void (await answer(exchange, Promise.resolve())),
    );
    expect(await runMira(['chat', 'x', '--no-save'], { env: server.env })).toEqual({
      code: 0,
      signal: null,
      stdout: 'Grüße 🙂\n',
      stderr: '',
    });
  });
});

interface Failing {
  readonly name: string;
  readonly answer: Answer;
  readonly exit: number;
  readonly code: string;
  readonly message: string;
  /** What of the answer had come. */
  readonly stdout?: string;
}

describe.concurrent('an answer', () => {
  const CUT = 'The answer of HOST was cut short.';
  const rows: readonly Failing[] = [
    {
      name: 'that ends in the middle of an event',
      answer: bytes(CHUNKED + chunk(cut) + chunk('')),
      exit: 9,
      code: 'stream_cut',
      message: CUT,
      stdout: 'Grüße 🙂\n',
    },
    {
      name: 'whose connection ends in the middle of a chunk',
      answer: bytes(`${CHUNKED}ffff\r\n${said}`),
      exit: 9,
      code: 'stream_cut',
      message: 'The answer of HOST ended too early.',
      stdout: 'Grüße 🙂\n',
    },
    {
      name: 'that is shorter than its length',
      answer: bytes(head(200, { ...SSE, 'content-length': '99999' }) + said),
      exit: 9,
      code: 'stream_cut',
      message: 'The answer of HOST ended too early.',
      stdout: 'Grüße 🙂\n',
    },
    {
      name: 'whose connection is reset',
      // A reset may overtake what nobody has read yet.
      answer: async ({ write, reset }, shown) => {
        await write(CHUNKED + chunk(said));
        await shown;
        reset();
      },
      exit: 6,
      code: 'connection_reset',
      message: 'Cannot reach HOST: the connection was reset during the answer.',
      stdout: 'Grüße 🙂\n',
    },
    {
      name: 'in chunks of no length',
      answer: bytes(`${CHUNKED}zz\r\n${good}\r\n`),
      exit: 9,
      code: 'malformed_response',
      message: 'HOST answered with something that is not HTTP.',
    },
    {
      name: 'in gzip, an event at a time, whose connection ends',
      answer: async ({ write, end }) => {
        await write(head(200, { ...SSE, 'content-encoding': 'gzip' }));
        await write(flushed(said));
        end();
      },
      exit: 9,
      code: 'stream_cut',
      message: 'The answer of HOST ended too early.',
      stdout: 'Grüße 🙂\n',
    },
    {
      name: 'that calls itself gzip and is not',
      answer: bytes(encoded('gzip', Buffer.from(good))),
      exit: 9,
      code: 'malformed_response',
      message: 'HOST sent a compressed answer that is damaged.',
    },
    {
      name: 'in gzip that is cut before anything can be read',
      answer: bytes(encoded('gzip', gzipSync(said.repeat(3)).subarray(0, 60))),
      exit: 9,
      code: 'stream_cut',
      message: 'The answer of HOST ended too early.',
    },
    {
      name: 'in an encoding that nobody knows',
      answer: bytes(encoded('zstd-2', Buffer.from(good))),
      exit: 9,
      code: 'malformed_response',
      message: 'HOST sent its answer in a compression mira did not ask for.',
    },
    {
      name: 'with two lengths',
      answer: bytes(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n${good}`),
      exit: 9,
      code: 'malformed_response',
      message: 'HOST answered with something that is not HTTP.',
    },
    {
      name: 'with a head that is too large',
      answer: bytes(head(200, { ...SSE, 'x-filler': 'x'.repeat(200_000) }) + good),
      exit: 9,
      code: 'malformed_response',
      message: 'HOST answered with something that is not HTTP.',
    },
    {
      name: 'with a status that is none',
      answer: bytes(`HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n`),
      exit: 9,
      code: 'server_error',
      message: 'HOST failed (status 999).',
    },
    {
      name: 'with nothing in it, and no type',
      answer: bytes(whole(204)),
      exit: 9,
      code: 'malformed_response',
      message: 'HOST answered with something that is no chat answer.',
    },
    {
      name: 'before whose head the connection ends',
      answer: ({ end }) => end(),
      exit: 6,
      code: 'connection_reset',
      message: 'Cannot reach HOST: it closed the connection without an answer.',
    },
    {
      name: 'before whose head the connection is reset',
      answer: ({ reset }) => reset(),
      exit: 6,
      code: 'connection_reset',
      message: 'Cannot reach HOST: the connection was reset.',
    },
    {
      name: 'of comments without an end',
      answer: comments,
      exit: 6,
      code: 'timeout',
      message: 'The answer was not whole after 3 s (--timeout).',
    },
  ];
  test.each(rows)('$name: exit $exit, and what came is kept', async (row) => {
    const { promise: shown, resolve: isShown } = Promise.withResolvers<void>();
    await using server = await startChatServer(
      async (exchange) => void (await row.answer(exchange, exchange.index === 0 ? shown : Promise.resolve())),
    );
    const line = ['chat', 'x', '--no-save', '--retries', '0', '--timeout', '3'];
    const chat = await startMira(line, { env: server.env });
    if (row.stdout !== undefined) await chat.waitFor(row.stdout.trimEnd());
    isShown();
    const { code, stdout, stderr } = await chat.finished;
    expect({ code, stdout, sentence: stderr.split('\n')[0] }).toEqual({
      code: row.exit,
      stdout: row.stdout ?? '',
      sentence: `mira: ${row.message.replace('HOST', `127.0.0.1:${server.port}`)}`,
    });
  });
});

/** What a server has written in gzip that goes on. */
function flushed(body: string): Buffer {
  return gzipSync(body, { finishFlush: constants.Z_SYNC_FLUSH });
}

function encoded(encoding: string, body: Uint8Array): Uint8Array {
  return whole(200, body, { ...SSE, 'content-encoding': encoding });
}

async function byteByByte({ write, end }: RawExchange): Promise<void> {
  await write(CHUNKED);
  for (const byte of Buffer.from(good))
    await write(Buffer.concat([Buffer.from('1\r\n'), Buffer.of(byte), Buffer.from('\r\n')]));
  await write(chunk(''));
  end();
}

async function comments({ write, socket, gone }: RawExchange): Promise<void> {
  await write(CHUNKED);
  const timer = setInterval(() => socket.write(chunk(': ping\n\n')), 50);
  await gone;
  clearInterval(timer);
}
