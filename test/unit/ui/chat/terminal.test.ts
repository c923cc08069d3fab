/** The chat in a real pseudo-terminal, read back as a person sees it. */
import { execFileSync } from 'node:child_process';
import { readlink } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openTerminal, type Terminal } from '../../../support/terminal.ts';
import { buildProgram, type BuiltProgram } from '../support/build-program.ts';
import { HOSTILE_TEXTS } from '../support/hostile-corpus.ts';

let program: BuiltProgram;
beforeAll(async () => {
  program = await buildProgram('./chat-program.ts');
});
afterAll(() => program[Symbol.asyncDispose]());

interface Size {
  readonly cols: number;
  readonly rows: number;
}

const SIZES: readonly Size[] = [
  { cols: 80, rows: 24 },
  { cols: 40, rows: 10 },
];

/** The chat, ready for keys. */
async function chat(size: Size = { cols: 80, rows: 24 }, ...args: readonly string[]): Promise<Terminal> {
  const terminal = await openTerminal({
    command: [process.execPath, program.path, ...args],
    // A terminal on a build machine is one all the same; the caller has decided.
    env: { CI: 'true', NO_COLOR: '1' },
    ...size,
  });
  // Shorter than a test may take, so that what was missing is what is reported.
  const waitFor: Terminal['waitFor'] = (condition) => terminal.waitFor(condition, 10_000);
  await waitFor('/help');
  return { ...terminal, waitFor };
}

const ESC = '\x1b';
const CTRL_C = '\x03';

async function leave(terminal: Terminal): Promise<void> {
  terminal.write('/quit\r');
  expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
}

/** Rows of the screen with something on them. */
function shown(terminal: Terminal): readonly string[] {
  return terminal.screen().filter((line) => line !== '');
}

describe.each(SIZES)('in a window of $cols × $rows', (size) => {
  it('holds a conversation and leaves exactly that behind, once', async () => {
    await using terminal = await chat(size);
    terminal.write('hello\r');
    await terminal.waitFor('1,234 tokens');
    terminal.write('lines 60\r');
    await terminal.waitFor('2,468 tokens');
    await leave(terminal);
    expect(terminal.scrollback()).toEqual([
      '› hello',
      '',
      'mira heard "hello" as message 1.',
      '',
      '› lines 60',
      '',
      ...Array.from({ length: 60 }, (_, index) => `line ${index + 1} of 60`),
      '',
      'left restored',
    ]);
    expectRestored(terminal);
  });

  it('breaks prose at words, keeps wide characters and lines of code whole', async () => {
    await using terminal = await chat(size);
    terminal.write('prose\r');
    await terminal.waitFor('1,234 tokens');
    terminal.write('code\r');
    await terminal.waitFor('2,468 tokens');
    await leave(terminal);
    const lines = terminal.scrollback();
    const prose = lines.slice(2, lines.indexOf('› code') - 1);
    expect(prose.join(' ')).toBe(
      'Device codes let a program without a browser ask a person to approve it elsewhere: 你好，世界 👨‍👩‍👧 and ' +
        'more words follow here so that the paragraph is longer than every window that it is shown in, twice over.',
    );
    expect(lines).toContain(
      `curl --silent --header "Accept: application/json" https://api.example/v1/models | jq -r '.data[].id' | sort`,
    );
  });

  it('is itself after every key, however much is written', async () => {
    await using terminal = await chat(size);
    for (let line = 0; line < 30; line++) terminal.write(`${ESC}[200~line ${line}\r${ESC}[201~`);
    terminal.write('end');
    await terminal.waitFor((screen) => screen.some((line) => line.endsWith('end')));
    expect(shown(terminal).at(-1)).toMatch(/^mira · work/);
    expect(shown(terminal).at(-2)).toBe('  end');
    expect(terminal.cursor().x).toBe(5);
    terminal.write(CTRL_C);
    await terminal.waitFor('again to leave');
    expect(shown(terminal)).toEqual(['›', 'Press Ctrl-C again to leave.']);
    terminal.write(CTRL_C);
    await terminal.exit;
    expect(terminal.scrollback()).toEqual(['left restored']);
  });
});

