/**
 * Reading what nobody else may have written or may read: all checks are made on the open file, not on its name.
 * Read synchronously: the files are small and local, and `fs/promises` would cost every start more than they do.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { MiraError } from '../errors.ts';
import { moveAside, shellQuote } from './shell-quote.ts';
import { storageError, systemCode } from './storage-error.ts';

export interface PrivateFile {
  readonly file: string;
  readonly maxBytes: number;
  /** Who the file must belong to; undefined where files have no owner and mode (Windows). */
  readonly uid: number | undefined;
}

/**
 * The content of a private file, or undefined when there is none.
 * @throws MiraError `unsafe_file` for a link, a foreign owner or a file others can read; `storage_failed`
 */
export async function readPrivateFile(request: PrivateFile): Promise<Buffer | undefined> {
  const { file } = request;
  const descriptor = openWithoutFollowing(file);
  if (descriptor === undefined) return undefined;
  try {
    const stats = fstatSync(descriptor);
    requirePrivate(stats, request);
    return readAtMost(descriptor, { ...request, expectedBytes: stats.size });
  } catch (error) {
    throw storageError(error, { file, doing: 'read' });
  } finally {
    closeSync(descriptor);
  }
}

function openWithoutFollowing(file: string): number | undefined {
  // Windows knows neither flag. O_NONBLOCK: opening a named pipe must not wait for a writer.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  try {
    return openSync(file, flags);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') return undefined;
    // EMLINK is how FreeBSD says it.
    if (code === 'ELOOP' || code === 'EMLINK') {
      throw new MiraError('unsafe_file', `${file} is a link, and mira does not follow links to secrets.`, {
        hint: `Put the file itself there, or remove the link: rm ${shellQuote(file)}`,
        cause: error,
      });
    }
    throw storageError(error, { file, doing: 'read' });
  }
}

/** Throws `unsafe_file` unless the file is a regular one that belongs to the user and to nobody else. */
export function requirePrivate(stats: Stats, { file, uid }: Pick<PrivateFile, 'file' | 'uid'>): void {
  if (!stats.isFile()) {
    throw new MiraError('unsafe_file', `${file} is not a regular file.`, {
      hint: `Move it away: ${moveAside(file)}`,
    });
  }
  if (uid === undefined) return;
  if (stats.uid !== uid) {
    throw new MiraError('unsafe_file', `${file} belongs to another user.`, {
      hint: `If you trust it, make it yours: sudo chown ${uid} ${shellQuote(file)}`,
    });
  }
  if ((stats.mode & 0o077) !== 0) {
    throw new MiraError('unsafe_file', `${file} can be read or written by other users.`, {
      hint: `Run: chmod 600 ${shellQuote(file)}`,
    });
  }
}

interface Reading extends PrivateFile {
  readonly expectedBytes: number;
}

/** In one piece as a rule; a file that grows meanwhile is read to its end. */
function readAtMost(descriptor: number, { file, maxBytes, expectedBytes }: Reading): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const room = chunks.length === 0 ? Math.min(expectedBytes, maxBytes) + 1 : 64 * 1024;
    const buffer = Buffer.allocUnsafe(room);
    const bytesRead = readSync(descriptor, buffer, 0, buffer.length, total);
    if (bytesRead === 0)
      return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    total += bytesRead;
    if (total > maxBytes) {
      throw new MiraError(
        'storage_failed',
        `${file} is larger than mira ever writes it (${maxBytes} bytes).`,
        {
          hint: `Move it away: ${moveAside(file)}`,
        },
      );
    }
    chunks.push(buffer.subarray(0, bytesRead));
  }
}
