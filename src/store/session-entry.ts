import { isRecord } from '../json.ts';
import type { ProtectionForm } from './protection.ts';
import type { StorageKind } from './secret-store.ts';

export type CredentialKind = 'session' | 'api_key';
export type LoginKind = 'oidc' | 'platform' | 'pasted';

/** What the index knows of one profile's session. Moments are milliseconds since the epoch. */
export interface SessionEntry {
  readonly profile: string;
  /** The name of its secret in the store, and of its lock. */
  readonly name: string;
  readonly credential: CredentialKind;
  readonly login: LoginKind;
  readonly issuer?: string | undefined;
  readonly clientId?: string | undefined;
  readonly apiUrl: string;
  readonly resource?: string | undefined;
  readonly scopes: readonly string[];
  /** Every origin the credential may be sent to, and every one the server named. */
  readonly hosts: readonly string[];
  readonly storage: StorageKind;
  readonly protection: ProtectionForm;
  readonly account?:
    | { readonly id: string; readonly name?: string | undefined; readonly email?: string | undefined }
    | undefined;
  /** The first 16 characters of an API key, by which the platform lists it. */
  readonly keyPrefix?: string | undefined;
  /** Goes up by one whenever the secret is replaced. */
  readonly gen: number;
  readonly obtainedAt: number;
  readonly expiresAt?: number | undefined;
  /** `expires_in` as the server gave it. */
  readonly lifetimeS?: number | undefined;
  readonly refreshable: boolean;
  /** How far this clock was ahead of the server's when the session was made or renewed; left out when they agree. */
  readonly clockAheadS?: number | undefined;
  readonly lastRefresh?: { readonly at: number; readonly outcome: string } | undefined;
  /** Set when the server has ended the session; the secret stays until sign-out or the next sign-in. */
  readonly ended?: { readonly at: number; readonly reason: string } | undefined;
}

/** Fields this version does not know are kept as they are. */
export function isSessionEntry(value: unknown): value is SessionEntry {
  if (!isRecord(value)) return false;
  return (
    REQUIRED.every(([field, is]) => is(value[field])) &&
    OPTIONAL.every(([field, is]) => value[field] === undefined || is(value[field]))
  );
}

type Check = (value: unknown) => boolean;

const isString: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const isBoolean: Check = (value) => typeof value === 'boolean';
const isStrings: Check = (value) => Array.isArray(value) && value.every(isString);
/** A file is named after it: its lock. */
const isName: Check = (value) => typeof value === 'string' && /^[^/\\]+\.[\da-f]{12}$/.test(value);
const isUrl: Check = (value) => typeof value === 'string' && URL.canParse(value);
const isOneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    words.some((word) => word === value);

const REQUIRED: readonly (readonly [keyof SessionEntry, Check])[] = [
  ['profile', isString],
  ['name', isName],
  ['credential', isOneOf('session', 'api_key')],
  ['login', isOneOf('oidc', 'platform', 'pasted')],
  ['apiUrl', isUrl],
  ['scopes', isStrings],
  ['hosts', isStrings],
  ['storage', isOneOf('keychain', 'file', 'memory')],
  ['protection', isOneOf('keychain', 'passphrase', 'key_file', 'memory')],
  ['gen', isNumber],
  ['obtainedAt', isNumber],
  ['refreshable', isBoolean],
];

const OPTIONAL: readonly (readonly [keyof SessionEntry, Check])[] = [
  ['issuer', isUrl],
  ['clientId', isString],
  ['resource', isString],
  [
    'account',
    (value) => isRecord(value) && isString(value['id']) && isOptionalText(value['name'], value['email']),
  ],
  ['keyPrefix', isString],
  ['expiresAt', isNumber],
  ['lifetimeS', isNumber],
  ['clockAheadS', isNumber],
  ['lastRefresh', (value) => isRecord(value) && isNumber(value['at']) && isString(value['outcome'])],
  ['ended', (value) => isRecord(value) && isNumber(value['at']) && isString(value['reason'])],
];

function isOptionalText(...values: readonly unknown[]): boolean {
  return values.every((value) => value === undefined || isString(value));
}
