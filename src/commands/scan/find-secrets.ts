/** What of a text must not be in a file: keys by their format, and stored values by what they are. */
import { findKeys, type KeyKind } from '../../auth/find-keys.ts';
import { createValueFinder, type StoredValue } from './stored-values.ts';

export interface FoundSecret {
  /** `stored` is a value of the vault in no format that is known. */
  readonly kind: KeyKind | 'stored';
  /** The label of the stored value that it is. */
  readonly label?: string | undefined;
  readonly index: number;
}

/** `text` holds a byte in each character, and the finds are its offsets. */
export type FindSecrets = (text: string) => readonly FoundSecret[];

export function createSecretFinder(options: {
  readonly values: readonly StoredValue[];
  readonly now: number;
}): FindSecrets {
  const findValues = createValueFinder(options.values);
  return (text) => {
    const keys = findKeys(text, options.now);
    const stored = findValues(text);
    if (stored.length === 0) return keys;
    // A key that is stored is one find, which has its label.
    const labels = new Map(stored.map(({ index, label }) => [index, label]));
    const known = new Set(keys.map(({ index }) => index));
    return [
      ...keys.map(({ kind, index }) => ({ kind, index, label: labels.get(index) })),
      ...stored
        .filter(({ index }) => !known.has(index))
        .map(({ index, label }) => ({ kind: 'stored' as const, index, label })),
    ].toSorted((a, b) => a.index - b.index);
  };
}
