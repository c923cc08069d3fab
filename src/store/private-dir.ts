import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { foreignCode } from '../errors.ts';
import { storageError } from './storage-error.ts';

/**
 * Makes the folder, and those above it, for this user alone (0700); one that exists stays as it is. Done when it
 * returns its promise, which matters to what nobody waits for; and `fs/promises` would cost every start more than it does.
 */
export async function ensurePrivateDir(folder: string): Promise<void> {
  try {
    makeWithParents(folder);
  } catch (error) {
    throw storageError(error, { file: folder, doing: 'make the folder' });
  }
}

/** Node's `recursive` never returns where a parent cannot be made and the system says "not found" (below /proc). */
function makeWithParents(folder: string): void {
  try {
    make(folder);
  } catch (error) {
    const parent = dirname(folder);
    if (foreignCode(error) !== 'ENOENT' || parent === folder) throw error;
    makeWithParents(parent);
    make(folder);
  }
}

function make(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (foreignCode(error) !== 'EEXIST' || !statSync(folder).isDirectory()) throw error;
  }
}
