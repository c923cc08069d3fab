/** The chat on a terminal, as the built program draws it: typing, streaming, stopping, leaving. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { answerWith, begin, finish, say, startChatServer } from '../support/chat-server.ts';
import type { RawExchange } from '../support/raw-server.ts';
import { isolatedHome, MIRA } from '../support/run-mira.ts';
import { openTerminal } from '../support/terminal.ts';
import type { Terminal } from '../support/terminal.ts';

const SIZES = [
  { cols: 80, rows: 24 },
  { cols: 10, rows: 40 },
] as const;

describe.concurrent('the chat on a terminal', () => {
  test.each(SIZES)('holds the conversation once in the scrollback, at $cols × $rows', async (size) => {
    await using server = await startChatServer(echo);
    await using terminal = await openTerminal({ args: ['chat'], env: server.env, ...size });
    await waitForPrompt(terminal);
    await ask(terminal, 'hello there');
    await waitForAnswer(terminal, 'You said: hello there.');
    await ask(terminal, 'and again');
    await waitForAnswer(terminal, 'You said: and again.');
    await type(terminal, '/quit');
    terminal.write('\r');

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    const words = terminal.scrollback().join(' ').split(/\s+/).join(' ');
    expect(words.trim()).toBe(
      '› hello there You said: hello there. That was it. › and again You said: and again. That was it.',
    );
    expectGivenBack(terminal);
    const sent = server.requests.map(({ body }) => JSON.parse(body).messages.map(contentOf));
    expect(sent).toEqual([
      ['hello there'],
      ['hello there', 'You said: hello there.\nThat was it.', 'and again'],
    ]);
  });

  test('shows an answer while it streams; Esc stops it and keeps what came', async () => {
    await using server = await startChatServer(echo);
    await using terminal = await openTerminal({ args: ['chat'], env: server.env });
    await waitForPrompt(terminal);
    await ask(terminal, 'never end');
    await terminal.waitFor('the first half');
    await terminal.waitFor('Esc stops');
    terminal.write('\u001b');
    await terminal.waitFor('(stopped)');
    await ask(terminal, 'go on');
    await waitForAnswer(terminal, 'You said: go on.');
    await leave(terminal);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.scrollback()).toEqual([
      '› never end',
      '',
      'the first half',
      '(stopped)',
      '',
      '› go on',
      '',
      'You said: go on.',
      'That was it.',
    ]);
    expect(JSON.parse(server.requests[1]?.body ?? '').messages.map(contentOf)).toEqual([
      'never end',
      'the first half',
      'go on',
    ]);
  });

  test('asks for a second Ctrl-C before it leaves, and leaves the terminal as it was', async () => {
    await using server = await startChatServer(echo);
    await using home = await isolatedHome();
    const line = `stty -a > before; "$0" "$@"; echo "status $?"; stty -a > after`;
    await using terminal = await openTerminal({
      command: ['/bin/sh', '-c', line, process.execPath, MIRA, 'chat'],
      home,
      env: server.env,
    });
    await waitForPrompt(terminal);
    await leave(terminal);
    await terminal.waitFor('status 0');
    await terminal.exit;

    expect(terminal.scrollback().at(-1)).toBe('status 0');
    expectGivenBack(terminal);
    const before = await readFile(join(home.path, 'before'), 'utf8');
    expect(before).toContain('icanon');
    expect(await readFile(join(home.path, 'after'), 'utf8')).toBe(before);
  });

  test('shows a failure and goes on', async () => {
    await using server = await startChatServer(echo);
    await using terminal = await openTerminal({ args: ['chat'], env: server.env });
    await waitForPrompt(terminal);
    await ask(terminal, 'break off');
    await terminal.waitFor('was cut short');
    await ask(terminal, 'hello');
    await waitForAnswer(terminal, 'You said: hello.');
    await leave(terminal);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    const lines = terminal.scrollback();
    expect(lines.filter((line) => line.includes('the first half'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('was cut short'))).toHaveLength(1);
  });

  test('ends an answer after --timeout, keeps what came and goes on', async () => {
    await using server = await startChatServer(echo);
    await using terminal = await openTerminal({ args: ['chat', '--timeout', '3'], env: server.env });
    await waitForPrompt(terminal);
    await ask(terminal, 'never end');
    await terminal.waitFor('The answer was not whole after 3 s (--timeout).');
    await ask(terminal, 'hello');
    await waitForAnswer(terminal, 'You said: hello.');
    await leave(terminal);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.scrollback().filter((line) => line.includes('the first half'))).toHaveLength(1);
  });

  test('goes on where no file may grow, says so once, and leaves no part of a file', async () => {
    await using server = await startChatServer((exchange) => answerWith(exchange, 'word '.repeat(2_000)));
    await using home = await isolatedHome();
    await using terminal = await openTerminal({
      command: ['/bin/sh', '-c', 'ulimit -f 8; exec "$0" "$@"', process.execPath, MIRA, 'chat'],
      home,
      cwd: home.path,
      env: server.env,
      cols: 200,
    });
    await waitForPrompt(terminal);
    await ask(terminal, 'one');
    await terminal.waitFor('This conversation is not saved.');
    await ask(terminal, '/save answer.md');
    await terminal.waitFor('✗ Cannot write answer.md: the limit for the size of a file is reached.\n');
    await ask(terminal, 'two');
    await vi.waitFor(() => expect(server.requests).toHaveLength(2));
    await leave(terminal);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.scrollback().filter((line) => line.includes('is not saved'))).toHaveLength(1);
    expect(await readdir(home.path)).not.toContain('answer.md');
  });

  test('obeys no control sequence of an answer', async () => {
    await using server = await startChatServer(async (exchange) => {
      await begin(exchange);
      await say(exchange, 'safe\u001b]52;c;ZXZpbA==\u0007 and\u001b[2J\u001b[31m sound');
      await finish(exchange);
    });
    await using terminal = await openTerminal({ args: ['chat'], env: server.env });
    await waitForPrompt(terminal);
    await ask(terminal, 'x');
    await terminal.waitFor('safe and sound');
    await leave(terminal);
    await terminal.exit;

    expect(terminal.output()).not.toContain(']52;');
    expect(terminal.output()).not.toContain('\u001b[31m');
    expect(terminal.scrollback()).toEqual(['› x', '', 'safe and sound']);
  });

  test('with --plain is lines: questions in, answers out, and stdout the answers alone', async () => {
    await using server = await startChatServer(echo);
    await using terminal = await openTerminal({ args: ['chat', '--plain'], env: server.env });
    await terminal.waitFor('›');
    terminal.write('hello\r');
    await terminal.waitFor('That was it.');
    await terminal.waitFor((screen) => screen.filter((line) => line.startsWith('›')).length === 2);
    terminal.write('/quit\r');

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.scrollback()).toEqual(['› hello', 'You said: hello.', 'That was it.', '› /quit']);
    expect(terminal.output()).not.toContain('\u001b');
  });

  test.each([
    ['a dumb terminal', 'TERM=dumb'],
    ['a screen reader', 'INK_SCREEN_READER=true'],
  ])('for %s is lines without a control sequence', async (_, setting) => {
    await using server = await startChatServer(echo);
    await using terminal = await openTerminal({
      command: ['/bin/sh', '-c', `${setting} exec "$0" "$@"`, process.execPath, MIRA, 'chat'],
      env: server.env,
    });
    await terminal.waitFor('›');
    terminal.write('hello\r');
    await terminal.waitFor('That was it.');
    await terminal.waitFor((screen) => screen.filter((line) => line.startsWith('›')).length === 2);
    terminal.write('/quit\r');

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.scrollback().slice(0, 3)).toEqual(['› hello', 'You said: hello.', 'That was it.']);
    expect(terminal.output()).not.toContain('\u001b');
  });

  test('ended by SIGTERM gives the terminal back and exits 143', async () => {
    await using server = await startChatServer(echo);
    await using terminal = await openTerminal({ args: ['chat'], env: server.env });
    await waitForPrompt(terminal);
    terminal.kill('SIGTERM');

    expect(await terminal.exit).toEqual({ code: 143, signal: 0 });
    expect(terminal.scrollback().at(-1)).toBe('mira: Stopped from outside (SIGTERM).');
    expectGivenBack(terminal);
  });

  test('with --plain is left by Ctrl-C with 130', async () => {
    await using server = await startChatServer(echo);
    await using terminal = await openTerminal({ args: ['chat', '--plain'], env: server.env });
    await terminal.waitFor('›');
    terminal.write('\u0003');

    expect(await terminal.exit).toEqual({ code: 130, signal: 0 });
  });

  test('answers one question without opening when it is given one', async () => {
    await using server = await startChatServer(echo);
    await using terminal = await openTerminal({ args: ['chat', 'hello'], env: server.env });

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.scrollback()).toEqual(['You said: hello.', 'That was it.']);
  });
});

async function echo(exchange: RawExchange): Promise<void> {
  const question = contentOf(JSON.parse(exchange.request.body).messages.at(-1));
  await begin(exchange);
  if (question === 'never end' || question === 'break off') {
    await say(exchange, 'the first half');
    await (question === 'never end' ? exchange.gone : exchange.write('0\r\n\r\n'));
    return;
  }
  for (const piece of ['You ', 'said: ', question, '.\n', 'That was it.']) await say(exchange, piece);
  await finish(exchange);
}

function contentOf({ content }: { readonly content: string }): string {
  return content;
}

/** The input line is drawn below everything else. */
async function waitForPrompt(terminal: Terminal): Promise<void> {
  await terminal.waitFor((screen) => screen.findLast((line) => line.startsWith('›')) === '›');
}

