/**
 * Asking a service for one answer: a fresh credential, another one when the first is refused, patience with a
 * service that is busy, and never a second request once something of an answer has been shown.
 */
import type { Bearer, BearerSource } from '../api/bearer.ts';
import type { HttpResponse } from '../api/http.ts';
import { LONGEST_WAIT_MS, isRetryable, retryDelay, shouldRetryHeader } from '../api/retry.ts';
import { requireOk } from '../api/service-error.ts';
import { isLoopback } from '../api/url.ts';
import { MiraError, abortError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { ChatEvent } from './provider.ts';
import { findRateLimit } from './rate-limit.ts';

export interface Patience {
  /** How often a failed request is sent again. */
  readonly retries: number;
  /** Ends at once, in either way, when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  readonly log: Log;
}

export interface Question {
  readonly url: URL;
  /** Undefined for a service that gets no credential. */
  readonly bearer: BearerSource | undefined;
  readonly signal: AbortSignal;
  /** Sends the request; `stop` ends it from outside. */
  send(bearer: Bearer | undefined, stop: AbortSignal): Promise<HttpResponse>;
  read(response: HttpResponse, stop: AbortController): AsyncIterable<ChatEvent>;
}

/** A failure that took this long says that the service is stuck, not busy. */
const STUCK_AFTER_MS = 30_000;

/** @throws MiraError; with `partial` once text has been given */
export async function* ask(question: Question, patience: Patience): AsyncGenerator<ChatEvent, void> {
  const { signal } = question;
  const shown: string[] = [];
  let begun = false;
  let rejected: string | undefined;
  let renewed = false;

  for (let attempt = 1; ; attempt += 1) {
    const bearer = await question.bearer?.get(rejected === undefined ? { signal } : { signal, rejected });
    rejected = undefined;
    const stop = new AbortController();
    const startedAt = patience.now();
    let shouldRetry: boolean | undefined;
    let failure: MiraError;
    try {
      const response = await question.send(bearer, AbortSignal.any([signal, stop.signal]));
      shouldRetry = shouldRetryHeader(response.headers);
      if (response.status === 401 && bearer?.refreshable === true && !renewed) {
        response.discard();
        renewed = true;
        rejected = bearer.value;
        attempt -= 1;
        continue;
      }
      await requireOk(response, { bearer, now: patience.now() });
      const limit = findRateLimit(response.headers, patience.now());
      if (limit !== undefined) yield limit;
      for await (const event of question.read(response, stop)) {
        if (event.kind === 'text') shown.push(event.text);
        begun ||= event.kind === 'text' || event.kind === 'reasoning';
        yield event;
      }
      return;
    } catch (error) {
      if (!(error instanceof MiraError)) throw error;
      failure = error;
    }

    if (begun) throw shown.length === 0 ? failure : failure.with({ partial: { text: shown.join('') } });
    const waitMs = waitBefore({
      attempt,
      failure,
      shouldRetry,
      question,
      patience,
      tookMs: patience.now() - startedAt,
    });
    if (waitMs === undefined) throw failure;
    patience.log('retry', { attempt, after_ms: waitMs, code: failure.code });
    yield { kind: 'retry', attempt, afterMs: waitMs, reason: failure.message };
    await interruptible(patience.sleep(waitMs, signal), signal);
  }
}

function waitBefore(facts: {
  readonly attempt: number;
  readonly failure: MiraError;
  readonly shouldRetry: boolean | undefined;
  readonly question: Question;
  readonly patience: Patience;
  readonly tookMs: number;
}): number | undefined {
  const { attempt, failure, patience } = facts;
  const loopback = isLoopback(facts.question.url.hostname);
  if (attempt > patience.retries || facts.tookMs > STUCK_AFTER_MS) return undefined;
  // The failure is the end of the caller's own time (--timeout), not the service's.
  if (facts.question.signal.aborted) return undefined;
  if (!isRetryable(failure, { loopback, shouldRetry: facts.shouldRetry })) return undefined;
  const retryAfterMs = failure.retryAfterS === undefined ? undefined : failure.retryAfterS * 1000;
  if (retryAfterMs !== undefined && retryAfterMs > LONGEST_WAIT_MS) return undefined;
  return retryDelay({ attempt, retryAfterMs, random: patience.random });
}

async function interruptible(sleep: Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await sleep;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (signal.aborted) throw abortError(signal);
}
