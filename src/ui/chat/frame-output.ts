/**
 * The terminal as Ink sees it, with one difference: what is written between `begin` and `end` reaches the
 * real one in a single write. Finished rows and the new live region then appear together; nothing is ever
 * seen twice or missing in between.
 */
export interface FrameOutput {
  /** For Ink. */
  readonly stream: NodeJS.WriteStream;
  begin(): void;
  end(): void;
  /** Runs what would write, and writes nothing of it. */
  silently(work: () => void): void;
}

export function createFrameOutput(stdout: NodeJS.WriteStream): FrameOutput {
  let frame: string[] | undefined;
  let isSilent = false;

  function write(chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean {
    const done = rest.find((argument) => typeof argument === 'function');
    if (isSilent) {
      done?.();
      return true;
    }
    if (frame === undefined) return done ? stdout.write(chunk, () => done()) : stdout.write(chunk);
    frame.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
    done?.();
    return true;
  }

  return {
    // Ink listens to the stream and reads its size, so it must be the stream itself but for `write`.
    stream: new Proxy(stdout, {
      get(target, name) {
        if (name === 'write') return write;
        // A changed window is the chat's own business: Ink would erase as many rows as it drew.
        if (name === 'on' || name === 'off') return ignoringResize(target, name);
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    }),
    begin() {
      frame = [];
    },
    end() {
      const text = (frame ?? []).join('').replaceAll(SYNCHRONIZED, '');
      frame = undefined;
      if (text !== '') stdout.write(BEGIN_SYNCHRONIZED + text + END_SYNCHRONIZED);
    },
    silently(work) {
      isSilent = true;
      try {
        work();
      } finally {
        isSilent = false;
      }
    },
  };
}

function ignoringResize(stdout: NodeJS.WriteStream, name: 'on' | 'off') {
  return (event: string, listener: (...args: unknown[]) => void): NodeJS.WriteStream =>
    event === 'resize' ? stdout : stdout[name](event, listener);
}

/** DEC mode 2026: a terminal that knows it shows the frame when it is whole. */
const BEGIN_SYNCHRONIZED = '\x1b[?2026h';
const END_SYNCHRONIZED = '\x1b[?2026l';
const SYNCHRONIZED = new RegExp('\\x1b\\[\\?2026[hl]', 'gu');