async function type(terminal: Terminal, text: string): Promise<void> {
  terminal.write(text);
  const typed = text.replaceAll(' ', '');
  await terminal.waitFor((screen) => {
    const from = screen.findLastIndex((line) => line.startsWith('›'));
    return screen.slice(from).join('').replaceAll(/[›\s]/g, '').startsWith(typed);
  });
}

async function ask(terminal: Terminal, question: string): Promise<void> {
  await waitForPrompt(terminal);
  await type(terminal, question);
  terminal.write('\r');
}

/** An answer that a narrow terminal wraps is still the same words. */
async function waitForAnswer(terminal: Terminal, answer: string): Promise<void> {
  const wanted = `${answer}Thatwasit.`.replaceAll(' ', '');
  await terminal.waitFor((screen) => screen.join('').replaceAll(/\s/g, '').includes(wanted));
  await waitForPrompt(terminal);
}

async function leave(terminal: Terminal): Promise<void> {
  await waitForPrompt(terminal);
  terminal.write('\u0003');
  await terminal.waitFor('Press Ctrl-C again to leave.');
  terminal.write('\u0003');
}

/** Cursor shown, pastes plain again, no alternate screen. */
function expectGivenBack(terminal: Terminal): void {
  const output = terminal.output();
  for (const [on, off] of [
    ['\u001b[?25l', '\u001b[?25h'],
    ['\u001b[?2004h', '\u001b[?2004l'],
  ] as const) {
    expect(output.lastIndexOf(on)).toBeLessThanOrEqual(output.lastIndexOf(off));
  }
  expect(output).not.toContain('\u001b[?1049h');
}
