/**
 * Replaces a file as a whole or not at all. The usual libraries report success on a full disk and leave a cut
 * file behind (spec/security.md, finding 3); here every byte is written, flushed and counted before the rename.
 */
import { open, readdir, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ensurePrivateDir } from './private-dir.ts';
import { storageError, systemCode } from './storage-error.ts';

const STALE_MS = 60_000;

/**
 * Writes `data` to a new 0600 file beside `file` and renames it into place. Whatever happens, `file` afterwards holds
 * all of the old content or all of the new.
 * @throws MiraError `disk_full` or `storage_failed`, naming the file and the cause
 */
export async function writeFileAtomically({
  file,
  data,
}: {
  readonly file: string;
  readonly data: string | Uint8Array;
}): Promise<void> {
  const folder = dirname(file);
  await ensurePrivateDir(folder);
  const temporary = join(folder, `${temporaryPrefix(file)}${crypto.randomUUID()}.tmp`);
  try {
    await writeWhole(temporary, typeof data === 'string' ? Buffer.from(data) : data);
    await rename(temporary, file);
    await syncFolder(folder);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw storageError(error, { file, doing: 'write' });
  }
  await sweepLeftovers(file);
}

function temporaryPrefix(file: string): string {
  return `.${basename(file)}.`;
}

async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
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

/** Removes what killed writers of the same file left behind. The file just written tells the time. */
async function sweepLeftovers(file: string): Promise<void> {
  const folder = dirname(file);
  try {
    const { mtimeMs } = await stat(file);
    for (const name of await readdir(folder)) {
      if (!name.startsWith(temporaryPrefix(file)) || !name.endsWith('.tmp')) continue;
      const leftover = join(folder, name);
      if (mtimeMs - (await stat(leftover)).mtimeMs > STALE_MS) await unlink(leftover);
    }
  } catch {
    // Another process sweeps too; what stays is ciphertext and goes next time.
  }
}
