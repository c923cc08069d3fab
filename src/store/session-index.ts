/**
 * The list of sessions: which exist, where their secrets are, until when they last. It holds no secret, so that
 * status needs no keychain, and it is what tells "your keychain is locked" from "you are not signed in".
 */
import { MiraError } from '../errors.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { sha256 } from './hash.ts';
import { withLock } from './lock.ts';
import { readPrivateFile } from './private-file.ts';
import { isSessionEntry, type SessionEntry } from './session-entry.ts';
import { shellQuote } from './shell-quote.ts';

const FORMAT = 'mira-sessions';
const VERSION = 1;
const MAX_BYTES = 4 * 1024 * 1024;

export type { SessionEntry } from './session-entry.ts';

/** Entries by profile name. What was read has no prototype, so that any name can be looked up. */
export type Index = Readonly<Record<string, SessionEntry>>;

export interface SessionIndex {
  /**
   * Every entry; none when there is no file yet.
   * @throws MiraError `storage_failed` for a file that is not ours, damaged, or newer than this mira; `unsafe_file`
   */
  read(): Promise<Index>;
  find(profile: string): Promise<SessionEntry | undefined>;
  /**
   * Reads, and writes what `change` makes of it, under the store lock; nothing is written when nothing changed.
   * Gives the entries as they then are.
   */
  update(change: (entries: Index) => Index): Promise<Index>;
}

export interface SessionIndexOptions {
  readonly file: string;
  readonly storeLockFile: string;
  readonly uid: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export function createSessionIndex({ file, storeLockFile, uid, signal }: SessionIndexOptions): SessionIndex {
  const read = async (): Promise<Index> => {
    const bytes = await readPrivateFile({ file, maxBytes: MAX_BYTES, uid });
    return bytes === undefined ? toIndex([]) : parseIndex({ file, text: bytes.toString() });
  };
  return {
    read,
    async find(profile) {
      return (await read())[profile];
    },
    update(change) {
      return withLock({ file: storeLockFile, uid, signal }, async () => {
        const before = await read();
        const after = change(before);
        const data = serialize(after);
        if (data !== serialize(before)) await writeFileAtomically({ file, data });
        return after;
      });
    },
  };
}

/**
 * The name of a session's keychain item and of its lock: `<profile>.<12 hex>`. Sessions of another issuer, client or
 * data folder have another name, so that they never share a token or a lock (decisions.md 8).
 */
export function sessionName(session: {
  readonly profile: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly dataDir: string;
}): string {
  const identity = JSON.stringify([session.issuer, session.clientId, session.dataDir]);
  return `${session.profile}.${sha256(identity).slice(0, 12)}`;
}

function parseIndex({ file, text }: { file: string; text: string }): Index {
  const content = parseObject(text);
  if (content?.['fmt'] !== FORMAT)
    throw refusal(file, 'is not a list of sessions that mira wrote, or it is damaged');
  const version = content['v'];
  if (typeof version === 'number' && version > VERSION) {
    throw new MiraError('storage_failed', `${file} was written by a newer mira (format ${version}).`, {
      hint: 'Update mira; the file is left as it is.',
    });
  }
  const sessions = content['sessions'];
  if (version !== VERSION || !isObject(sessions)) throw refusal(file, 'is damaged');
  const entries: [string, SessionEntry][] = [];
  for (const [profile, entry] of Object.entries(sessions)) {
    if (!isSessionEntry(entry) || entry.profile !== profile) {
      throw refusal(file, `is damaged at the entry ${JSON.stringify(profile)}`);
    }
    entries.push([profile, entry]);
  }
  return toIndex(entries);
}

function toIndex(entries: readonly (readonly [string, SessionEntry])[]): Index {
  return Object.setPrototypeOf(Object.fromEntries(entries), null);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refusal(file: string, what: string): MiraError {
  return new MiraError('storage_failed', `${file} ${what}; it is left as it is.`, {
    hint: `To start over, move it aside and sign in again: mv ${shellQuote(file)} ${shellQuote(`${file}.aside`)}`,
  });
}

function serialize(entries: Index): string {
  return `${JSON.stringify({ fmt: FORMAT, v: VERSION, sessions: entries }, undefined, 2)}\n`;
}
