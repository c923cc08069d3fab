import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MiraError } from '../../src/errors.ts';
import { handleSignals } from '../../src/signals.ts';
import type { Signals } from '../../src/signals.ts';

interface Program {
  readonly signals: Signals;
  /** As the system delivers it. */
  send(name: NodeJS.Signals): void;
  /** Exit statuses the program was left with, in order; a real one ends at the first. */
  readonly left: readonly number[];
  readonly said: readonly string[];
  /** Signals that it would not die of or act on by itself. */
  listening(): readonly string[];
  /** Signals that it sent itself, with what it was listening to then. */
  readonly sent: readonly { readonly name: string; readonly listening: readonly string[] }[];
}

function startProgram(): Program {
  const host = new EventEmitter();
  const left: number[] = [];
  const said: string[] = [];
  const listening = () => host.eventNames().map(String).toSorted();
  const sent: { readonly name: string; readonly listening: readonly string[] }[] = [];
  const kill = (_: number, name: string) => sent.push({ name, listening: listening() });
  const signals = handleSignals({
    process: Object.assign(host, { pid: 1, kill }) as unknown as NodeJS.Process,
    say: (line) => void said.push(line),
    leave: (code) => void left.push(code),
  });
  return { signals, send: (name) => void host.emit(name, name), left, said, listening, sent };
}

function reason({ signal }: Signals): unknown {
  const { reason: why }: { reason: unknown } = signal;
  return why instanceof MiraError ? [why.code, why.exitCode, why.message] : why;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a signal', () => {
  test.each([
    ['SIGINT', ['interrupted', 130, 'Stopped.']],
    ['SIGTERM', ['terminated', 143, 'Stopped from outside (SIGTERM).']],
    ['SIGHUP', ['hung_up', 129, 'The terminal was closed.']],
  ] as const)('%s asks everything to stop, and says why', (name, expected) => {
    const program = startProgram();
    program.send(name);

    expect(reason(program.signals)).toEqual(expected);
    expect(program.left).toEqual([]);
    expect(program.said).toEqual([]);
  });

  test('gives the program a second to put things in order, then leaves', () => {
    const program = startProgram();
    program.send('SIGINT');
    vi.advanceTimersByTime(999);
    expect(program.left).toEqual([]);
    vi.advanceTimersByTime(1);

    expect(program.left).toEqual([130]);
  });

  test('leaves at once the second time, with the status of the second', () => {
    const program = startProgram();
    program.send('SIGINT');
    program.send('SIGTERM');

    expect(program.left).toEqual([143]);
    expect(reason(program.signals)).toEqual(['interrupted', 130, 'Stopped.']);
  });

  test('from inside is the same as Ctrl-C', () => {
    const program = startProgram();
    program.signals.interrupt();
    expect(reason(program.signals)).toEqual(['interrupted', 130, 'Stopped.']);
    program.signals.interrupt();

    expect(program.left).toEqual([130]);
  });
});

describe('while something is saved', () => {
  test('a signal waits for it five seconds, and says so', async () => {
    const program = startProgram();
    const saving = Promise.withResolvers<string>();
    const saved = program.signals.withoutInterruption(() => saving.promise);
    program.send('SIGINT');
    vi.advanceTimersByTime(4_999);
    expect(program.said).toEqual(['Finishing what must be saved (Ctrl-C again leaves at once).']);
    expect(program.left).toEqual([]);
    saving.resolve('saved');

    expect(await saved).toBe('saved');
    vi.advanceTimersByTime(1);
    expect(program.left).toEqual([130]);
  });

  test('a second signal leaves at once all the same', () => {
    const program = startProgram();
    void program.signals.withoutInterruption(() => new Promise(() => {}));
    program.send('SIGTERM');
    program.send('SIGINT');

    expect(program.left).toEqual([130]);
  });

  test('that began after the signal, the five seconds count as well', () => {
    const program = startProgram();
    program.send('SIGINT');
    vi.advanceTimersByTime(500);
    void program.signals.withoutInterruption(() => new Promise(() => {}));
    vi.advanceTimersByTime(4_499);
    expect(program.left).toEqual([]);
    vi.advanceTimersByTime(1);

    expect(program.left).toEqual([130]);
    expect(program.said).toEqual(['Finishing what must be saved (Ctrl-C again leaves at once).']);
  });

  test('and when it is done or has failed, a signal waits a second again', async () => {
    const program = startProgram();
    const failure = new Error('disk full');
    await expect(program.signals.withoutInterruption(() => Promise.reject(failure))).rejects.toBe(failure);
    await program.signals.withoutInterruption(async () => {});
    program.send('SIGINT');
    vi.advanceTimersByTime(1_000);

    expect(program.left).toEqual([130]);
    expect(program.said).toEqual([]);
  });
});

