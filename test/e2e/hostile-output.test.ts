/**
 * Terminal attacks from everywhere that text comes from, through every way the built program shows text: what is left
 * is text. Whole, and cut at every byte on the way.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { begin, finish, say, startChatServer } from '../support/chat-server.ts';
import type { ChatServer } from '../support/chat-server.ts';
import { head, whole } from '../support/raw-server.ts';
import type { RawExchange } from '../support/raw-server.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import { openTerminal } from '../support/terminal.ts';
import type { Terminal } from '../support/terminal.ts';
import { controlsIn, foreignIn, unseenIn } from '../support/written-bytes.ts';
import { HARMLESS_TEXTS, HOSTILE_TEXTS } from '../unit/ui/support/hostile-corpus.ts';

const ESC = '\u001b';
const ALL = HOSTILE_TEXTS.map(({ input }) => `${input}\n`).join('');
const ALL_SAFE = HOSTILE_TEXTS.map(({ safe }) => `${safe}\n`).join('');
/** Nothing comes after these that could end them. */
const ENDINGS = [
  ESC,
  `${ESC}[`,
  `${ESC}[12;`,
  `${ESC}]52;c;`,
  `${ESC}P`,
  '\u009b',
  '\u009d0;t',
  '\ud83d',
  '\r',
  '\b',
];
/** In one row, as an error or a name has it. */
const IN_A_ROW = HOSTILE_TEXTS.map(({ input }) => input.replaceAll(/\s+/gu, ' '))
  .filter((input) => input.length < 60)
  .join('');

interface Way {
  readonly name: string;
  /** How the text of an answer gets to the client. */
  readonly send: (exchange: RawExchange, text: string) => Promise<void>;
}

const WAYS: readonly Way[] = [
  {
    name: 'whole',
    send: (exchange, text) => sendBytes(exchange, eventsOf([text]), Number.POSITIVE_INFINITY),
  },
  { name: 'cut at every byte', send: (exchange, text) => sendBytes(exchange, eventsOf([text]), 1) },
  {
    name: 'an event for every half of a character',
    send: (exchange, text) => sendBytes(exchange, eventsOf(text.split('')), 4096),
  },
];

describe.each(WAYS)('an answer that attacks the terminal, $name', ({ send }) => {
  test('is text in a pipe', async () => {
    await using server = await startChatServer((exchange) => send(exchange, ALL));
    const { code, stdout, stderr } = await runMira(['chat', 'x'], { env: server.env });

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(ALL_SAFE);
  });

  test('is escaped in JSON, and nothing is lost', async () => {
    await using server = await startChatServer((exchange) => send(exchange, ALL));
    const { code, stdout } = await runMira(['chat', 'x', '--json'], { env: server.env });

    expect({ code, controls: controlsIn(stdout) }).toEqual({ code: 0, controls: [] });
    expect(JSON.parse(stdout).text).toBe(ALL.toWellFormed());
  });

  test('is escaped in a stream of JSON', async () => {
    await using server = await startChatServer((exchange) => send(exchange, ALL));
    const { code, stdout } = await runMira(['chat', 'x', '--json', '--stream'], { env: server.env });

    expect({ code, controls: controlsIn(stdout) }).toEqual({ code: 0, controls: [] });
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '').text).toBe(ALL.toWellFormed());
  });

  test('is text in the lines of --plain, and is answered by no terminal', async () => {
    await using server = await startChatServer((exchange) => send(exchange, `${ALL}the end`));
    await using terminal = await openTerminal({ args: ['chat', '--plain'], env: server.env });
    await terminal.waitFor('›');
    terminal.write('x\r');
    await terminal.waitFor('the end');
    await terminal.waitFor((screen) => screen.findLast((row) => row !== '') === '›');
    terminal.write('/quit\r');

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(controlsIn(terminal.output().replaceAll('\r\n', '\n'))).toEqual([]);
    expect(unseenIn(terminal.output())).toEqual([]);
    expect(terminal.answers()).toBe('');
  });

  test('is text in one answer on a terminal', async () => {
    await using server = await startChatServer((exchange) => send(exchange, `${ALL}the end`));
    await using terminal = await openTerminal({ args: ['chat', 'x'], env: server.env });

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(foreignIn(terminal.output())).toEqual([]);
    expect(terminal.answers()).toBe('');
  });

  test('is text in the chat, which writes nothing but what it always does, and is answered by no terminal', async () => {
    await using server = await startChatServer((exchange) => send(exchange, `${ALL}\n\nthe end`));
    await using terminal = await openChat(server);
    const answers = terminal.answers();
    terminal.write('x\r');
    await terminal.waitFor('the end');
    await leave(terminal);

    expect(foreignIn(terminal.output())).toEqual([]);
    expect(terminal.answers()).toBe(answers);
  });
});

