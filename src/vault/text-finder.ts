/**
 * Finds any of very many texts in bytes, fast. The first four bytes of a position are looked up in a table of bits;
 * only where that says "maybe" are the texts with the same beginning looked at, by bisection. What begins alike is put
 * in order when it is met for the first time, so that a hundred thousand texts are ready in no time.
 */

/** A text to find, and whose it is. */
export interface Wanted {
  readonly text: string;
  readonly owner: number;
}

export interface Look {
  /** Length of the longest text that stands here in full; 0 for none. */
  readonly length: number;
  /** Whose text that is. */
  readonly owner: number;
  /** The bytes end here, and a longer text may be going on behind them. */
  readonly isOpen: boolean;
}

export interface TextFinder {
  /** The first position from `from` on where a text may begin, among those with four bytes behind them; -1 for none. */
  next(bytes: Uint8Array, from: number): number;
  /** What begins at a position. */
  look(bytes: Uint8Array, at: number): Look;
}

const HEAD = 4;
const HASH = 0x9e3779b1;
const NOTHING: Look = { length: 0, owner: -1, isOpen: false };
const OPEN: Look = { length: 0, owner: -1, isOpen: true };

/** Texts are compared as UTF-8, and those under four bytes are left out. */
export function createTextFinder(wanted: readonly Wanted[]): TextFinder {
  const texts = packTexts(wanted);
  const { bits, shift } = markHeads(texts);
  const groups = new Map<number, Group>();

  const groupOf = (head: number): Group | undefined => {
    const made = groups.get(head);
    if (made !== undefined) return made;
    const from = firstNotBelow(texts.heads, head);
    const to = firstNotBelow(texts.heads, head + 1);
    if (from === to) return undefined;
    const group = orderGroup(texts, { from, to });
    groups.set(head, group);
    return group;
  };

  return {
    next(bytes, from) {
      const end = bytes.length - HEAD;
      if (from > end) return -1;
      let word = headAt(bytes, from);
      for (let at = from; ; at += 1) {
        const hash = Math.imul(word, HASH) >>> shift;
        if (((bits[hash >>> 5] ?? 0) >>> (hash & 31)) & 1) return at;
        if (at >= end) return -1;
        word = (word << 8) | (bytes[at + HEAD] ?? 0);
      }
    },
    look(bytes, at) {
      const length = bytes.length - at;
      if (length < HEAD) return beginsAText(texts, bytes.subarray(at)) ? OPEN : NOTHING;
      const group = groupOf(headAt(bytes, at) >>> 0);
      return group === undefined ? NOTHING : lookInGroup(texts, { group, bytes, at });
    },
  };
}

/** The four bytes from a position on, as a number with its sign. */
function headAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)
  );
}

/** All texts in one buffer, in the order of their first four bytes. */
interface Texts {
  readonly packed: Buffer;
  /** By the place in the order. */
  readonly heads: Uint32Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly owners: Uint32Array;
}

function packTexts(wanted: readonly Wanted[]): Texts {
  const usable = wanted.filter(({ text }) => Buffer.byteLength(text) >= HEAD);
  const packed = Buffer.from(usable.map(({ text }) => text).join(''));
  const found = new Float64Array(usable.length);
  const starts = new Uint32Array(usable.length);
  const ends = new Uint32Array(usable.length);
  let start = 0;
  for (const [index, { text }] of usable.entries()) {
    starts[index] = start;
    found[index] = packed.readUInt32BE(start) * ROOM + index;
    start += Buffer.byteLength(text);
    ends[index] = start;
  }
  // A number holds the head and the index at once, which sorts a hundred times faster than a comparing function.
  found.sort();
  const order = Uint32Array.from(found, (each) => each % ROOM);
  return {
    packed,
    heads: Uint32Array.from(found, (each) => Math.floor(each / ROOM)),
    starts: order.map((index) => starts[index] ?? 0),
    ends: order.map((index) => ends[index] ?? 0),
    owners: order.map((index) => usable[index]?.owner ?? 0),
  };
}

