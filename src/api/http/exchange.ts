/** One request and its answer, with every clock and every way out. */
import type { Dispatcher } from 'undici';

import { MiraError, abortError } from '../../errors.ts';
import { createBodyQueue } from './body.ts';
import type { BodyQueue } from './body.ts';
import { connectionFailure, totalTimeout } from './failure.ts';
import type { Attempt } from './failure.ts';

export interface ExchangeRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | undefined;
  readonly signal: AbortSignal | undefined;
  readonly connectMs: number;
  readonly firstByteMs: number;
  readonly idleMs: number;
  readonly totalMs: number | undefined;
  readonly proxy: URL | undefined;
  readonly caFiles: readonly string[];
  readonly onSent: (() => void) | undefined;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: BodyQueue;
  /** Lets a short rest arrive, so that the connection can be used again; ends the exchange if it is not short. */
  release(): void;
}

/** @throws MiraError with an exit code of 6 or 9, or the reason of the abort */
export function exchange(dispatcher: Dispatcher, request: ExchangeRequest): Promise<RawResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<RawResponse>();
  let controller: Dispatcher.DispatchController | undefined;
  let body: BodyQueue | undefined;
  let stopped: MiraError | undefined;
  let complete = false;
  let released = false;
  let rest = RELEASE_BYTES;

  const settle = (): void => {
    clearTimeout(totalTimer);
    clearImmediate(lastLook);
    clearTimeout(releaseTimer);
    request.signal?.removeEventListener('abort', onAbort);
  };
  const fail = (error: MiraError): void => {
    if (stopped !== undefined) return;
    stopped = error;
    settle();
    if (body === undefined) reject(error);
    else body.fail(error);
    controller?.abort(error);
  };
  const onAbort = (): void => {
    if (request.signal !== undefined) fail(abortReason(request.signal, request.url));
  };
  const cancel = (): void => fail(new MiraError('interrupted', 'Stopped reading the answer.'));
  const release = (): void => {
    if (complete || stopped !== undefined) return;
    released = true;
    controller?.resume();
    releaseTimer = setTimeout(cancel, RELEASE_MS);
  };

  const totalTimer =
    request.totalMs === undefined
      ? undefined
      : setTimeout(() => {
          // A process that was stopped (Ctrl-Z, a laptop asleep) finds its time over before it has read the answer that
          // came meanwhile. What the loop reads next is still in time: it may be the successor of a spent token.
          lastLook = setImmediate(() => fail(totalTimeout(request.url, request.totalMs ?? 0)));
        }, request.totalMs);
  let lastLook: NodeJS.Immediate | undefined;
  let releaseTimer: NodeJS.Timeout | undefined;

  const failed = (error: unknown): void =>
    fail(connectionFailure(error, attemptOf(request, body !== undefined)));

  if (request.signal?.aborted) {
    onAbort();
    return promise;
  }
  request.signal?.addEventListener('abort', onAbort);

  const options: Dispatcher.DispatchOptions = {
    origin: request.url.origin,
    path: request.url.pathname + request.url.search,
    method: request.method,
    headers: request.headers,
    body: request.body ?? null,
    headersTimeout: request.firstByteMs,
    bodyTimeout: request.idleMs,
  };
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      controller = started;
      if (stopped !== undefined) started.abort(stopped);
      // The connection is there; undici writes the request before it gives the thread back.
      else if (request.onSent) setImmediate(request.onSent);
    },
    onResponseStart(_controller, status, headers) {
      // 1xx is information on the way; after an early end, late headers mean nothing.
      if (status < 200 || stopped !== undefined || body !== undefined) return;
      body = createBodyQueue({
        pause: () => controller?.pause(),
        resume: () => controller?.resume(),
        cancel: release,
      });
      resolve({ status, headers: flatHeaders(headers), body, release });
    },
    onResponseData(_controller, chunk) {
      if (!released) body?.push(chunk);
      else if ((rest -= chunk.length) < 0) cancel();
    },
    onResponseEnd() {
      complete = true;
      settle();
      // undici offers the connection again one turn of the loop after the end. A caller who hears of the end
      // earlier, and asks at once, would pay for a new connection.
      setImmediate(() => setImmediate(() => body?.end()));
    },
    onResponseError(_controller, error) {
      failed(error);
    },
  };

  try {
    dispatcher.dispatch(options, handler);
  } catch (error) {
    failed(error);
  }
  return promise;
}

const RELEASE_MS = 250;
const RELEASE_BYTES = 64 * 1024;

function abortReason(signal: AbortSignal, url: URL): MiraError {
  return signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError'
    ? new MiraError('timeout', `${url.host} did not answer in time.`, {
        hint: 'Check the connection and try again.',
      })
    : abortError(signal);
}

function attemptOf(request: ExchangeRequest, answered: boolean): Attempt {
  const { url, proxy, caFiles, connectMs, firstByteMs, idleMs } = request;
  return { url, proxy, caFiles, connectMs, firstByteMs, idleMs, answered };
}

function flatHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const flat: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = typeof value === 'string' ? value : value.join(', ');
  }
  return flat;
}
