/** What `mira chat` asks again, how often, after which wait, and how the waiting is told and ended. */
import { describe, expect, test } from 'vitest';
import { BAD_RETRY_AFTER } from '../support/bad-retry-after.ts';
import { answerWith, startChatServer } from '../support/chat-server.ts';
import { text } from '../support/odd-streams/completions.ts';
import { whole } from '../support/raw-server.ts';
import type { RawExchange } from '../support/raw-server.ts';
import { runMira, startMira } from '../support/run-mira.ts';
import { parseLines } from '../support/sign-in.ts';
import { openTerminal } from '../support/terminal.ts';

type Headers = Readonly<Record<string, string>>;

const JSON_TYPE = { 'content-type': 'application/json' };
const SSE = { 'content-type': 'text/event-stream' };
const ONCE = ['chat', 'x', '--no-save', '--retries', '1', '--json', '--stream'];

/** A server that fails the first time, and answers then. */
const failingOnce = (fail: (exchange: RawExchange) => unknown) =>
  startChatServer(async (exchange) => {
    if (exchange.index === 0) await fail(exchange);
    else await answerWith(exchange, 'Now.');
  });

const refusing =
  (status: number, headers: Headers = {}, detail = 'no') =>
  ({ write }: RawExchange) =>
    write(whole(status, JSON.stringify({ detail }), { ...JSON_TYPE, ...headers }));

describe.concurrent('is asked again', () => {
  test.each<[string, (exchange: RawExchange) => unknown]>([
    ...[408, 409, 425, 429, 500, 502, 503, 504, 529].map(
      (status): [string, (exchange: RawExchange) => unknown] => [`status ${status}`, refusing(status)],
    ),
    ['501 whose server wants it', refusing(501, { 'x-should-retry': 'true' })],
    ['a connection that is reset', ({ reset }) => reset()],
    ['a connection that is closed', ({ end }) => end()],
    [
      'an error inside a 200 before any text',
      ({ write }) => write(whole(200, 'data: {"error":{"message":"full","code":"queue_full"}}\n\n', SSE)),
    ],
    [
      'a rate limit inside a 200',
      ({ write }) => write(whole(200, 'data: {"error":{"message":"slow","code":429}}\n\n', SSE)),
    ],
  ])('%s', async (_name, fail) => {
    await using server = await failingOnce(fail);
    const { code, stdout, stderr } = await runMira(ONCE, { env: server.env });

    const events = parseLines(stdout);
    expect({ code, stderr, kinds: events.map(({ event }) => event) }).toEqual({
      code: 0,
      stderr: '',
      kinds: ['start', 'retry', 'delta', 'end'],
    });
    const { attempt, after_ms: afterMs } = events[1] ?? {};
    expect([attempt, Number(afterMs) >= 750 && Number(afterMs) <= 1_000]).toEqual([1, true]);
    expect(server.requests).toHaveLength(2);
    expect(server.requests[1]?.body).toBe(server.requests[0]?.body);
  });
});

describe.concurrent('is not asked again', () => {
  const billing = { error: { message: 'x', code: 'insufficient_quota' } };
  const spend = {
    type: 'error',
    error: {
      type: 'rate_limit_error',
      message: 'x',
      details: { error_code: 'enforced_spend_limit_reached' },
    },
  };
  test.each<[string, number, (exchange: RawExchange) => unknown]>([
    ['400', 2, refusing(400)],
    ['401', 4, refusing(401)],
    ['402', 7, refusing(402)],
    ['403', 5, refusing(403)],
    ['404', 3, refusing(404)],
    ['413', 2, refusing(413)],
    ['415', 2, refusing(415)],
    ['422', 2, refusing(422)],
    ['501', 9, refusing(501)],
    ['a redirect', 9, refusing(307, { location: '/elsewhere' })],
    ['500 whose server does not want it', 9, refusing(500, { 'x-should-retry': 'false' })],
    ['429 whose server does not want it', 7, refusing(429, { 'x-should-retry': 'false' })],
    ['a quota that is used up', 7, ({ write }) => write(whole(429, JSON.stringify(billing), JSON_TYPE))],
    ['a limit of spending', 7, ({ write }) => write(whole(429, JSON.stringify(spend), JSON_TYPE))],
    ['a daily limit', 7, refusing(429, { 'retry-after': '30' }, 'Daily request limit reached')],
    ['a monthly limit', 7, refusing(429, {}, 'Monthly token limit exceeded')],
    ['a wait of more than a minute', 7, refusing(429, { 'retry-after': '61' })],
    ['a 503 that wants an hour', 9, refusing(503, { 'retry-after': '3600' })],
    ['a web page', 9, ({ write }) => write(whole(200, '<html>', { 'content-type': 'text/html' }))],
    ['an answer that is cut', 9, ({ write }) => write(whole(200, text('some'), SSE))],
    [
      'an error after some text',
      9,
      ({ write }) => write(whole(200, `${text('some')}data: {"error":{"message":"full"}}\n\n`, SSE)),
    ],
  ])('%s (exit %d)', async (_name, exit, fail) => {
    await using server = await failingOnce(fail);
    const { code, stdout } = await runMira(ONCE, { env: server.env });

    expect([code, parseLines(stdout).map(({ event }) => event)]).toEqual([
      exit,
      expect.arrayContaining(['start', 'error']),
    ]);
    expect(stdout).not.toContain('"retry"');
    expect(server.requests).toHaveLength(1);
  });
});

