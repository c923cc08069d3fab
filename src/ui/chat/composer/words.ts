/**
 * Words as a person sees them: Unicode's boundaries, with a dictionary where a script has no spaces.
 * A folded paste is a word of its own.
 */
import { isFolded } from './pastes.ts';

/** The beginning of the word before `at`. */
export function wordBefore(text: string, at: number): number {
  for (let end = at; end > 0; end = Math.max(0, end - REACH)) {
    const start = windowStart(text, Math.max(0, end - REACH));
    const word = [...words.segment(text.slice(start, end))].findLast(isWord);
    if (word !== undefined) return start + word.index;
  }
  return 0;
}

/** The end of the word after `at`. */
export function wordAfter(text: string, at: number): number {
  for (let start = at; start < text.length; start += REACH) {
    const end = Math.min(text.length, start + REACH * 2);
    const word = [...words.segment(text.slice(start, end))].find(isWord);
    if (word !== undefined) return start + word.index + word.segment.length;
  }
  return text.length;
}

/** The beginning of what stands between white space before `at`. */
export function spaceWordBefore(text: string, at: number): number {
  let start = at;
  while (start > 0 && isSpace(text.charCodeAt(start - 1))) start--;
  while (start > 0 && !isSpace(text.charCodeAt(start - 1))) start--;
  return start;
}

const words = new Intl.Segmenter(undefined, { granularity: 'word' });
/** A longer word is taken in parts. */
const REACH = 512;

function isWord({ segment, isWordLike }: Intl.SegmentData): boolean {
  return isWordLike === true || isFolded(segment);
}

/** Not between the halves of a surrogate pair. */
function windowStart(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return at > 0 && code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09 || code === 0x3000 || code === 0xa0;
}