describe('an answer that ends in the middle of an attack', () => {
  test.each(ENDINGS)('%j leaves nothing of it in a pipe, and its whole in JSON', async (ending) => {
    await using server = await startChatServer((exchange) => WAYS[1]?.send(exchange, `fine ${ending}`));
    const piped = await runMira(['chat', 'x'], { env: server.env });
    const object = await runMira(['chat', 'x', '--json'], { env: server.env });

    expect(piped.stdout).toMatch(/^fine \ufffd?\n$/u);
    expect(controlsIn(object.stdout)).toEqual([]);
    expect(JSON.parse(object.stdout).text).toBe(`fine ${ending}`.toWellFormed());
  });

  test('does not reach the chat, nor what is shown after it', async () => {
    let count = 0;
    await using server = await startChatServer(async (exchange) => {
      await begin(exchange);
      await say(exchange, `answer ${count} ${ENDINGS[count++] ?? ''}`);
      await finish(exchange);
    });
    await using terminal = await openChat(server);
    for (const [index] of ENDINGS.entries()) {
      terminal.write('next\r');
      await terminal.waitFor(`answer ${index}`);
      await idle(terminal);
    }
    await leave(terminal);

    expect(foreignIn(terminal.output())).toEqual([]);
    expect(terminal.scrollback().filter((line) => line.startsWith('answer'))).toEqual(
      ENDINGS.map((ending, index) => `answer ${index}${ending === '\ud83d' ? ' \ufffd' : ''}`),
    );
  });
});

describe('bytes that are no text', () => {
  const bytes = Buffer.concat([
    Buffer.from('data: {"choices":[{"delta":{"content":"a'),
    Buffer.from([0x9b, 0x32, 0x4a, 0xc0, 0x9b, 0xff, 0xed, 0xa0, 0x80, 0xc2]),
    Buffer.from('b\\n"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'),
  ]);

  test.each([bytes.length, 1])('are shown as such, %i at a time', async (size) => {
    await using server = await startChatServer((exchange) => sendBytes(exchange, bytes, size));
    const { code, stdout } = await runMira(['chat', 'x'], { env: server.env });

    expect({ code, controls: controlsIn(stdout) }).toEqual({ code: 0, controls: [] });
    expect(stdout).toMatch(/^a\ufffd2J\ufffd+b\n$/u);
  });

  test('control characters inside of JSON are an error that shows none of them', async () => {
    const raw = Buffer.from(`data: {"choices":[{"delta":{"content":"a${ESC}[2Jb"}}]}\n\n`);
    await using server = await startChatServer((exchange) => sendBytes(exchange, raw, 1));
    const { code, stdout, stderr } = await runMira(['chat', 'x'], { env: server.env });

    expect({ code, stdout, controls: controlsIn(stderr) }).toEqual({ code: 9, stdout: '', controls: [] });
  });
});

