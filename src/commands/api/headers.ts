/** The headers of a request as they are typed, `Name: value`. A credential is none of them: mira sends its own. */
import { CREDENTIAL_HEADERS } from '../../api/http/headers.ts';
import { findKeyKind } from '../../auth/mask-keys.ts';
import { MiraError } from '../../errors.ts';

/**
 * Names in lower case; a header that is given twice is sent once, with both values.
 * @throws MiraError `invalid_input`; no value is repeated
 */
export function parseHeaders(texts: readonly string[]): Readonly<Record<string, string>> {
  const headers = new Map<string, string>();
  for (const text of texts) {
    const { name, value } = parseHeader(text);
    const earlier = headers.get(name);
    headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  return Object.fromEntries(headers);
}

/** RFC 9110, section 5: a token, and a value without control characters. */
const HEADER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*:[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/;

function parseHeader(text: string): { readonly name: string; readonly value: string } {
  const [, typed = '', value = ''] = HEADER.exec(text) ?? [];
  const name = typed.toLowerCase();
  if (name === '') {
    throw new MiraError('invalid_input', 'A header has no name, no : after it, or what no header can hold.', {
      hint: 'Write headers as Name: value, for example: -H "Accept-Language: en"',
    });
  }
  if (CREDENTIAL_HEADERS.includes(name) || CREDENTIAL_NAME.test(name) || findKeyKind(value) !== undefined) {
    throw new MiraError('invalid_input', 'A credential is no argument, so it is not taken as a header.', {
      hint: 'mira sends the credential of the service by itself.',
    });
  }
  if (FRAMING.includes(name)) {
    throw new MiraError('invalid_input', `The header ${name} is written by mira itself.`);
  }
  return { name, value };
}

const CREDENTIAL_NAME = /(?:^|-)(?:api-?key|auth|authorization|cookie|password|secret|token)$/;

/** How the request travels: a second word on it would contradict the first. */
const FRAMING: readonly string[] = [
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
