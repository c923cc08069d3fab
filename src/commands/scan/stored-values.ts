/** Finds any of many values in a text, in one pass however many they are. */

export interface StoredValue {
  readonly label: string;
  readonly value: string;
}

export interface FoundValue {
  readonly label: string;
  readonly index: number;
}

/** What is shorter stands in texts by chance. */
const SHORTEST_VALUE = 8;

/** `text` holds a byte in each character. The longest of the values that begin at a place is the one that is there. */
export function createValueFinder(values: readonly StoredValue[]): (text: string) => readonly FoundValue[] {
  const needles = values
    .map(({ label, value }) => ({ label, bytes: Buffer.from(value).toString('latin1') }))
    .filter(({ bytes }) => bytes.length >= SHORTEST_VALUE)
    .toSorted((a, b) => b.bytes.length - a.bytes.length);
  if (needles.length === 0) return () => [];
  const ends = new Uint8Array(TABLE);
  const byBeginning = new Map<string, typeof needles>();
  for (const needle of needles) {
    ends[hashOf(needle.bytes)] = 1;
    const beginning = needle.bytes.slice(0, BEGINNING);
    byBeginning.set(beginning, [...(byBeginning.get(beginning) ?? []), needle]);
  }
  return (text) => {
    const found: FoundValue[] = [];
    let hash = 0;
    for (let end = 0; end < text.length; end++) {
      hash = next(hash, text.charCodeAt(end));
      if (ends[hash] !== 1) continue;
      const index = end + 1 - BEGINNING;
      if (index < 0) continue;
      const candidates = byBeginning.get(text.slice(index, end + 1));
      const there = candidates?.find(({ bytes }) => text.startsWith(bytes, index));
      if (there !== undefined) found.push({ label: there.label, index });
    }
    return found;
  };
}

/** The hash has 20 bits and moves by 5 for each character, so that it tells of the last four. */
const BEGINNING = 4;
const TABLE = 1 << 20;

function next(hash: number, code: number): number {
  return ((hash << 5) ^ code) & (TABLE - 1);
}

function hashOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < BEGINNING; at++) hash = next(hash, text.charCodeAt(at));
  return hash;
}
