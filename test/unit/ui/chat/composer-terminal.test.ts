/** Writing a question in a real pseudo-terminal: keys as terminals send them, the cursor where a person sees it. */
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { isolatedHome, type IsolatedHome } from '../../../support/isolated-home.ts';
import { openTerminal, type Terminal, type TerminalOptions } from '../../../support/terminal.ts';
import { buildProgram, type BuiltProgram } from '../support/build-program.ts';

let program: BuiltProgram;
beforeAll(async () => {
  program = await buildProgram('./chat-program.ts');
});
afterAll(() => program[Symbol.asyncDispose]());

const ESC = '\x1b';
const CTRL_C = '\x03';

async function chat({ args = [], ...options }: TerminalOptions = {}): Promise<Terminal> {
  const command = [process.execPath, program.path, ...args] as const;
  const terminal = await openTerminal({ ...options, command, env: { NO_COLOR: '1', ...options.env } });
  const waitFor: Terminal['waitFor'] = (condition) => terminal.waitFor(condition, 10_000);
  await waitFor('/help');
  return { ...terminal, waitFor };
}

async function home(): Promise<IsolatedHome> {
  const made = await isolatedHome();
  onTestFinished(() => made.cleanup());
  return made;
}

/** Rows of the screen with something on them, without the status line. */
function written(terminal: Terminal): readonly string[] {
  return terminal
    .screen()
    .filter((line) => line !== '')
    .slice(0, -1);
}

async function leave(terminal: Terminal): Promise<void> {
  terminal.write('\x15\x15\x04');
  expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
}

describe('a new line', () => {
  it.each([
    ['Alt+Enter', `${ESC}\r`],
    ['Ctrl+J', '\n'],
    ['a backslash and Enter', '\\\r'],
    ['Shift+Enter as xterm and tmux send it', `${ESC}[27;2;13~`],
    ['Shift+Enter as kitty sends it', `${ESC}[13;2u`],
  ])('is begun by %s', async (_, key) => {
    await using terminal = await chat();
    // Each key on its own, as fingers press them.
    const [first = '', ...rest] = key.startsWith('\\') ? key : [key];
    terminal.write('one');
    await terminal.waitFor('› one');
    terminal.write(first);
    await terminal.waitFor(() => terminal.cursor().x !== 5);
    terminal.write(rest.join(''));
    await terminal.waitFor(() => terminal.cursor().x === 2);
    terminal.write('two');
    await terminal.waitFor((screen) => screen.includes('  two'));
    expect(written(terminal)).toEqual(['› one', '  two']);
    terminal.write('\r');
    await terminal.waitFor('mira heard "one\\ntwo" as message 1.');
  });

  it('is Shift+Enter where the terminal speaks the kitty protocol, which is asked for and given back in the end', async () => {
    await using terminal = await chat();
    terminal.write(`one${ESC}[13;2utwo`);
    await terminal.waitFor((screen) => screen.includes('  two'));
    terminal.write(`${ESC}[119;5u${ESC}[106;5u`);
    await terminal.waitFor((screen) => screen.includes('› one') && !screen.includes('  two'));
    // Esc and Ctrl-C, the latter on a Russian keyboard.
    terminal.write('\r');
    await terminal.waitFor('as message 1.');
    terminal.write('hang\r');
    await terminal.waitFor('This came');
    terminal.write(`${ESC}[27u`);
    await terminal.waitFor('(stopped)');
    terminal.write(`${ESC}[1089::99;5u${ESC}[1089::99;5u`);
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    const output = terminal.output();
    expect(output.lastIndexOf(`${ESC}[<u`)).toBeGreaterThan(output.lastIndexOf(`${ESC}[>5u`));
  });

  it('is asked for in xterm’s form where only that is understood, and no longer afterwards', async () => {
    await using terminal = await chat({ env: { TMUX: '/tmp/tmux-0/default,1,0' } });
    await terminal.waitFor(() => terminal.output().includes(`${ESC}[>4;1m`));
    await leave(terminal);
    const output = terminal.output();
    expect(output.lastIndexOf(`${ESC}[>4m`)).toBeGreaterThan(output.lastIndexOf(`${ESC}[>4;1m`));
  });
});

