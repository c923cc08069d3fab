import { constants } from 'node:os';
import process from 'node:process';

/**
 * Loads a module that would listen to signals, without letting it. What conf writes with listens to SIGINT, SIGTERM and
 * a dozen more and then sends the signal to the process once more, which mira would take for a second Ctrl-C.
 */
export async function withoutSignalListeners<T>(load: () => Promise<T>): Promise<T> {
  const once = process.once;
  const filtered = (event: string | symbol, listener: (...args: unknown[]) => void): NodeJS.Process =>
    typeof event === 'string' && Object.hasOwn(constants.signals, event)
      ? process
      : Reflect.apply(once, process, [event, listener]);
  Reflect.set(process, 'once', filtered);
  try {
    return await load();
  } finally {
    Reflect.set(process, 'once', once);
  }
}
