/**
 * What is wrong with a value before it is kept: said by the format it should have, and never by what it holds. What a
 * variable holds is known for the services' own variables; elsewhere only a value that begins like a known key is judged.
 */
import { MiraError } from '../errors.ts';
import { findKeyFamily, KEY_FAMILIES, looksLikeJwt } from './key-format.ts';
import type { KeyFamily } from './key-format.ts';
import { isPlaceholder } from './placeholder.ts';

/** The variable that each family of keys is read from; the first is the one to propose. */
const VARIABLES: Readonly<Record<KeyFamily['id'], readonly string[]>> = {
  mira: ['MIRA_API_KEY'],
  meetings: ['MIRA_MEETINGS_API_KEY'],
  mirra: ['MIRRA_API_KEY'],
  openai: ['OPENAI_API_KEY'],
  anthropic: ['ANTHROPIC_API_KEY'],
  aws: ['AWS_ACCESS_KEY_ID'],
  github: ['GITHUB_TOKEN', 'GH_TOKEN'],
};

/** Variables that hold a secret without a format, where a key of a known one is surely misplaced. */
const WITHOUT_FORMAT: readonly string[] = ['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];

const LENGTHS: Partial<Readonly<Record<KeyFamily['id'], number>>> = { mira: 48, meetings: 42, aws: 20 };

/** Where the length varies: shorter ones were never given out, as far as the vendors' documents and libraries tell. */
const LEAST_LENGTHS: Partial<Readonly<Record<KeyFamily['id'], number>>> = {
  openai: 40,
  anthropic: 40,
  github: 40,
};

/** Less could be guessed. */
const LEAST_BODY = 8;

export interface TokenValueUse {
  /** The variable it is to be in. */
  readonly env: string;
  /** Where it came from: "the prompt", "standard input". */
  readonly source: string;
  /** Keep it whatever it looks like. */
  readonly force: boolean;
}

/**
 * The family the value belongs to, if it may be kept.
 * @throws MiraError `malformed_key` (2), `other_vendor` (11); never repeats the value
 */
export function requireTokenValue(value: string, use: TokenValueUse): KeyFamily['id'] | 'other' {
  if (value === '') {
    throw new MiraError('malformed_key', `The value from ${use.source} is empty.`, {
      hint: 'Type or paste it at the prompt, or give it on stdin: … < key.txt',
    });
  }
  if (use.force) return kindOf(value, use.env);
  requireWholeArmor(value, use.source);
  const expected = KEY_FAMILIES.find(({ id }) => VARIABLES[id].includes(use.env));
  const found = findKeyFamily(bare(value));
  if (found !== undefined && isMisplaced(found, { expected, use })) throw misplaced(found, use);
  const family = expected ?? (found !== undefined && isUnmistakable(found, value) ? found : undefined);
  if (family === undefined) return 'other';
  const flaw = findFlaw(value, family);
  if (flaw === undefined) return family.id;
  throw new MiraError('malformed_key', `The value from ${use.source} is not ${family.label}: ${flaw}.`, {
    hint: `It would be ${family.expected}. Copy the key again, by itself; --force keeps the value as it is.`,
  });
}

/** Of a private key pasted at a prompt, a terminal may give the first line alone (RFC 7468). */
function requireWholeArmor(value: string, source: string): void {
  if (!/^-----BEGIN [A-Z0-9 ]+-----/.test(value) || /-----END [A-Z0-9 ]+-----\s*$/.test(value)) return;
  throw new MiraError(
    'malformed_key',
    `The value from ${source} is the beginning of a key whose end is missing.`,
    {
      hint: 'Give all lines of it on stdin: … < key.pem; --force keeps the value as it is.',
    },
  );
}

function isMisplaced(
  found: KeyFamily,
  { expected, use }: { readonly expected: KeyFamily | undefined; readonly use: TokenValueUse },
): boolean {
  return expected === undefined ? WITHOUT_FORMAT.includes(use.env) : expected.id !== found.id;
}

function misplaced(found: KeyFamily, { env, source }: TokenValueUse): MiraError {
  const [variable = ''] = VARIABLES[found.id];
  const belongs = found.id === 'meetings' ? 'which belongs to Mira meetings' : `which belongs in ${variable}`;
  return new MiraError(
    'other_vendor',
    `The value from ${source} is ${found.label}, ${belongs}, not in ${env}.`,
    {
      hint: `Keep it with --env ${variable}, or add --force if you are sure.`,
    },
  );
}

/** `sk-` alone is how many vendors begin their keys; elsewhere than in OpenAI's variable it says nothing. */
function isUnmistakable({ id }: KeyFamily, value: string): boolean {
  return id !== 'openai' || /^sk-(?:proj|svcacct|admin)-/.test(value);
}

function kindOf(value: string, env: string): KeyFamily['id'] | 'other' {
  const family = findKeyFamily(value);
  if (family === undefined || !family.shape.test(value)) return 'other';
  return VARIABLES[family.id].includes(env) || isUnmistakable(family, value) ? family.id : 'other';
}

const ASSIGNMENT = /^(?:export\s+|set\s+|\$env:)?[A-Za-z_]\w*\s*=\s*/;
const HEADER = /^(?:authorization:\s*|x-api-key:\s*)?(?:bearer\s+)?/i;
const QUOTE = /^["'`“”‘’«»]|["'`“”‘’«»]$/g;

/** The key itself, out of what is often copied along with it. */
function bare(value: string): string {
  return value.trim().replace(ASSIGNMENT, '').replace(HEADER, '').replaceAll(QUOTE, '').trim();
}

function findFlaw(value: string, family: KeyFamily): string | undefined {
  if (ASSIGNMENT.test(value.trimStart())) return 'a name and a = stand before it';
  if (/^["'`“”‘’«»]|["'`“”‘’«»]$/.test(value.trim())) return 'it is in quotes';
  if (/^(?:authorization:|x-api-key:|bearer\s)/i.test(value)) return 'a part of a header stands before it';
  if (value !== value.trim()) return 'there are spaces or line breaks around it';
  if (/\s/.test(value)) return 'there are spaces or line breaks in it';
  if (/\.{3}|…|[*•]{3}/.test(value)) return 'it is shortened or masked, as in a list of keys';
  if (/^(?:<.*>|\$\{?\w+\}?|%\w+%)$/.test(value)) return 'it stands for a key, but is none';
  if (!/^[\x21-\x7e]+$/.test(value)) return 'there are characters in it that no key has';
  if (looksLikeJwt(value)) return jwtSentence(family);
  if (!family.prefix.test(value)) return withoutPrefix(value, family);
  const length = LENGTHS[family.id];
  if (length !== undefined && value.length !== length) return wrongLength(value, length);
  const least = LEAST_LENGTHS[family.id] ?? 0;
  if (/^[\w-]*$/.test(value) && value.length < least)
    return `it has ${value.length} characters, and such keys have ${least} at least; a part of it is missing`;
  if (bodyOf(value, family).length < LEAST_BODY)
    return `it has ${value.length} characters; a part of it is missing`;
  if (!family.shape.test(value)) return wrongBody(value, family);
  return isPlaceholder(bodyOf(value, family)) ? 'it is the placeholder of a document' : undefined;
}

function jwtSentence({ id }: KeyFamily): string {
  return id === 'mira'
    ? 'it is an access token (JWT); `mira auth login` gets those by itself'
    : 'it is an access token (JWT)';
}

function withoutPrefix(value: string, family: KeyFamily): string {
  const inOtherCase = [value.toLowerCase(), value.toUpperCase()].some((text) => family.shape.test(text));
  return inOtherCase ? 'its letters are in the wrong case' : 'it does not begin like one';
}

function wrongLength(value: string, length: number): string {
  const why = value.length < length ? 'a part of it is missing' : 'something was added to it';
  return `it has ${value.length} characters, not ${length}; ${why}`;
}

function wrongBody(value: string, family: KeyFamily): string {
  if (family.shape.test(value.toLowerCase())) return 'its letters are in the wrong case';
  return 'there are characters in it that such a key does not have';
}

function bodyOf(value: string, { prefix }: KeyFamily): string {
  return value.replace(prefix, '');
}
