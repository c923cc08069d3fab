/**
 * Waiting for an approval, as a stream of events. The loop is ours because a login has to outlive a closed
 * laptop, a changing network and a restarting server: only the server's own "denied" or "expired", or the
 * end of the code's life, ends it. Times run on the monotonic clock that is handed in.
 */
import { abortError, MiraError } from '../errors.ts';
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
 * Asks for a code and polls until it is approved; returns the tokens.
 * @throws MiraError `access_denied`, `device_code_expired`, `approval_lost`, `unsafe_url`, `interrupted`, …
 */
export async function* deviceLogin(deps: DeviceLoginDeps): AsyncGenerator<LoginEvent, TokenSet> {
  const { grant, signal } = deps;
  const authorization = await grant.start(signal);
  const lifeS = clamp(authorization.expiresIn, { least: 1, most: LONGEST_LIFE_S });
  const deadline = deps.elapsed() + lifeS * 1000;
  const interval = clamp(authorization.interval ?? DEFAULT_INTERVAL_S, {
    least: 1,
    most: grant.longestInterval,
  });
  yield deviceCodeEvent(deps, { authorization, lifeS, interval });
  return yield* pollUntilApproved(deps, { authorization, deadline, interval });
}

function deviceCodeEvent(
  deps: DeviceLoginDeps,
  code: { readonly authorization: DeviceAuthorization; readonly lifeS: number; readonly interval: number },
): LoginEvent {
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
  };
}

interface Wait {
  readonly authorization: DeviceAuthorization;
  readonly deadline: number;
  readonly interval: number;
}

async function* pollUntilApproved(deps: DeviceLoginDeps, wait: Wait): AsyncGenerator<LoginEvent, TokenSet> {
  const { grant, signal } = deps;
  let intervalS = wait.interval;
  let pauseS = intervalS;
  let answerMayBeLost = false;
  for (;;) {
    const leftMs = wait.deadline - deps.elapsed();
    if (leftMs <= 0) throw codeExpired();
    await deps.sleep(Math.min(pauseS * 1000 + EARLY_TIMER_MS, leftMs), signal);
    if (signal.aborted) throw abortError(signal);
    if (deps.elapsed() >= wait.deadline) throw codeExpired();
    const answer = await grant.poll(wait.authorization.deviceCode, signal);
    if (signal.aborted && answer.kind !== 'approved') throw abortError(signal);
    switch (answer.kind) {
      case 'approved':
        return answer.tokens;
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
