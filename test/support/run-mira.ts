/** Runs the built program as a shell would, without a terminal: pipes in, pipes out, a home of its own. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AUDIT_FILE, startAudit } from './audited-run.ts';
import { environmentOf, isolatedHome } from './isolated-home.ts';
import type { Environment, IsolatedHome } from './isolated-home.ts';

export { isolatedHome } from './isolated-home.ts';
export type { Environment, IsolatedHome } from './isolated-home.ts';

export const MIRA = fileURLToPath(new URL('../../bin/mira.js', import.meta.url));

/** Stdin as a pipe that stays open. */
export const OPEN = Symbol('open');

const TIMEOUT_MS = 30_000;

export interface RunOptions {
  /** Put on top of the isolated environment; `undefined` takes a variable out. */
  readonly env?: Environment | undefined;
  /** Sent and closed. Without it stdin is empty (`< /dev/null`); `OPEN` is a pipe that says nothing until written to. */
  readonly stdin?: string | Uint8Array | typeof OPEN | undefined;
  readonly cwd?: string | undefined;
  /** The run is killed and the promise rejects after this long. */
  readonly timeoutMs?: number | undefined;
  /** A home that several runs share; the caller cleans it up. Without it each run gets a new one. */
  readonly home?: IsolatedHome | undefined;
  /** Another program to run with Node, such as a script of this repository. */
  readonly program?: string | undefined;
}

export interface RunResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningMira {
  readonly pid: number;
  /** What has arrived so far. */
  stdout(): string;
  stderr(): string;
  write(text: string): void;
  endInput(): void;
  /** Closes our end of its stdout, as `| head -1` does. */
  closeOutput(): void;
  signal(name: NodeJS.Signals): void;
  /** Resolves when what arrived on either stream satisfies the condition; rejects when the program ends first. */
  waitFor(condition: string | RegExp | (() => boolean)): Promise<void>;
  /** Rejects when the time limit killed it. */
  readonly finished: Promise<RunResult>;
}

export async function runMira(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const running = await startMira(args, options);
  return running.finished;
}

export async function startMira(args: readonly string[], options: RunOptions = {}): Promise<RunningMira> {
  const home = options.home ?? (await isolatedHome());
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  // A process group of its own, so that a run that must be killed takes its helpers along.
  const env = environmentOf(home, options.env);
  const audit =
    AUDIT_FILE === undefined || options.program !== undefined
      ? undefined
      : await startAudit(AUDIT_FILE, { mira: MIRA, args, home, env });
  const programs = audit === undefined ? [options.program ?? MIRA] : [audit.program, MIRA];
  const child = spawn(process.execPath, [...programs, ...args], {
    cwd: options.cwd ?? home.path,
    env: { ...env, ...audit?.env },
    stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const out = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  let ended: RunResult | undefined;
  let audited: Promise<void> | undefined;
  const look = () => {
    for (const check of [...waiting]) check();
  };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      out[name] += text;
      look();
    });
  }
  // A program that has gone before it read everything is what the test looks at, not a failure of ours.
  child.stdin?.on('error', () => {});
  if (options.stdin !== undefined && options.stdin !== OPEN) child.stdin?.end(options.stdin);

  const outcome = new Promise<RunResult>((resolve, reject) => {
    let late = false;
    const limit = setTimeout(() => {
      late = true;
      if (child.pid !== undefined) killGroup(child.pid);
    }, timeoutMs);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(limit);
      ended = { code, signal, ...out };
      look();
      audited = audit?.finish();
      if (late)
        reject(new Error(`mira ${args.join(' ')} was still running after ${timeoutMs} ms.\n${told(out)}`));
      else resolve(ended);
    });
  });
  const finished = cleanedUp(outcome, async () => {
    await audited;
    if (options.home === undefined) await home.cleanup();
  });
  // Whoever awaits it sees the rejection; a test that only waits for output must not fail on it twice.
  finished.catch(() => {});

  return {
    pid: child.pid ?? -1,
    stdout: () => out.stdout,
    stderr: () => out.stderr,
    write: (text) => void child.stdin?.write(text),
    endInput: () => void child.stdin?.end(),
    closeOutput: () => void child.stdout?.destroy(),
    signal: (name) => void child.kill(name),
    waitFor: (condition) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (isMet(condition, out)) {
            waiting.delete(check);
            resolve();
          } else if (ended !== undefined) {
            waiting.delete(check);
            reject(
              new Error(
                `mira ended (${ended.code ?? ended.signal}) before ${String(condition)}.\n${told(out)}`,
              ),
            );
          }
        };
        waiting.add(check);
        check();
      }),
    finished,
  };
}

async function cleanedUp(outcome: Promise<RunResult>, cleanUp: () => Promise<void>): Promise<RunResult> {
  try {
    return await outcome;
  } finally {
    await cleanUp();
  }
}

interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

function isMet(condition: string | RegExp | (() => boolean), out: Output): boolean {
  if (typeof condition === 'function') return condition();
  const matches = (text: string) =>
    typeof condition === 'string' ? text.includes(condition) : condition.test(text);
  return matches(out.stdout) || matches(out.stderr);
}

const told = (out: Output) => `stdout: ${out.stdout || '(empty)'}\nstderr: ${out.stderr || '(empty)'}`;

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}
