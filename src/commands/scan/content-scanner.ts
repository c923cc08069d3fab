/**
 * The finds of a content by line and column. A large file is read piece by piece, each with the end of the one before
 * it, so that nothing is missed where two meet and memory stays as it is.
 */
import { readSync } from 'node:fs';
import type { FindSecrets, FoundSecret } from './find-secrets.ts';

export interface Find extends Omit<FoundSecret, 'index'> {
  /** From 1, as editors count. */
  readonly line: number;
  /** From 1, in bytes, as `grep` and `rg` count. */
  readonly column: number;
}

export interface ScannedContent {
  readonly finds: readonly Find[];
  readonly bytes: number;
  /** There is a zero byte near its beginning, by which git tells binary files too. */
  readonly isBinary: boolean;
  /** Its end was not looked at. */
  readonly isCut: boolean;
  /** The first line bears the mark, which then goes for the file as such. */
  readonly isMarked: boolean;
}

export interface ContentScanner {
  /** What a file descriptor reads, from where it stands. @throws the errors of `read` */
  scanFile(fd: number): ScannedContent;
  scanBytes(content: Buffer): ScannedContent;
}

export interface ContentScannerOptions {
  readonly find: FindSecrets;
  /** Bytes of the longest value that is looked for. */
  readonly longest: number;
  readonly pieceBytes?: number | undefined;
  readonly mostBytes?: number | undefined;
}

/** A line with it, and the line below, are left alone: for what only looks like a key. */
export const MARK = 'mira:allow';

const PIECE_BYTES = 4 * 1024 * 1024;
const MOST_BYTES = 256 * 1024 * 1024;
/** Longer than any key; also what a look back may need: the line above, and what a key may not follow. */
const MARGIN_BYTES = 16 * 1024;

export function createContentScanner(options: ContentScannerOptions): ContentScanner {
  const { find, longest, pieceBytes = PIECE_BYTES, mostBytes = MOST_BYTES } = options;
  const margin = MARGIN_BYTES + longest;
  const buffer = Buffer.alloc(pieceBytes + 2 * margin);

  return {
    scanFile(fd) {
      const finds: Find[] = [];
      let first: ScannedContent | undefined;
      let place: Place = { line: 1, column: 1 };
      let filled = 0;
      let looked = 0;
      let total = 0;
      for (;;) {
        const room = Math.min(buffer.length - filled, mostBytes - total);
        const count = room === 0 ? 0 : readSync(fd, buffer, filled, room, null);
        filled += count;
        total += count;
        // Read on until the buffer is full or the file ends.
        if (count > 0 && filled < buffer.length) continue;
        const isLast = count === 0 && filled < buffer.length;
        const bytes = buffer.subarray(0, filled);
        const text = first === undefined && isLast ? textOf(bytes) : bytes.toString('latin1');
        const window = { text, place, from: looked, to: isLast ? text.length : filled - margin };
        finds.push(...findsIn(window, find));
        first ??= aboutBeginning(text);
        if (isLast) return { ...first, finds, bytes: total, isCut: total === mostBytes };
        const dropped = window.to - margin;
        place = placeOf(text, { at: dropped, after: { at: 0, place } });
        buffer.copyWithin(0, dropped, filled);
        filled -= dropped;
        looked = margin;
      }
    },
    scanBytes(content) {
      const text = textOf(content);
      const finds = findsIn({ text, place: { line: 1, column: 1 }, from: 0, to: text.length }, find);
      return { ...aboutBeginning(text), finds, bytes: content.length, isCut: false };
    },
  };
}

interface Place {
  readonly line: number;
  readonly column: number;
}

interface Window {
  readonly text: string;
  /** Of its first character. */
  readonly place: Place;
  /** What begins in between is looked at here; the rest is for other windows. */
  readonly from: number;
  readonly to: number;
}

function findsIn({ text, place, from, to }: Window, find: FindSecrets): readonly Find[] {
  const finds: Find[] = [];
  let after = { at: 0, place };
  for (const { index, kind, label } of find(text)) {
    if (index < from || index >= to || hasMark(text, index)) continue;
    after = { at: index, place: placeOf(text, { at: index, after }) };
    finds.push({ kind, label, ...after.place });
  }
  return finds;
}

function placeOf(
  text: string,
  { at, after }: { readonly at: number; readonly after: { readonly at: number; readonly place: Place } },
): Place {
  let { line, column } = after.place;
  let from = after.at;
  for (let end = text.indexOf('\n', from); end !== -1 && end < at; end = text.indexOf('\n', from)) {
    line += 1;
    column = 1;
    from = end + 1;
  }
  return { line, column: column + at - from };
}

/** A mark further off than this on the same line is meant for something else. */
const FARTHEST_MARK = 2_000;

function hasMark(text: string, index: number): boolean {
  const before = text.slice(Math.max(0, index - FARTHEST_MARK), index);
  const lineStart = before.lastIndexOf('\n');
  const aboveStart = lineStart === -1 ? 0 : before.lastIndexOf('\n', lineStart - 1) + 1;
  const end = text.indexOf('\n', index);
  const rest = text.slice(index, Math.min(end === -1 ? text.length : end, index + FARTHEST_MARK));
  return before.includes(MARK, aboveStart) || rest.includes(MARK);
}

function aboutBeginning(text: string): ScannedContent {
  const end = text.indexOf('\n');
  return {
    finds: [],
    bytes: 0,
    isBinary: text.slice(0, 8_000).includes('\0'),
    isCut: false,
    isMarked: text.slice(0, end === -1 ? FARTHEST_MARK : Math.min(end, FARTHEST_MARK)).includes(MARK),
  };
}

/** A byte in each character. What Windows writes as UTF-16 is looked at as the UTF-8 it could have been. */
function textOf(bytes: Buffer): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return asUtf8(bytes.subarray(2));
  if (first === 0xfe && second === 0xff)
    return asUtf8(Buffer.from(bytes.subarray(2, bytes.length & ~1)).swap16());
  return bytes.toString('latin1');
}

function asUtf8(utf16: Buffer): string {
  return Buffer.from(utf16.toString('utf16le')).toString('latin1');
}
