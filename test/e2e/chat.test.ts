/** `mira chat` in scripts: what goes to which stream, how stdin and files are read, what is sent. */
import { writeFile } from 'node:fs/promises';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { answerWith, begin, finish, say, startChatServer } from '../support/chat-server.ts';
import { chunk } from '../support/raw-server.ts';
import { isolatedHome, MIRA, OPEN, runMira, startMira } from '../support/run-mira.ts';
import type { Environment, IsolatedHome } from '../support/run-mira.ts';
import { parseLines } from '../support/sign-in.ts';

const MOMENT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const ID = expect.stringMatching(/^[0-9a-hjkmnp-tv-z]{10}$/);
const HELLO = (exchange: Parameters<typeof answerWith>[0]) => answerWith(exchange, 'Hello', ', wor', 'ld.');

describe.concurrent('an answer', () => {
  test('goes to a pipe as plain text with one newline at its end, and nothing to stderr', async () => {
    await using server = await startChatServer(HELLO);

    expect(await runMira(['chat', 'Say hello'], { env: server.env })).toEqual({
      code: 0,
      signal: null,
      stdout: 'Hello, world.\n',
      stderr: '',
    });
    expect(server.requests).toHaveLength(1);
  });

  test('that ends with a newline gets no second one', async () => {
    await using server = await startChatServer((exchange) => answerWith(exchange, 'Hello.\n'));

    expect(await runMira(['chat', 'x'], { env: server.env })).toMatchObject({ stdout: 'Hello.\n' });
  });

  test('arrives as it is streamed, not at the end', async () => {
    const { promise: mayEnd, resolve: goOn } = Promise.withResolvers<void>();
    await using server = await startChatServer(async (exchange) => {
      await begin(exchange);
      await say(exchange, 'first');
      await mayEnd;
      await say(exchange, ' second');
      await finish(exchange);
    });
    const chat = await startMira(['chat', 'x'], { env: server.env });
    await chat.waitFor(/^first$/);
    goOn();

    expect(await chat.finished).toMatchObject({ code: 0, stdout: 'first second\n' });
  });

  test('with --json is one object at the end', async () => {
    await using server = await startChatServer(HELLO);
    const { code, stdout, stderr } = await runMira(['chat', 'x', '--json'], { env: server.env });

    expect({ code, stderr, objects: parseLines(stdout) }).toEqual({
      code: 0,
      stderr: '',
      objects: [
        {
          schema: 'mira.chat/1',
          conversation_id: ID,
          provider: 'mira',
          model: 'mira',
          text: 'Hello, world.',
          finish_reason: 'stop',
          timing: { first_token_ms: expect.any(Number), total_ms: expect.any(Number) },
          retries: 0,
        },
      ],
    });
  });

  test('with --json --stream is numbered and dated events, exactly one of them the end', async () => {
    const { promise: mayEnd, resolve: goOn } = Promise.withResolvers<void>();
    await using server = await startChatServer(async (exchange) => {
      await begin(exchange);
      await say(exchange, 'first');
      await mayEnd;
      await say(exchange, ' second');
      await finish(exchange);
    });
    const chat = await startMira(['chat', 'x', '--json', '--stream'], { env: server.env });
    await chat.waitFor('"first"');
    goOn();
    const { code, stdout, stderr } = await chat.finished;

    const event = (seq: number, name: string, more: object) => ({
      schema: 'mira.chat.event/1',
      event: name,
      seq,
      at: MOMENT,
      ...more,
    });
    expect({ code, stderr, events: parseLines(stdout) }).toEqual({
      code: 0,
      stderr: '',
      events: [
        event(0, 'start', { provider: 'mira', model: 'mira', conversation_id: ID }),
        event(1, 'delta', { text: 'first' }),
        event(2, 'delta', { text: ' second' }),
        event(3, 'end', { finish_reason: 'stop', text: 'first second' }),
      ],
    });
  });

  test('has its control sequences removed in text and escaped in JSON', async () => {
    const hostile = 'a\u001b]52;c;ZXZpbA==\u0007b\u001b[2Jc\u009b31md\u202ee\u0000f\u007f\u2028g';
    await using server = await startChatServer((exchange) =>
      // Cut in the middle of a sequence, as a network would.
      answerWith(exchange, hostile.slice(0, 5), hostile.slice(5)),
    );
    const plain = await runMira(['chat', 'x'], { env: server.env });
    expect(plain).toEqual({ code: 0, signal: null, stdout: 'abcdefg\n', stderr: '' });

    for (const args of [['--json'], ['--json', '--stream']]) {
      const { stdout } = await runMira(['chat', 'x', ...args], { env: server.env });
      expect(stdout).not.toMatch(/[^\n -~\u00a0-\u2027\u202a-\uffff]/);
      expect(parseLines(stdout).at(-1)).toMatchObject({ text: hostile });
    }
  });

  test('into a pipe that is closed early ends the program with 0 and without a word', async () => {
    const { promise: mayEnd, resolve: goOn } = Promise.withResolvers<void>();
    await using server = await startChatServer(async (exchange) => {
      await begin(exchange);
      await say(exchange, 'first line\n');
      await mayEnd;
      for (let line = 0; line < 50; line += 1) await say(exchange, `line ${line}\n`);
      await finish(exchange);
    });
    for (const args of [[], ['--json', '--stream']]) {
      const chat = await startMira(['chat', 'x', ...args], { env: server.env });
      await chat.waitFor('first line');
      chat.closeOutput();
      goOn();
      const { code, stderr } = await chat.finished;
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
    }
  });

  test('that nobody can take (stdout closed) ends with 0, that a full disk cannot take with 10', async () => {
    await using server = await startChatServer(HELLO);
    await using home = await isolatedHome();
    const shell = (redirect: string) => runShell(`"$0" "$1" chat x ${redirect}`, { home, env: server.env });

    expect(await shell('>&-')).toEqual({ code: 0, stderr: '' });
    expect(await shell('>/dev/full')).toEqual({
      code: 10,
      stderr: 'mira: There is no space left to write standard output to.\n',
    });
    for (const more of ['--json', '--json --stream']) {
      expect(await shell(`${more} >/dev/full`)).toEqual(await shell('>/dev/full'));
    }
    expect(await shell('2>/dev/full | cat')).toEqual({ code: 0, stderr: '' });
  });

  test('stopped by Ctrl-C keeps what came and exits 130', async () => {
    await using server = await startChatServer(async (exchange) => {
      await begin(exchange);
      await say(exchange, 'half of an');
      await exchange.gone;
    });
    const plain = await startMira(['chat', 'x'], { env: server.env });
    await plain.waitFor('half of an');
    plain.signal('SIGINT');
    expect(await plain.finished).toEqual({
      code: 130,
      signal: null,
      stdout: 'half of an\n',
      stderr: 'mira: Stopped.\n',
    });

    const json = await startMira(['chat', 'x', '--json', '--stream'], { env: server.env });
    await json.waitFor('half of an');
    json.signal('SIGTERM');
    const { code, stdout } = await json.finished;
    expect({ code, last: parseLines(stdout).at(-1) }).toMatchObject({
      code: 143,
      last: {
        event: 'error',
        error: { code: 'terminated', exit_code: 143, partial: { text: 'half of an' } },
      },
    });
  });
});

