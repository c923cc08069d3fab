/**
 * Replaces a file as a whole or not at all. The usual libraries report success on a full disk and leave a cut
 * file behind (spec/security.md, finding 3); here every byte is written, flushed and counted before the rename.
 */
import { open, rename, rm, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sweepLeftovers, temporaryName } from './leftovers.ts';
import { ensurePrivateDir } from './private-dir.ts';
import { storageError, systemCode } from './storage-error.ts';

export interface FileContent {
  readonly file: string;
  readonly data: string | Uint8Array;
}

/**
 * Writes `data` to a new 0600 file beside `file` and renames it into place. Whatever happens, `file` afterwards holds
 * all of the old content or all of the new.
 * @throws MiraError `disk_full` or `storage_failed`, naming the file and the cause
 */
export async function writeFileAtomically({ file, data }: FileContent): Promise<void> {
  const folder = dirname(file);
  await ensurePrivateDir(folder);
  const temporary = temporaryName(file);
  try {
    await writeWhole(temporary, { file, data });
    await rename(temporary, file);
    await syncFolder(folder);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw storageError(error, { file, doing: 'write' });
  }
}

/**
 * Does all of a write but the last step, so that nothing has changed afterwards, also when it is killed on the way.
 * @throws MiraError like the write it tries
 */
export async function tryToWrite({ file, data }: FileContent): Promise<void> {
  await ensurePrivateDir(dirname(file));
  const temporary = temporaryName(file);
  try {
    await writeWhole(temporary, { file, data });
    await unlink(temporary);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw storageError(error, { file, doing: 'write' });
  }
}

/** Removes a file and all that killed writers of it left; the caller holds the lock that they took. */
export async function removeWithLeftovers(file: string): Promise<void> {
  await sweepLeftovers(file);
  try {
    await rm(file);
  } catch (error) {
    throw storageError(error, { file, doing: 'remove' });
  }
}

/** A new file tells the time by the clock of its file system, and old ones make room. */
async function writeWhole(temporary: string, { file, data }: FileContent): Promise<void> {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await sweepLeftovers(file, (await handle.stat()).mtimeMs);
    await writeEveryByte(handle, bytes);
    await handle.sync();
    const { size } = await handle.stat();
    if (size !== bytes.length) throw shortWrite();
  } catch (error) {
    await handle.close().catch(() => {});
    throw error;
  }
  // Network file systems may report a full disk only now.
  await handle.close();
}

async function writeEveryByte(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, written);
    if (bytesWritten === 0) throw shortWrite();
    written += bytesWritten;
  }
}

function shortWrite(): Error {
  return Object.assign(new Error('fewer bytes were written than given'), { code: 'EIO', syscall: 'write' });
}

/** Makes the rename itself survive a power cut; file systems and platforms that cannot do it are let off. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (systemCode(error) === 'EIO') throw error;
  }
}
