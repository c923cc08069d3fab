/**
 * Which asterisks, underscores and tildes open and close what (CommonMark 6.2, GFM 6.5). The work grows with
 * their number only: where a search for an opener found nothing, the next of its kind does not look again.
 */
import type { Tone } from '../rows.ts';

/** A run of one delimiter character; what is left of it, unused, is shown as it is. */
export interface Delimiter {
  readonly node: number;
  /** What shows the unused part. */
  readonly sign: { text: string };
  readonly character: string;
  readonly length: number;
  readonly canOpen: boolean;
  readonly canClose: boolean;
  /** Its beginning has already been shown as emphasised: it stands for one opener of that length. */
  readonly isCarried: boolean;
  left: number;
  previous: Delimiter | undefined;
  next: Delimiter | undefined;
}

/** A look that holds from one node up to another, which no longer has it. */
export interface Mark {
  readonly tone: Tone;
  readonly opener: Opener;
  readonly from: number;
  readonly to: number;
}

export interface Opener {
  readonly character: string;
  readonly length: number;
}

export interface Delimiters {
  last: Delimiter | undefined;
  readonly marks: Mark[];
}

export function pushDelimiter(
  list: Delimiters,
  delimiter: Omit<Delimiter, 'left' | 'previous' | 'next'>,
): void {
  const added: Delimiter = { ...delimiter, left: delimiter.length, previous: list.last, next: undefined };
  if (list.last !== undefined) list.last.next = added;
  list.last = added;
}

/** Pairs up all that stands above `bottom`, which is then the last again. */
export function pairDelimiters(list: Delimiters, bottom: Delimiter | undefined): void {
  const searchedDownTo = new Map<string, number>();
  let closer = bottom === undefined ? firstOf(list) : bottom.next;
  while (closer !== undefined) {
    if (!closer.canClose || closer.left === 0) {
      closer = closer.next;
      continue;
    }
    const kind = `${closer.character}${closer.canOpen}${closer.length % 3}`;
    const floor = searchedDownTo.get(kind) ?? bottom?.node ?? -1;
    const opener = findOpener(closer, floor);
    if (opener === undefined) {
      searchedDownTo.set(kind, closer.previous?.node ?? -1);
      const next: Delimiter | undefined = closer.next;
      if (!closer.canOpen) unlink(list, closer);
      closer = next;
      continue;
    }
    const used = usedBy(opener, closer);
    list.marks.push(markOf({ character: closer.character, length: used }, opener.node + 1, closer.node));
    spend(opener, used);
    spend(closer, used);
    // What stands between the two can pair with nothing outside.
    opener.next = closer;
    closer.previous = opener;
    if (opener.left === 0) unlink(list, opener);
    if (closer.left === 0) {
      const next: Delimiter | undefined = closer.next;
      unlink(list, closer);
      closer = next;
    }
  }
}

/** Forgets all that stands above `bottom`: it stays as written. */
export function dropDelimiters(list: Delimiters, bottom: Delimiter | undefined): void {
  list.last = bottom;
  if (bottom !== undefined) bottom.next = undefined;
}

/**
 * Lets what is still open hold to the end: what was carried over, and, while more text may come, what would
 * open if its closing came, unless it may as well be a sign of its own, as in 2*3.
 */
export function openToTheEnd(list: Delimiters, isEnded: boolean): void {
  for (let each = firstOf(list); each !== undefined; each = each.next) {
    if (each.left === 0 || each.left > 3) continue;
    if (!each.isCarried && (isEnded || !each.canOpen || each.canClose)) continue;
    const lengths = each.left === 3 ? [2, 1] : [each.left];
    for (const length of lengths)
      list.marks.push(markOf({ character: each.character, length }, each.node + 1, Infinity));
    spend(each, each.left);
  }
}

function toneOf({ character, length }: Opener): Tone {
  if (character === '~') return 'strike';
  return length === 2 ? 'strong' : 'emphasis';
}

function markOf(opener: Opener, from: number, to: number): Mark {
  return { tone: toneOf(opener), opener, from, to };
}

function firstOf(list: Delimiters): Delimiter | undefined {
  let first = list.last;
  while (first?.previous !== undefined) first = first.previous;
  return first;
}

function findOpener(closer: Delimiter, floor: number): Delimiter | undefined {
  for (let each = closer.previous; each !== undefined && each.node > floor; each = each.previous) {
    if (each.character === closer.character && each.canOpen && fits(each, closer)) return each;
  }
  return undefined;
}

function fits(opener: Delimiter, closer: Delimiter): boolean {
  if (opener.left === 0) return false;
  if (opener.isCarried) return closer.left >= opener.left;
  // CommonMark's "multiple of 3" rule.
  const isEither = opener.canClose || closer.canOpen;
  return !isEither || (opener.length + closer.length) % 3 !== 0 || closer.length % 3 === 0;
}

function spend(delimiter: Delimiter, used: number): void {
  delimiter.left -= used;
  delimiter.sign.text = delimiter.sign.text.slice(0, delimiter.left);
}

function usedBy(opener: Delimiter, closer: Delimiter): number {
  if (opener.isCarried) return opener.left;
  return opener.left >= 2 && closer.left >= 2 ? 2 : 1;
}

function unlink(list: Delimiters, delimiter: Delimiter): void {
  const { previous, next } = delimiter;
  if (previous !== undefined) previous.next = next;
  if (next === undefined) list.last = previous;
  else next.previous = previous;
}
