/** Opens `mira.db`: made where it is missing, set aside where it is broken, left alone where a newer mira wrote it. */
import { closeSync, lstatSync, openSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { MiraError } from '../../errors.ts';
import { withLock } from '../lock.ts';
import { ensurePrivateDir } from '../private-dir.ts';
import { requirePrivate } from '../private-file.ts';
import { openDatabase } from '../sqlite.ts';
import { storageError, systemCode } from '../storage-error.ts';
import { isBroken } from './failure.ts';
import { firstRow, number, text } from './row.ts';
import { APPLICATION_ID, createTables, SCHEMA_VERSION } from './schema.ts';

export interface DatabasePlace {
  readonly file: string;
  readonly locksDir: string;
  readonly uid: number | undefined;
  readonly now: () => number;
  /** One line for a person. */
  readonly say: (line: string) => void;
}

/**
 * Undefined where there is none and none is to be made.
 * @throws MiraError `unsafe_file`, `storage_failed`; what SQLite throws
 */
export async function openHistoryDatabase(
  place: DatabasePlace,
  { create }: { readonly create: boolean },
): Promise<DatabaseSync | undefined> {
  if (!create && !exists(place.file)) return undefined;
  const opened = tryToOpen(place);
  if (opened.kind === 'ready') return opened.database;
  await ensurePrivateDir(dirname(place.file));
  // One at a time: a second one would set aside what the first has just made.
  return underLock(place, () => prepare(place));
}

/** After something in it could not be read: a damaged index is made anew, a damaged database is set aside. */
export async function mendDatabase(place: DatabasePlace): Promise<void> {
  await underLock(place, () => {
    if (!mendIndex(place)) setAside(place);
  });
}

/** SQLite's own waiting blocks the program, so it is short; what others do takes milliseconds. */
const BUSY_MS = 2_000;
const LOCK_MS = 5_000;

type Opened =
  | { readonly kind: 'ready'; readonly database: DatabaseSync }
  | { readonly kind: 'missing' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'broken' };

function tryToOpen({ file, uid }: DatabasePlace): Opened {
  if (!exists(file)) return { kind: 'missing' };
  requirePrivate(lstatSync(file), { file, uid });
  let database: DatabaseSync | undefined;
  try {
    database = openDatabase(file, { timeout: BUSY_MS });
    const kind = kindOf(database, file);
    if (kind === 'ready') {
      database.exec('PRAGMA secure_delete = ON; PRAGMA synchronous = NORMAL');
      return { kind, database };
    }
    database.close();
    return { kind };
  } catch (error) {
    database?.close();
    if (isBroken(error)) return { kind: 'broken' };
    throw error;
  }
}

/** Reads, and changes nothing: the file may be somebody else's. */
function kindOf(database: DatabaseSync, file: string): 'ready' | 'empty' | 'broken' {
  const read = (sql: string, column: string): number => {
    const row = firstRow(database, sql);
    return row ? number(row, column) : 0;
  };
  if (read('PRAGMA application_id', 'application_id') === APPLICATION_ID) {
    const version = read('PRAGMA user_version', 'user_version');
    if (version === SCHEMA_VERSION) return 'ready';
    if (version > SCHEMA_VERSION) throw newerSchema(file);
    return 'broken';
  }
  return read('SELECT count(*) AS tables FROM sqlite_schema', 'tables') === 0 ? 'empty' : 'broken';
}

function newerSchema(file: string): MiraError {
  return new MiraError('storage_failed', `${file} was written by a newer mira.`, {
    hint: 'Use that version, or give this one a folder of its own with MIRA_DATA_DIR.',
  });
}

function underLock<T>({ locksDir, uid }: DatabasePlace, work: () => T): Promise<T> {
  return withLock({ file: join(locksDir, 'history.db'), uid, timeoutMs: LOCK_MS }, async () => work());
}

/** Looked at again, because another process may have been here while the lock was waited for. */
function prepare(place: DatabasePlace): DatabaseSync {
  const { file } = place;
  const found = tryToOpen(place);
  if (found.kind === 'ready') return found.database;
  if (found.kind === 'broken') setAside(place);
  makePrivateFile(file);
  const database = openDatabase(file, { timeout: BUSY_MS });
  try {
    database.exec('PRAGMA secure_delete = ON; PRAGMA synchronous = NORMAL');
    createTables(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Before SQLite opens it, so that it is private from its first moment; the log gets the same mode. */
function makePrivateFile(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw storageError(error, { file, doing: 'make' });
  }
}

/** False where more than the index is damaged. True also where another mira has put things right meanwhile. */
function mendIndex(place: DatabasePlace): boolean {
  const found = tryToOpen(place);
  if (found.kind !== 'ready') return found.kind === 'missing';
  const { database } = found;
  try {
    database.exec("INSERT INTO words (words) VALUES ('rebuild')");
    const row = firstRow(database, 'PRAGMA quick_check(1)');
    return row !== undefined && text(row, 'quick_check') === 'ok';
  } catch {
    return false;
  } finally {
    database.close();
  }
}

function setAside({ file, now, say }: DatabasePlace): void {
  const aside = freeName(`${file}.broken-${new Date(now()).toISOString().replaceAll(/[-:]|\.\d+/g, '')}`);
  try {
    for (const part of ['-wal', '-shm', '']) {
      if (exists(`${file}${part}`)) renameSync(`${file}${part}`, `${aside}${part}`);
    }
  } catch (error) {
    throw storageError(error, { file, doing: 'set aside the damaged' });
  }
  say(`The history was damaged and is now ${aside}; a new one was begun.`);
}

function freeName(wanted: string): string {
  let name = wanted;
  for (let count = 2; exists(name) && count < 1000; count += 1) name = `${wanted}-${count}`;
  return name;
}

/** A link that leads nowhere is there too. */
function exists(file: string): boolean {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    // Below something that is no folder there is nothing.
    if (systemCode(error) === 'ENOTDIR') return false;
    throw storageError(error, { file, doing: 'look at' });
  }
}
