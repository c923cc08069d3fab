/**
 * Where a link leads (CommonMark 6.3), shown as it will be asked for: unescaped, decoded and cleaned, and a
 * host that is not written in ASCII in the form that goes over the wire, so that letters which look alike do
 * not pass for another host. Everything here looks a bounded way ahead.
 */
import { sanitizeLine } from '../sanitize.ts';
import { decodeReference, REFERENCE } from './references.ts';

export interface LinkTarget {
  readonly address: string;
  /** After the closing parenthesis. */
  readonly end: number;
}

/** What follows `](`, from `from` on: 'open' when it has not all arrived, undefined when it is no target. */
export function parseTarget(source: string, from: number): LinkTarget | 'open' | undefined {
  const limit = Math.min(source.length, from + LONGEST_TARGET);
  const cut = limit < source.length ? undefined : 'open';
  const begin = skipSpace(source, from, limit);
  const isPointed = source[begin] === '<';
  const address = isPointed ? pointedEnd(source, begin + 1, limit) : bareEnd(source, begin, limit);
  if (address === undefined) return undefined;
  if (address >= limit) return cut;
  const afterAddress = isPointed ? address + 1 : address;
  let end = skipSpace(source, afterAddress, limit);
  const quote = end > afterAddress ? CLOSING_QUOTE[source[end] ?? ''] : undefined;
  if (quote !== undefined) {
    const title = titleEnd({ source, from: end + 1, limit, quote });
    if (title >= limit) return cut;
    end = skipSpace(source, title + 1, limit);
  }
  if (end >= limit) return cut;
  if (source[end] !== ')') return undefined;
  const written = source.slice(isPointed ? begin + 1 : begin, address);
  return { address: shownAddress(written.replace(ESCAPE, '$1')), end: end + 1 };
}

/** An address as it is shown: one line, clean, its host in ASCII. */
export function shownAddress(written: string): string {
  const decoded = written.replace(ANY_REFERENCE, (reference) => decodeReference(reference) ?? reference);
  const address = sanitizeLine(decoded, LONGEST_TARGET);
  if (!/[^ -~]/.test(address)) return address;
  const host = HOST.exec(address)?.[0];
  if (host === undefined || !/[^ -~]/.test(host)) return address;
  const url = URL.parse(address);
  return url === null ? address : url.href;
}

/** Longer than any address worth following; what is longer stays as written. */
const LONGEST_TARGET = 2_000;

const CLOSING_QUOTE: Readonly<Record<string, string>> = { '"': '"', "'": "'", '(': ')' };
const ESCAPE = /\\([!-/:-@[-`{-~])/g;
const ANY_REFERENCE = new RegExp(REFERENCE.source, 'g');
const HOST = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/;
const MOST_PARENTHESES = 32;

function skipSpace(source: string, from: number, limit: number): number {
  let at = from;
  while (at < limit && (source[at] === ' ' || source[at] === '\t' || source[at] === '\n')) at += 1;
  return at;
}

/** At the `>` that closes; at the limit if it has not come. */
function pointedEnd(source: string, from: number, limit: number): number | undefined {
  for (let at = from; at < limit; at += 1) {
    if (source[at] === '>') return at;
    if (source[at] === '<' || source[at] === '\n') return undefined;
    if (source[at] === '\\') at += 1;
  }
  return limit;
}

/** After the last character of an address that stands bare, in which parentheses are balanced. */
function bareEnd(source: string, from: number, limit: number): number | undefined {
  let depth = 0;
  for (let at = from; at < limit; at += 1) {
    const character = source[at] ?? '';
    if (character === '\\') at += 1;
    else if (character === '(') depth += 1;
    else if (character === ')' && depth === 0) return at;
    else if (character === ')') depth -= 1;
    else if (character <= ' ') return depth === 0 ? at : undefined;
    if (depth > MOST_PARENTHESES) return undefined;
  }
  return limit;
}

function titleEnd(title: {
  readonly source: string;
  readonly from: number;
  readonly limit: number;
  readonly quote: string;
}): number {
  const { source, limit, quote } = title;
  for (let at = title.from; at < limit; at += 1) {
    if (source[at] === quote) return at;
    if (source[at] === '\\') at += 1;
  }
  return limit;
}
