/**
 * Keys of a terminal in raw mode, for the few screens that are no Ink application. Raw mode means no echo and
 * no signals: Ctrl-C is a key. Whoever calls `close` gets the terminal back as it was.
 */
import { StringDecoder } from 'node:string_decoder';

/** The part of a terminal's input that is used; `process.stdin` is one when it is a terminal. */
export interface RawInput extends NodeJS.ReadableStream {
  readonly isRaw?: boolean;
  setRawMode(mode: boolean): unknown;
  ref?(): unknown;
}

export type RawKey =
  | { readonly kind: 'text'; readonly text: string }
  /** A bracketed paste, as one block. */
  | { readonly kind: 'paste'; readonly text: string }
  | { readonly kind: 'enter' | 'backspace' | 'escape' | 'interrupt' | 'end' }
  | { readonly kind: 'ctrl'; readonly letter: string };

export interface RawKeys {
  close(): void;
}

/** Calls `onKey` for each key until `close`. Sequences of other keys (arrows, mouse) are swallowed. */
export function openRawKeys(stdin: RawInput, onKey: (key: RawKey) => void): RawKeys {
  const decoder = new StringDecoder('utf8');
  const wasRaw = stdin.isRaw ?? false;
  let pending = '';
  let isOpen = true;
  let timer: NodeJS.Timeout | undefined;

  function onData(chunk: string | Buffer): void {
    clearTimeout(timer);
    pending += typeof chunk === 'string' ? chunk : decoder.write(chunk);
    drain();
    // A lone ESC is the key only if no sequence follows it at once.
    if (pending === ESC) timer = setTimeout(escapeAlone, ESCAPE_WAIT_MS);
  }

  function drain(): void {
    while (isOpen && pending !== '') {
      const taken = takeKey(pending);
      if (taken === undefined) return;
      pending = pending.slice(taken.length);
      if (taken.key !== undefined) onKey(taken.key);
    }
  }

  function escapeAlone(): void {
    pending = '';
    onKey({ kind: 'escape' });
  }

  function onEnd(): void {
    if (isOpen) onKey({ kind: 'end' });
  }

  function close(): void {
    if (!isOpen) return;
    isOpen = false;
    clearTimeout(timer);
    stdin.off('data', onData);
    stdin.off('end', onEnd);
    stdin.off('error', onEnd);
    stdin.setRawMode(wasRaw);
    stdin.pause();
  }

  // Whoever read it before may have let go of it; a question must keep the program alive.
  stdin.ref?.();
  stdin.setRawMode(true);
  stdin.on('data', onData);
  stdin.on('end', onEnd);
  stdin.on('error', onEnd);
  stdin.resume();
  return { close };
}

const ESC = '\x1b';
const ESCAPE_WAIT_MS = 50;
const PASTE_START = '\x1b[200~';
const PASTE_END = '\x1b[201~';
const LONGEST_SEQUENCE = 64;
const SEQUENCE = new RegExp('^\\x1b(?:\\[[0-?]*[ -/]*[@-~]|O[ -~]|[^\\[O\\x1b])', 'u');
const PLAIN_TEXT = new RegExp('^[^\\x00-\\x1f\\x7f]+', 'u');

interface Taken {
  readonly length: number;
  readonly key?: RawKey;
}

/** The first key of what was typed; undefined while its sequence is not complete. */
function takeKey(input: string): Taken | undefined {
  if (input.startsWith(PASTE_START)) {
    const end = input.indexOf(PASTE_END);
    if (end < 0) return undefined;
    const text = input.slice(PASTE_START.length, end).replace(/\r\n?/g, '\n');
    return { length: end + PASTE_END.length, key: { kind: 'paste', text } };
  }
  if (input.startsWith(ESC)) {
    if (input.startsWith(ESC + ESC)) return { length: 1, key: { kind: 'escape' } };
    const sequence = SEQUENCE.exec(input)?.[0];
    if (sequence !== undefined) return { length: sequence.length };
    return input.length > LONGEST_SEQUENCE ? { length: 1 } : undefined;
  }
  const text = PLAIN_TEXT.exec(input)?.[0];
  if (text !== undefined) return { length: text.length, key: { kind: 'text', text } };
  return { length: 1, key: controlKey(input.charCodeAt(0)) };
}

function controlKey(code: number): RawKey {
  if (code === 0x0d || code === 0x0a) return { kind: 'enter' };
  if (code === 0x7f || code === 0x08) return { kind: 'backspace' };
  if (code === 0x03) return { kind: 'interrupt' };
  return { kind: 'ctrl', letter: String.fromCharCode(code + 0x60) };
}
