import { describe, expect, test } from 'vitest';
import { streamCommand, valueCommand } from '../../../src/commands/define.ts';
import type { JsonObject } from '../../../src/commands/define.ts';
import { printFailure, respond } from '../../../src/commands/respond.ts';
import type { Printer } from '../../../src/commands/respond.ts';
import type { Context } from '../../../src/context.ts';
import { MiraError, ReaderGone } from '../../../src/errors.ts';
import { createRedactor } from '../../../src/log.ts';
import { plainStyle } from '../../../src/ui/plain-style.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

interface Recorded {
  readonly context: Context;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly logged: readonly string[];
}

/** Streams that remember; stdout closes after `lines` writes. */
function record({
  lines = Infinity,
  signal = new AbortController().signal,
}: { readonly lines?: number; readonly signal?: AbortSignal } = {}): Recorded {
  const [out, err, logged]: readonly [string[], string[], string[]] = [[], [], []];
  const io = {
    stdout: {
      isTerminal: false,
      write: (text: string) => {
        if (out.length >= lines) throw new ReaderGone();
        out.push(text);
      },
    },
    stderr: { isTerminal: false, write: (text: string) => void err.push(text) },
  };
  return {
    context: {
      io,
      now: () => NOW,
      signal,
      style: async () => plainStyle,
      log: (event: string) => void logged.push(event),
    } as unknown as Context,
    stdout: () => out.join(''),
    stderr: () => err.join(''),
    logged,
  };
}

const printer = (json: boolean): Printer => ({ json, redactor: createRedactor() });
const nothing = { options: {}, args: [] };

const says = (result: unknown) =>
  valueCommand<Record<never, never>, unknown>({
    summary: '',
    options: {},
    examples: [],
    run: async () => {
      if (result instanceof Error) throw result;
      return result;
    },
    human: (value) => String(value),
    json: (value) => ({ schema: 'mira.test/1', value }),
    exitCode: (value) => (value === 'bad news' ? 4 : 0),
  });

const tells = (events: readonly unknown[], last?: JsonObject) =>
  streamCommand<Record<never, never>, unknown>({
    summary: '',
    options: {},
    examples: [],
    run: async function* () {
      for (const event of events) {
        if (event instanceof Error) throw event;
        yield event;
      }
    },
    human: async (all, { io }) => {
      for await (const event of all) io.stdout.write(`${String(event)}\n`);
    },
    json: async function* (all) {
      for await (const value of all) yield { schema: 'mira.test.event/1', event: 'told', value };
    },
    failure: () => last,
  });

describe('a command that is stopped while it saves', () => {
  test('ends as stopped, with its exit status and without a result', async () => {
    const signal = AbortSignal.abort(new MiraError('terminated', 'Stopped from outside (SIGTERM).'));
    const recorded = record({ signal });
    const code = await respond(
      recorded.context,
      { command: says('the token'), input: nothing },
      printer(false),
    );

    expect([code, recorded.stdout(), recorded.stderr()]).toEqual([
      143,
      '',
      'mira: Stopped from outside (SIGTERM).\n',
    ]);
  });
});

describe('a result', () => {
  test.each([
    [false, 'hello', 'hello\n', 0],
    [false, 'two\nlines\n', 'two\nlines\n', 0],
    [false, '', '', 0],
    [false, 'bad news', 'bad news\n', 4],
    [true, 'hello', '{"schema":"mira.test/1","value":"hello"}\n', 0],
    [true, 'bad news', '{"schema":"mira.test/1","value":"bad news"}\n', 4],
    [
      true,
      'a\u001b[31m\u009b\u007f\u2028b',
      '{"schema":"mira.test/1","value":"a\\u001b[31m\\u009b\\u007f\\u2028b"}\n',
      0,
    ],
  ])('with --json %j: %j', async (json, result, stdout, status) => {
    const recorded = record();

    expect(await respond(recorded.context, { command: says(result), input: nothing }, printer(json))).toBe(
      status,
    );
    expect([recorded.stdout(), recorded.stderr()]).toEqual([stdout, '']);
  });

  test('that nobody reads ends well', async () => {
    const recorded = record({ lines: 0 });

    expect(
      await respond(recorded.context, { command: says('bad news'), input: nothing }, printer(false)),
    ).toBe(0);
  });
});

test('a result is shown without anything that a terminal obeys, but for the colours of its command', async () => {
  const recorded = record();
  const command = valueCommand<Record<never, never>, { readonly models: readonly { readonly id: string }[] }>(
    {
      summary: '',
      options: {},
      examples: [],
      run: async () => ({ models: [{ id: 'one\u001b]52;c;ZXZpbA==\u0007\u202e' }, { id: 'two\u009b2J' }] }),
      human: ({ models }) => models.map(({ id }) => `\u001b[1m${id}\u001b[22m`).join('\n'),
      json: ({ models }) => ({ schema: 'mira.test/1', models }),
    },
  );

  expect(await respond(recorded.context, { command, input: nothing }, printer(false))).toBe(0);
  expect(recorded.stdout()).toBe('\u001b[1mone\u001b[22m\n\u001b[1mtwo\u001b[22m\n');
});