describe('the cursor', () => {
  it.each([
    ['ab', { x: 4, y: 0 }],
    ['中文', { x: 6, y: 0 }],
    ['e\u0301', { x: 3, y: 0 }],
    ['👨\u200d👩\u200d👧', { x: 4, y: 0 }],
    [`ab\x02`, { x: 3, y: 0 }],
    [`中文\x02`, { x: 4, y: 0 }],
    ['a\tb', { x: 11, y: 0 }],
    ['x'.repeat(77), { x: 2, y: 1 }],
    ['x'.repeat(80), { x: 5, y: 1 }],
    ['one\ntwo\x10', { x: 5, y: 0 }],
  ])('stands at the caret after %j', async (keys, expected) => {
    await using terminal = await chat();
    for (const part of keys.split(/([\x02\x10])/u)) terminal.write(part);
    await terminal.waitFor(() => {
      const { x, y } = terminal.cursor();
      return x === expected.x && y === expected.y;
    });
    // What an input method commits now goes there.
    terminal.write('你好');
    await terminal.waitFor('你好');
    expect(terminal.cursor().x).toBe(expected.x + 4);
  });

  it('goes over a folded paste at once', async () => {
    await using terminal = await chat();
    const log = Array.from({ length: 120 }, (_, line) => `line ${line + 1}`);
    terminal.write(`see ${ESC}[200~${log.join('\r')}${ESC}[201~`);
    await terminal.waitFor('› see [Pasted 120 lines #1]');
    terminal.write(`${ESC}[D`);
    await terminal.waitFor(() => terminal.cursor().x === 6);
    terminal.write('all ');
    await terminal.waitFor('› see all [Pasted 120 lines #1]');
    terminal.write('\r');
    await terminal.waitFor('as message 1.');
    await leave(terminal);
    expect(terminal.scrollback().slice(0, 120)).toEqual([
      '› see all line 1',
      ...log.slice(1).map((line) => `  ${line}`),
    ]);
  });
});

it('takes a paste of a megabyte as one character', async () => {
  await using terminal = await chat();
  const megabyte = 'All work and no play makes Jack a dull boy.\r'.repeat(24_000);
  terminal.write(`${ESC}[200~${megabyte}${ESC}[201~x`);
  await terminal.waitFor('› [Pasted 24,000 lines #1]x');
  terminal.write('\x7f\x7f');
  await terminal.waitFor((screen) => screen.includes('›'));
  terminal.write('\x1f');
  await terminal.waitFor('[Pasted 24,000 lines #1]');
});

it('searches what was sent before', async () => {
  await using terminal = await chat({ args: ['--history'] });
  terminal.write('unsent');
  await terminal.waitFor('› unsent');
  terminal.write('\x12pu');
  await terminal.waitFor((screen) => screen.includes('search: pu') && screen.includes('› git pull'));
  expect(terminal.cursor()).toEqual({ x: 10, y: 0 });
  terminal.write('\x12');
  await terminal.waitFor('› git push');
  terminal.write('\x13');
  await terminal.waitFor('› git pull');
  terminal.write('\x07');
  await terminal.waitFor('› unsent');
  terminal.write('\x12tea');
  await terminal.waitFor('› make tea');
  terminal.write('\r');
  await terminal.waitFor((screen) => !screen.some((line) => line.startsWith('search')));
  expect(written(terminal)).toEqual(['› make tea', '  and drink it']);
  terminal.write('\r');
  await terminal.waitFor('mira heard "make tea\\nand drink it" as message 1.');
});

describe('an editor', () => {
  /** A script as the editor; what it shows is on the terminal. */
  async function withEditor(script: string, options: TerminalOptions = {}) {
    const place = await home();
    const path = join(place.path, 'my editor');
    const temporary = join(place.path, 'tmp');
    await mkdir(temporary, { recursive: true });
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o700);
    const env = { VISUAL: `"${path}"`, TMPDIR: temporary };
    return { terminal: await chat({ ...options, home: place, env }), temporary };
  }

  it('has the terminal and the text, and gives both back', async () => {
    const script =
      'echo "editing: $(cat "$1")"; stty -a | grep -o " echo " ; read -r line; echo "$line, twice" >> "$1"';
    const opened = await withEditor(script);
    await using terminal = opened.terminal;
    terminal.write('draft');
    await terminal.waitFor('› draft');
    terminal.write('\x07');
    await terminal.waitFor('editing: draft');
    const lent = terminal.output().slice(0, terminal.output().indexOf('editing'));
    expect(lent.lastIndexOf(`${ESC}[<u`)).toBeGreaterThan(lent.lastIndexOf(`${ESC}[>5u`));
    expect(lent.lastIndexOf(`${ESC}[?2004l`)).toBeGreaterThan(lent.lastIndexOf(`${ESC}[?2004h`));
    terminal.write('typed in the editor\r');
    await terminal.waitFor(
      (screen) => screen.includes('› draft') && screen.includes('  typed in the editor, twice'),
    );
    expect(terminal.output().lastIndexOf(`${ESC}[>5u`)).toBeGreaterThan(lent.length);
    terminal.write('!');
    await terminal.waitFor('  typed in the editor, twice!');
    terminal.write('\x1f\x1f');
    await terminal.waitFor(
      (screen) => screen.includes('› draft') && !screen.some((line) => line.endsWith('twice')),
    );
    expect(await readdir(opened.temporary)).toEqual([]);
  });

  it('that fails leaves the text as it is, and one line', async () => {
    const opened = await withEditor('exit 3');
    await using terminal = opened.terminal;
    terminal.write('draft');
    await terminal.waitFor('› draft');
    terminal.write('\x07');
    await terminal.waitFor('ended with status 3; the text is as it was.');
    expect(terminal.screen()).toContain('› draft');
  });

  it('does not stop an answer, which is shown afterwards', async () => {
    const opened = await withEditor('echo editing; read -r line');
    await using terminal = opened.terminal;
    terminal.write('fast 200\r');
    await terminal.waitFor('word1');
    terminal.write('\x07');
    await terminal.waitFor('editing');
    terminal.write('done\r');
    await terminal.waitFor('1,234 tokens');
    expect(terminal.scrollback().join(' ')).toContain('word199 word200');
  });

  it('ends with the program', async () => {
    const opened = await withEditor('echo editing; exec sleep 60');
    await using terminal = opened.terminal;
    terminal.write('\x07');
    await terminal.waitFor('editing');
    terminal.kill('SIGTERM');
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(await readdir(opened.temporary)).toEqual([]);
    expect(terminal.scrollback().at(-1)).toBe('left restored');
    const output = terminal.output();
    expect(output.lastIndexOf(`${ESC}[<u`)).toBeGreaterThan(output.lastIndexOf(`${ESC}[>5u`));
  });
});

