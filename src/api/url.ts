/**
 * Addresses a credential may be sent to. What a person typed and what a server named go through the same
 * gate: https, or http on this machine, spelled the one way that means what it looks like. The text is
 * checked before `new URL` sees it, because the parser drops tabs and newlines and rewrites odd spellings
 * (`127.1`, full-width digits, `api.example\@other`) into hosts nobody wrote.
 */
import { MiraError } from '../errors.ts';

export interface AddressOrigin {
  /** What the address is called in a message: `--issuer`, `MIRA_API_URL`, `the verification address`. */
  readonly name: string;
  readonly from: 'user' | 'server';
  /** No credential ever goes there, so that a person may choose http to another machine (decisions.md 17). */
  readonly mayBePlain?: boolean | undefined;
}

/**
 * @throws MiraError `invalid_url` (exit 2) for an address from the user, `unsafe_url` (exit 11) for one from a server
 */
export function parseServiceUrl(text: string, origin: AddressOrigin): URL {
  if (text === '') throw refusal(origin, 'is empty', HINT_FORM);
  if (/[\s\p{Cc}\p{Cf}\\]/u.test(text)) {
    throw refusal(origin, 'contains a space, a backslash or a control character', HINT_FORM);
  }
  const authority = /^(https?):\/\/([^/?#]+)/i.exec(text)?.[2];
  if (authority === undefined) throw refusal(origin, 'does not start with https:// and a host', HINT_FORM);
  if (authority.includes('@')) {
    throw refusal(
      origin,
      'contains a user name or password',
      'Leave out everything up to and including the "@".',
    );
  }
  const url = parse(text);
  if (url === undefined) throw refusal(origin, 'is not an address', HINT_FORM);

  const writtenHost = authority.replace(/:\d*$/, '').toLowerCase();
  if (writtenHost !== url.hostname) {
    throw refusal(
      origin,
      'spells its host in an unusual way',
      `It means ${url.hostname}; write that if it is meant.`,
    );
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && origin.mayBePlain !== true) {
    throw refusal(origin, `would be used without encryption (http to ${url.hostname})`, 'Use https://.');
  }
  return url;
}

const HINT_FORM = 'Give it in full, for example https://api.example/v1.';

function parse(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function refusal(origin: AddressOrigin, reason: string, hint: string): MiraError {
  return origin.from === 'user'
    ? new MiraError('invalid_url', `${origin.name} ${reason}.`, { hint })
    : new MiraError(
        'unsafe_url',
        `The server named an address that mira does not use: ${origin.name} ${reason}.`,
        {
          hint: 'Check that the server is the one you meant, and report this to its operator.',
        },
      );
}

/** True for `localhost`, 127.0.0.0/8 and `[::1]`, as `URL.hostname` spells them. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  );
}

/** On this machine the port is ignored: a development server has another one each time. */
export function sameHost(one: string, other: string): boolean {
  const name = (host: string): string => host.replace(/:\d+$/, '');
  return one === other || (name(one) === name(other) && isLoopback(name(other)));
}

export function sameOrigin(a: URL, b: URL): boolean {
  return a.origin === b.origin;
}

/** The base that endpoints are appended to: no query, no trailing slash; a bare host means `/v1`. */
export function apiBase(url: URL): URL {
  const path = url.pathname.replace(/\/+$/, '');
  return new URL((path === '' ? '/v1' : path) + '/', url.origin);
}

/** The root of the service, for endpoints that live outside its base path. */
export function apiOrigin(url: URL): URL {
  return new URL('/', url.origin);
}
