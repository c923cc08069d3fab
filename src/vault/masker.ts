/**
 * Masks secrets in a stream of bytes. Bytes are kept back only while they may turn out to be the beginning of a secret,
 * so the result does not depend on how the stream was cut. Where secrets overlap, all that belongs to any is masked.
 * Whoever drives it may let go of what is kept back when the stream pauses; a secret that goes on afterwards is still
 * known, and masked from there on.
 */
import { secretForms } from './secret-forms.ts';
import { createTextFinder } from './text-finder.ts';
import type { TextFinder } from './text-finder.ts';

/** A value to mask, under the name it is masked as. */
export interface Secret {
  readonly label: string;
  readonly value: string;
}

export interface Masker {
  /** What may be written now that these bytes have come. */
  push(chunk: Uint8Array): Uint8Array;
  /**
   * What is kept back: `little` is no more than any text may have in common with a secret by accident, `much` is more.
   */
  readonly kept: 'nothing' | 'little' | 'much';
  /** Lets go of what is kept back; what looks much like a secret only if `all` is asked for. */
  release(how: 'little' | 'all'): Uint8Array;
  /** The rest. */
  end(): Uint8Array;
}

/** As many bytes as two texts rarely share by accident; no shorter than most prefixes that keys are known by. */
const MUCH = 8;

export function createMasker(secrets: readonly Secret[]): Masker {
  const finder = createTextFinder(
    secrets.flatMap(({ value }, owner) => secretForms(value).map((text) => ({ text, owner }))),
  );
  let state: State = EMPTY;

  const step = (read: State, floor: number): Uint8Array => {
    const { written, next } = write(read, { floor, secrets });
    state = next;
    return written;
  };

  return {
    push(chunk) {
      const read = readOn(finder, { state, chunk });
      return step(read, read.open[0]?.start ?? read.bytes.length);
    },
    get kept() {
      if (state.bytes.length <= state.done) return 'nothing';
      return state.open.some(({ start }) => state.bytes.length - start >= MUCH) ? 'much' : 'little';
    },
    release(how) {
      const { bytes, open, found } = state;
      const kept = how === 'all' ? undefined : open.find(({ start }) => bytes.length - start >= MUCH);
      const floor = kept?.start ?? bytes.length;
      const passed = open.filter(({ start, end }) => start < floor && end > start);
      return step({ ...state, found: inOrder([...found, ...passed]) }, floor);
    },
    end() {
      const { bytes, open, found } = state;
      const whole = open.filter(({ start, end }) => end > start);
      return step({ ...state, open: [], found: inOrder([...found, ...whole]) }, bytes.length);
    },
  };
}

/** A secret from one byte to before another; of one that is still open, `end` is that of a shorter one in it, or `start`. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly owner: number;
}

interface State {
  /** From the first byte that is undecided. All positions count from here. */
  readonly bytes: Uint8Array;
  /** Where a secret may have begun that the bytes end in, first to last. */
  readonly open: readonly Span[];
  /** Secrets that are not written yet, first to last. */
  readonly found: readonly Span[];
  /** All before is written. */
  readonly done: number;
  /** The end of what was masked last. */
  readonly maskedTo: number;
}

const EMPTY: State = { bytes: new Uint8Array(), open: [], found: [], done: 0, maskedTo: -1 };

function readOn(
  finder: TextFinder,
  { state, chunk }: { readonly state: State; readonly chunk: Uint8Array },
): State {
  const bytes = state.bytes.length === 0 ? chunk : Buffer.concat([state.bytes, chunk]);
  const open: Span[] = [];
  const found: Span[] = [];
  const lookAt = (start: number): void => {
    const { length, owner, isOpen } = finder.look(bytes, start);
    if (isOpen) open.push({ start, end: start + length, owner });
    else if (length > 0) found.push({ start, end: start + length, owner });
  };
  for (const { start } of state.open) lookAt(start);
  const { length } = bytes;
  let at = finder.next(bytes, state.bytes.length);
  for (; at >= 0; at = finder.next(bytes, at + 1)) lookAt(at);
  for (at = Math.max(state.bytes.length, length - 3); at < length; at += 1) lookAt(at);
  return { ...state, bytes, open, found: inOrder([...state.found, ...found]) };
}

function inOrder(spans: readonly Span[]): readonly Span[] {
  return spans.length < 2 ? spans : spans.toSorted((one, other) => one.start - other.start);
}

/** Writes what is before `floor`, and keeps the rest. */
function write(
  state: State,
  { floor, secrets }: { readonly floor: number; readonly secrets: readonly Secret[] },
): { readonly written: Uint8Array; readonly next: State } {
  const { bytes, open } = state;
  let { done, maskedTo } = state;
  const parts: Uint8Array[] = [];
  const pass = (to: number): void => {
    if (to > done) parts.push(bytes.subarray(done, to));
    done = Math.max(done, to);
  };
  for (const { start, end, owner } of state.found) {
    if (start >= floor) break;
    pass(start);
    if (end <= done) continue;
    if (start >= maskedTo) parts.push(Buffer.from(`[masked ${secrets[owner]?.label ?? ''}]`));
    done = end;
    maskedTo = end;
  }
  pass(floor);
  const keep = Math.min(open[0]?.start ?? floor, floor);
  const back = (span: Span): Span => ({ ...span, start: span.start - keep, end: span.end - keep });
  const next: State = {
    // A copy, so that the few bytes that are kept do not hold on to all that came with them.
    bytes: Uint8Array.prototype.slice.call(bytes, keep),
    open: open.map(back),
    found: state.found.filter(({ start }) => start >= floor).map(back),
    done: done - keep,
    maskedTo: maskedTo - keep,
  };
  const [first, ...more] = parts;
  return {
    written: first === undefined ? new Uint8Array() : more.length === 0 ? first : Buffer.concat(parts),
    next,
  };
}
