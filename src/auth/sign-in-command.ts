/** The command that mends most failures here, for a profile, and the failure it mends most often. */
import { MiraError } from '../errors.ts';
import type { NextStep } from '../errors.ts';

export function signInCommand(profile: string): string {
  return profile === 'default' ? 'mira auth login' : `mira auth login --profile ${profile}`;
}

export function signInStep(profile: string): NextStep {
  return { command: signInCommand(profile), why: 'signs you in' };
}

export function notSignedIn(profile: string): MiraError {
  const message =
    profile === 'default' ? 'You are not signed in.' : `You are not signed in to profile ${profile}.`;
  return new MiraError('not_signed_in', message, {
    hint: `${signInCommand(profile)}, or set MIRA_API_KEY`,
    next: [signInStep(profile)],
  });
}
