/** Sessions whose token has run out, without waiting for it. */
import type { Platform, PlatformRequest } from './platform/start-platform.ts';
import type { RunResult } from './run-mira.ts';
import { signIn, type SignInOptions } from './sign-in.ts';

/** Signs in and is given a token that has expired already; what a refresh gives lasts as long as it does anyway. */
export async function signInExpired(platform: Platform, options: SignInOptions): Promise<RunResult> {
  expireTokens(platform, (request) => !isRefresh(request));
  try {
    return await signIn(platform, options);
  } finally {
    platform.faults.clear();
  }
}

/** From now on each token has expired when it arrives, so that each need of one is a refresh. */
export function expireTokens(
  platform: Platform,
  when: (request: PlatformRequest) => boolean = () => true,
): void {
  platform.faults.push({
    at: 'token',
    kind: 'tamper',
    times: Infinity,
    when,
    change: (json) => ('access_token' in json ? { ...json, expires_in: 0 } : json),
  });
}

/** The requests for a new token of an old session, answered or not. */
export function refreshesAt(platform: Platform): readonly PlatformRequest[] {
  return platform.requests.filter(isRefresh);
}

function isRefresh({ fields }: PlatformRequest): boolean {
  return fields['grant_type'] === 'refresh_token';
}
