/** What a sign-in server says is checked before anyone sees it or opens it (decisions.md 13). */
import { parseServiceUrl } from '../api/url.ts';
import { MiraError } from '../errors.ts';

const LONGEST_CODE = 64;
const LONGEST_URI = 2048;

/**
 * The address exactly as the server sent it (RFC 8628, section 3.3), if a browser may be sent there.
 * @throws MiraError `unsafe_url` for another scheme than https (http on loopback), user names, control characters
 */
export function requireVerificationUri(uri: string): string {
  if (uri.length > LONGEST_URI) {
    throw new MiraError('unsafe_url', 'The sign-in server named an address that is too long to be one.');
  }
  parseServiceUrl(uri, { name: 'the address to approve at', from: 'server' });
  return uri;
}

/** @throws MiraError `malformed_response` for a code a person could not read and type */
export function requireUserCode(code: string): string {
  if (code !== '' && code.length <= LONGEST_CODE && /^[\p{L}\p{N}\p{P}\p{S} ]+$/u.test(code)) return code;
  throw new MiraError('malformed_response', 'The sign-in server sent a code that cannot be shown.');
}

/** Can it travel in a header (RFC 9110, section 5.5) and be printed by `auth token`? */
export function isTokenText(token: string): boolean {
  return /^[\x21-\x7e]+$/.test(token);
}

/** Foreign text as one short line without control or formatting characters. */
export function plainLine(text: string): string {
  const line = text.replaceAll(/[\p{C}\p{Z}]+/gu, ' ').trim();
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}
