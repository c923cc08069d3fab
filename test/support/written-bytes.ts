/** What of a program's output is more than text, and what of that mira writes itself. */

/** Controls but newline and tab, a sequence with its beginning; C1 counts in both its forms. */
export function controlsIn(text: string): readonly string[] {
  return (text.match(CONTROLS) ?? []).map((control) => JSON.stringify(control));
}

/** Characters that reorder or hide what is shown. */
export function unseenIn(text: string): readonly string[] {
  return (text.match(UNSEEN) ?? []).map((character) => character.codePointAt(0)?.toString(16) ?? '');
}

/** In the output of the chat on a terminal: all that is neither text nor written by Ink or mira. */
export function foreignIn(output: string): readonly string[] {
  const rest = output.replaceAll(OWN, '').replaceAll('\r\n', '\n');
  return [...controlsIn(rest), ...unseenIn(rest)];
}

const CONTROLS = new RegExp('\\x1b[^\\x1b\\n]{0,20}|[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f]', 'gu');
const UNSEEN = new RegExp(
  '[\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff\\u{e0000}-\\u{e0fff}]',
  'gu',
);

/**
 * Moves and erasing of the live region; frames, the cursor, marked pastes, the keyboard's protocol on and off; the
 * looks of style.ts, one at a time. No query, no string, nothing else.
 */
const OWN = new RegExp(
  [
    '\\x1b\\[\\d{0,3}[ABCDG]',
    '\\r(?=\\x1b\\[[KJ])',
    '\\x1b\\[[KJ]\\r?',
    '\\x1b\\[2K',
    '\\x1b\\[\\?(?:25|2004|2026)[hl]',
    '\\x1b\\[(?:>\\d{1,2}|<)u',
    '\\x1b\\[(?:1|2|3|4|9|22|23|24|29|3[1-6]|39)m',
  ].join('|'),
  'gu',
);
