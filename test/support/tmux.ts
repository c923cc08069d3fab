/**
 * A program in a pane of a tmux server of its own: a second terminal beside `terminal.ts`, one that breaks rows anew
 * when its window changes and that people keep chats in. The server is driven through its control mode, which tells
 * when the program has written something; a condition is looked at again then, and nothing sleeps.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { environmentOf, isolatedHome } from './isolated-home.ts';
import type { Environment, IsolatedHome } from './isolated-home.ts';
import { MIRA } from './run-mira.ts';
import type { Condition } from './terminal.ts';

const TIMEOUT_MS = 30_000;
const ENDED = /^ended (\d+)$/mu;

export interface Size {
  readonly cols: number;
  readonly rows: number;
}

export interface TmuxOptions extends Size {
  readonly args?: readonly string[];
  /** Put on top of the isolated environment. */
  readonly env?: Environment | undefined;
  readonly home?: IsolatedHome | undefined;
  /** Another program and the whole of its arguments, in place of mira. */
  readonly command?: readonly [string, ...string[]];
}

export interface Tmux extends AsyncDisposable {
  /** Bytes as a keyboard would send them: `\r` is Enter, `\x03` Ctrl-C. */
  send(keys: string): Promise<void>;
  resize(size: Size): Promise<void>;
  /** The rows that are visible, without trailing blanks. */
  screen(): Promise<string[]>;
  /** All rows, scrolled away or visible, those joined that tmux broke; no blank ones at the end. */
  scrollback(): Promise<string[]>;
  cursor(): Promise<{ readonly x: number; readonly y: number }>;
  /** Every byte that the program wrote, decoded. */
  output(): string;
  /** Resolves once the screen satisfies the condition; a text or pattern may span rows. */
  waitFor(condition: Condition, timeoutMs?: number): Promise<void>;
  /** Resolves with the exit status; the rows stay to be read, with `ended STATUS` below them. */
  ended(): Promise<number>;
}