/** More texts than fit into the memory; a head times this is still a whole number that a double holds. */
const ROOM = 2 ** 21;

/** One bit in about forty is set, so that text of another kind is passed over at the speed of reading it. */
function markHeads({ heads }: Texts): { readonly bits: Uint32Array; readonly shift: number } {
  const exponent = Math.min(24, Math.max(12, Math.ceil(Math.log2(heads.length + 1)) + 5));
  const shift = 32 - exponent;
  const bits = new Uint32Array(2 ** (exponent - 5));
  for (const head of heads) {
    const hash = Math.imul(head, HASH) >>> shift;
    bits[hash >>> 5] = (bits[hash >>> 5] ?? 0) | (1 << (hash & 31));
  }
  return { bits, shift };
}

function firstNotBelow(heads: Uint32Array, head: number): number {
  let from = 0;
  let to = heads.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((heads[middle] ?? 0) < head) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Up to three bytes at the end: does a text begin with them? */
function beginsAText({ heads }: Texts, tail: Uint8Array): boolean {
  if (tail.length === 0) return false;
  const low = headAt(tail, 0) >>> 0;
  const first = heads[firstNotBelow(heads, low)];
  return first !== undefined && first < low + 2 ** (8 * (HEAD - tail.length));
}

/** Texts that begin alike, in order. `shorter` is the place of the longest text that this one begins with; -1 for none. */
interface Group {
  readonly places: readonly number[];
  readonly shorter: readonly number[];
}

function orderGroup(texts: Texts, { from, to }: { readonly from: number; readonly to: number }): Group {
  const { packed, starts, ends } = texts;
  const at = (places: Uint32Array, place: number): number => places[place] ?? 0;
  // Of a text that is wanted twice, the first is the last of its group, which is the one that is found.
  const places = Array.from({ length: to - from }, (_, index) => from + index).sort(
    (one, other) =>
      packed.compare(packed, at(starts, other), at(ends, other), at(starts, one), at(ends, one)) ||
      other - one,
  );
  const shorter: number[] = [];
  for (const [index, place] of places.entries()) {
    let candidate = index - 1;
    while (candidate >= 0 && !isBeginning(texts, { of: place, candidate: places[candidate] ?? 0 }))
      candidate = shorter[candidate] ?? -1;
    shorter.push(candidate);
  }
  return { places, shorter };
}

function isBeginning(
  { packed, starts, ends }: Texts,
  { of, candidate }: { of: number; candidate: number },
): boolean {
  const start = starts[candidate] ?? 0;
  const end = ends[candidate] ?? 0;
  const from = starts[of] ?? 0;
  const to = from + end - start;
  return to <= (ends[of] ?? 0) && packed.compare(packed, from, to, start, end) === 0;
}

interface Place {
  readonly group: Group;
  readonly bytes: Uint8Array;
  readonly at: number;
}

function lookInGroup({ packed, starts, ends, owners }: Texts, { group, bytes, at }: Place): Look {
  const { places, shorter } = group;
  const available = bytes.length - at;
  /** Of a text to what stands here, as far as both go. */
  const compare = (index: number): number => {
    const place = places[index] ?? 0;
    const start = starts[place] ?? 0;
    const length = Math.min((ends[place] ?? 0) - start, available);
    return packed.compare(bytes, at, at + length, start, start + length);
  };
  const lengthOf = (index: number): number => {
    const place = places[index] ?? 0;
    return (ends[place] ?? 0) - (starts[place] ?? 0);
  };
  let from = 0;
  let to = places.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const order = compare(middle);
    // A text that goes on behind the end of the bytes comes after them.
    if (order < 0 || (order === 0 && lengthOf(middle) <= available)) from = middle + 1;
    else to = middle;
  }
  const isOpen = from < places.length && lengthOf(from) > available && compare(from) === 0;
  let match = from - 1;
  while (match >= 0 && compare(match) !== 0) match = shorter[match] ?? -1;
  if (match < 0) return isOpen ? OPEN : NOTHING;
  return { length: lengthOf(match), owner: owners[places[match] ?? 0] ?? -1, isOpen };
}
