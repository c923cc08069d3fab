/**
 * The keys in a text that somebody could use: every known format, without the placeholders of documents, tokens that
 * have expired and names that only begin like a key. What is found is said by kind and place, never by value.
 */
import { isRecord, parseJson } from '../json.ts';
import { findKeyFamily, KEY_FAMILIES } from './key-format.ts';
import type { KeyFamily } from './key-format.ts';
import { AWS_SECRET_SHAPE, canBeginKey, JWT_SHAPE, KEY_SHAPE, PRIVATE_KEY_SHAPE } from './key-shapes.ts';
import { bitsPerCharacter, isPlaceholder } from './placeholder.ts';

export type KeyKind = KeyFamily['id'] | 'aws_secret' | 'private_key' | 'jwt';

export interface FoundKey {
  readonly kind: KeyKind;
  /** Where in the text it begins, and how many characters of it are the key. */
  readonly index: number;
  readonly length: number;
}

/**
 * In the order of the text. Shapes are ASCII, so bytes read as latin1 give the same finds as the text they encode.
 * `now` is in milliseconds since the epoch: a token that has expired is none.
 */
export function findKeys(text: string, now: number): readonly FoundKey[] {
  const found: FoundKey[] = [];
  for (const match of text.matchAll(ANY)) {
    const [value] = match;
    const { index } = match;
    const kind = kindOf(value);
    if (!STANDS_ANYWHERE.has(kind) && !canBeginKey(text, index)) continue;
    if (!isReal({ kind, value, rest: text.slice(index, index + LONGEST_LOOK), now })) continue;
    const body = kind === 'aws_secret' ? SECRET_LENGTH : value.length;
    found.push({ kind, index: index + value.length - body, length: body });
    if (kind === 'aws') found.push(...secretsBeside(text, { idAt: index, idLength: value.length }));
  }
  return found.toSorted((a, b) => a.index - b.index).filter(isFirstAtItsPlace);
}

/** What a person calls a key of that kind, article and all. */
export function keyLabel(kind: KeyKind): string {
  switch (kind) {
    case 'aws_secret':
      return 'an AWS secret access key';
    case 'private_key':
      return 'a private key';
    case 'jwt':
      return 'an access token (JWT)';
    default:
      return FAMILY_LABELS.get(kind) ?? 'a key';
  }
}

const ANY = new RegExp([KEY_SHAPE, JWT_SHAPE, PRIVATE_KEY_SHAPE, AWS_SECRET_SHAPE].join('|'), 'g');
/** Those begin with words of their own. */
const STANDS_ANYWHERE: ReadonlySet<KeyKind> = new Set(['aws_secret', 'private_key']);
const SECRET_LENGTH = 40;
const LONGEST_LOOK = 2_000;

function kindOf(value: string): KeyKind {
  if (value.startsWith('-----BEGIN')) return 'private_key';
  if (value.startsWith('eyJ')) return 'jwt';
  return findKeyFamily(value)?.id ?? 'aws_secret';
}

interface Candidate {
  readonly kind: KeyKind;
  readonly value: string;
  /** The text from where the candidate begins. */
  readonly rest: string;
  readonly now: number;
}

function isReal({ kind, value, rest, now }: Candidate): boolean {
  switch (kind) {
    case 'aws':
      // An id is base32, without 0, 1, 8 and 9.
      return /^.{4}[A-Z2-7]+$/.test(value) && !isPlaceholder(value.slice(4));
    case 'aws_secret':
      return isDrawnSecret(value.slice(-SECRET_LENGTH));
    case 'private_key':
      return isArmored(rest);
    case 'jwt':
      return isLiveToken(value, now);
    case 'mirra':
    case 'openai':
    case 'anthropic': {
      const body = value.replace(VENDOR_PREFIX, '');
      // Words in a name have no digits; of drawn keys of their lengths, one in thousands has none.
      return /\d/.test(body) && !isPlaceholder(body);
    }
    default:
      return !isPlaceholder(value.replace(VENDOR_PREFIX, ''));
  }
}

const VENDOR_PREFIX =
  /^(?:sk-mira-|mira_live_|mirra_(?:(?:script|install|test)_)?|sk-ant-(?:[a-z]+\d\d-)?|sk-(?:(?:proj|svcacct|admin|None)-)?|gh[pousr]_|github_pat_)/;

function isDrawnSecret(secret: string): boolean {
  return (
    /[a-z]/.test(secret) && /[A-Z]/.test(secret) && bitsPerCharacter(secret) >= 4 && !isPlaceholder(secret)
  );
}

/** What a document shows of a private key ends soon or repeats; the shortest real one has 64 characters. */
function isArmored(armor: string): boolean {
  const [, body = ''] = /-----BEGIN [A-Z0-9 ]+-----([\s\S]*?)(?:-----END|$)/.exec(armor) ?? [];
  const lines = body
    .replaceAll(/\\[nr]|["'`,]/g, ' ')
    .split(/\s+/)
    .filter((word) => /^[A-Za-z0-9+/=]{16,}$/.test(word));
  const key = lines.join('').slice(0, 512);
  return key.length >= 60 && bitsPerCharacter(key) >= 4 && !WORDS_OF_DOCUMENTS.test(key);
}

const WORDS_OF_DOCUMENTS = /EXAMPLE|PLACEHOLDER|REDACTED/i;

function isLiveToken(token: string, now: number): boolean {
  const [header, payload] = token.split('.').map(decoded);
  if (header === undefined || payload === undefined || header['alg'] === 'none') return false;
  // The token that half of all documents show.
  if (payload['sub'] === '1234567890') return false;
  const { exp } = payload;
  return typeof exp !== 'number' || exp * 1000 > now;
}

function decoded(part: string): Readonly<Record<string, unknown>> | undefined {
  const value = parseJson(Buffer.from(part, 'base64url').toString());
  return isRecord(value) ? value : undefined;
}

/** AWS gives out id and secret together, and that is how they are kept: 40 characters drawn at random nearby are the secret. */
function secretsBeside(
  text: string,
  { idAt, idLength }: { readonly idAt: number; readonly idLength: number },
): readonly FoundKey[] {
  const from = Math.max(0, idAt - BESIDE);
  const around = text.slice(from, idAt + idLength + BESIDE);
  return [...around.matchAll(BARE_SECRET)]
    .filter(([secret]) => /\d/.test(secret) && isDrawnSecret(secret))
    .map(({ index }) => ({ kind: 'aws_secret', index: from + index, length: SECRET_LENGTH }));
}

const BESIDE = 300;
const BARE_SECRET = /(?<![\w/+.-])[A-Za-z0-9/+]{40}(?![\w/+=.-])/g;

const FAMILY_LABELS: ReadonlyMap<KeyKind, string> = new Map(KEY_FAMILIES.map(({ id, label }) => [id, label]));

function isFirstAtItsPlace({ index }: FoundKey, at: number, all: readonly FoundKey[]): boolean {
  return all[at - 1]?.index !== index;
}
