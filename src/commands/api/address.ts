import { parseServiceUrl, sameOrigin } from '../../api/url.ts';
import { MiraError } from '../../errors.ts';

/**
 * Where a request goes: a path under the base, one that begins with `/` at the origin, or a whole address of the same
 * origin. The credential belongs to that origin and never reaches another.
 * @param base ends with a slash
 * @throws MiraError `invalid_input`, `invalid_url` (exit 2), `other_origin` (exit 11)
 */
export function requestAddress(path: string, base: URL): URL {
  if (path === '' || /[\s\p{Cc}\p{Cf}\\]/u.test(path)) {
    throw new MiraError(
      'invalid_input',
      'The path is empty, or has a space, a backslash or a control character in it.',
      { hint: 'Write it as in the documents, for example: mira api /v1/quota' },
    );
  }
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(path)
    ? ownAddress(path, base)
    : // Put together as text: the parser takes `//host` and `scheme:` for another address.
      new URL(path.startsWith('/') ? base.origin + path : `${base.href}${path}`);
  url.hash = '';
  if (sameOrigin(url, base)) return url;
  throw otherOrigin(url, base);
}

function ownAddress(text: string, base: URL): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && !sameOrigin(url, base)) throw otherOrigin(url, base);
  return parseServiceUrl(text, { name: 'The address', from: 'user' });
}

function otherOrigin(url: URL, base: URL): MiraError {
  return new MiraError(
    'other_origin',
    `The credential belongs to ${base.host}; it was not sent to ${url.host === '' ? 'another address' : url.host}.`,
    { hint: 'Give a path alone; MIRA_API_URL, or another profile, says which service is asked.' },
  );
}
