/**
 * The bytes of one answer, between the callback that receives them and the loop that reads them.
 * A read hands out everything that has arrived since the last one: a consumer pays per network read, not per
 * chunk of the wire format.
 */

export interface BodyQueue extends AsyncIterable<Uint8Array> {
  push(chunk: Uint8Array): void;
  end(): void;
  fail(error: Error): void;
}

export interface FlowControl {
  pause(): void;
  resume(): void;
  /** The reader stopped before the end. */
  cancel(): void;
}

const PAUSE_ABOVE_BYTES = 1024 * 1024;

export function createBodyQueue(flow: FlowControl): BodyQueue {
  let chunks: Uint8Array[] = [];
  let size = 0;
  let paused = false;
  let ended = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;

  const take = (): Uint8Array => {
    const [first] = chunks;
    const all = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, size);
    chunks = [];
    size = 0;
    if (paused) {
      paused = false;
      flow.resume();
    }
    return all;
  };

  // The parser of one network read calls push many times in a row; waking after it gives the reader all of them.
  const notify = (): void => {
    const reader = wake;
    wake = undefined;
    if (reader !== undefined) queueMicrotask(reader);
  };

  const iterator: AsyncIterator<Uint8Array, undefined> = {
    async next() {
      while (size === 0 && !ended && failure === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (size > 0) return { done: false, value: take() };
      if (failure !== undefined) throw failure;
      return { done: true, value: undefined };
    },
    async return() {
      if (!ended && failure === undefined) flow.cancel();
      return { done: true, value: undefined };
    },
  };

  return {
    push(chunk) {
      if (ended || failure !== undefined || chunk.length === 0) return;
      chunks.push(chunk);
      size += chunk.length;
      if (size > PAUSE_ABOVE_BYTES && !paused) {
        paused = true;
        flow.pause();
      }
      notify();
    },
    end() {
      ended = true;
      notify();
    },
    fail(error) {
      if (ended) return;
      failure ??= error;
      notify();
    },
    [Symbol.asyncIterator]: () => iterator,
  };
}
