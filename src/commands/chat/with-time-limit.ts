import { MiraError } from '../../errors.ts';

/**
 * The events of one answer, within `--timeout`: after so many seconds the request is ended.
 * @throws MiraError `timeout` then, and whatever `ask` throws
 */
export async function* withTimeLimit<E>(
  ask: (signal: AbortSignal) => AsyncIterable<E>,
  { seconds, signal }: { readonly seconds: number | undefined; readonly signal: AbortSignal },
): AsyncGenerator<E, void> {
  if (seconds === undefined) {
    yield* ask(signal);
    return;
  }
  const limit = new AbortController();
  const timer = setTimeout(
    () => limit.abort(new MiraError('timeout', `The answer was not whole after ${seconds} s (--timeout).`)),
    seconds * 1000,
  );
  try {
    yield* ask(AbortSignal.any([signal, limit.signal]));
  } finally {
    clearTimeout(timer);
  }
}
