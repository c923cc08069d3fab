/** What every form of the waiting screen says in the same words. All of it is sanitized here. */
import type { Account, LoginEvent } from '../../auth/login-event.ts';
import { sanitizeLine } from '../sanitize.ts';

export type DeviceCode = Extract<LoginEvent, { readonly kind: 'device_code' }>;

/** Whole, however long it is: half an address is none. */
export function address(uri: string): string {
  return sanitizeLine(uri, LONGEST_ADDRESS);
}

const LONGEST_ADDRESS = 2_100;

/** Who asks for what; the host stands alone, so that a long text cannot hide it. */
export function request(device: DeviceCode): readonly string[] {
  const scopes = sanitizeLine(device.scopes.join(' '));
  return ['Asked for by', `  ${sanitizeLine(device.host)}`, ...(scopes === '' ? [] : [`scopes: ${scopes}`])];
}

export function signedIn(account: Account | undefined, host: string | undefined): string {
  const name = account?.name ?? account?.email ?? account?.id;
  const email = account?.name === undefined ? undefined : account.email;
  const who =
    name === undefined
      ? ''
      : ` as ${sanitizeLine(name)}${email === undefined ? '' : ` (${sanitizeLine(email)})`}`;
  return `Signed in${who}${host === undefined ? '' : ` at ${sanitizeLine(host)}`}`;
}

/** Minutes and seconds, "14:32". */
export function clock(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
