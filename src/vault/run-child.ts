/**
 * Runs a program in mira's place: the terminal, the input and the signals are its own, and so is the exit status. What
 * it writes to a terminal goes there as it is; what it writes elsewhere is masked on the way.
 */
import { fstatSync } from 'node:fs';
import { constants } from 'node:os';
import { startChild } from './child.ts';
import type { Child, ChildOutput } from './child.ts';
import { isInForeground } from './foreground.ts';
import { carryMasked } from './masked-output.ts';
import type { Carrying } from './masked-output.ts';
import type { Masker } from './masker.ts';
import { openOutputPipe } from './output-pipe.ts';
import type { OutputPipe } from './output-pipe.ts';

export interface ChildRun {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The descriptors to mask: of 1 and 2, those that are no terminal. */
  readonly masked: readonly (1 | 2)[];
  readonly createMasker: () => Masker;
  readonly hasTerminal: boolean;
  readonly world: World;
}

/** What a run needs of the process that mira is. */
export interface World {
  /** Starts something with the umask that mira was started with. */
  withOwnUmask<T>(start: () => Promise<T>): Promise<T>;
  /** Gives the signals that come to `listener` instead of acting on them, until the returned function is called. */
  relaySignals(listener: (name: NodeJS.Signals) => void): () => void;
  /** Stops as Ctrl-Z does; returns when somebody lets mira go on. */
  pause(): void;
  /** While `isHanging`, the process is to exit without waiting for its own threads. */
  exitAround(isHanging: () => boolean): void;
  /** Monotonic clock, milliseconds. */
  elapsed(): number;
  /** Called when the program runs. */
  onStart(): void;
}

/** @returns the exit status. @throws MiraError when the program could not be started, or its output not be written */
export async function runChild(run: ChildRun): Promise<number> {
  const { command, args, env, world } = run;
  const outlets = await planOutlets(run.masked);
  let child: Child | undefined;
  let carried: readonly Carrying[] = [];
  let stoppedBy: NodeJS.Signals | undefined;
  // Before the program runs: what is typed at its first word must find mira prepared.
  const release = world.relaySignals((name) => {
    if (child?.hasEnded === false) relay(name, { child, run });
    else if (ENDING.has(name)) {
      // The program is gone, so the signal is for what is left of mira.
      stoppedBy = name;
      for (const each of carried) each.stop();
    } else if (name === 'SIGTSTP') world.pause();
  });
  try {
    const start = () => startChild({ command, args, env, ...outputOf(outlets) });
    const running = (child = await startWith(outlets, () => world.withOwnUmask(start)));
    carried = outlets.map((outlet) => carry(outlet, { child: running, run }));
    world.exitAround(() => carried.some((each) => each.isWriting()));
    world.onStart();
    const outcomes = carried.map(({ done }) => done.then(noFailure, toFailure));
    const status = await running.ended;
    for (const outcome of await Promise.all(outcomes)) if (outcome.failed) throw outcome.error;
    return stoppedBy === undefined ? status : 128 + constants.signals[stoppedBy];
  } finally {
    release();
  }
}

const ENDING: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']);

const noFailure = () => ({ failed: false }) as const;
const toFailure = (error: unknown) => ({ failed: true, error }) as const;

/** A way for output through mira, to one of its descriptors or to both. */
interface Outlet {
  readonly descriptors: readonly (1 | 2)[];
  /** Undefined where there are no pipes of that kind; then Node makes one. */
  readonly pipe: OutputPipe | undefined;
}

async function planOutlets(masked: readonly (1 | 2)[]): Promise<readonly Outlet[]> {
  const [first] = masked;
  if (first === undefined) return [];
  const pipe = await openOutputPipe();
  // What goes to one place (`2>&1`) must go through one pipe, or it would arrive out of order.
  if (masked.length === 2 && pipe !== undefined && leadToOnePlace()) return [{ descriptors: masked, pipe }];
  const second = masked[1];
  if (second === undefined) return [{ descriptors: [first], pipe }];
  return [
    { descriptors: [first], pipe },
    { descriptors: [second], pipe: await openOutputPipe() },
  ];
}

function leadToOnePlace(): boolean {
  const [out, errors] = [fstatSync(1), fstatSync(2)];
  return out.dev === errors.dev && out.ino === errors.ino && out.rdev === errors.rdev;
}

function outputOf(outlets: readonly Outlet[]): {
  readonly stdout: ChildOutput;
  readonly stderr: ChildOutput;
} {
  const towards = (descriptor: 1 | 2): ChildOutput => {
    const outlet = outlets.find(({ descriptors }) => descriptors.includes(descriptor));
    if (outlet === undefined) return 'inherit';
    return outlet.pipe?.writable ?? 'pipe';
  };
  return { stdout: towards(1), stderr: towards(2) };
}

/** The child alone holds the pipes afterwards, so that they end with it; without a child they are closed. */
async function startWith(outlets: readonly Outlet[], start: () => Promise<Child>): Promise<Child> {
  try {
    return await start();
  } catch (error) {
    for (const { pipe } of outlets) pipe?.readable.destroy();
    throw error;
  } finally {
    for (const { pipe } of outlets) pipe?.closeWritable();
  }
}

function carry({ descriptors, pipe }: Outlet, { child, run }: Running): Carrying {
  const [descriptor = 1] = descriptors;
  const { createMasker, world } = run;
  const made = descriptor === 1 ? child.stdout : child.stderr;
  const source = pipe?.readable ?? made;
  if (source === undefined) throw new TypeError(`The child has no pipe for ${descriptor}.`);
  return carryMasked({ source, descriptor, createMasker, ended: child.ended, elapsed: world.elapsed });
}

interface Running {
  readonly child: Child;
  readonly run: ChildRun;
}

/** A child in the foreground of a terminal has what is typed there already; what is sent to mira alone it has not. */
function relay(name: NodeJS.Signals, { child, run }: Running): void {
  const isTyped = TYPED.has(name) && isInForeground(run);
  if (!isTyped) child.signal(name);
  if (name === 'SIGTSTP') run.world.pause();
}

const TYPED: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGQUIT', 'SIGTSTP', 'SIGWINCH']);
