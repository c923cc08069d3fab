/**
 * Keys in a text. They do not belong into the history: what has the shape of one is taken out before it is saved. Only
 * shapes that nothing else has, because what is masked is gone.
 */
import { findKeyFamily } from './key-format.ts';

const KEYS = [
  'sk-mira-[0-9a-f]{40}',
  'mira_live_[A-Za-z0-9]{32}',
  'mirra_(?:script|install|test)_[A-Za-z0-9_-]{16,}',
  'sk-(?:ant|proj)-[\\w-]{16,}',
  'sk-[A-Za-z0-9]{20,}',
  '(?:AKIA|ASIA)[A-Z0-9]{16}',
  'gh[pousr]_[A-Za-z0-9]{20,}',
];
const KEY = new RegExp(`(?<![\\w-])(?:${KEYS.join('|')})(?![\\w-])`, 'g');

export function maskKeys(text: string): string {
  return text.replace(KEY, '[key removed]');
}

/** What a person calls the first key in a text, article and all, or undefined when there is none. */
export function findKeyKind(text: string): string | undefined {
  const key = text.matchAll(KEY).next().value?.[0];
  if (key !== undefined) return findKeyFamily(key)?.label ?? 'a key';
  return PRIVATE_KEY.test(text) ? 'a private key' : undefined;
}

const PRIVATE_KEY = /-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY-----(?:\s|\\n){1,4}[A-Za-z0-9+/=]{16}/;
