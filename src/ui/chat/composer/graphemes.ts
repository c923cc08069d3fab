/**
 * Places in a text where a caret may stand. Segmenting begins at the nearest place that is a border for
 * certain, so that a key costs the same in a short text and in a very long one.
 */

/** The border before `at`; 0 at the beginning. */
export function graphemeBefore(text: string, at: number): number {
  if (at === 0) return 0;
  if (isSimple(text.charCodeAt(at - 1)) && (at === 1 || isSimple(text.charCodeAt(at - 2)))) return at - 1;
  const start = certainBorder(text, at - 1);
  let last = start;
  for (const { index } of segmenter.segment(text.slice(start, at))) last = start + index;
  return last;
}

/** The border after `at`; the length at the end. */
export function graphemeAfter(text: string, at: number): number {
  for (let reach = SHORT_REACH; ; reach *= 4) {
    const [next] = segmenter.segment(text.slice(at, at + reach));
    const end = at + (next?.segment.length ?? 0);
    if (end < at + reach || end >= text.length || reach > LONGEST_GRAPHEME) return end;
  }
}

/** The first border at or after `at`. */
export function graphemeBorder(text: string, at: number): number {
  if (at <= 0) return 0;
  if (at >= text.length) return text.length;
  const start = certainBorder(text, at);
  const found = segmenter.segment(text.slice(start, at + LONGEST_GRAPHEME)).containing(at - start);
  if (found === undefined || start + found.index === at) return at;
  return start + found.index + found.segment.length;
}

/** Cells of a character that never joins with one of its kind; 0 for all others, which need a closer look. */
export function simpleCells(code: number): 0 | 1 | 2 {
  if (code < 0x7f) return code >= 0x20 ? 1 : 0;
  if (code < 0x530) {
    const isLatin = code >= 0xa1 && code <= 0x2ff && code !== 0xad;
    return isLatin || (code >= 0x400 && code <= 0x482) || code >= 0x48a ? 1 : 0;
  }
  if (code < 0x3000) return code >= 0x2010 && code <= 0x2027 ? 1 : 0;
  if (code < 0x3041) return code <= 0x3020 ? 2 : 0;
  const isKana = code <= 0x3096 || (code >= 0x30a1 && code <= 0x30fa);
  const isHan = code >= 0x3400 && code <= 0x9fff && !(code >= 0x4dc0 && code <= 0x4dff);
  const isFullWidth = code >= 0xff01 && code <= 0xff60;
  return isKana || isHan || isFullWidth || (code >= 0xac00 && code <= 0xd7a3) ? 2 : 0;
}

export function graphemesOf(text: string): Intl.Segments {
  return segmenter.segment(text);
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const SHORT_REACH = 64;
/** Longer ones (a letter under thousands of marks) are taken apart rather than waited for. */
const LONGEST_GRAPHEME = 4_096;

function isSimple(code: number): boolean {
  return code === NEWLINE || simpleCells(code) > 0;
}

const NEWLINE = 0x0a;

/** Between two simple characters there is always a border. */
function certainBorder(text: string, at: number): number {
  const least = Math.max(0, at - LONGEST_GRAPHEME);
  for (let place = at; place > least; place--) {
    if (isSimple(text.charCodeAt(place - 1)) && isSimple(text.charCodeAt(place))) return place;
  }
  return least;
}
