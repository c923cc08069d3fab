import { MiraError } from '../../errors.ts';

/**
 * Request headers that can be sent as they are. The runtime's own error would print the value, which may be
 * a key, so what cannot be sent is refused before it gets there.
 * @throws MiraError `malformed_key` for a credential, `invalid_input` for anything else; the value is not named
 */
export function checkHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(lower)) {
      throw new MiraError('invalid_input', 'A request header has a name that cannot be sent.');
    }
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) throw unsendable(lower);
    checked[lower] = value;
  }
  return checked;
}

export const CREDENTIAL_HEADERS: readonly string[] = [
  'authorization',
  'x-api-key',
  'proxy-authorization',
  'cookie',
  'x-amz-security-token',
];

function unsendable(name: string): MiraError {
  return CREDENTIAL_HEADERS.includes(name)
    ? new MiraError('malformed_key', 'The credential contains characters that no key has.', {
        hint: 'Copy it again, without quotes, line breaks or spaces.',
      })
    : new MiraError(
        'invalid_input',
        `The value of the header ${name} contains characters that cannot be sent.`,
      );
}
