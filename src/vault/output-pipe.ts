/**
 * A pipe for the output of a child. What Node makes for `pipe` is a socket, which a program cannot open a second time
 * as `/dev/stdout` (nodejs/node#21941), and of which two cannot be one. A named pipe that is removed as soon as both
 * ends are open has neither fault.
 */
import { spawn } from 'node:child_process';
import { closeSync, constants, createWriteStream, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';

export interface OutputPipe {
  /** What is written into the pipe; it ends when nobody has the other end open. */
  readonly readable: Socket;
  /** For the child. */
  readonly writable: Writable;
  /** To be called when the child has it. */
  closeWritable(): void;
}

/** Undefined where the system has no such pipes. */
export async function openOutputPipe(): Promise<OutputPipe | undefined> {
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), 'mira-run-'));
    const file = join(folder, 'output');
    await makePipe(file);
    // Opened without waiting for a writer; the writer then finds a reader, and the child a pipe like any other.
    const reading = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const descriptor = openSync(file, constants.O_WRONLY);
    const readable = new Socket({ fd: reading, readable: true, writable: false });
    const writable = createWriteStream('', { fd: descriptor, autoClose: false });
    return { readable, writable, closeWritable: () => closeSync(descriptor) };
  } catch {
    return undefined;
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function makePipe(file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const making = spawn('mkfifo', ['-m', '600', file], { stdio: 'ignore', timeout: 2_000 });
    making.once('error', reject);
    making.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error('mkfifo made nothing.'));
    });
  });
}