export async function openTmux(options: TmuxOptions): Promise<Tmux> {
  const home = options.home ?? (await isolatedHome());
  const { cols, rows } = options;
  const [file, ...args] = options.command ?? [process.execPath, MIRA, ...(options.args ?? [])];
  const name = `mira-${randomBytes(6).toString('hex')}`;
  // The pane outlives the program, so that what it leaves behind can be read.
  const shell = ['/bin/sh', '-c', `"$0" "$@"; echo "ended $?"; exec sleep 600`, file, ...args];
  const commands = [
    ['set-option', '-g', 'history-limit', '200000'],
    ['set-option', '-g', 'status', 'off'],
    ['set-option', '-g', 'escape-time', '0'],
    // A test that is killed takes its server along.
    ['set-option', '-s', 'exit-unattached', 'on'],
    ['new-session', '-x', String(cols), '-y', String(rows), '-c', home.path, ...shell],
  ];
  const client = spawn(
    'tmux',
    ['-u', '-L', name, '-f', '/dev/null', '-C', 'start-server', ...commands.flatMap((one) => [';', ...one])],
    {
      env: environmentOf(home, { TMUX_TMPDIR: join(home.path, 'tmp'), ...options.env }),
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const gone = new Promise<void>((resolve) => {
    client.once('error', () => resolve());
    client.once('close', () => resolve());
  });
  let isGone = false;
  void gone.then(() => {
    isGone = true;
    look();
    for (const reply of replies.splice(0)) reply.reject(new Error('tmux has gone.'));
  });
  client.stdin.on('error', () => {});

  let output = '';
  const decoder = new TextDecoder();
  const waiting = new Set<() => void>();
  const replies: Reply[] = [];
  const look = () => {
    for (const check of [...waiting]) check();
  };
  onLines(client.stdout, {
    line: (line) => {
      const written = /^%output %\d+ (.*)$/su.exec(line)?.[1];
      if (written === undefined) return;
      output += decoder.decode(unescaped(written), { stream: true });
      look();
    },
    reply: (lines, isError) => {
      const reply = replies.shift();
      if (isError) reply?.reject(new Error(lines.join('\n')));
      else reply?.resolve(lines);
    },
  });

  /** Runs a command of tmux; its output, a line each. */
  const run = (...words: readonly string[]): Promise<readonly string[]> =>
    new Promise((resolve, reject) => {
      if (isGone) {
        reject(new Error('tmux has gone.'));
        return;
      }
      replies.push({ resolve, reject });
      client.stdin.write(`${words.map(quoted).join(' ')}\n`);
    });
  const started = new Promise<readonly string[]>((resolve, reject) => replies.push({ resolve, reject }));
  await started;
  const screen = async () => (await run('capture-pane', '-p')).map((row) => row.trimEnd());
  const scrollback = async () => {
    const all = (await run('capture-pane', '-p', '-J', '-S', '-')).map((row) => row.trimEnd());
    return all.slice(0, all.findLastIndex((row) => row !== '') + 1);
  };
  const waitFor = (condition: Condition, timeoutMs = TIMEOUT_MS): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let last: readonly string[] = [];
    let isLooking = false;
    let hasChanged = false;
    const check = (): void => {
      hasChanged = true;
      if (isLooking) return;
      isLooking = true;
      void lookUntilUnchanged().then(
        () => (isLooking = false),
        (error: unknown) => settle(error),
      );
    };
    const lookUntilUnchanged = async (): Promise<void> => {
      while (hasChanged) {
        hasChanged = false;
        last = await screen();
        if (isMet(condition, last)) return settle();
      }
    };
    const settle = (failure?: unknown): void => {
      waiting.delete(check);
      clearTimeout(limit);
      if (failure === undefined) resolve();
      else reject(failure);
    };
    const limit = setTimeout(() => {
      const seen = last.join('\n').trimEnd();
      settle(new Error(`${timeoutMs} ms went by without ${String(condition)}. The screen:\n${seen}`));
    }, timeoutMs);
    waiting.add(check);
    check();
    return promise;
  };

  return {
    send: async (keys) => {
      const bytes = [...Buffer.from(keys)].map((byte) => byte.toString(16).padStart(2, '0'));
      // tmux takes lines of some length only.
      for (let at = 0; at < bytes.length; at += KEYS_AT_ONCE) {
        await run('send-keys', '-H', ...bytes.slice(at, at + KEYS_AT_ONCE));
      }
    },
    resize: async (size) => {
      await run('resize-window', '-x', String(size.cols), '-y', String(size.rows));
    },
    screen,
    scrollback,
    cursor: async () => {
      const [place = ''] = await run('display-message', '-p', '#{cursor_x} #{cursor_y}');
      const [x = -1, y = -1] = place.split(' ').map(Number);
      return { x, y };
    },
    output: () => output,
    waitFor,
    ended: async () => {
      await waitFor(ENDED);
      return Number(ENDED.exec((await screen()).join('\n'))?.[1]);
    },
    [Symbol.asyncDispose]: async () => {
      if (!isGone) client.stdin.write('kill-server\n');
      const limit = setTimeout(() => client.kill('SIGKILL'), 5_000);
      await gone;
      clearTimeout(limit);
      if (options.home === undefined) await home.cleanup();
    },
  };
}

const KEYS_AT_ONCE = 200;

interface Reply {
  readonly resolve: (lines: readonly string[]) => void;
  readonly reject: (error: Error) => void;
}

/** Lines of control mode: what is between %begin and %end of one number is a reply, all else an event. */
function onLines(
  stream: NodeJS.ReadableStream,
  on: {
    readonly line: (line: string) => void;
    readonly reply: (lines: readonly string[], isError: boolean) => void;
  },
): void {
  let rest = '';
  let block: { readonly number: string; readonly lines: string[] } | undefined;
  // Byte by byte: what the program writes may be cut anywhere.
  stream.setEncoding('latin1');
  stream.on('data', (piece: string) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, mark, number = ''] = /^%(begin|end|error) \d+ (\d+) /u.exec(line) ?? [];
      if (block === undefined) {
        if (mark === 'begin') block = { number, lines: [] };
        else on.line(line);
      } else if ((mark === 'end' || mark === 'error') && number === block.number) {
        on.reply(block.lines, mark === 'error');
        block = undefined;
      } else {
        block.lines.push(Buffer.from(line, 'latin1').toString());
      }
    }
  });
}

/** Control characters and backslashes come as three octal digits. */
function unescaped(text: string): Buffer {
  return Buffer.from(
    text.replace(/\\([0-7]{3})/gu, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))),
    'latin1',
  );
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function isMet(condition: Condition, screen: readonly string[]): boolean {
  if (typeof condition === 'function') return condition(screen);
  const text = screen.join('\n');
  return typeof condition === 'string' ? text.includes(condition) : condition.test(text);
}
