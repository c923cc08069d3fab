/**
 * Carries what a child writes to a descriptor of ours, masked on the way. Reading stops while the writing waits, so
 * that a slow reader slows the child down as it would without mira. The writing is done beside the main thread, which
 * stays free to relay signals.
 */
import { write as writeDescriptor } from 'node:fs';
import type { Readable } from 'node:stream';
import { MiraError } from '../errors.ts';
import type { Masker } from './masker.ts';

/** What may be the beginning of a secret is let go when nothing follows for this long; what looks much like one, later. */
const PAUSE_MS = 20;
const LONG_PAUSE_MS = 1_000;
/** How long a child that has ended is waited for: whoever it started may have its output open for ever. */
const QUIET_MS = 1_000;
const LONGEST_AFTER_END_MS = 10_000;
const FULL_PIPE_PAUSE_MS = 5;

export interface MaskedOutput {
  readonly source: Readable;
  /** 1 or 2. */
  readonly descriptor: number;
  /** Called when the first bytes come. */
  readonly createMasker: () => Masker;
  /** Settles when the child has ended. */
  readonly ended: Promise<unknown>;
  /** Monotonic clock, milliseconds. */
  readonly elapsed: () => number;
}

export interface Carrying {
  /** Settles when all is written, or nobody reads it any more. Rejects with a MiraError when it cannot be written. */
  readonly done: Promise<void>;
  /** A write is waiting for whoever reads; the process must not wait for it when it exits. */
  isWriting(): boolean;
  /** Gives up what is not written yet. */
  stop(): void;
}

export function carryMasked(output: MaskedOutput): Carrying {
  const { source, descriptor, createMasker, ended, elapsed } = output;
  const finish = Promise.withResolvers<void>();
  const timers: { pause?: NodeJS.Timeout; quiet?: NodeJS.Timeout } = {};
  let masker: Masker | undefined;
  let writes = 0;
  let queue = Promise.resolve();
  let isOver = false;
  let deadline: number | undefined;

  const end = (): void => {
    isOver = true;
    clearTimeout(timers.pause);
    clearTimeout(timers.quiet);
    source.destroy();
  };
  const stop = (): void => {
    end();
    finish.resolve();
  };
  const fail = (error: unknown): void => {
    end();
    // A reader that has gone away is for the child to notice, as it would without mira.
    if (isReaderGone(error)) finish.resolve();
    else finish.reject(error);
  };
  const enqueue = (bytes: Uint8Array): void => {
    if (bytes.length === 0) return;
    source.pause();
    writes += 1;
    queue = queue.then(async () => {
      if (!isOver) await writeAll(descriptor, bytes);
      writes -= 1;
      if (writes === 0) source.resume();
    });
    queue.catch(fail);
  };
  const release = (): void => {
    if (masker === undefined) return;
    enqueue(masker.release(masker.kept === 'much' ? 'little' : 'all'));
    if (masker.kept === 'nothing') return;
    timers.pause = setTimeout(() => masker && enqueue(masker.release('all')), LONG_PAUSE_MS - PAUSE_MS);
  };
  const finishUp = (): void => {
    if (isOver) return;
    clearTimeout(timers.pause);
    clearTimeout(timers.quiet);
    if (masker !== undefined) enqueue(masker.end());
    void queue.then(stop, () => {});
  };
  /** Counts only while the child's side is what is waited for. */
  const watchSilence = (): void => {
    clearTimeout(timers.quiet);
    if (deadline === undefined || isOver) return;
    const left = Math.min(QUIET_MS, deadline - elapsed());
    timers.quiet = setTimeout(() => (writes > 0 ? watchSilence() : finishUp()), Math.max(left, 1));
  };

  source.on('data', (chunk: Uint8Array) => {
    clearTimeout(timers.pause);
    masker ??= createMasker();
    enqueue(masker.push(chunk));
    if (masker.kept !== 'nothing') timers.pause = setTimeout(release, PAUSE_MS);
    watchSilence();
  });
  source.on('end', finishUp);
  source.on('error', finishUp);
  void ended.then(() => {
    deadline = elapsed() + LONGEST_AFTER_END_MS;
    watchSilence();
  });
  return { done: finish.promise, isWriting: () => writes > 0, stop };
}

/** @throws MiraError `disk_full`, `storage_failed`; the error of the system when nobody reads any more */
async function writeAll(descriptor: number, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length;) {
    offset += await writeSome(descriptor, bytes.subarray(offset));
  }
}

function writeSome(descriptor: number, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    writeDescriptor(descriptor, bytes, (error, written) => {
      if (error === null) resolve(written);
      // Whoever gave us the pipe made it non-blocking; the reader is slower than we are.
      else if (error.code === 'EAGAIN') setTimeout(() => resolve(0), FULL_PIPE_PAUSE_MS);
      else reject(toFailure(error, descriptor));
    });
  });
}

/** The last of them comes from a socket that something unread was left in. */
const GONE: ReadonlySet<unknown> = new Set(['EPIPE', 'EBADF', 'ECONNRESET']);

function isReaderGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && GONE.has(error.code);
}

function toFailure(error: NodeJS.ErrnoException, descriptor: number): Error {
  if (isReaderGone(error)) return error;
  const name = descriptor === 1 ? 'standard output' : 'standard error';
  return error.code === 'ENOSPC' || error.code === 'EDQUOT' || error.code === 'EFBIG'
    ? new MiraError('disk_full', `There is no space left to write ${name} to.`)
    : new MiraError('storage_failed', `What the program wrote cannot be written to ${name}.`, {
        cause: error,
      });
}
