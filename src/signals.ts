/**
 * Ctrl-C and its kin. The first one asks everything to stop and lets it put things in order; work that must
 * not be cut (a refresh being saved) gets five seconds. The second one leaves at once.
 */
import { MiraError } from './errors.ts';

const GRACE_MS = 1_000;
const SAVE_GRACE_MS = 5_000;
const FINISHING = 'Finishing what must be saved (Ctrl-C again leaves at once).';

const SIGNALS = {
  SIGINT: { code: 'interrupted', message: 'Stopped.' },
  SIGTERM: { code: 'terminated', message: 'Stopped from outside (SIGTERM).' },
  SIGHUP: { code: 'hung_up', message: 'The terminal was closed.' },
} as const;

/**
 * What else a program may want to know of; mira itself does nothing at these. Timers are among them because one that was
 * set before mira was started goes on in it (`perl -e 'alarm 5; exec @ARGV'`). SIGPIPE is not: it tells mira of its own
 * output. Nor is SIGPROF: Node's profiler counts by it (`NODE_OPTIONS=--cpu-prof`), and who listened to it ends by it afterwards.
 */
const RELAYED = [
  ...(['SIGQUIT', 'SIGUSR2', 'SIGWINCH', 'SIGCONT', 'SIGTSTP'] as const),
  ...(['SIGALRM', 'SIGVTALRM', 'SIGXCPU', 'SIGPWR'] as const),
];

export interface Signals {
  readonly signal: AbortSignal;
  /** As if Ctrl-C had been pressed. */
  interrupt(): void;
  withoutInterruption<T>(work: () => Promise<T>): Promise<T>;
  /** Gives the next Ctrl-Cs to `listener` instead, until the returned function is called; then to the one before it. */
  onInterrupt(listener: () => void): () => void;
  /** Tells when a stopped program goes on (SIGCONT), until the returned function is called. */
  onContinue(listener: () => void): () => void;
  /** Gives the signals that come to `listener` instead of acting on them, until the returned function is called. */
  relay(listener: (name: NodeJS.Signals) => void): () => void;
  /** Stops the program as Ctrl-Z does; returns when somebody lets it go on. */
  pause(): void;
}

export interface SignalsHost {
  readonly process: NodeJS.Process;
  readonly say: (line: string) => void;
  /** Ends the program. */
  readonly leave: (code: number) => void;
}

export function handleSignals({ process: host, say, leave }: SignalsHost): Signals {
  const controller = new AbortController();
  let saving = 0;
  const listeners: (() => void)[] = [];
  let relayTo: ((name: NodeJS.Signals) => void) | undefined;
  const pass = (name: NodeJS.Signals): void => relayTo?.(name);
  const stop = (name: keyof typeof SIGNALS): void => {
    const { code, message } = SIGNALS[name];
    const reason = new MiraError(code, message);
    if (controller.signal.aborted) {
      leave(reason.exitCode);
      return;
    }
    controller.abort(reason);
    if (saving > 0) say(FINISHING);
    setTimeout(() => {
      // Looked at again, because a save can begin after the signal: its request was already on the way.
      if (saving === 0) leave(reason.exitCode);
      else setTimeout(() => leave(reason.exitCode), SAVE_GRACE_MS - GRACE_MS).unref();
    }, GRACE_MS).unref();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    host.on(name, () => {
      if (relayTo) {
        relayTo(name);
        return;
      }
      const listener = name === 'SIGINT' ? listeners.at(-1) : undefined;
      if (listener) listener();
      else stop(name);
    });
  }
  // A file that may grow no further (`ulimit -f`) fails as a full disk does. Ink takes the signal that comes with it for
  // the end of the program where nobody else listens.
  host.on('SIGXFSZ', () => {});
  // Without a listener Node would open its inspector, through which every secret in the memory can be read.
  host.on('SIGUSR1', pass);
  return {
    signal: controller.signal,
    interrupt: () => stop('SIGINT'),
    withoutInterruption: async (work) => {
      saving += 1;
      if (controller.signal.aborted) say(FINISHING);
      try {
        return await work();
      } finally {
        saving -= 1;
      }
    },
    onInterrupt: (listener) => {
      listeners.push(listener);
      return () => {
        const index = listeners.lastIndexOf(listener);
        if (index >= 0) listeners.splice(index, 1);
      };
    },
    onContinue: (listener) => {
      host.on('SIGCONT', listener);
      return () => void host.off('SIGCONT', listener);
    },
    relay: (listener) => {
      relayTo = listener;
      for (const name of RELAYED) host.on(name, pass);
      return () => {
        relayTo = undefined;
        for (const name of RELAYED) host.off(name, pass);
      };
    },
    pause: () => {
      const listening = host.listeners('SIGTSTP').filter((each) => each === pass);
      for (const _ of listening) host.off('SIGTSTP', pass);
      host.kill(host.pid, 'SIGTSTP');
      for (const _ of listening) host.on('SIGTSTP', pass);
    },
  };
}
