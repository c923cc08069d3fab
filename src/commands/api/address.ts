import { parseServiceUrl, sameOrigin } from '../../api/url.ts';
import { MiraError } from '../../errors.ts';

export interface RequestBase {
  /** Ends with a slash. */
  readonly base: URL;
  /** The variable or setting that says which service is asked. */
  readonly from: string | undefined;
}

/**
 * Where a request goes: a path under the base, one that begins with `/` at the origin, or a whole address of the same
 * origin. The credential belongs to that origin and never reaches another.
 * @throws MiraError `invalid_input`, `invalid_url` (exit 2), `other_origin` (exit 11)
 */
export function requestAddress(path: string, { base, from = 'MIRA_API_URL' }: RequestBase): URL {
  if (path === '' || /[\s\p{Cc}\p{Cf}\\]/u.test(path)) {
    throw new MiraError(
      'invalid_input',
      'The path is empty, or has a space, a backslash or a control character in it.',
      { hint: 'Write it as in the documents, for example: mira api /v1/quota' },
    );
  }
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(path)
    ? ownAddress(path, { base, from })
    : // Put together as text: the parser takes `//host` and `scheme:` for another address.
      new URL(path.startsWith('/') ? base.origin + path : `${base.href}${path}`);
  url.hash = '';
  if (sameOrigin(url, base)) return url;
  throw otherOrigin(url, { base, from });
}

function ownAddress(text: string, { base, from }: RequestBase): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && !sameOrigin(url, base)) throw otherOrigin(url, { base, from });
  return parseServiceUrl(text, { name: 'The address', from: 'user' });
}

function otherOrigin(url: URL, { base, from }: RequestBase): MiraError {
  return new MiraError(
    'other_origin',
    `The credential belongs to ${base.host}; it was not sent to ${url.host === '' ? 'another address' : url.host}.`,
    {
      hint: `Give a path alone; ${from}${from === 'MIRA_API_URL' ? ', or another profile,' : ''} says where it goes.`,
    },
  );
}
