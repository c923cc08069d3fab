/**
 * Which hosts were ever contacted from this machine, and nothing of what was said there. A file for each, named after
 * it: its text is the moment of the first contact, its own time that of the last. So any number of processes write at
 * once, and none has to read what the others wrote.
 */
import { lstatSync, lutimesSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { storageError, systemCode } from './storage-error.ts';

export interface SeenHost {
  readonly host: string;
  /** Milliseconds since the epoch. */
  readonly firstSeen: number;
  readonly lastSeen: number;
}

export interface HostLog {
  /** Best effort: what cannot be written down is not, and nobody is kept waiting or told. */
  note(host: string): Promise<void>;
  /** @throws MiraError `storage_failed` for a folder that is there and cannot be read */
  read(): readonly SeenHost[];
}

export interface HostLogOptions {
  readonly folder: string;
  readonly now: () => number;
}

/** The last contact is known to the minute. */
const EXACT_MS = 60_000;

export function createHostLog({ folder, now }: HostLogOptions): HostLog {
  const noted = new Map<string, number>();
  return {
    async note(host) {
      const at = now();
      if (isRecent(noted.get(host), at)) return;
      noted.set(host, at);
      const file = join(folder, encodeURIComponent(host));
      try {
        await write(file, { folder, at });
      } catch {
        // A full disk, or a folder that is not ours, must not keep anyone from talking to a host.
      }
    },
    read: () => namesIn(folder).flatMap((name) => readSeen(join(folder, name), name)),
  };
}

function isRecent(then: number | undefined, at: number): boolean {
  return then !== undefined && Math.abs(at - then) < EXACT_MS;
}

async function write(
  file: string,
  { folder, at }: { readonly folder: string; readonly at: number },
): Promise<void> {
  const before = lstatSync(file, { throwIfNoEntry: false });
  if (before !== undefined) {
    if (!isRecent(before.mtimeMs, at)) lutimesSync(file, at / 1000, at / 1000);
    return;
  }
  // Once for each host; the rest need not load it.
  const { ensurePrivateDir } = await import('./private-dir.ts');
  await ensurePrivateDir(folder);
  writeFileSync(file, `${new Date(at).toISOString()}\n`, { flag: 'wx', mode: 0o600 });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw storageError(error, { file: folder, doing: 'read' });
  }
}

/** Nothing for a file that mira did not write. */
function readSeen(file: string, name: string): readonly SeenHost[] {
  try {
    const { mtimeMs } = lstatSync(file);
    const firstSeen = Date.parse(readFileSync(file, 'utf8').trim());
    return Number.isNaN(firstSeen)
      ? []
      : [{ host: decodeURIComponent(name), firstSeen, lastSeen: Math.max(firstSeen, Math.round(mtimeMs)) }];
  } catch {
    return [];
  }
}
