/**
 * Signing in, as a stream of events: a terminal, plain lines and NDJSON read the same ones (cli.md 3.1).
 * A sign-in that fails throws; the printer makes the last event of it.
 */
import type { MiraError } from '../errors.ts';
import type { StorageKind } from '../store/secret-store.ts';

export interface Account {
  readonly id: string;
  readonly name?: string | undefined;
  readonly email?: string | undefined;
}

export type LoginEvent =
  /** The secrets will have a place, and `host` is asked how to sign in; no line of the NDJSON. */
  | { readonly kind: 'asking'; readonly host: string }
  | {
      readonly kind: 'device_code';
      /** Where the person goes; checked, and exactly as the server sent it (RFC 8628, section 3.3). */
      readonly verificationUri: string;
      readonly verificationUriComplete?: string | undefined;
      readonly userCode: string;
      /** Milliseconds since the epoch. */
      readonly expiresAt: number;
      /** Seconds between polls. */
      readonly interval: number;
      /** Host that asks, and what it asks for. */
      readonly host: string;
      readonly scopes: readonly string[];
      /** Asks for another code, which comes as an event of the same stream; this one is then forgotten. */
      readonly renew: () => void;
    }
  | { readonly kind: 'pending' }
  | { readonly kind: 'slow_down'; readonly interval: number }
  | { readonly kind: 'offline'; readonly error: MiraError }
  /** The wait is over and the session is being saved, which may ask the person something; no line of the NDJSON. */
  | { readonly kind: 'approved' }
  | {
      readonly kind: 'authorized';
      readonly profile: string;
      readonly account?: Account | undefined;
      readonly expiresAt?: number | undefined;
      readonly storage: StorageKind;
      /** Sentences a person should read: a short session, narrower scopes, what wins over this session. */
      readonly notices: readonly string[];
    };
