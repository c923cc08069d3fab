/**
 * The families of keys mira meets, told apart by their prefix. A prefix is a hint, not a proof (several
 * products share one), so an unknown shape is an answer too; what a key may be sent to is decided by the caller.
 */
import { KEYS_PAGE } from '../addresses.ts';
import { MiraError } from '../errors.ts';

export interface KeyFamily {
  readonly id: 'mira' | 'meetings' | 'mirra' | 'anthropic' | 'openai' | 'aws' | 'github';
  /** How a person calls a key of this family, article and all. */
  readonly label: string;
  readonly prefix: RegExp;
  readonly shape: RegExp;
  /** The shape in words, for a message about a key that does not have it. */
  readonly expected: string;
}

/** Order matters: the first prefix that matches wins, so `sk-mira-` and `sk-ant-` come before `sk-`. */
export const KEY_FAMILIES: readonly KeyFamily[] = [
  {
    id: 'mira',
    label: 'a Mira platform key',
    prefix: /^sk-mira-/i,
    shape: /^sk-mira-[0-9a-f]{40}$/,
    expected: '`sk-mira-` and 40 characters 0-9 a-f, 48 in all',
  },
  {
    id: 'meetings',
    label: 'a Mira meetings key',
    prefix: /^mira_live_/i,
    // The documents say no more of them than that they are random.
    shape: /^mira_live_[\w-]{32}$/,
    expected: '`mira_live_` and 32 characters, 42 in all',
  },
  {
    id: 'mirra',
    label: 'a Mirra SDK key',
    prefix: /^mirra_/i,
    shape: /^mirra_\S+$/,
    expected: '`mirra_` and the rest of the key, without spaces',
  },
  {
    id: 'anthropic',
    label: 'an Anthropic key',
    prefix: /^sk-ant-/i,
    shape: /^sk-ant-[\w-]{16,}$/,
    expected: '`sk-ant-` and the rest of the key',
  },
  {
    id: 'openai',
    label: 'an OpenAI key',
    prefix: /^sk-/i,
    shape: /^sk-[\w-]{16,}$/,
    expected: '`sk-` and the rest of the key',
  },
  {
    id: 'aws',
    label: 'an AWS access key id',
    prefix: /^(?:AKIA|ASIA)/,
    shape: /^(?:AKIA|ASIA)[A-Z0-9]{16}$/,
    expected: '`AKIA` or `ASIA` and 16 capital letters or digits',
  },
  {
    id: 'github',
    label: 'a GitHub token',
    prefix: /^(?:gh[pousr]_|github_pat_)/,
    shape: /^(?:gh[pousr]|github_pat)_\w{20,}$/,
    expected: '`ghp_` or a sister prefix and the rest of the token',
  },
];

export function findKeyFamily(key: string): KeyFamily | undefined {
  return KEY_FAMILIES.find((family) => family.prefix.test(key));
}

/** Three dot-separated base64url parts: a JWT pasted where a key is wanted. */
export function looksLikeJwt(value: string): boolean {
  return /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(value);
}

export interface KeyUse {
  /** Where the key came from: "MIRA_API_KEY", "standard input". */
  readonly source: string;
  /** Is it for the platform's own address, where the documented shape is certain? */
  readonly documentedHost: boolean;
  /** Send it although it looks like another vendor's. */
  readonly force?: boolean | undefined;
}

/**
 * The key, if it may be sent to the Mira platform's API.
 * @throws MiraError `malformed_key` (2), `other_vendor` (11); never repeats the value
 */
export function requirePlatformKey(key: string, use: KeyUse): string {
  requireKeyText(key, use.source);
  const family = findKeyFamily(key);
  if (family && family.id !== 'mira') {
    if (use.force) return key;
    throw new MiraError(
      'other_vendor',
      `The key from ${use.source} looks like ${family.label}; it was not sent to the Mira platform.`,
      {
        hint: `${family.id === 'meetings' ? MEETINGS_HINT : ''}Use a Mira platform key (${KEYS_PAGE}), or add --force if you are sure.`,
      },
    );
  }
  if (use.documentedHost && !use.force) requireDocumentedShape(key, use.source);
  return key;
}

/** Its documents read the platform's variable. */
const MEETINGS_HINT =
  'It belongs in MIRA_MEETINGS_API_KEY, and goes to your meetings with: mira api --service meetings PATH. ';

/** @throws MiraError `malformed_key` for what no service could have given out as a key; never repeats the value */
export function requireKeyText(key: string, source: string): string {
  const flaw = findFlaw(key);
  if (flaw === undefined) return key;
  throw new MiraError('malformed_key', `The key from ${source} ${flaw}.`, {
    hint: 'Copy the key again, by itself: no quotes, spaces or line breaks.',
  });
}

function findFlaw(key: string): string | undefined {
  if (key === '') return 'is empty';
  if (/^["'`]|["'`]$/.test(key)) return 'is in quotes';
  if (/\s/.test(key)) return 'has spaces or line breaks in it';
  // A header takes visible ASCII only (RFC 9110, section 5.5).
  if (!/^[\x21-\x7e]+$/.test(key)) return 'has characters in it that no key has';
  if (key.length > 8192) return 'is too long to be a key';
  return undefined;
}

function requireDocumentedShape(key: string, source: string): void {
  const mira = KEY_FAMILIES[0];
  if (mira === undefined || mira.shape.test(key)) return;
  throw new MiraError(
    'malformed_key',
    `The key from ${source} is not a Mira platform key: ${describeMismatch(key, mira)}.`,
    {
      hint: `A Mira platform key is ${mira.expected}; see ${KEYS_PAGE}.`,
    },
  );
}

function describeMismatch(key: string, family: KeyFamily): string {
  if (looksLikeJwt(key)) return 'it is an access token (JWT), which belongs in MIRA_TOKEN';
  if (!family.prefix.test(key)) return 'it does not begin with `sk-mira-`';
  if (key.length !== 48) return `it has ${key.length} characters, not 48`;
  if (family.shape.test(key.toLowerCase())) return 'it has capital letters';
  return 'it has characters other than 0-9 and a-f after `sk-mira-`';
}
