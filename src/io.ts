/** The program's three streams, as commands see them. */
import { fstatSync, readSync, statSync, writeSync, type Stats } from 'node:fs';
import { devNull } from 'node:os';
import type { Input, Io, Output } from './context.ts';
import { abortError, MiraError, ReaderGone } from './errors.ts';

const FULL_PIPE_PAUSE_MS = 2;

export function createIo(host: NodeJS.Process): Io {
  return {
    stdin: createInput(host),
    stdout: createOutput({ fd: 1, name: 'standard output', isTerminal: () => isTerminal(host, 1) }),
    stderr: quietOutput(
      createOutput({ fd: 2, name: 'standard error', isTerminal: () => isTerminal(host, 2) }),
    ),
    terminal: () => ({ stdin: host.stdin, stdout: host.stdout, stderr: host.stderr }),
  };
}

/** `node:tty` loads sockets and streams, so it is asked about devices that may be one only. */
function isTerminal(host: NodeJS.Process, fd: 0 | 1 | 2): boolean {
  const stats = findStats(fd);
  return (
    stats?.isCharacterDevice() === true && !isNull(stats) && host.getBuiltinModule('node:tty').isatty(fd)
  );
}

/** Undefined for a descriptor that is closed. */
function findStats(fd: 0 | 1 | 2): Stats | undefined {
  try {
    return fstatSync(fd);
  } catch {
    return undefined;
  }
}

/** The device that holds nothing, which is what a script gives a program that it runs in the background. */
function isNull({ rdev }: Stats): boolean {
  try {
    const found = statSync(devNull);
    return found.isCharacterDevice() && found.rdev === rdev;
  } catch {
    return false;
  }
}

interface Target {
  readonly fd: number;
  readonly name: string;
  readonly isTerminal: () => boolean;
}

/** Written through the descriptor: at once, in order, and without loading the stream classes (performance.md 1). */
function createOutput(target: Target): Output {
  return {
    get isTerminal() {
      return target.isTerminal();
    },
    write: (text) => {
      const bytes = Buffer.from(text);
      for (let offset = 0; offset < bytes.length;) offset += writeSome(target, bytes.subarray(offset));
    },
  };
}

function writeSome({ fd, name }: Target, bytes: Buffer): number {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EAGAIN') {
      // Whoever gave us the pipe made it non-blocking; the reader is slower than we are.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_PAUSE_MS);
      return 0;
    }
    if (code === 'EPIPE' || code === 'EBADF') throw new ReaderGone();
    if (code === 'ENOSPC' || code === 'EDQUOT')
      throw new MiraError('disk_full', `There is no space left to write ${name} to.`);
    throw new MiraError('storage_failed', `${name[0]?.toUpperCase()}${name.slice(1)} cannot be written to.`, {
      cause: error,
    });
  }
}

/** What is said to a person must never end the program because nobody listens. */
function quietOutput(output: Output): Output {
  return {
    get isTerminal() {
      return output.isTerminal;
    },
    write: (text) => {
      try {
        output.write(text);
      } catch {
        // The result and the exit status still tell.
      }
    },
  };
}

/** What stdin is gets looked at when somebody asks. */
function createInput(host: NodeJS.Process): Input {
  return {
    get isTerminal() {
      return isTerminal(host, 0);
    },
    get kind() {
      return isTerminal(host, 0) ? 'terminal' : pipeOrFile();
    },
    read: (signal) => readInput(host, signal),
  };
}

function pipeOrFile(): 'pipe' | 'file' {
  const stats = findStats(0);
  return stats?.isFIFO() || stats?.isSocket() ? 'pipe' : 'file';
}

/** The stream of the process is costly to load, and what a file holds is there already. */
async function* readInput(host: NodeJS.Process, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const stats = findStats(0);
  if (stats?.isCharacterDevice() && isNull(stats)) return;
  yield* stats?.isFile() ? readFile(signal) : readStream(host, signal);
}

const FILE_PIECE_BYTES = 64 * 1024;

/** From where the descriptor stands: whoever started the program may have read a part. */
async function* readFile(signal: AbortSignal): AsyncIterable<Uint8Array> {
  for (;;) {
    if (signal.aborted) throw abortError(signal);
    const piece = Buffer.allocUnsafe(FILE_PIECE_BYTES);
    const length = readPiece(piece);
    if (length === 0) return;
    yield piece.subarray(0, length);
  }
}

function readPiece(piece: Buffer): number {
  try {
    return readSync(0, piece);
  } catch (error) {
    throw new MiraError('invalid_input', 'Standard input could not be read.', { cause: error });
  }
}

async function* readStream(host: NodeJS.Process, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const { stdin } = host;
  const stop = (): void => {
    stdin.destroy();
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of stdin) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  } catch (error) {
    if (!signal.aborted)
      throw new MiraError('invalid_input', 'Standard input could not be read.', { cause: error });
  } finally {
    signal.removeEventListener('abort', stop);
  }
  if (signal.aborted) throw abortError(signal);
}
