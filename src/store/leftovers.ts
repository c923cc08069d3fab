import { readdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const STALE_MS = 60_000;

/** The name under which a new content of `file` is written before it takes its place. */
export function temporaryName(file: string): string {
  return join(dirname(file), `.${basename(file)}.${crypto.randomUUID()}.tmp`);
}

/**
 * Removes what killed writers of `file` left beside it. `now` is a moment by the clock of that file system, in
 * milliseconds; what is younger than a minute may belong to a writer that is at work. Without it all of it goes, which
 * only the holder of the lock that every writer of the file takes may ask for.
 */
export async function sweepLeftovers(file: string, now?: number): Promise<void> {
  const folder = dirname(file);
  try {
    for (const name of await readdir(folder)) {
      if (!isTemporary(name, basename(file))) continue;
      const leftover = join(folder, name);
      if (now === undefined || now - (await stat(leftover)).mtimeMs > STALE_MS) await unlink(leftover);
    }
  } catch {
    // Another process sweeps too; what stays goes next time.
  }
}

/** Ours, or conf's: `config.json.tmp-`, ten digits of the time and six of chance. */
function isTemporary(name: string, file: string): boolean {
  if (name.startsWith(`.${file}.`)) return name.endsWith('.tmp');
  return name.startsWith(`${file}.tmp-`) && /^\d{10}[\da-f]{6}$/.test(name.slice(file.length + 5));
}