describe.concurrent('a question', () => {
  test('is sent with what is documented and nothing else', async () => {
    await using server = await startChatServer(HELLO);
    await runMira(['chat', 'two', 'words'], { env: server.env });
    await runMira(
      ['chat', 'x', '-s', 'Be brief.', '-m', 'mira-pro', '--max-tokens', '7', '--temperature', '0.5'],
      { env: server.env },
    );
    const [first, second] = server.requests;

    expect(JSON.parse(first?.body ?? '')).toEqual({
      model: 'mira',
      messages: [{ role: 'user', content: 'two words' }],
      stream: true,
    });
    expect(JSON.parse(second?.body ?? '')).toEqual({
      model: 'mira-pro',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'x' },
      ],
      stream: true,
      temperature: 0.5,
      max_tokens: 7,
    });
    expect({ ...first, body: undefined }).toEqual({
      method: 'POST',
      path: '/v1/chat/completions',
      body: undefined,
      headers: {
        host: new URL(server.origin).host,
        connection: 'keep-alive',
        'user-agent': expect.stringMatching(/^mira\/\d+\.\d+\.\d+$/),
        'accept-encoding': 'identity',
        authorization: `Bearer ${server.env['MIRA_API_KEY']}`,
        'content-type': 'application/json',
        accept: 'text/event-stream',
        'content-length': String(Buffer.byteLength(first?.body ?? '')),
      },
    });
  });

  test('reads stdin behind a prompt, alone, and for `-`; and files under their names', async () => {
    await using server = await startChatServer(HELLO);
    await using home = await isolatedHome();
    const { env } = server;
    await writeFile(join(home.path, 'one.txt'), 'first file\n');
    await writeFile(join(home.path, 'two.txt'), 'second file\n\n');
    await writeFile(join(home.path, 'system.txt'), 'Be brief.\n');
    const runs: readonly (readonly [readonly string[], string | undefined])[] = [
      [['Explain'], 'some\ndata\n'],
      [[], 'only data\n'],
      [['-'], 'all of it'],
      [['Explain', '-'], 'all of it'],
      [['Compare', '-f', 'one.txt', '-f', 'two.txt'], undefined],
      [['x', '--system-file', 'system.txt'], undefined],
      [['--', '--json'], undefined],
    ];
    for (const [args, stdin] of runs) {
      expect(await runMira(['chat', ...args], { env, stdin, home, cwd: home.path })).toMatchObject({
        code: 0,
      });
    }

    const asked = server.requests.map(({ body }) =>
      JSON.parse(body).messages.map(({ content }: { content: string }) => content),
    );
    expect(asked).toEqual([
      ['Explain\n\nsome\ndata'],
      ['only data'],
      ['all of it'],
      ['Explain\n\nall of it'],
      ['Compare\n\none.txt:\nfirst file\n\ntwo.txt:\nsecond file'],
      ['Be brief.', 'x'],
      ['--json'],
    ]);
  });

  test('is missing: exit 2; too large: exit 2; and neither is sent', async () => {
    await using server = await startChatServer(HELLO);
    const { env } = server;

    expect(await runMira(['chat'], { env })).toEqual({
      code: 2,
      signal: null,
      stdout: '',
      stderr: 'mira: There is nothing to ask.\n  Give a question: mira chat "What is a device code?"\n',
    });
    expect(await runMira(['chat'], { env, stdin: '  \n\n' })).toMatchObject({ code: 2 });
    expect(await runMira(['chat', 'x'], { env, stdin: 'x'.repeat(10 * 1024 * 1024 + 1) })).toEqual({
      code: 2,
      signal: null,
      stdout: '',
      stderr: 'mira: Standard input holds more than 10 MB.\n  Send less of it.\n',
    });
    expect(await runMira(['chat', 'x', '-f', 'missing'], { env })).toMatchObject({
      code: 2,
      stderr: 'mira: --file: missing cannot be read (there is no such file).\n',
    });
    expect(await runMira(['chat', 'x', '-f', '/dev/zero'], { env })).toMatchObject({
      code: 2,
      stderr: 'mira: --file: /dev/zero is larger than 10 MB.\n',
    });
    expect(await runMira(['chat', 'x', '--stream'], { env })).toMatchObject({ code: 2, stdout: '' });
    expect(await runMira(['chat', 'x', '-p', 'nobody'], { env })).toMatchObject({ code: 2 });
    expect(await runMira(['chat', 'x', '--max-tokens', '1.5'], { env })).toMatchObject({ code: 2 });
    expect(await runMira(['chat', 'x', '--temperature', '3'], { env })).toMatchObject({ code: 2 });
    expect(server.requests).toEqual([]);
  });

  test('in a named pipe is waited for, which Ctrl-C ends', async () => {
    await using server = await startChatServer(HELLO);
    await using home = await isolatedHome();
    const pipe = join(home.path, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const chat = await startMira(['chat', 'x', '-f', pipe], { home, env: server.env });
    // Writing can begin once somebody reads.
    const writer = await vi.waitFor(() => openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK), 10_000);
    chat.signal('SIGINT');

    const result = await chat.finished.finally(() => closeSync(writer));
    expect(result).toMatchObject({ code: 130, signal: null, stdout: '' });
    expect(server.requests).toEqual([]);
  });

  test('whose pipe says nothing is waited for, after 3 s aloud, after 30 s no more', async () => {
    await using server = await startChatServer(HELLO);
    const late = await startMira(['chat', 'x'], { env: server.env, stdin: OPEN });
    const silent = await startMira(['chat', 'x', '--json'], {
      env: server.env,
      stdin: OPEN,
      timeoutMs: 45_000,
    });
    const notice =
      'mira: Waiting for standard input. (`-` waits on without a limit, `< /dev/null` ignores it.)\n';
    await late.waitFor('Waiting for standard input');
    late.write('here it is');
    late.endInput();

    expect(await late.finished).toEqual({ code: 0, signal: null, stdout: 'Hello, world.\n', stderr: notice });
    expect(JSON.parse(server.requests[0]?.body ?? '').messages[0].content).toBe('x\n\nhere it is');
    const { code, stdout, stderr } = await silent.finished;
    const message = 'Standard input is a pipe that said nothing for 30 s.';
    const hint = 'Add `-` to wait for it, or `< /dev/null` to ask without it.';
    expect({ code, stderr, error: JSON.parse(stdout).error }).toEqual({
      code: 2,
      stderr: `${notice}mira: ${message}\n  ${hint}\n`,
      error: { code: 'stdin_silent', message, exit_code: 2, retryable: false, hint },
    });
    expect(server.requests).toHaveLength(1);
  });

  test('reads a file at stdin from where its descriptor stands, up to 10 MB', async () => {
    await using home = await isolatedHome();
    const ask = (file: string) => {
      const args = [
        '-c',
        'read -r first; exec "$@"',
        'sh',
        process.execPath,
        MIRA,
        'chat',
        '--dry-run',
        '--json',
      ];
      const stdin = openSync(file, 'r');
      try {
        return spawnSync('/bin/sh', args, {
          env: home.env,
          stdio: [stdin, 'pipe', 'pipe'],
          encoding: 'utf8',
        });
      } finally {
        closeSync(stdin);
      }
    };
    const file = join(home.path, 'lines.txt');
    const rest = `second\n${'äöü '.repeat(50_000)}end`;
    await writeFile(file, `first\n${rest}\n`);

    const { status, stdout } = ask(file);
    expect([status, JSON.parse(stdout).body.messages]).toEqual([0, [{ role: 'user', content: rest }]]);

    await writeFile(file, `first\n${'x'.repeat(10 * 1024 * 1024 + 1)}`);
    expect(ask(file)).toMatchObject({
      status: 2,
      stderr: 'mira: Standard input holds more than 10 MB.\n  Send less of it.\n',
    });
  });

  test('is asked with stdin closed as if it were empty', async () => {
    await using server = await startChatServer(HELLO);
    await using home = await isolatedHome();

    expect(await runShell('"$0" "$1" chat x <&- >out', { home, env: server.env })).toEqual({
      code: 0,
      stderr: '',
    });
  });

  test('stopped by Ctrl-C while stdin is waited for is not asked', async () => {
    await using server = await startChatServer(HELLO);
    const chat = await startMira(['chat', 'x'], { env: server.env, stdin: OPEN });
    await chat.waitFor('Waiting for standard input');
    chat.signal('SIGINT');

    expect(await chat.finished).toMatchObject({ code: 130, stdout: '' });
    expect(chat.stderr()).toMatch(/^mira: Waiting for standard input\..*\nmira: Stopped\.\n$/);
    expect(server.requests).toEqual([]);
  });
});

