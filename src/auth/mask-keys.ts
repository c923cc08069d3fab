/**
 * Keys in a text. They do not belong into the history: what has the shape of one is taken out before it is saved. Only
 * shapes that nothing else has, because what is masked is gone.
 */
import { findKeyFamily } from './key-format.ts';
import { canBeginKey, KEY_SHAPE, PRIVATE_KEY_SHAPE } from './key-shapes.ts';

const KEY = new RegExp(KEY_SHAPE, 'g');
const PRIVATE_KEY = new RegExp(PRIVATE_KEY_SHAPE);

export function maskKeys(text: string): string {
  return text.replace(KEY, (key, index: number) => (canBeginKey(text, index) ? '[key removed]' : key));
}

/** What a person calls the first key in a text, article and all, or undefined when there is none. */
export function findKeyKind(text: string): string | undefined {
  for (const { 0: key, index } of text.matchAll(KEY)) {
    if (canBeginKey(text, index)) return findKeyFamily(key)?.label ?? 'a key';
  }
  return PRIVATE_KEY.test(text) ? 'a private key' : undefined;
}
