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

export interface Signals {
  readonly signal: AbortSignal;
  /** As if Ctrl-C had been pressed. */
  interrupt(): void;
  withoutInterruption<T>(work: () => Promise<T>): Promise<T>;
  /** Gives the next Ctrl-Cs to `listener` instead, until the returned function is called; then to the one before it. */
  onInterrupt(listener: () => void): () => void;
  /** Tells when a stopped program goes on (SIGCONT), until the returned function is called. */
  onContinue(listener: () => void): () => void;
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
      const listener = name === 'SIGINT' ? listeners.at(-1) : undefined;
      if (listener) listener();
      else stop(name);
    });
  }
  // A file that may grow no further (`ulimit -f`) fails as a full disk does. Ink takes the signal that comes with it for
  // the end of the program where nobody else listens.
  host.on('SIGXFSZ', () => {});
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
  };
}
