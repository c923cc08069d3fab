/**
 * A real pseudo-terminal with a program in it and a terminal emulator in front of it: what a person would
 * see is `screen()`, what they could scroll back to is `scrollback()`. Nothing here sleeps: a condition is
 * looked at again whenever the program has written something and the emulator has drawn it.
 */
import { spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { environmentOf, isolatedHome } from './isolated-home.ts';
import type { Environment, IsolatedHome } from './isolated-home.ts';
import { MIRA } from './run-mira.ts';
import { screenRuns } from './screen-runs.ts';
import type { Run } from './screen-runs.ts';

const TIMEOUT_MS = 30_000;

export interface TerminalOptions {
  readonly args?: readonly string[];
  /** Put on top of the isolated environment; `CI` and what sets colours are not in it. */
  readonly env?: Environment | undefined;
  readonly cols?: number;
  readonly rows?: number;
  readonly cwd?: string;
  /** A home that several runs share; the caller cleans it up. */
  readonly home?: IsolatedHome | undefined;
  /** Another program and the whole of its arguments, in place of mira. */
  readonly command?: readonly [string, ...string[]];
}

export type Condition = string | RegExp | ((screen: readonly string[]) => boolean);

export interface Terminal extends AsyncDisposable {
  readonly pid: number;
  /** Sends keys as the terminal would: `\r` is Enter, `\x03` Ctrl-C, `\x1b` Esc. */
  write(keys: string): void;
  /** The rows that are visible, without trailing blanks. */
  screen(): string[];
  /** The same with colours and looks. */
  runs(): readonly (readonly Run[])[];
  /** Every line of the normal buffer, scrolled away or visible, with soft-wrapped rows joined; no blank lines at the end. */
  scrollback(): string[];
  /** Every byte the program wrote, decoded. */
  output(): string;
  /** What the terminal itself has answered to the program's queries, as if it had been typed. */
  answers(): string;
  cursor(): { readonly x: number; readonly y: number };
  /** Resolves once the screen satisfies the condition; a text or pattern may span rows that the terminal wrapped. */
  waitFor(condition: Condition, timeoutMs?: number): Promise<void>;
  resize(cols: number, rows: number): void;
  kill(signal?: NodeJS.Signals): void;
  /** Resolves after everything it wrote has been drawn. `signal` is 0 when it ended by itself. */
  readonly exit: Promise<{ readonly code: number; readonly signal: number }>;
}

export async function openTerminal(options: TerminalOptions = {}): Promise<Terminal> {
  const home = options.home ?? (await isolatedHome());
  const { cols = 80, rows = 24 } = options;
  const [file, ...args] = options.command ?? [process.execPath, MIRA, ...(options.args ?? [])];
  const emulator = new xterm.Terminal({ cols, rows, scrollback: 100_000, allowProposedApi: true });
  const child = spawn(file, args, {
    name: 'xterm-256color',
    cols,
    rows,
    cwd: options.cwd ?? home.path,
    env: { ...environmentOf(home, { TERM: 'xterm-256color', ...options.env }) },
  });

  let output = '';
  let answers = '';
  let ended: { readonly code: number; readonly signal: number } | undefined;
  const waiting = new Set<() => void>();
  const look = () => {
    for (const check of [...waiting]) check();
  };
  child.onData((text) => {
    output += text;
    emulator.write(text, look);
  });
  // A terminal answers questions about itself (cursor position, attributes); programs wait for that.
  emulator.onData((answer) => {
    answers += answer;
    if (ended === undefined) child.write(answer);
  });

  const exit = new Promise<{ readonly code: number; readonly signal: number }>((resolve) => {
    child.onExit(({ exitCode, signal = 0 }) => {
      emulator.write('', () => {
        ended = { code: exitCode, signal };
        look();
        resolve(ended);
      });
    });
  });

  const screen = () => {
    const buffer = emulator.buffer.active;
    return Array.from({ length: emulator.rows }, (_, row) => lineAt(buffer, buffer.baseY + row).trimEnd());
  };
  const kill = (signal: NodeJS.Signals = 'SIGKILL') => {
    if (ended === undefined) child.kill(signal);
  };

  return {
    pid: child.pid,
    write: (keys) => child.write(keys),
    screen,
    runs: () => screenRuns(emulator.buffer.active, emulator.rows),
    scrollback: () => joinedLines(emulator.buffer.normal),
    output: () => output,
    answers: () => answers,
    cursor: () => ({ x: emulator.buffer.active.cursorX, y: emulator.buffer.active.cursorY }),
    waitFor: (condition, timeoutMs = TIMEOUT_MS) =>
      new Promise((resolve, reject) => {
        const settle = (failure?: string) => {
          waiting.delete(check);
          clearTimeout(limit);
          if (failure === undefined) resolve();
          else
            reject(
              new Error(`${failure} ${String(condition)}. The screen:\n${screen().join('\n').trimEnd()}`),
            );
        };
        const check = () => {
          if (isMet(condition, { screen: screen(), text: joinedLines(emulator.buffer.active).join('\n') }))
            settle();
          else if (ended !== undefined) settle(`The program ended (${ended.code}) before`);
        };
        const limit = setTimeout(() => settle(`${timeoutMs} ms went by without`), timeoutMs);
        waiting.add(check);
        check();
      }),
    resize: (newCols, newRows) => {
      emulator.resize(newCols, newRows);
      child.resize(newCols, newRows);
    },
    kill,
    exit,
    [Symbol.asyncDispose]: async () => {
      kill();
      await exit;
      emulator.dispose();
      if (options.home === undefined) await home.cleanup();
    },
  };
}

type TerminalBuffer = InstanceType<typeof xterm.Terminal>['buffer']['active'];

function lineAt(buffer: TerminalBuffer, row: number): string {
  return buffer.getLine(row)?.translateToString() ?? '';
}

function joinedLines(buffer: TerminalBuffer): string[] {
  const lines: string[] = [];
  for (let row = 0; row < buffer.length; row++) {
    const text = lineAt(buffer, row);
    const last = lines.length - 1;
    if (buffer.getLine(row)?.isWrapped === true && last >= 0) lines[last] += text;
    else lines.push(text);
  }
  const trimmed = lines.map((line) => line.trimEnd());
  const end = trimmed.findLastIndex((line) => line !== '');
  return trimmed.slice(0, end + 1);
}

function isMet(
  condition: Condition,
  seen: { readonly screen: readonly string[]; readonly text: string },
): boolean {
  if (typeof condition === 'function') return condition(seen.screen);
  return typeof condition === 'string' ? seen.text.includes(condition) : condition.test(seen.text);
}