describe.concurrent('Retry-After', () => {
  const DATE = 'Sat, 01 Jan 2000 00:00:00 GMT';

  test.each<[string, Headers, number]>([
    ['in seconds', { 'retry-after': '2' }, 2_000],
    ['in milliseconds, which goes before seconds', { 'retry-after-ms': '1250.5', 'retry-after': '9' }, 2_000],
    [
      'as a date, by the clock of the server',
      { date: DATE, 'retry-after': 'Sat, 01 Jan 2000 00:00:02 GMT' },
      2_000,
    ],
  ])('%s is waited for', async (_name, headers, afterMs) => {
    await using server = await failingOnce(refusing(429, headers));
    const { code, stdout } = await runMira(ONCE, { env: server.env });

    expect([code, parseLines(stdout)[1]]).toMatchObject([0, { event: 'retry', after_ms: afterMs }]);
  });

  test.each(BAD_RETRY_AFTER)('that nobody can wait for (%j) leaves the wait to mira', async (value) => {
    await using server = await failingOnce(refusing(429, { 'retry-after': value }));
    const { code, stdout } = await runMira(ONCE, { env: server.env });

    const [, { event, after_ms: afterMs } = {}] = parseLines(stdout);
    expect([code, event, Number(afterMs) >= 750 && Number(afterMs) <= 1_000]).toEqual([0, 'retry', true]);
  });

  test.each<[string, Headers, number, string]>([
    ['in seconds', { 'retry-after': '7500' }, 7_500, '2 h 05 min'],
    ['in milliseconds', { 'retry-after-ms': '90000' }, 90, '90 s'],
    ['as a date', { date: DATE, 'retry-after': 'Sat, 01 Jan 2000 00:10:00 GMT' }, 600, '10 min'],
  ])(
    'of more than a minute, %s, ends it at once with the time it names',
    async (_name, headers, s, named) => {
      await using server = await startChatServer(refusing(429, headers, 'slow down'));
      const { code, stdout, stderr } = await runMira(['chat', 'x', '--json'], { env: server.env });

      const { error } = JSON.parse(stdout);
      expect({ code, error }).toMatchObject({
        code: 7,
        error: {
          code: 'rate_limited',
          exit_code: 7,
          retryable: true,
          retry_after: s,
          hint: `Try again in ${named}.`,
        },
      });
      expect(error.message).toMatch(
        new RegExp(`slow down; it answers again in ${named} \\(\\d\\d:\\d\\d\\)\\.$`),
      );
      expect(stderr).toBe(`mira: ${error.message}\n  ${error.hint}\n`);
      expect(server.requests).toHaveLength(1);
    },
  );
});

