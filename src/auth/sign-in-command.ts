/** The command that mends most failures here, and the failure it mends most often. */
import { PLATFORM_API, PLATFORM_CLIENT } from '../addresses.ts';
import { MiraError } from '../errors.ts';
import type { NextStep } from '../errors.ts';
import type { SessionEntry } from '../store/session-entry.ts';
import { shellQuote } from '../store/shell-quote.ts';

export function signInCommand(profile: string): string {
  return profile === 'default' ? 'mira auth login' : `mira auth login --profile ${profile}`;
}

/** Signs in once more where the session came from, in the same way: also where that is not the Mira platform. */
export function signInAgain(entry: SessionEntry): string {
  const { profile, login, issuer, clientId, apiUrl } = entry;
  const words = [signInCommand(profile)];
  if (login === 'pasted') words.push('--with-key');
  if (apiUrl !== PLATFORM_API) {
    if (issuer !== undefined) words.push('--issuer', shellQuote(issuer));
    words.push('--api-url', shellQuote(apiUrl));
  }
  if (clientId !== undefined && clientId !== PLATFORM_CLIENT) words.push('--client-id', shellQuote(clientId));
  return words.join(' ');
}

export function signInStep(command: string): NextStep {
  return { command, why: 'signs you in' };
}

export function notSignedIn(profile: string): MiraError {
  const message =
    profile === 'default' ? 'You are not signed in.' : `You are not signed in to profile ${profile}.`;
  return new MiraError('not_signed_in', message, {
    hint: `${signInCommand(profile)}, or set MIRA_API_KEY`,
    next: [signInStep(signInCommand(profile))],
  });
}