describe('the answer', () => {
  it.each([
    ['Esc', ESC],
    ['Ctrl-C', CTRL_C],
  ])('is stopped by %s and kept', async (_, key) => {
    await using terminal = await chat();
    terminal.write('hang\r');
    await terminal.waitFor('This came');
    terminal.write(key);
    await terminal.waitFor('(stopped)');
    terminal.write('next\r');
    await terminal.waitFor('as message 3.');
    await leave(terminal);
    expect(terminal.scrollback()).toEqual([
      '› hang',
      '',
      'This came',
      '(stopped)',
      '',
      '› next',
      '',
      'mira heard "next" as message 3.',
      '',
      'left restored',
    ]);
  });

  it('lets one type meanwhile and sends it afterwards', async () => {
    await using terminal = await chat();
    terminal.write('wait\r');
    await terminal.waitFor('waiting for mira');
    terminal.write('first\r');
    await terminal.waitFor('queued: first');
    terminal.write('second\r');
    await terminal.waitFor('queued (and 1 more): first');
    terminal.write('unfinished');
    await terminal.waitFor('› unfinished');
    terminal.write(ESC);
    await terminal.waitFor((screen) => screen.includes('  unfinished'));
    expect(shown(terminal)).toEqual([
      '› wait',
      '(stopped)',
      '› first',
      '  second',
      '  unfinished',
      'mira · work',
    ]);
    await quitByKey(terminal);
  });

  it('says what it waits for when it is tried again', async () => {
    await using terminal = await chat();
    terminal.write('retry\r');
    await terminal.waitFor('(attempt 2)');
    expect(terminal.screen()[2]).toMatch(/^rate limited: trying again in \d+ s \(attempt 2\) · Esc stops$/);
    await quitByKey(terminal);
  });

  it.each([
    ['fail', ['✗ The service asks to wait. Try again in a minute.']],
    ['cut', ['Half of an ans', '✗ The answer broke off.']],
  ])('may %s with one line, and the chat goes on', async (question, answer) => {
    await using terminal = await chat();
    terminal.write(`${question}\r`);
    await terminal.waitFor('✗');
    terminal.write('next\r');
    await terminal.waitFor('1,234 tokens');
    await leave(terminal);
    expect(terminal.scrollback().slice(0, 2 + answer.length)).toEqual([`› ${question}`, '', ...answer]);
  });

  it('cannot do anything to the terminal', async () => {
    await using terminal = await chat();
    const before = terminal.output().length;
    terminal.write('hostile\r');
    await terminal.waitFor('1,234 tokens');
    await leave(terminal);
    const sequences = new Set(terminal.output().slice(before).match(new RegExp('\\x1b.[0-9;?<]*.', 'gu')));
    // Moving, erasing, hiding and showing the cursor, whole frames, paste marks, the keyboard given back: what Ink and we write ourselves.
    for (const sequence of sequences) {
      expect(sequence).toMatch(new RegExp('^\\x1b\\[(\\d*[A-HJKm]|\\?(25|2026|2004)[hl]|<u)$', 'u'));
    }
    const answer = terminal.scrollback().join('\n');
    for (const { safe } of HOSTILE_TEXTS) expect(answer).toContain(safe.trim().split('\n')[0]);
  });
});

describe('keys', () => {
  it('edit several lines by grapheme and recall what was sent', async () => {
    await using terminal = await chat();
    terminal.write('a👨‍👩‍👧b');
    terminal.write(`${ESC}[D\x7f`);
    await terminal.waitFor((screen) => screen.includes('› ab'));
    terminal.write(`${ESC}[F${ESC}\r`);
    terminal.write('two\nthree\\');
    await terminal.waitFor((screen) => screen.includes('  three\\'));
    terminal.write('\r');
    await terminal.waitFor((screen) => screen.includes('  three'));
    terminal.write('four');
    await terminal.waitFor((screen) => screen.includes('  four'));
    expect(shown(terminal).slice(0, 4)).toEqual(['› ab', '  two', '  three', '  four']);
    terminal.write('\r');
    await terminal.waitFor('as message 1.');
    expect(shown(terminal)).toContain('mira heard "ab\\ntwo\\nthree\\nfour" as message 1.');
    terminal.write(`${ESC}[A`);
    await terminal.waitFor((screen) => screen.filter((line) => line === '  four').length === 2);
    await quitByKey(terminal);
  });

  it('take a paste as one block that sends nothing', async () => {
    await using terminal = await chat();
    terminal.write(`${ESC}[200~one\rtwo\r${ESC}]52;c;eA==\x07${ESC}[201~`);
    await terminal.waitFor((screen) => screen.includes('  two'));
    terminal.write('!\r');
    await terminal.waitFor('as message 1.');
    await leave(terminal);
    expect(terminal.scrollback()).toContain('mira heard "one\\ntwo\\n!" as message 1.');
  });

  it('Ctrl-D leaves an empty line, and a command may be misspelt', async () => {
    await using terminal = await chat();
    terminal.write('/modle large\r');
    await terminal.waitFor('Did you mean /model?');
    terminal.write('/model large\r');
    await terminal.waitFor('The model is large from now on.');
    terminal.write('hi\r');
    await terminal.waitFor('large heard "hi" as message 1.');
    terminal.write('\x04');
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expectRestored(terminal);
  });
});

