import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSanitizer, escapeUnsafe, sanitize, sanitizeLine } from '../../../src/ui/sanitize.ts';
import { HARMLESS_TEXTS, HOSTILE_TEXTS } from './support/hostile-corpus.ts';

describe('sanitize', () => {
  it.each(HOSTILE_TEXTS)('disarms: $name', ({ input, safe }) => {
    expect(sanitize(input)).toBe(safe);
  });

  it.each(HOSTILE_TEXTS)('disarms when cut at every position: $name', ({ input, safe }) => {
    for (let at = 0; at <= input.length; at++) {
      expect(inPieces([input.slice(0, at), input.slice(at)])).toBe(safe);
    }
    expect(inPieces(input.split(''))).toBe(safe);
  });

  it.each(HARMLESS_TEXTS)('leaves %j as it is, whole and unit by unit', (text) => {
    expect(sanitize(text)).toBe(text);
    expect(inPieces(text.split(''))).toBe(text);
  });

  it('gives the same text however it is cut, and never a control', () => {
    fc.assert(
      fc.property(hostileText, fc.array(fc.nat(12)), (text, cuts) => {
        const whole = sanitize(text);
        expect(inPieces(cut(text, cuts))).toBe(whole);
        expect(controlsIn(whole)).toEqual([]);
        expect(sanitize(whole)).toBe(whole);
      }),
      { numRuns: 5_000 },
    );
  });

  it('lets every printable ASCII text through', () => {
    const printable = fc.string({ unit: 'grapheme-ascii' });
    fc.assert(fc.property(printable, (text) => sanitize(text) === text));
  });

  it('starts anew after the end', () => {
    const sanitizer = createSanitizer();
    expect(sanitizer.push('a\x1b]0;')).toBe('a');
    expect(sanitizer.end()).toBe('');
    expect(sanitizer.push('b')).toBe('b');
  });
});

describe('sanitizeLine', () => {
  it('makes one line of several', () => {
    expect(sanitizeLine('  first\r\n\tsecond \x1b[2J\n')).toBe('first second');
  });

  it('cuts what is too long and says so', () => {
    expect(sanitizeLine('x'.repeat(301))).toBe(`${'x'.repeat(299)}…`);
    expect(sanitizeLine('x'.repeat(300))).toBe('x'.repeat(300));
    expect([...sanitizeLine('😀'.repeat(50), 10)]).toHaveLength(10);
  });

  it('reads no more of a huge text than it shows', () => {
    expect(sanitizeLine('\x1b[2Jab '.repeat(1_500_000))).toHaveLength(300);
  });
});

/** Controls but newline and tab, as code points. */
function controlsIn(text: string): readonly number[] {
  return [...text]
    .map((character) => character.codePointAt(0) ?? 0)
    .filter((code) => (code < 0x20 && code !== 0x0a && code !== 0x09) || (code >= 0x7f && code <= 0x9f));
}

function inPieces(pieces: readonly string[]): string {
  const sanitizer = createSanitizer();
  return pieces.map((piece) => sanitizer.push(piece)).join('') + sanitizer.end();
}

function cut(text: string, lengths: readonly number[]): readonly string[] {
  const pieces: string[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return [...pieces, text.slice(at)];
}

const hostilePiece = fc.oneof(
  fc.constantFrom(...HOSTILE_TEXTS.map(({ input }) => input), ...HARMLESS_TEXTS),
  fc.constantFrom('\x1b', '\x1b[', '\x1b]', '\x1bP', '\x9b', '\x9d', '\x07', '\x1b\\', '\n', '\r', '\ufe0f'),
  fc.string({ unit: 'binary' }),
  fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
);
const hostileText = fc.array(hostilePiece, { maxLength: 8 }).map((pieces) => pieces.join(''));

describe('JSON that is to be shown', () => {
  const everyUnit = Array.from({ length: 0xd800 }, (_, code) => String.fromCharCode(code)).join('');
  const rest = '\ue000\ufdd0\ufeff\ufffe\uffff\u{1f600}\u{1d173}\u{e0041}\u{1ffff}\u{10ffff}';

  it('keeps every value, and nothing in it is left to take out', () => {
    const value = { [everyUnit]: rest };
    const shown = escapeUnsafe(JSON.stringify(value));

    expect(JSON.parse(shown)).toEqual(value);
    expect(sanitize(shown)).toBe(shown);
  });

  it('keeps its layout, without carriage returns', () => {
    expect(escapeUnsafe('{\r\n\t"a":\r1}\n')).toBe('{\n\t"a": 1}\n');
  });
});
