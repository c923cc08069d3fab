/** What the two dialects of signing in by device code have in common (RFC 8628; the platform's own endpoints). */
import { MiraError } from '../errors.ts';
import type { TokenSet } from './session.ts';

export interface DeviceAuthorization {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete?: string | undefined;
  /** Seconds, as the server says; clamped by the caller. */
  readonly expiresIn: number;
  /** Seconds. RFC 8628, section 3.2: 5 when absent. */
  readonly interval?: number | undefined;
}

export type Poll =
  | { readonly kind: 'pending' }
  /** RFC 8628, section 3.5; some servers send the new interval along. */
  | { readonly kind: 'slow_down'; readonly interval?: number | undefined }
  | { readonly kind: 'approved'; readonly tokens: TokenSet }
  /** The server could not be reached or did not answer as one: nothing is known, ask again. */
  | { readonly kind: 'unknown'; readonly error: MiraError }
  /** The code is not known any more; after an `unknown` answer this can mean that an approval was lost. */
  | { readonly kind: 'gone'; readonly error: MiraError };

export interface DeviceGrant {
  readonly dialect: 'oidc' | 'platform';
  /** Host that asks for the approval, as shown to the person. */
  readonly host: string;
  readonly scopes: readonly string[];
  /** Longest pause between polls, seconds (decisions.md 12). */
  readonly longestInterval: number;
  /** Where a credential that was minted but never arrived can be revoked, if it would live on. */
  readonly orphanHint?: string | undefined;
  start(signal: AbortSignal): Promise<DeviceAuthorization>;
  /** One request. Throws a MiraError for what ends the wait: `access_denied`, `device_code_expired`, `tls_failed`, … */
  poll(deviceCode: string, signal: AbortSignal): Promise<Poll>;
}

export function accessDenied(): MiraError {
  return new MiraError('access_denied', 'The request was denied in the browser.', {
    hint: 'If that was a mistake, sign in again: mira auth login',
  });
}

export function codeExpired(): MiraError {
  return codeGone('The code expired before it was approved.');
}

/** A code that is of no use any more, whatever became of it. */
export function codeGone(message: string): MiraError {
  return new MiraError('device_code_expired', message, { hint: 'Ask for a new one: mira auth login' });
}
