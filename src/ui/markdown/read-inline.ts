/**
 * Reads inline text into nodes, from left to right and once: every search ahead is bounded, or remembers what
 * it did not find. Emphasis is paired afterwards; the text of a link is paired when the link is whole.
 */
import type { Tone } from '../rows.ts';
import {
  dropDelimiters,
  pairDelimiters,
  pushDelimiter,
  type Delimiter,
  type Delimiters,
} from './emphasis.ts';
import { flanking } from './flanking.ts';
import type { InlineNode, InlineSource } from './inline.ts';
import { parseTarget, shownAddress } from './link-target.ts';
import { decodeReference, REFERENCE, REFERENCE_BEGINNING } from './references.ts';

export interface ReadInline {
  readonly nodes: InlineNode[];
  readonly delimiters: Delimiters;
  /** Where the shown part of the source ends. */
  readonly end: number;
}

export function readInline(input: InlineSource): ReadInline {
  const reading = startReading(input);
  while (reading.at < reading.end) readNext(reading);
  holdOpenBracket(reading);
  return reading;
}

interface Reading extends InlineSource {
  at: number;
  end: number;
  nodes: InlineNode[];
  readonly delimiters: Delimiters;
  readonly brackets: Bracket[];
  /** No link may hold another: openers below this place of the stack are used up. */
  usedBrackets: number;
  /** Where runs of so many backticks begin, in order; found when the first is wanted. */
  backticks: Map<number, { readonly places: readonly number[]; next: number }> | undefined;
}

interface Bracket {
  readonly from: number;
  readonly node: number;
  readonly isImage: boolean;
  readonly below: Delimiter | undefined;
}

function startReading(input: InlineSource): Reading {
  const { source, carried } = input;
  const reading: Reading = {
    ...input,
    at: 0,
    end: source.length,
    nodes: [],
    delimiters: { last: undefined, marks: [] },
    brackets: [],
    usedBrackets: 0,
    backticks: undefined,
  };
  for (const { text, tones } of carried.spans)
    push(reading, { text, tones, from: 0, to: 0, kind: 'carried' });
  for (const { character, length } of carried.openers) {
    const node = reading.nodes.length;
    const sign: InlineNode = { text: '', tones: [], from: 0, to: 0, kind: 'carried' };
    push(reading, sign);
    const delimiter = { node, sign, character, length, canOpen: true, canClose: false, isCarried: true };
    pushDelimiter(reading.delimiters, delimiter);
  }
  if (carried.backticks > 0) readCode(reading, { from: 0, ticks: carried.backticks, isCarried: true });
  else if (carried.before === '') reading.at = skipSpaces(source, 0);
  return reading;
}

function readNext(reading: Reading): void {
  const { source, at } = reading;
  SPECIAL.lastIndex = at;
  const found = SPECIAL.exec(source);
  const special = found?.index ?? source.length;
  if (special > at) {
    readText(reading, special);
    return;
  }
  const sign = found?.[0] ?? '';
  switch (sign) {
    case '\\':
      return readEscape(reading);
    case '`':
      return readBackticks(reading);
    case '*':
    case '_':
    case '~':
      return readDelimiter(reading, sign);
    case '!':
      return readExclamation(reading);
    case '[':
      return openBracket(reading, { isImage: false });
    case ']':
      return closeBracket(reading);
    case '<':
      return readAngle(reading);
    case '&':
      return readReference(reading);
    case '\n':
      return readLineBreak(reading);
    default:
      return readBareAddress(reading, sign);
  }
}