interface ShellRun {
  readonly home: IsolatedHome;
  readonly env: Environment;
}

/** Runs a line of shell in which `$0` is Node and `$1` is mira, for what only a shell can set up. */
async function runShell(
  line: string,
  { home, env }: ShellRun,
): Promise<{ readonly code: unknown; readonly stderr: string }> {
  const child = spawn('/bin/sh', ['-c', line, process.execPath, MIRA], {
    cwd: home.path,
    env: { ...home.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = await once(child, 'close');
  return { code, stderr };
}

test('an answer that asks for a tool says so, and nobody takes its silence for an answer', async () => {
  const call = {
    id: 'call_1',
    type: 'function',
    function: { name: 'wea\u001b[2Jther', arguments: '{"city":"Köln"}' },
  };
  await using server = await startChatServer(async (exchange) => {
    await begin(exchange);
    const choice = { index: 0, delta: { tool_calls: [{ index: 0, ...call }] }, finish_reason: 'tool_calls' };
    await exchange.write(chunk(`data: ${JSON.stringify({ choices: [choice] })}\n\n`));
    await exchange.write(chunk(''));
  });
  expect(await runMira(['chat', 'Hot?'], { env: server.env })).toMatchObject({
    code: 0,
    stdout: '',
    stderr: 'mira: The model asks for the tool weather, and has none here.\n',
  });
  const { stdout } = await runMira(['chat', 'Hot?', '--json', '--stream'], { env: server.env });
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.slice(1)).toMatchObject([
    { event: 'tool_call', seq: 1, id: 'call_1', name: 'wea\u001b[2Jther', arguments: { city: 'Köln' } },
    { event: 'end', seq: 2, finish_reason: 'tool_calls', text: '' },
  ]);
});
