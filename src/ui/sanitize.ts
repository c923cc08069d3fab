/**
 * Text that mira did not write (an answer, a server's error, a code, a file name) as text and nothing else.
 * An allow-list: newline, tab and printable characters stay; control sequences, other controls, invisible
 * and reordering characters go. It runs before Ink and before every stream, because a terminal obeys what
 * it is shown: the clipboard, the cursor and the keyboard's input are all one escape sequence away.
 * The state lives between chunks, so the result never depends on how the text was cut.
 */

export interface Sanitizer {
  /** The safe part of what has arrived so far. */
  push(chunk: string): string;
  /** What was held back; an unfinished sequence is dropped. The sanitizer is then as new. */
  end(): string;
}

export function createSanitizer(): Sanitizer {
  let mode: Mode = 'text';
  let held = '';
  let base = '';

  function push(chunk: string): string {
    let text = held + chunk;
    held = '';
    if (isHighSurrogate(text.charCodeAt(text.length - 1))) {
      held = text.slice(-1);
      text = text.slice(0, -1);
    }
    return filter(text);
  }

  function filter(text: string): string {
    const safe: string[] = [];
    let at = 0;
    while (at < text.length) {
      if (mode === 'text') {
        SAFE_RUN.lastIndex = at;
        if (SAFE_RUN.test(text)) {
          const run = text.slice(at, SAFE_RUN.lastIndex);
          safe.push(run);
          base = run;
          at = SAFE_RUN.lastIndex;
          continue;
        }
      } else if (mode === 'string') {
        STRING_RUN.lastIndex = at;
        if (STRING_RUN.test(text)) {
          at = STRING_RUN.lastIndex;
          continue;
        }
      }
      const code = text.codePointAt(at) ?? 0;
      const next = step(mode, code);
      mode = next.mode;
      if (next.again) continue;
      at += code > 0xffff ? 2 : 1;
      const kept = next.show ? show(code, base) : '';
      if (kept === '') continue;
      safe.push(kept);
      base = kept;
    }
    if (base.length > 2) base = base.slice(-2);
    return safe.join('');
  }

  function end(): string {
    const rest = mode === 'text' && held !== '' ? REPLACEMENT : '';
    mode = 'text';
    held = '';
    base = '';
    return rest;
  }

  return { push, end };
}

/** A whole text at once. */
export function sanitize(text: string): string {
  const sanitizer = createSanitizer();
  return sanitizer.push(text) + sanitizer.end();
}

/** One line of at most `max` characters, for messages, labels, model names: white space becomes one space. */
export function sanitizeLine(text: string, max = 300): string {
  const sanitizer = createSanitizer();
  let line = '';
  for (let at = 0; at < text.length && line.length <= max * 2; at += LINE_PIECE) {
    line = (line + sanitizer.push(text.slice(at, at + LINE_PIECE))).replace(/\s+/gu, ' ').trimStart();
  }
  line = (line + sanitizer.end()).trimEnd();
  const characters = [...line];
  return characters.length <= max
    ? line
    : `${characters
        .slice(0, max - 1)
        .join('')
        .trimEnd()}…`;
}

/**
 * A text of JSON with every character that `sanitize` would take out written as an escape: the values stay what they
 * are, and sanitizing it changes nothing any more.
 */
export function escapeUnsafe(json: string): string {
  return json
    .replace(/\r\n?/g, (end) => (end === '\r' ? ' ' : '\n'))
    .replace(UNSAFE_ALL, (character) =>
      [...Array(character.length).keys()]
        .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
        .join(''),
    );
}

/**
 * Where a character finds the machine: in text, after ESC (and its intermediates), in a CSI sequence,
 * in a string that only a terminator or the end of the line closes, or after ESC within such a string.
 */
type Mode = 'text' | 'escape' | 'csi' | 'string' | 'string-escape';

interface Step {
  readonly mode: Mode;
  /** The character is looked at as text. */
  readonly show: boolean;
  /** The sequence ended before this character, which is read once more as text. */
  readonly again?: boolean;
}