describe('events', () => {
  test('are a line each, numbered and dated, with --json', async () => {
    const recorded = record();

    expect(await respond(recorded.context, { command: tells([1, 2]), input: nothing }, printer(true))).toBe(
      0,
    );
    expect(recorded.stdout()).toBe(
      '{"schema":"mira.test.event/1","event":"told","seq":0,"at":"2026-01-02T03:04:05.000Z","value":1}\n' +
        '{"schema":"mira.test.event/1","event":"told","seq":1,"at":"2026-01-02T03:04:05.000Z","value":2}\n',
    );
  });

  test('are shown by the command itself without', async () => {
    const recorded = record();

    expect(await respond(recorded.context, { command: tells([1, 2]), input: nothing }, printer(false))).toBe(
      0,
    );
    expect(recorded.stdout()).toBe('1\n2\n');
  });

  test('end with their own last event when they fail, and no line follows', async () => {
    const recorded = record();
    const command = tells([1, new MiraError('access_denied', 'No.')], {
      schema: 'mira.test.event/1',
      event: 'denied',
    });

    expect(await respond(recorded.context, { command, input: nothing }, printer(true))).toBe(4);
    expect(recorded.stdout().split('\n').slice(1)).toEqual([
      '{"schema":"mira.test.event/1","event":"denied","seq":1,"at":"2026-01-02T03:04:05.000Z","error":{"code":"access_denied","message":"No.","exit_code":4,"retryable":false}}',
      '',
    ]);
    expect(recorded.stderr()).toBe('mira: No.\n');
  });

  test('end with the error of every command when they have none of their own', async () => {
    const recorded = record();
    const command = tells([new MiraError('access_denied', 'No.')]);

    expect(await respond(recorded.context, { command, input: nothing }, printer(true))).toBe(4);
    expect(recorded.stdout()).toBe(
      '{"schema":"mira.error/1","error":{"code":"access_denied","message":"No.","exit_code":4,"retryable":false}}\n',
    );
  });

  test.each([true, false])('whose reader leaves end well (--json %j)', async (json) => {
    const recorded = record({ lines: 1 });

    expect(
      await respond(recorded.context, { command: tells([1, 2, 3]), input: nothing }, printer(json)),
    ).toBe(0);
    expect(recorded.stderr()).toBe('');
  });
});

describe('a failure', () => {
  const full = new MiraError('rate_limited', 'Too many requests.', {
    hint: 'Wait a little.',
    next: [{ command: 'mira auth status', why: 'shows it' }],
    status: 429,
    requestId: 'r-1',
    retryAfterS: 7,
    partial: { text: 'Hel', conversationId: 'c-1' },
  });

  test('is one object on stdout and the same sentence on stderr, with --json', () => {
    const recorded = record();

    expect(printFailure(recorded.context, { error: full, printer: printer(true) })).toBe(7);
    expect(JSON.parse(recorded.stdout())).toEqual({
      schema: 'mira.error/1',
      error: {
        code: 'rate_limited',
        message: 'Too many requests.',
        exit_code: 7,
        retryable: true,
        hint: 'Wait a little.',
        next: [{ command: 'mira auth status', why: 'shows it' }],
        status: 429,
        request_id: 'r-1',
        retry_after: 7,
        partial: { text: 'Hel', conversation_id: 'c-1' },
      },
    });
    expect(recorded.stderr()).toBe('mira: Too many requests.\n  Wait a little.\n');
  });

  test('is the sentence alone without', () => {
    const recorded = record();

    expect(printFailure(recorded.context, { error: full, printer: printer(false) })).toBe(7);
    expect([recorded.stdout(), recorded.stderr()]).toEqual([
      '',
      'mira: Too many requests.\n  Wait a little.\n',
    ]);
  });

  test('shows nothing that a terminal obeys, and no secret', () => {
    const recorded = record();
    const redactor = createRedactor();
    redactor.add('opaque-secret');
    const error = new MiraError('invalid_input', 'It said: \u001b[2Jopaque-secret\nmira: done', {
      hint: 'opaque-secret\u0007',
      requestId: 'opaque-secret',
    });
    printFailure(recorded.context, { error, printer: { json: true, redactor } });

    expect(recorded.stderr().split('\n')).toHaveLength(3);
    expect(`${recorded.stdout()}${recorded.stderr()}`).not.toMatch(
      /opaque-secret|[\u0000-\u0009\u000b-\u001f\u007f]/,
    );
  });

  test('of the result of a command has the exit status of its kind', async () => {
    const recorded = record();
    const command = says(new MiraError('not_found', 'It is not there.'));

    expect(await respond(recorded.context, { command, input: nothing }, printer(false))).toBe(3);
    expect(recorded.stderr()).toBe('mira: It is not there.\n');
  });

  test('that is a bug says so and exits 1; where it was is for the log, what it said may be anything', async () => {
    const recorded = record();
    const command = says(new TypeError('"opaque\u001b[2J\n at secret" is not a function'));

    expect(await respond(recorded.context, { command, input: nothing }, printer(false))).toBe(1);
    expect(recorded.stderr()).toBe(
      'mira: mira failed in a way it should not have.\n  Run the command again with --debug and report what it prints; secrets are taken out of it.\n',
    );
    expect(recorded.logged).toHaveLength(1);
    expect(recorded.logged[0]).toMatch(/^bug: TypeError\n +at .*respond\.test\.ts/);
    expect(recorded.logged[0]).not.toMatch(/opaque|\u001b/);
  });

  test('that nobody reads ends well', () => {
    expect(printFailure(record({ lines: 0 }).context, { error: full, printer: printer(true) })).toBe(0);
  });
});
