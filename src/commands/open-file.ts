import { constants, createReadStream, fstat, open } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

/**
 * What a path of the person's names, to be read. No thread waits here, for the writer of a named pipe or for a key: it
 * could not be called back, and the program would not end before it.
 * @throws the errors of `open`; a device that has nothing to give at the moment fails with EAGAIN while it is read
 */
export async function openFile(path: string): Promise<Readable> {
  // Windows has no such flag, and nothing that needs it.
  const fd = await promisify(open)(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stats = await promisify(fstat)(fd);
  // A pipe may take as long as it likes; it is read when it has something.
  return stats.isFIFO()
    ? new Socket({ fd, readable: true, writable: false })
    : createReadStream(path, { fd });
}
