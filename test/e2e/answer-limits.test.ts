/** Answers made to fill the memory: each ends in time, in one sentence, within 150 MiB. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, createBrotliCompress, createDeflate, createGzip } from 'node:zlib';
import type { Transform } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { startChatServer } from '../support/chat-server.ts';
import { head } from '../support/raw-server.ts';
import type { RawExchange } from '../support/raw-server.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import type { RunResult } from '../support/run-mira.ts';

const MIB = 1024 * 1024;
const MOST_KIB = 150 * 1024;
const NOTE_PEAK = new URL('../support/note-peak-memory.ts', import.meta.url).href;

interface Measured extends RunResult {
  readonly peakKib: number;
  readonly host: string;
}

async function measured(
  args: readonly string[],
  answer: (exchange: RawExchange) => Promise<void>,
): Promise<Measured> {
  await using home = await isolatedHome();
  await using server = await startChatServer(answer);
  const file = join(home.path, 'peak');
  const env = { ...server.env, NODE_OPTIONS: `--import=${NOTE_PEAK}`, PEAK_MEMORY_FILE: file };
  const result = await runMira([...args, '--json'], { home, env });
  const { host } = new URL(server.origin);
  return { ...result, host, peakKib: Number(await readFile(file, 'utf8')) };
}

/** The same text over and over, until it is `size` long or the other side has had enough. */
async function repeat(exchange: RawExchange, text: string, size: number): Promise<void> {
  const block = Buffer.from(text.repeat(Math.ceil(MIB / text.length)));
  let isThere = true;
  void exchange.gone.then(() => {
    isThere = false;
  });
  for (let sent = 0; isThere && sent < size; sent += block.length) await exchange.write(block);
}

/** `text` over and over, `size` long before it is compressed. */
async function bomb(compress: Transform, text: string, size: number): Promise<Buffer> {
  const block = Buffer.from(text.repeat(Math.ceil(MIB / text.length)));
  const pieces: Buffer[] = [];
  compress.on('data', (piece: Buffer) => pieces.push(piece));
  for (let made = 0; made < size; made += block.length) {
    if (!compress.write(block)) await new Promise((resolve) => compress.once('drain', resolve));
  }
  await new Promise((resolve) => compress.end(() => compress.once('end', resolve)));
  return Buffer.concat(pieces);
}

const ENCODINGS: readonly (readonly [string, () => Transform])[] = [
  ['gzip', () => createGzip()],
  ['br', () => createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ['deflate', () => createDeflate()],
];

const SSE = { 'content-type': 'text/event-stream' };
const JSON_TYPE = { 'content-type': 'application/json' };
const CHAT = ['chat', 'x', '--no-save', '--retries', '0'];

interface Row {
  readonly name: string;
  readonly args?: readonly string[];
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the answer consists of, over and over. */
  readonly text: string;
  readonly code?: string;
  readonly message: string;
}

const ONE_LINE: Row = {
  name: 'one line',
  text: 'data: x',
  message: 'The service sent a single event larger than mira reads.',
};
const EMPTY_EVENTS: Row = {
  name: 'events that say nothing',
  text: `data: ${JSON.stringify({ choices: [{ index: 0, delta: {} }] })}\n\n`,
  message: 'The answer of HOST is larger than 64 MiB.',
};
const LIST: Row = {
  name: 'JSON',
  args: ['models'],
  headers: JSON_TYPE,
  text: '[0,0,0,',
  message: 'The answer of HOST is larger than 8 MiB.',
};

describe('an answer of a gigabyte', () => {
  test.each<Row>([
    ONE_LINE,
    EMPTY_EVENTS,
    LIST,
    {
      name: 'one event of many lines',
      text: `data: ${'x'.repeat(1_000)}\n`,
      message: 'The service sent a single event larger than mira reads.',
    },
    { name: 'comments', text: ': x\n\n', message: 'The answer of HOST is larger than 64 MiB.' },
    {
      name: 'a page',
      headers: { 'content-type': 'text/html' },
      text: '<p>x</p>',
      code: 'malformed_response',
      message: 'HOST answered with a web page instead of an answer.',
    },
    {
      name: 'an error',
      status: 500,
      headers: JSON_TYPE,
      text: '{"detail":',
      code: 'server_error',
      message: 'HOST failed (status 500).',
    },
  ])('that is $name', async (row) => {
    const run = await measured(row.args ?? CHAT, async (exchange) => {
      await exchange.write(head(row.status ?? 200, row.headers ?? SSE));
      await repeat(exchange, row.text, 1024 * MIB);
      exchange.end();
    });
    expectRefused(run, row);
  });
});

describe.each(ENCODINGS)('a small answer in %s that becomes a large one', (encoding, compress) => {
  test.each<Row>([ONE_LINE, EMPTY_EVENTS, LIST])('that is $name', async (row) => {
    const body = await bomb(compress(), row.text, 128 * MIB);
    expect(body.length).toBeLessThan(MIB);
    const run = await measured(row.args ?? CHAT, async (exchange) => {
      await exchange.write(head(200, { ...(row.headers ?? SSE), 'content-encoding': encoding }));
      await exchange.write(body);
      exchange.end();
    });
    expectRefused(run, row);
  });
});

function expectRefused({ code, stdout, host, peakKib }: Measured, row: Row): void {
  expect({ code, error: JSON.parse(stdout).error }).toMatchObject({
    code: 9,
    error: {
      code: row.code ?? 'response_too_large',
      message: row.message.replace('HOST', host),
      exit_code: 9,
    },
  });
  expect(peakKib).toBeLessThan(MOST_KIB);
}
