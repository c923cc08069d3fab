import { mkdir } from 'node:fs/promises';
import { storageError } from './storage-error.ts';

/** Makes the folder, and those above it, for this user alone (0700); one that exists stays as it is. */
export async function ensurePrivateDir(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storageError(error, { file: folder, doing: 'make the folder' });
  }
}