describe('a failure whose words attack the terminal', () => {
  const failures: readonly (readonly [string, (exchange: RawExchange) => Promise<void>])[] = [
    [
      '400',
      (exchange) =>
        exchange.write(whole(400, JSON.stringify({ error: { message: IN_A_ROW, code: IN_A_ROW } }))),
    ],
    ['401', (exchange) => exchange.write(whole(401, JSON.stringify({ detail: IN_A_ROW })))],
    [
      '403 in plain text',
      (exchange) => exchange.write(whole(403, IN_A_ROW, { 'content-type': 'text/plain' })),
    ],
    ['404', (exchange) => exchange.write(whole(404, JSON.stringify({ error: IN_A_ROW })))],
    [
      'within the stream',
      (exchange) =>
        sendBytes(
          exchange,
          Buffer.from(`data: ${JSON.stringify({ error: { message: IN_A_ROW, type: IN_A_ROW } })}\n\n`),
          1,
        ),
    ],
    [
      'of a request id',
      (exchange) => exchange.write(whole(400, '{}', { 'x-request-id': `\u009b2J${'x'.repeat(9)}` })),
    ],
  ];

  test.each(failures)('%s is told in text, also as JSON', async (_, fail) => {
    await using server = await startChatServer(fail);
    const plain = await runMira(['chat', 'x', '--retries', '0'], { env: server.env });
    const json = await runMira(['chat', 'x', '--json', '--retries', '0'], { env: server.env });

    expect(plain.code).toBeGreaterThan(1);
    for (const { stdout, stderr } of [plain, json]) expect(controlsIn(stdout + stderr)).toEqual([]);
    expect(JSON.parse(json.stdout).error.message.length).toBeLessThanOrEqual(600);
  });

  test.each(failures)('%s is told in text in the chat', async (_, fail) => {
    await using server = await startChatServer(fail);
    await using terminal = await openChat(server, ['--retries', '0']);
    const answers = terminal.answers();
    terminal.write('x\r');
    await terminal.waitFor('✗');
    await leave(terminal);

    expect(foreignIn(terminal.output())).toEqual([]);
    expect(terminal.answers()).toBe(answers);
  });
});

describe('names that attack the terminal', () => {
  const models = whole(
    200,
    JSON.stringify({ object: 'list', data: HOSTILE_TEXTS.map(({ input }) => ({ id: input })) }),
  );

  test('of models are text, and escaped in JSON', async () => {
    await using server = await startChatServer((exchange) => exchange.write(models));
    const plain = await runMira(['models'], { env: server.env });
    const json = await runMira(['models', '--json'], { env: server.env });

    expect([plain.code, json.code]).toEqual([0, 0]);
    expect(controlsIn(plain.stdout + plain.stderr + json.stdout)).toEqual([]);
  });

  test('of files are text, and offered for @ only if they are that', async () => {
    await using server = await startChatServer((exchange) =>
      exchange.request.path.endsWith('/models') ? exchange.write(models) : fine(exchange),
    );
    await using home = await isolatedHome();
    const names = HOSTILE_TEXTS.map(({ input }) => `evil${input.replaceAll(/[/\0\n]/gu, '').toWellFormed()}`);
    const files = [...new Set(names)].filter((name) => Buffer.byteLength(name) < 250);
    for (const name of [...files, 'evil but fine']) await writeFile(join(home.path, name), 'text');
    const asked = await runMira(['chat', 'x', ...files.flatMap((name) => ['-f', name])], {
      env: server.env,
      home,
    });
    const refused = await runMira(['chat', 'x', '-f', `no${IN_A_ROW.replaceAll('\0', '')}`], {
      env: server.env,
      home,
    });
    await using terminal = await openChat(server, [], home);
    const answers = terminal.answers();
    terminal.write('see @evil');
    await terminal.waitFor('evil but fine');
    terminal.write('\u0015/models\r');
    await terminal.waitFor('rm -rf /OK');
    terminal.write('/attach evil but fine\r');
    await terminal.waitFor('goes along');
    await leave(terminal);

    expect({ code: asked.code, controls: controlsIn(asked.stdout + asked.stderr) }).toEqual({
      code: 0,
      controls: [],
    });
    expect({ code: refused.code, controls: controlsIn(refused.stderr) }).toEqual({ code: 2, controls: [] });
    expect(foreignIn(terminal.output())).toEqual([]);
    expect(terminal.answers()).toBe(answers);
  });

  test('of conversations are text in the list, the search, what is shown and what is exported', async () => {
    await using server = await startChatServer((exchange) =>
      sendBytes(exchange, eventsOf([`needle ${ALL}`]), 4096),
    );
    await using home = await isolatedHome();
    const asked = { env: server.env, home };
    const title = `title ${IN_A_ROW.replaceAll('\0', '')} needle`;
    const { conversation_id: id } = JSON.parse((await runMira(['chat', title, '--json'], asked)).stdout);
    for (const args of [
      ['history', 'list'],
      ['history', 'show', id],
      ['history', 'search', 'needle'],
      ['history', 'export', id],
      ['history', 'show', `${id}${ESC}[2J`],
    ]) {
      const plain = await runMira(args, asked);
      expect(unseenIn(plain.stdout + plain.stderr)).toEqual([]);
      const json = await runMira([...args, '--json'], asked);
      expect({ args, controls: controlsIn(plain.stdout + plain.stderr + json.stdout + json.stderr) }).toEqual(
        {
          args,
          controls: [],
        },
      );
    }
    await using terminal = await openChat(server, ['--continue'], home);
    const answers = terminal.answers();
    terminal.write('/history\r');
    await terminal.waitFor('goes on with one');
    terminal.write('/history needle\r');
    await terminal.waitFor((screen) => screen.filter((row) => row.includes('goes on with one')).length === 2);
    await leave(terminal);
    expect(foreignIn(terminal.output())).toEqual([]);
    expect(terminal.answers()).toBe(answers);
  });

  test('on the command line are text in what is said about them', async () => {
    const name = IN_A_ROW.replaceAll('\0', '').slice(0, 200);
    for (const args of [
      [name],
      ['auth', name],
      [`--${name}`],
      ['chat', 'x', '--provider', name],
      ['config', 'get', name],
      ['auth', 'status', '--profile', name],
      ['help', name],
    ]) {
      const { code, stdout, stderr } = await runMira(args);
      expect({ args, controls: controlsIn(stdout + stderr), isFailure: code !== 0 }).toEqual({
        args,
        controls: [],
        isFailure: true,
      });
    }
  });
});