describe('the end', () => {
  it('comes with a signal too, with what had arrived', async () => {
    await using terminal = await chat();
    terminal.write('hang\r');
    await terminal.waitFor('This came');
    terminal.kill('SIGTERM');
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.scrollback()).toEqual(['› hang', '', 'This came', '(stopped)', '', 'left restored']);
    expectRestored(terminal);
  });
});

it('draws nothing while nothing changes', async () => {
  await using terminal = await chat();
  terminal.write('hang\r');
  await terminal.waitFor('Esc stops');
  const { length } = terminal.output();
  // Keys that change nothing make the program go round once; a key that does shows that it has.
  terminal.write(`${ESC}[D${ESC}[C${ESC}[D`);
  terminal.write('x');
  await terminal.waitFor('› x');
  expect(terminal.output().slice(length).split('\x1b[?2026h')).toHaveLength(2);
  await quitByKey(terminal);
});

it('keeps a frame together in one write', async () => {
  await using terminal = await chat();
  terminal.write('lines 500\r');
  await terminal.waitFor('1,234 tokens');
  await leave(terminal);
  const outside = terminal
    .output()
    .replaceAll(new RegExp('\\x1b\\[\\?2026h[^]*?\\x1b\\[\\?2026l', 'gu'), '')
    .replaceAll(new RegExp('\\x1b\\[\\?(2004|25)[hl]', 'gu'), '');
  // The kitty keyboard protocol is asked for before the first frame.
  expect(outside).toBe('\x1b[>5uleft restored\r\n');
});

it('bundles the production build of React', async () => {
  const { readFile } = await import('node:fs/promises');
  const code = await readFile(program.path, 'utf8');
  expect(code).toContain('react-reconciler.production');
  expect(code).not.toContain('react-reconciler.development.js\n');
});

async function quitByKey(terminal: Terminal): Promise<void> {
  terminal.write(CTRL_C);
  await terminal.waitFor('again to leave');
  terminal.write(CTRL_C);
  expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
}

function expectRestored(terminal: Terminal): void {
  const output = terminal.output();
  expect(output.lastIndexOf('\x1b[?25h')).toBeGreaterThan(output.lastIndexOf('\x1b[?25l'));
  expect(output.lastIndexOf('\x1b[?2004l')).toBeGreaterThan(output.lastIndexOf('\x1b[?2004h'));
  expect(terminal.scrollback().at(-1)).toBe('left restored');
}

it('takes the terminal back after it was stopped and a shell had it', async () => {
  await using terminal = await chat();
  const tty = await readlink(`/proc/${terminal.pid}/fd/0`);
  const modes = (...args: readonly string[]) =>
    execFileSync('stty', ['-F', tty, ...args], { encoding: 'utf8' });
  terminal.write('hel');
  await terminal.waitFor('› hel');
  terminal.kill('SIGSTOP');
  modes('icanon', 'echo');
  terminal.kill('SIGCONT');
  await vi.waitFor(() => expect(modes('-a')).toContain('-icanon'), { timeout: 10_000 });
  terminal.write('lo\r');
  await terminal.waitFor('heard');
  await leave(terminal);
  expect(shown(terminal)).toEqual(['› hello', 'mira heard "hello" as message 1.', 'left restored']);
});
