/** Bytes to lines, in the callback, for answers that are one JSON object a line (NDJSON). */
import { MiraError } from '../errors.ts';

export interface LineStream {
  /** @throws MiraError `response_too_large` when one line exceeds 16 Mi characters, and what `onLine` throws */
  push(bytes: Uint8Array): void;
  /** The stream ended: a line without its newline counts. */
  end(): void;
}

const MAX_LINE_LENGTH = 16 * 1024 * 1024;

/** @param onLine is given no empty line; spaces around a line are taken off */
export function createLineStream(onLine: (line: string) => void): LineStream {
  const decoder = new TextDecoder();
  let pieces: string[] = [];
  let length = 0;

  const line = (last: string): void => {
    const text = (pieces.length === 0 ? last : pieces.join('') + last).trim();
    pieces = [];
    length = 0;
    if (text !== '') onLine(text);
  };
  const feed = (text: string): void => {
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      line(text.slice(start, end));
      start = end + 1;
    }
    if (start === text.length) return;
    pieces.push(text.slice(start));
    length += text.length - start;
    if (length > MAX_LINE_LENGTH) {
      throw new MiraError('response_too_large', 'The service sent a single line larger than mira reads.', {
        hint: 'Ask for a shorter answer.',
      });
    }
  };
  return {
    push: (bytes) => feed(decoder.decode(bytes, { stream: true })),
    end: () => {
      feed(decoder.decode());
      line('');
    },
  };
}
