import type { DeviceAuthorization, DeviceGrant, Poll } from '../../../../src/auth/device-grant.ts';
import { MiraError } from '../../../../src/errors.ts';

export type Answer = Poll | MiraError | ((signal: AbortSignal) => Poll | Promise<Poll>);

export interface ScriptedGrant extends DeviceGrant {
  /** The device code of every poll. */
  readonly polls: readonly string[];
  /** The most polls that were ever under way at once. */
  readonly mostAtOnce: number;
}

export interface Script extends Partial<Omit<DeviceGrant, 'start' | 'poll'>> {
  readonly authorization?: Partial<DeviceAuthorization>;
  /** What the server says when it is asked for another code. */
  readonly next?: readonly (Partial<DeviceAuthorization> | MiraError)[];
  /** Given one after the other; the last one again and again. */
  readonly answers: readonly [Answer, ...Answer[]];
}

export const TOKENS = { accessToken: 'granted' } as const;
export const APPROVED: Poll = { kind: 'approved', tokens: TOKENS };
export const PENDING: Poll = { kind: 'pending' };

/** A server that answers by a script. */
export function createScriptedGrant({ authorization, next = [], answers, ...grant }: Script): ScriptedGrant {
  const polls: string[] = [];
  let started = 0;
  let underWay = 0;
  let mostAtOnce = 0;
  return {
    dialect: 'oidc',
    host: 'id.example',
    scopes: ['openid'],
    longestInterval: 60,
    ...grant,
    polls,
    get mostAtOnce() {
      return mostAtOnce;
    },
    start: async () => {
      const said = started === 0 ? authorization : next[started - 1];
      started += 1;
      if (said instanceof MiraError) throw said;
      return {
        deviceCode: 'device-code',
        userCode: 'ABCD-EFGH',
        verificationUri: 'https://id.example/device',
        expiresIn: 600,
        ...said,
      };
    },
    poll: async (deviceCode, signal) => {
      const answer = answers[Math.min(polls.length, answers.length - 1)] ?? answers[0];
      polls.push(deviceCode);
      underWay += 1;
      mostAtOnce = Math.max(mostAtOnce, underWay);
      try {
        await Promise.resolve();
        if (answer instanceof MiraError) throw answer;
        return await (typeof answer === 'function' ? answer(signal) : answer);
      } finally {
        underWay -= 1;
      }
    },
  };
}

/** The server could not be reached, or asked to wait. */
export function unknown(retryAfterS?: number): Poll {
  return {
    kind: 'unknown',
    error: new MiraError('connection_refused', 'Cannot reach id.example.', { retryAfterS }),
  };
}

export function gone(): Poll {
  return { kind: 'gone', error: new MiraError('device_code_expired', 'The server forgot the code.') };
}