describe.concurrent('the last failure', () => {
  test.each<[string, (exchange: RawExchange) => unknown, number, string]>([
    ['a rate limit', refusing(429), 7, 'rate_limited'],
    ['a failure of the service', refusing(503), 9, 'server_error'],
    ['a reset', ({ reset }) => reset(), 6, 'connection_reset'],
  ])('after the retries, %s, decides the exit code', async (_name, fail, exit, kind) => {
    await using server = await startChatServer(async (exchange) => void (await fail(exchange)));
    const { code, stdout } = await runMira(ONCE, { env: server.env });

    const events = parseLines(stdout);
    expect({ code, kinds: events.map(({ event }) => event), last: events.at(-1) }).toMatchObject({
      code: exit,
      kinds: ['start', 'retry', 'error'],
      last: { error: { code: kind, exit_code: exit } },
    });
    expect(server.requests).toHaveLength(2);
  });
});

describe.concurrent('the wait', () => {
  const slow = refusing(429, { 'retry-after': '50' }, 'slow down');

  test('of one question ends at once with Ctrl-C, exit 130, and nothing more is asked', async () => {
    await using server = await startChatServer(slow);
    const mira = await startMira(['chat', 'x', '--no-save'], { env: server.env });
    await mira.waitFor('Trying again in 50 s (attempt 1).');
    mira.signal('SIGINT');

    expect(await mira.finished).toMatchObject({ code: 130, stdout: '' });
    expect(server.requests).toHaveLength(1);
  });

  test('of one question in JSON ends with an event that says so', async () => {
    await using server = await startChatServer(slow);
    const mira = await startMira(ONCE, { env: server.env });
    await mira.waitFor('"event":"retry"');
    mira.signal('SIGINT');

    const { code, stdout } = await mira.finished;
    expect([code, parseLines(stdout).map(({ event }) => event)]).toEqual([130, ['start', 'retry', 'error']]);
  });

  test('of one question is part of --timeout', async () => {
    await using server = await startChatServer(slow);
    const line = ['chat', 'x', '--no-save', '--timeout', '1'];

    const { code, stderr } = await runMira(line, { env: server.env });
    expect([code, stderr.split('\n').at(-2)]).toEqual([
      6,
      'mira: The answer was not whole after 1 s (--timeout).',
    ]);
  });

  test.each([
    ['Esc', '\u001b'],
    ['Ctrl-C', '\u0003'],
  ])('in the chat counts down, and ends with %s; the next question is asked', async (_name, keyPress) => {
    await using server = await startChatServer((exchange) =>
      exchange.index === 0 ? slow(exchange) : answerWith(exchange, 'Now.'),
    );
    await using terminal = await openTerminal({ args: ['chat'], env: server.env, cols: 120 });
    await terminal.waitFor('/help');
    terminal.write('hello\r');
    await terminal.waitFor(/slow down.*: trying again in 50 s \(attempt 1\) · Esc stops/);
    await terminal.waitFor(/trying again in 4\d s \(attempt 1\) · Esc stops/);
    terminal.write(keyPress);
    await terminal.waitFor('(stopped)');
    expect(server.requests).toHaveLength(1);
    terminal.write('again\r');
    await terminal.waitFor('Now.');
    expect(JSON.parse(server.requests[1]?.body ?? '').messages).toEqual([{ role: 'user', content: 'again' }]);
  });

  test('in the chat of plain lines is said, and ends with Ctrl-C', async () => {
    await using server = await startChatServer((exchange) =>
      exchange.index === 0 ? slow(exchange) : answerWith(exchange, 'Now.'),
    );
    await using terminal = await openTerminal({ args: ['chat', '--plain'], env: server.env, cols: 120 });
    await terminal.waitFor('›');
    terminal.write('hello\r');
    await terminal.waitFor('trying again in 50 s.');
    terminal.write('\u0003');
    await terminal.waitFor('(stopped)');
    terminal.write('again\r');
    await terminal.waitFor('Now.');
    expect(server.requests).toHaveLength(2);
  });

  test('in the chat counts down to the answer', async () => {
    await using server = await failingOnce(refusing(429, { 'retry-after': '2' }, 'slow down'));
    await using terminal = await openTerminal({ args: ['chat'], env: server.env, cols: 120 });
    await terminal.waitFor('/help');
    terminal.write('hello\r');
    await terminal.waitFor('trying again in 2 s (attempt 1)');
    await terminal.waitFor('trying again in 1 s (attempt 1)');
    await terminal.waitFor('Now.');
    expect(terminal.scrollback().join('\n')).not.toContain('trying again');
  });
});
