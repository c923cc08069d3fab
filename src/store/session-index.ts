/**
 * The list of sessions: which exist, where their secrets are, until when they last. It holds no secret, so that
 * status needs no keychain, and it is what tells "your keychain is locked" from "you are not signed in".
 */
import { MiraError } from '../errors.ts';
import { isRecord, parseJson } from '../json.ts';
import { readPrivateFile } from './private-file.ts';
import { isSessionEntry, type SessionEntry } from './session-entry.ts';
import { moveAside } from './shell-quote.ts';

const FORMAT = 'mira-sessions';
const VERSION = 1;
const MAX_BYTES = 4 * 1024 * 1024;

export type { SessionEntry } from './session-entry.ts';

/** Entries by profile name. */
export type Index = ReadonlyMap<string, SessionEntry>;

export interface SessionIndex {
  /**
   * Every entry; none when there is no file yet.
   * @throws MiraError `storage_failed` for a file that is not ours, damaged, or newer than this mira; `unsafe_file`
   */
  read(): Promise<Index>;
  find(profile: string): Promise<SessionEntry | undefined>;
  /**
   * Reads, lets `change` alter the entries, and writes them back, under the store lock; nothing is written when
   * nothing changed. Entries kept in memory are this process's own: they are given here and never written. The credentials file takes the same lock: never call it from `change`.
   */
  update<T>(change: (entries: Map<string, SessionEntry>) => T): Promise<T>;
}

export interface SessionIndexOptions {
  readonly file: string;
  readonly storeLockFile: string;
  readonly uid: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export function createSessionIndex({ file, storeLockFile, uid, signal }: SessionIndexOptions): SessionIndex {
  /** Entries whose secrets end with this process; they go before those of the file and never into it. */
  let inMemory: Index = new Map();
  const readStored = async (): Promise<Index> => {
    const bytes = await readPrivateFile({ file, maxBytes: MAX_BYTES, uid });
    return bytes === undefined ? new Map() : parseIndex({ file, text: bytes.toString() });
  };
  const read = async (): Promise<Index> => new Map([...(await readStored()), ...inMemory]);
  return {
    read,
    async find(profile) {
      return inMemory.get(profile) ?? (await readStored()).get(profile);
    },
    async update(change) {
      // Loaded here, because most commands only read.
      const [{ withLock }, { writeFileAtomically }] = await Promise.all([
        import('./lock.ts'),
        import('./atomic-file.ts'),
      ]);
      return withLock({ file: storeLockFile, uid, signal }, async () => {
        const stored = await readStored();
        const entries = new Map([...stored, ...inMemory]);
        const result = change(entries);
        const next = divide(entries, { stored, inMemory });
        const data = serialize(next.stored);
        if (data !== serialize(stored)) await writeFileAtomically({ file, data });
        inMemory = next.inMemory;
        return result;
      });
    },
  };
}

interface Halves {
  readonly stored: Index;
  readonly inMemory: Index;
}

/** What goes into the file and what stays here. An entry of the file that one in memory had hidden is another process's: it stays. */
function divide(entries: Index, before: Halves): Halves {
  const hidden = [...before.stored].filter(([profile]) => before.inMemory.has(profile));
  const isInMemory = ({ storage }: SessionEntry): boolean => storage === 'memory';
  return {
    stored: new Map([...hidden, ...[...entries].filter(([, entry]) => !isInMemory(entry))]),
    inMemory: new Map([...entries].filter(([, entry]) => isInMemory(entry))),
  };
}

function parseIndex({ file, text }: { file: string; text: string }): Map<string, SessionEntry> {
  const content = parseJson(text);
  if (!isRecord(content) || content['fmt'] !== FORMAT)
    throw refusal(file, 'is not a list of sessions that mira wrote, or it is damaged');
  const version = content['v'];
  if (typeof version === 'number' && version > VERSION) {
    throw new MiraError('storage_failed', `${file} was written by a newer mira (format ${version}).`, {
      hint: 'Update mira; the file is left as it is.',
    });
  }
  const sessions = content['sessions'];
  if (version !== VERSION || !isRecord(sessions)) throw refusal(file, 'is damaged');
  const entries = new Map<string, SessionEntry>();
  for (const [profile, entry] of Object.entries(sessions)) {
    if (!isSessionEntry(entry) || entry.profile !== profile) {
      throw refusal(file, `is damaged at the entry ${JSON.stringify(profile)}`);
    }
    entries.set(profile, entry);
  }
  return entries;
}

function refusal(file: string, what: string): MiraError {
  return new MiraError('storage_failed', `${file} ${what}; it is left as it is.`, {
    hint: `To start over, move it aside and sign in again: ${moveAside(file)}`,
  });
}

function serialize(entries: Index): string {
  return `${JSON.stringify({ fmt: FORMAT, v: VERSION, sessions: Object.fromEntries(entries) }, undefined, 2)}\n`;
}