describe('a path', () => {
  async function folder() {
    const place = await home();
    const cwd = join(place.path, 'work');
    await mkdir(join(cwd, 'notes'), { recursive: true });
    await writeFile(join(cwd, 'notes', 'plan.md'), 'The plan.\n');
    await writeFile(join(cwd, 'notes', 'two words.md'), 'Two words.\n');
    await writeFile(join(cwd, 'logo.png'), Buffer.from([0x89, 0, 1]));
    return { home: place, cwd };
  }

  it('is completed, and its file goes along', async () => {
    await using terminal = await chat(await folder());
    terminal.write('see @pla');
    await terminal.waitFor('❯ notes/plan.md');
    expect(terminal.cursor()).toEqual({ x: 10, y: 0 });
    terminal.write('\t');
    await terminal.waitFor('› see @notes/plan.md');
    terminal.write('and @notes/');
    await terminal.waitFor('  notes/two words.md');
    terminal.write(`${ESC}[B${ESC}[B`);
    await terminal.waitFor('❯ notes/two words.md');
    terminal.write('\r');
    await terminal.waitFor('› see @notes/plan.md and @"notes/two words.md"');
    terminal.write('\r');
    await terminal.waitFor('as message 1.');
    expect(terminal.scrollback()).toEqual([
      '› see @notes/plan.md and @"notes/two words.md"',
      '  + notes/plan.md',
      '  + notes/two words.md',
      '',
      'mira heard "see @notes/plan.md and @"notes/two words.md"',
      '\\n\\nnotes/plan.md:\\nThe plan.\\n\\nnotes/two words.md:\\nTwo words." as message 1.',
      '',
      '›',
      'mira · work · 1,234 tokens',
    ]);
  });

  it('is only words where there is no such file, and says why a picture does not go along', async () => {
    await using terminal = await chat(await folder());
    terminal.write('ask @ada about @logo.png ');
    await terminal.waitFor('@logo.png');
    terminal.write('\r');
    await terminal.waitFor('as message 1.');
    expect(terminal.scrollback().slice(0, 4)).toEqual([
      '› ask @ada about @logo.png',
      '✗ Not sent along: logo.png is not a text file.',
      '',
      'mira heard "ask @ada about @logo.png " as message 1.',
    ]);
  });

  it('in a paste is not read', async () => {
    await using terminal = await chat(await folder());
    terminal.write(`${ESC}[200~read @notes/plan.md ${ESC}[201~`);
    await terminal.waitFor('@notes/plan.md');
    terminal.write('now\r');
    await terminal.waitFor('mira heard "read @notes/plan.md now" as message 1.');
  });

  it('is no longer offered after Esc', async () => {
    await using terminal = await chat(await folder());
    terminal.write('@pla');
    await terminal.waitFor('❯ notes/plan.md');
    terminal.write(ESC);
    await terminal.waitFor((screen) => !screen.some((line) => line.includes('❯')));
    terminal.write('n');
    await terminal.waitFor('› @plan');
    terminal.write('\r');
    await terminal.waitFor('mira heard "@plan" as message 1.');
  });
});

it('draws the rows again after Ctrl-L', async () => {
  await using terminal = await chat();
  terminal.write('one');
  await terminal.waitFor('› one');
  const { length } = terminal.output();
  terminal.write('\x0c');
  await terminal.waitFor(() => terminal.output().slice(length).includes('› one'));
  expect(written(terminal)).toEqual(['› one']);
  terminal.write(CTRL_C);
  await terminal.waitFor('again to leave');
});