test('texts of many scripts come through as they are', async () => {
  const text = HARMLESS_TEXTS.join('\n');
  await using server = await startChatServer((exchange) => sendBytes(exchange, eventsOf([text]), 1));
  const { stdout } = await runMira(['chat', 'x'], { env: server.env });

  expect(stdout).toBe(`${text}\n`);
});

/** Server-sent events, an answer's piece each, as JSON.stringify spells it. */
function eventsOf(pieces: readonly string[]): Buffer {
  const events = pieces.map((content) => ({
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
  }));
  const end = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
  const lines = [...events, end].map((event) => `data: ${JSON.stringify(event)}\n\n`);
  return Buffer.from(`${lines.join('')}data: [DONE]\n\n`);
}

async function sendBytes(exchange: RawExchange, bytes: Buffer, size: number): Promise<void> {
  exchange.socket.setNoDelay(true);
  await exchange.write(head(200, { 'content-type': 'text/event-stream' }));
  for (let at = 0; at < bytes.length; at += size) await exchange.write(bytes.subarray(at, at + size));
  exchange.end();
}

async function fine(exchange: RawExchange): Promise<void> {
  await begin(exchange);
  await say(exchange, 'fine');
  await finish(exchange);
}

async function openChat(
  server: ChatServer,
  args: readonly string[] = [],
  home?: Awaited<ReturnType<typeof isolatedHome>>,
): Promise<Terminal> {
  const env = { ...server.env, FORCE_COLOR: '1' };
  const terminal = await openTerminal({ args: ['chat', ...args], env, home });
  await idle(terminal);
  return terminal;
}

/** Below an empty line for the next question stands the status, and no answer is waited for. */
async function idle(terminal: Terminal): Promise<void> {
  await terminal.waitFor((screen) => {
    const last = screen.findLastIndex((row) => row !== '');
    const isAwaited = screen.slice(Math.max(0, last - 3), last).some((row) => row.startsWith('waiting'));
    return screen[last - 1] === '›' && !isAwaited && screen[last]?.startsWith('Esc') === false;
  });
}

async function leave(terminal: Terminal): Promise<void> {
  await idle(terminal);
  terminal.write('/quit\r');
  expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
}
