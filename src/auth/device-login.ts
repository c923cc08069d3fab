/**
 * Waiting for an approval, as a stream of events. The loop is ours because a login has to outlive a closed
 * laptop, a changing network and a restarting server: only the server's own "denied" or "expired", or the
 * end of the code's life, ends it. Times run on the monotonic clock that is handed in.
 */
import { abortError, MiraError, toMiraError } from '../errors.ts';
import { codeExpired } from './device-grant.ts';
import type { DeviceAuthorization, DeviceGrant } from './device-grant.ts';
import type { LoginEvent } from './login-event.ts';
import type { TokenSet } from './session.ts';
import { requireUserCode, requireVerificationUri } from './server-text.ts';

const DEFAULT_INTERVAL_S = 5;
const LONGEST_LIFE_S = 3600;
/** Timers fire early now and then; a poll a moment too soon is answered with `slow_down`. */
const EARLY_TIMER_MS = 250;

export interface DeviceLoginDeps {
  readonly grant: DeviceGrant;
  /** Wall clock, milliseconds. */
  readonly now: () => number;
  /** Monotonic clock, milliseconds. */
  readonly elapsed: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Asks for a code and polls until it is approved; returns the tokens. A person may ask for another code meanwhile.
 * @throws MiraError `access_denied`, `device_code_expired`, `approval_lost`, `unsafe_url`, `interrupted`, …
 */
export async function* deviceLogin(deps: DeviceLoginDeps): AsyncGenerator<LoginEvent, TokenSet> {
  let code = await requestCode(deps);
  for (;;) {
    const wish = createWish();
    yield deviceCodeEvent(deps, { code, wish });
    const outcome = yield* pollUntilApproved(deps, { code, wish });
    if (outcome.kind === 'approved') return outcome.tokens;
    code = outcome.code;
  }
}

interface Code {
  readonly authorization: DeviceAuthorization;
  /** On the monotonic clock, milliseconds. */
  readonly deadline: number;
  readonly lifeS: number;
  /** Seconds. */
  readonly interval: number;
}

async function requestCode({ grant, elapsed, signal }: DeviceLoginDeps): Promise<Code> {
  const authorization = await grant.start(signal);
  const lifeS = clamp(authorization.expiresIn, { least: 1, most: LONGEST_LIFE_S });
  const interval = clamp(authorization.interval ?? DEFAULT_INTERVAL_S, {
    least: 1,
    most: grant.longestInterval,
  });
  return { authorization, deadline: elapsed() + lifeS * 1000, lifeS, interval };
}

/** A person's wish for another code; it ends a pause, never a request, because its answer may be the approval. */
interface Wish {
  make(): void;
  signal(): AbortSignal;
  /** After a wish that could not be fulfilled. */
  forget(): void;
}

function createWish(): Wish {
  let controller = new AbortController();
  return {
    make: () => controller.abort(),
    signal: () => controller.signal,
    forget: () => {
      controller = new AbortController();
    },
  };
}

interface Watched {
  readonly code: Code;
  readonly wish: Wish;
}

function deviceCodeEvent(deps: DeviceLoginDeps, { code, wish }: Watched): LoginEvent {
  const { authorization, lifeS, interval } = code;
  const complete = authorization.verificationUriComplete;
  return {
    kind: 'device_code',
    verificationUri: requireVerificationUri(authorization.verificationUri),
    verificationUriComplete: complete === undefined ? undefined : requireVerificationUri(complete),
    userCode: requireUserCode(authorization.userCode),
    expiresAt: deps.now() + lifeS * 1000,
    interval,
    host: deps.grant.host,
    scopes: deps.grant.scopes,
    renew: wish.make,
  };
}

type Outcome =
  | { readonly kind: 'approved'; readonly tokens: TokenSet }
  | { readonly kind: 'replaced'; readonly code: Code };

async function* pollUntilApproved(
  deps: DeviceLoginDeps,
  { code, wish }: Watched,
): AsyncGenerator<LoginEvent, Outcome> {
  const { grant, signal } = deps;
  let intervalS = code.interval;
  let pauseS = intervalS;
  let answerMayBeLost = false;
  for (;;) {
    const leftMs = code.deadline - deps.elapsed();
    if (leftMs <= 0) throw codeExpired();
    const pauseMs = Math.min(pauseS * 1000 + EARLY_TIMER_MS, leftMs);
    await deps.sleep(pauseMs, AbortSignal.any([signal, wish.signal()]));
    if (signal.aborted) throw abortError(signal);
    if (wish.signal().aborted) {
      const answer = await requestAnother(deps);
      if (answer.kind === 'replaced') return answer;
      wish.forget();
      yield { kind: 'offline', error: answer.error };
      continue;
    }
    if (deps.elapsed() >= code.deadline) throw codeExpired();
    const answer = await grant.poll(code.authorization.deviceCode, signal);
    if (signal.aborted && answer.kind !== 'approved') throw abortError(signal);
    switch (answer.kind) {
      case 'approved':
        return { kind: 'approved', tokens: answer.tokens };
      case 'pending':
        answerMayBeLost = false;
        pauseS = intervalS;
        yield { kind: 'pending' };
        break;
      case 'slow_down':
        answerMayBeLost = false;
        intervalS = clamp(Math.max(answer.interval ?? 0, intervalS + 5), {
          least: 1,
          most: grant.longestInterval,
        });
        pauseS = intervalS;
        yield { kind: 'slow_down', interval: intervalS };
        break;
      case 'unknown':
        answerMayBeLost = true;
        pauseS = Math.min(Math.max(pauseS * 2, answer.error.retryAfterS ?? 0), grant.longestInterval);
        yield { kind: 'offline', error: answer.error };
        break;
      case 'gone':
        throw answerMayBeLost ? lost(grant) : answer.error;
    }
  }
}

/** Without a network the code that is there is still the best there is. */
async function requestAnother(
  deps: DeviceLoginDeps,
): Promise<
  { readonly kind: 'replaced'; readonly code: Code } | { readonly kind: 'failed'; readonly error: MiraError }
> {
  try {
    return { kind: 'replaced', code: await requestCode(deps) };
  } catch (error) {
    const failure = toMiraError(error);
    if (deps.signal.aborted || !failure.retryable) throw failure;
    return { kind: 'failed', error: failure };
  }
}

function lost(grant: DeviceGrant): MiraError {
  const where = grant.orphanHint === undefined ? '' : ` ${grant.orphanHint}`;
  return new MiraError(
    'approval_lost',
    'The connection broke while the server answered; if you approved the code, the answer was lost.',
    {
      hint: `Sign in again: mira auth login.${where}`,
    },
  );
}

function clamp(value: number, { least, most }: { readonly least: number; readonly most: number }): number {
  if (!Number.isFinite(value)) return value > 0 ? most : least;
  return Math.min(Math.max(value, least), most);
}