const REPLACEMENT = '\ufffd';
const LINE_PIECE = 4096;

const TEXT: Step = { mode: 'text', show: false };
const SHOWN: Step = { mode: 'text', show: true };
const AGAIN: Step = { mode: 'text', show: false, again: true };
const ESCAPE: Step = { mode: 'escape', show: false };
const CSI: Step = { mode: 'csi', show: false };
const STRING: Step = { mode: 'string', show: false };
const STRING_ESCAPE: Step = { mode: 'string-escape', show: false };

function step(mode: Mode, code: number): Step {
  if (code === NEWLINE) return SHOWN;
  if (mode === 'text') return introducer(code) ?? SHOWN;
  if (code === CANCEL || code === SUBSTITUTE) return TEXT;
  switch (mode) {
    case 'escape':
      return afterEscape(code);
    case 'csi':
      if (code === ESC) return ESCAPE;
      if (code >= 0x40 && code <= 0x7e) return TEXT;
      return code > 0x7f ? AGAIN : CSI;
    case 'string':
      if (code === ESC) return STRING_ESCAPE;
      return code === BELL || code === STRING_TERMINATOR ? TEXT : STRING;
    case 'string-escape':
      return code === 0x5c ? TEXT : afterEscape(code);
  }
}

const NEWLINE = 0x0a;
const BELL = 0x07;
const CANCEL = 0x18;
const SUBSTITUTE = 0x1a;
const ESC = 0x1b;
const STRING_TERMINATOR = 0x9c;

/** A sequence begun by one character: ESC or its eight-bit forms. */
function introducer(code: number): Step | undefined {
  if (code === ESC) return ESCAPE;
  if (code === 0x9b) return CSI;
  const opensString = code === 0x90 || code === 0x98 || code === 0x9d || code === 0x9e || code === 0x9f;
  return opensString ? STRING : undefined;
}

function afterEscape(code: number): Step {
  if (code === ESC) return ESCAPE;
  if (code === 0x5b) return CSI;
  if (code === 0x5d || code === 0x50 || code === 0x58 || code === 0x5e || code === 0x5f) return STRING;
  if (code < 0x30) return ESCAPE;
  return code > 0x7f ? AGAIN : TEXT;
}

/** What is shown for a character outside a sequence; `base` ends with the character before it. */
function show(code: number, base: string): string {
  if (code === NEWLINE) return '\n';
  if (code >= 0xd800 && code <= 0xdfff) return REPLACEMENT;
  if (code === EMOJI_VARIATION) return EMOJI_BASE.test(base) ? '\ufe0f' : '';
  const character = String.fromCodePoint(code);
  if (NONCHARACTER.test(character)) return REPLACEMENT;
  return UNSAFE.test(character) ? '' : character;
}

const EMOJI_VARIATION = 0xfe0f;
const EMOJI_BASE = /\p{Emoji}$/u;
const NONCHARACTER = /\p{Noncharacter_Code_Point}/u;

/**
 * Controls; soft hyphen and other invisible format characters; marks, embeddings, overrides and isolates of
 * the bidirectional algorithm; line and paragraph separators; fillers that look like nothing; variation
 * selectors and tags, which can hide a message in any character. ZWNJ and ZWJ are wanted: Persian and
 * Indic spelling and joined emoji need them.
 */
const UNSAFE_CLASS =
  '\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f' +
  '\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb' +
  '\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}';
const UNSAFE = new RegExp(`[${UNSAFE_CLASS}]`, 'u');
const UNSAFE_ALL = new RegExp(`[${UNSAFE_CLASS}\\p{Noncharacter_Code_Point}]`, 'gu');

/** The fast way: as much as needs no thought. */
const SAFE_RUN = new RegExp(`[^${UNSAFE_CLASS}\\p{Surrogate}\\p{Noncharacter_Code_Point}]+`, 'uy');
/** What a control string may hold without ending. */
const STRING_RUN = new RegExp('[^\\n\\x07\\x18\\x1a\\x1b\\x9c]+', 'y');

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
