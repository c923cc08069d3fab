import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { foreignCode } from '../errors.ts';
import { storageError } from './storage-error.ts';

/** Makes the folder, and those above it, for this user alone (0700); one that exists stays as it is. */
export async function ensurePrivateDir(folder: string): Promise<void> {
  try {
    await makeWithParents(folder);
  } catch (error) {
    throw storageError(error, { file: folder, doing: 'make the folder' });
  }
}

/** Node's `recursive` never returns where a parent cannot be made and the system says "not found" (below /proc). */
async function makeWithParents(folder: string): Promise<void> {
  try {
    await make(folder);
  } catch (error) {
    const parent = dirname(folder);
    if (foreignCode(error) !== 'ENOENT' || parent === folder) throw error;
    await makeWithParents(parent);
    await make(folder);
  }
}

async function make(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (foreignCode(error) !== 'EEXIST' || !(await stat(folder)).isDirectory()) throw error;
  }
}
