/**
 * What a key looks like in the middle of a text: shapes that next to nothing else has, one list for whatever looks for
 * keys. Bodies are not judged here; find-keys.ts tells a key from the placeholder of a document.
 */
import type { KeyFamily } from './key-format.ts';

const SHAPES: Readonly<Record<KeyFamily['id'], readonly string[]>> = {
  mira: ['sk-mira-[0-9a-f]{40}'],
  meetings: ['mira_live_[\\w-]{32}'],
  mirra: ['mirra_(?:script|install|test)_[A-Za-z0-9_-]{16,}', 'mirra_[A-Za-z0-9]{24,}'],
  anthropic: ['sk-ant-[\\w-]{16,}'],
  openai: ['sk-(?:proj|svcacct|admin|None)-[\\w-]{16,}', 'sk-[A-Za-z0-9]{20,}'],
  aws: ['(?:AKIA|ASIA)[A-Z0-9]{16}'],
  github: ['gh[pousr]_[A-Za-z0-9]{20,}', 'github_pat_[A-Za-z0-9_]{22,}'],
};

/** What a key may not go on with. What it may follow is for `canBeginKey`: looking back in the expression takes five times as long. */
const AFTER = '(?![\\w-])';

/** A key of a known family as a whole: the source of a regular expression without groups of its own. */
export const KEY_SHAPE = `(?:${Object.values(SHAPES).flat().join('|')})${AFTER}`;

/** Header, payload and signature of a token, all three there (RFC 7519, section 3). */
export const JWT_SHAPE = `eyJ[\\w-]{10,}\\.eyJ[\\w-]{10,}\\.[\\w-]{20,}${AFTER}`;

/**
 * The line that opens a private key, what armor may put below it, and the beginning of the key itself (RFC 7468, and
 * the headers of RFC 1421). In source code the lines are joined by escapes, quotes and operators.
 */
export const PRIVATE_KEY_SHAPE =
  '-----BEGIN (?:[A-Z0-9]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----' +
  '(?:[\\s"\'`+,]|\\\\[nr]){1,80}' +
  '(?:[A-Z][\\w-]{2,20}: [^\\n\\\\]{1,80}(?:\\s|\\\\[nr]){1,80}){0,4}' +
  '[A-Za-z0-9+/=]{16}';

/** The secret of an AWS key has no prefix; its name, as configuration and the SDKs write it, stands before it. */
export const AWS_SECRET_SHAPE =
  '(?:[sS]ecret_?[aA]ccess_?[kK]ey|SECRET_?ACCESS_?KEY)["\'\\]\\\\]{0,3}\\s{0,9}(?:=>?|:|,)\\s{0,9}' +
  '["\'`\\\\]{0,2}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])';

/** Not in the middle of a word; but inside a string literal or a URL, an escape ends in a letter or a digit. */
export function canBeginKey(text: string, index: number): boolean {
  if (index === 0 || !/[\w-]/.test(text.charAt(index - 1))) return true;
  return /(?:\\[nrt]|%[0-9A-Fa-f]{2})$/.test(text.slice(Math.max(0, index - 3), index));
}