const SPECIAL = /[\\`*_~![\]<&\n]|https?:\/\/|www\./g;
/** What may become the beginning of an address. */
const ADDRESS_BEGINNING = /(?<![A-Za-z0-9])(?:h|ht|htt|https?|https?:|https?:\/|w|ww|www)$/;
/** The longest text of a link, in its source; more stays as written, so that little is ever held back. */
const LONGEST_LINK_TEXT = 600;
const LONGEST_TAG = 1_000;
/** A longer run of one sign means nothing, and is not waited for. */
const LONGEST_RUN = 64;

function push(reading: Reading, node: InlineNode): void {
  reading.nodes.push(node);
}

/** Text that is shown as it is written. */
function literal(reading: Reading, to: number): void {
  const { source, at } = reading;
  push(reading, {
    text: source.slice(at, to).replace(/[\t\n]/g, ' '),
    from: at,
    to,
    kind: 'text',
    tones: [],
  });
  reading.at = to;
}

function atom(reading: Reading, to: number, text: string, tones: readonly Tone[] = []): void {
  push(reading, { text, from: reading.at, to, kind: 'atom', tones });
  reading.at = to;
}

/** Shows nothing from `from` on, which is where the node `node` begins, until more is known. */
function hold(reading: Reading, { from, node }: { readonly from: number; readonly node: number }): void {
  reading.nodes.length = Math.min(node, reading.nodes.length);
  let { last } = reading.delimiters;
  while (last !== undefined && last.node >= node) last = last.previous;
  dropDelimiters(reading.delimiters, last);
  reading.end = from;
  reading.at = from;
}

function holdHere(reading: Reading): void {
  hold(reading, { from: reading.at, node: reading.nodes.length });
}

function readText(reading: Reading, to: number): void {
  const { source, at, isEnded } = reading;
  if (to === source.length && !isEnded) {
    const tail = ADDRESS_BEGINNING.exec(source.slice(Math.max(at, to - 10), to));
    if (tail !== null) {
      const from = to - tail[0].length;
      if (from > at) literal(reading, from);
      holdHere(reading);
      return;
    }
  }
  literal(reading, to);
}

function readEscape(reading: Reading): void {
  const { source, at, isEnded } = reading;
  const next = source[at + 1];
  if (next === undefined && !isEnded) holdHere(reading);
  else if (next === '\n') breakLine(reading, at + 2);
  else if (next !== undefined && PUNCTUATION.test(next)) atom(reading, at + 2, next);
  else literal(reading, at + 1);
}

const PUNCTUATION = /[!-/:-@[-`{-~]/;

/** Every line of the source is a line of the answer, as its author saw it: models break verse and addresses so. */
function readLineBreak(reading: Reading): void {
  const before = reading.nodes.at(-1);
  if (before?.kind === 'text' && before.backticks === undefined) before.text = before.text.trimEnd();
  breakLine(reading, reading.at + 1);
}

function breakLine(reading: Reading, to: number): void {
  const { source } = reading;
  const next = skipSpaces(source, to);
  // A break that nothing follows is none.
  if (next < source.length) atom(reading, next, '\n');
  reading.at = next;
}

function skipSpaces(source: string, from: number): number {
  SPACES.lastIndex = from;
  SPACES.test(source);
  return SPACES.lastIndex;
}

const SPACES = /[ \t]*/y;
function readBackticks(reading: Reading): void {
  const { source, at, isEnded } = reading;
  const ticks = runLength(source, at);
  const end = at + ticks;
  if (ticks > LONGEST_RUN) return literal(reading, end);
  if (end === source.length && !isEnded) return holdHere(reading);
  readCode(reading, { from: end, ticks, isCarried: false });
}

function runLength(source: string, at: number): number {
  const character = source[at];
  let end = at;
  while (source[end] === character) end += 1;
  return end - at;
}

/** Code whose text begins at `from`; without an end it goes to the end of what there is, or is none. */
function readCode(
  reading: Reading,
  { from, ticks, isCarried }: { readonly from: number; readonly ticks: number; readonly isCarried: boolean },
): void {
  const { source, isEnded } = reading;
  const close = closingBackticks(reading, { from, ticks });
  if (close === undefined && isEnded && !isCarried) return literal(reading, from);
  const end = close ?? source.length - trailingBackticks(reading);
  const text = source.slice(from, end).replace(/[\n\t]/g, ' ');
  if (close !== undefined) {
    const isPadded = !isCarried && text.startsWith(' ') && text.endsWith(' ') && text.trim() !== '';
    return atom(reading, close + ticks, isPadded ? text.slice(1, -1) : text, ['code']);
  }
  const padding = !isCarried && text.startsWith(' ') ? 1 : 0;
  push(reading, {
    text: text.slice(padding),
    from: from + padding,
    to: end,
    kind: 'text',
    tones: ['code'],
    backticks: ticks,
  });
  reading.end = end;
  reading.at = end;
}

function trailingBackticks({ source, isEnded }: Reading): number {
  if (isEnded) return 0;
  let count = 0;
  while (source[source.length - 1 - count] === '`') count += 1;
  return count;
}

function closingBackticks(
  reading: Reading,
  { from, ticks }: { readonly from: number; readonly ticks: number },
): number | undefined {
  const { source, isEnded } = reading;
  reading.backticks ??= backtickRuns(source);
  const runs = reading.backticks.get(ticks);
  if (runs === undefined) return undefined;
  // Places are asked for in rising order: what lies behind is never wanted again.
  while ((runs.places[runs.next] ?? Infinity) < from) runs.next += 1;
  const place = runs.places[runs.next];
  // A run at the very end may still grow into a longer one.
  return place !== undefined && (isEnded || place + ticks < source.length) ? place : undefined;
}

function backtickRuns(source: string): Map<number, { readonly places: number[]; next: number }> {
  const runs = new Map<number, { readonly places: number[]; next: number }>();
  for (const { 0: run, index } of source.matchAll(/`+/g)) {
    const known = runs.get(run.length);
    if (known === undefined) runs.set(run.length, { places: [index], next: 0 });
    else known.places.push(index);
  }
  return runs;
}

function readDelimiter(reading: Reading, character: string): void {
  const { source, at, isEnded, carried } = reading;
  const length = runLength(source, at);
  const end = at + length;
  if (length > LONGEST_RUN) return literal(reading, end);
  if (end === source.length && !isEnded) return holdHere(reading);
  // One tilde is left alone: it stands before numbers more often than around words.
  if (character === '~' && length !== 2) return literal(reading, end);
  const before = at === 0 ? carried.before : source.slice(Math.max(0, at - 2), at);
  const node = reading.nodes.length;
  const sign: InlineNode = { text: source.slice(at, end), from: at, to: end, kind: 'sign', tones: [] };
  push(reading, sign);
  const sides = flanking({ character, before, after: source.slice(end, end + 2) });
  if (sides.canOpen || sides.canClose) {
    pushDelimiter(reading.delimiters, { node, sign, character, length, ...sides, isCarried: false });
  }
  reading.at = end;
}

function readExclamation(reading: Reading): void {
  const { source, at, isEnded } = reading;
  const next = source[at + 1];
  if (next === '[') openBracket(reading, { isImage: true });
  else if (next === undefined && !isEnded) holdHere(reading);
  else literal(reading, at + 1);
}

function openBracket(reading: Reading, { isImage }: { readonly isImage: boolean }): void {
  const { at, nodes, brackets, delimiters } = reading;
  brackets.push({ from: at, node: nodes.length, isImage, below: delimiters.last });
  const to = at + (isImage ? 2 : 1);
  push(reading, { text: isImage ? '![' : '[', from: at, to, kind: 'sign', tones: [] });
  reading.at = to;
}

function closeBracket(reading: Reading): void {
  const { source, at, isEnded, brackets } = reading;
  const opener = brackets.pop();
  const isUsed = opener !== undefined && !opener.isImage && brackets.length < reading.usedBrackets;
  reading.usedBrackets = Math.min(reading.usedBrackets, brackets.length);
  if (opener === undefined || isUsed || at - opener.from > LONGEST_LINK_TEXT) return literal(reading, at + 1);
  const next = source[at + 1];
  if (next === undefined && !isEnded) return hold(reading, opener);
  const target = next === '(' ? parseTarget(source, at + 2) : undefined;
  if (target === 'open' && !isEnded) return hold(reading, opener);
  if (target === undefined || target === 'open') return literal(reading, at + 1);
  makeLink(reading, { opener, address: target.address, to: target.end });
}

function makeLink(
  reading: Reading,
  { opener, address, to }: { readonly opener: Bracket; readonly address: string; readonly to: number },
): void {
  const { nodes, delimiters, brackets } = reading;
  pairDelimiters(delimiters, opener.below);
  dropDelimiters(delimiters, opener.below);
  const sign = nodes[opener.node];
  if (sign !== undefined) sign.text = '';
  const text = nodes
    .slice(opener.node)
    .map((node) => node.text)
    .join('');
  const isSame = text === address || `mailto:${text}` === address;
  if (text === '') atom(reading, to, address, ['link']);
  else if (isSame || address === '') atom(reading, to, '');
  else atom(reading, to, ` (${address})`, ['dim']);
  const group = { from: opener.from, to, firstNode: opener.node, lastNode: nodes.length - 1 };
  for (const node of nodes.slice(opener.node)) {
    if (node !== nodes.at(-1) && node.group === undefined)
      node.tones = ['link', ...node.tones.filter((tone) => tone !== 'link')];
    node.group = group;
  }
  if (!opener.isImage) reading.usedBrackets = brackets.length;
}

/** A bracket whose link may still come hides what follows it. */
function holdOpenBracket(reading: Reading): void {
  const { source, isEnded, brackets, usedBrackets } = reading;
  if (isEnded) return;
  const open = brackets.find(
    ({ from, isImage }, index) =>
      source.length - from <= LONGEST_LINK_TEXT && (isImage || index >= usedBrackets),
  );
  if (open !== undefined && open.from < reading.end) hold(reading, open);
}

function readAngle(reading: Reading): void {
  const { source, at, isEnded } = reading;
  const address = match(AUTOLINK, source, at);
  if (address !== undefined)
    return atom(reading, at + address.length, shownAddress(address.slice(1, -1)), ['link']);
  const tag = match(TAG, source, at);
  if (tag !== undefined) return literal(reading, at + tag.length);
  if (!isEnded && match(AUTOLINK_BEGINNING, source, at) !== undefined) return holdHere(reading);
  literal(reading, at + 1);
}

const AUTOLINK =
  /<(?:[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]{0,2000}|[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255})>/y;
const AUTOLINK_BEGINNING =
  /<(?:[A-Za-z][A-Za-z0-9+.-]{0,31}(?::[^\s<>]{0,2000})?|[\w.!#$%&'*+/=?^`{|}~-]{1,64}(?:@[A-Za-z0-9.-]{0,255})?)?$/y;
const TAG = new RegExp(`</?[A-Za-z][^<>]{0,${LONGEST_TAG}}>`, 'y');

function match(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}

function readReference(reading: Reading): void {
  const { source, at, isEnded } = reading;
  const reference = match(REFERENCE, source, at);
  const decoded = reference === undefined ? undefined : decodeReference(reference);
  if (reference !== undefined && decoded !== undefined) atom(reading, at + reference.length, decoded);
  else if (!isEnded && match(REFERENCE_BEGINNING, source, at) !== undefined) holdHere(reading);
  else literal(reading, at + 1);
}

function readBareAddress(reading: Reading, beginning: string): void {
  const { source, at } = reading;
  const isWord = at > 0 && /[A-Za-z0-9]/.test(source[at - 1] ?? '');
  const address = isWord ? '' : withoutTail(match(BARE_ADDRESS, source, at) ?? '');
  if (address.length <= beginning.length) return literal(reading, at + beginning.length);
  push(reading, { text: address, from: at, to: at + address.length, kind: 'text', tones: ['link'] });
  reading.at = at + address.length;
}

const BARE_ADDRESS = /[^\s<>"`{}|\\^[\]\x7f-\uffff]{1,2000}/y;
const TAIL = /(?:[?!.,:;*_~']|&[A-Za-z0-9]{1,31};)$/;

/** Signs at the end belong to the sentence around it (GFM 6.9). */
function withoutTail(address: string): string {
  let rest = address;
  let surplus = [...rest].reduce((sum, each) => sum + (each === ')' ? 1 : each === '(' ? -1 : 0), 0);
  for (;;) {
    const tail = TAIL.exec(rest)?.[0].length ?? 0;
    if (tail > 0) rest = rest.slice(0, -tail);
    else if (surplus > 0 && rest.endsWith(')')) {
      rest = rest.slice(0, -1);
      surplus -= 1;
    } else return rest;
  }
}