describe('a listener', () => {
  test('gets Ctrl-C instead, until it is taken away', () => {
    const program = startProgram();
    const listener = vi.fn<() => void>();
    const remove = program.signals.onInterrupt(listener);
    program.send('SIGINT');
    program.send('SIGINT');
    expect(listener).toHaveBeenCalledTimes(2);
    expect(program.signals.signal.aborted).toBe(false);
    remove();
    program.send('SIGINT');

    expect(listener).toHaveBeenCalledTimes(2);
    expect(reason(program.signals)).toEqual(['interrupted', 130, 'Stopped.']);
  });

  test('does not get what is no Ctrl-C', () => {
    const program = startProgram();
    const listener = vi.fn<() => void>();
    program.signals.onInterrupt(listener);
    program.send('SIGTERM');

    expect(listener).not.toHaveBeenCalled();
    expect(reason(program.signals)).toEqual(['terminated', 143, 'Stopped from outside (SIGTERM).']);
  });

  test('that was replaced takes nothing away from the one after it', () => {
    const program = startProgram();
    const first = vi.fn<() => void>();
    const second = vi.fn<() => void>();
    const removeFirst = program.signals.onInterrupt(first);
    program.signals.onInterrupt(second);
    removeFirst();
    program.send('SIGINT');

    expect([first, second].map((listener) => listener.mock.calls.length)).toEqual([0, 1]);
  });

  test('that stood aside for another gets Ctrl-C again after it', () => {
    const program = startProgram();
    const first = vi.fn<() => void>();
    const second = vi.fn<() => void>();
    program.signals.onInterrupt(first);
    const removeSecond = program.signals.onInterrupt(second);
    removeSecond();
    removeSecond();
    program.send('SIGINT');

    expect([first, second].map((listener) => listener.mock.calls.length)).toEqual([1, 0]);
  });
});

test('going on after a stop is told until nobody wants to know', () => {
  const program = startProgram();
  const listener = vi.fn<() => void>();
  const forget = program.signals.onContinue(listener);
  program.send('SIGCONT');
  forget();
  program.send('SIGCONT');

  expect(listener).toHaveBeenCalledTimes(1);
  expect(program.signals.signal.aborted).toBe(false);
});

describe('signals for somebody else', () => {
  const OWN = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGUSR1', 'SIGXFSZ'];
  const TIMERS = ['SIGALRM', 'SIGPWR', 'SIGVTALRM', 'SIGXCPU'];
  const ALL = [...OWN, ...TIMERS, 'SIGCONT', 'SIGQUIT', 'SIGTSTP', 'SIGUSR2', 'SIGWINCH'].toSorted();

  test('are handed on, all of them, until that ends', () => {
    const program = startProgram();
    expect(program.listening()).toEqual(OWN);
    const heard: string[] = [];
    const end = program.signals.relay((name) => void heard.push(name));
    expect(program.listening()).toEqual(ALL);
    for (const name of ALL) program.send(name as NodeJS.Signals);
    expect(heard).toEqual(ALL.filter((name) => name !== 'SIGXFSZ'));
    expect(reason(program.signals)).toBe(undefined);
    end();
    expect(program.listening()).toEqual(OWN);
    program.send('SIGTERM');
    expect(reason(program.signals)).toEqual(['terminated', 143, 'Stopped from outside (SIGTERM).']);
    expect(heard).toHaveLength(ALL.length - 1);
  });

  test('do not keep a stop from stopping', () => {
    const program = startProgram();
    program.signals.relay(() => program.signals.pause());
    program.send('SIGTSTP');
    expect(program.sent).toEqual([{ name: 'SIGTSTP', listening: ALL.filter((name) => name !== 'SIGTSTP') }]);
    expect(program.listening()).toEqual(ALL);
  });

  test('SIGUSR1 is always listened to, because Node would open its inspector', () => {
    const program = startProgram();
    program.send('SIGUSR1');
    expect([program.left, program.said, reason(program.signals)]).toEqual([[], [], undefined]);
  });
});
