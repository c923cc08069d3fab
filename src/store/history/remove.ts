/**
 * Deleting, so that nothing of the text is left in the files: SQLite overwrites what it frees (`secure_delete`), FTS5
 * takes words out of its index instead of marking them, and in the end the database is written anew and its log is
 * emptied. For many messages it is faster to mark their words and to merge the whole index once.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { ConversationSummary } from './conversations.ts';
import { findConversation } from './conversations.ts';
import { isBroken } from './failure.ts';
import { allRows, change, firstRow, number } from './row.ts';
import { inTransaction } from './schema.ts';

/** @throws like `findConversation` */
export function removeConversation(database: DatabaseSync, id: string): ConversationSummary {
  const { key, summary } = findConversation(database, id);
  removeAll(database, [key]);
  return summary;
}

/** @returns how many conversations were removed */
export function pruneConversations(database: DatabaseSync, before: number): number {
  const rows = allRows(
    database,
    'SELECT key FROM conversation WHERE updated_at < ? ORDER BY updated_at',
    before,
  );
  removeAll(
    database,
    rows.map((row) => number(row, 'key')),
  );
  return rows.length;
}

export function countOlder(database: DatabaseSync, before: number): number {
  const row = firstRow(database, 'SELECT count(*) AS older FROM conversation WHERE updated_at < ?', before);
  return row ? number(row, 'older') : 0;
}

/** Above it, merging the whole index is faster than taking the words of each message out of it. */
const MOST_TAKEN_OUT = 200;
/** Another mira waits for no more than this. */
const BATCH = 50;
const MERGE_PAGES = 1000;
const MOST_MERGES = 10_000;

function removeAll(database: DatabaseSync, conversations: readonly number[]): void {
  const messages = conversations.reduce((sum, key) => sum + messageCount(database, key), 0);
  const takesOut = messages <= MOST_TAKEN_OUT;
  for (let at = 0; at < conversations.length; at += BATCH) {
    inTransaction(database, () => {
      addChore(database, WRITE_ANEW);
      if (!takesOut) {
        addChore(database, MERGE);
        setSecureDelete(database, false);
      }
      for (const key of conversations.slice(at, at + BATCH)) removeOne(database, key);
      if (!takesOut) setSecureDelete(database, true);
    });
  }
  doChores(database);
}

const MERGE = 'merge words';
const WRITE_ANEW = 'write anew';

function messageCount(database: DatabaseSync, key: number): number {
  const row = firstRow(database, 'SELECT count(*) AS messages FROM message WHERE conversation = ?', key);
  return row ? number(row, 'messages') : 0;
}

function removeOne(database: DatabaseSync, key: number): void {
  change(
    database,
    'DELETE FROM words WHERE rowid IN (SELECT key FROM message WHERE conversation = ?)',
    ...[key],
  );
  change(database, 'DELETE FROM conversation WHERE key = ?', key);
}

function setSecureDelete(database: DatabaseSync, on: boolean): void {
  // A number that is bound arrives as a float, which FTS5 does not take here.
  database.exec(`INSERT INTO words (words, rank) VALUES ('secure-delete', ${on ? 1 : 0})`);
}

function addChore(database: DatabaseSync, name: string): void {
  change(database, 'INSERT OR IGNORE INTO chore (name) VALUES (?)', name);
}

/** Also those that a process that was killed, or met another mira at work, could not do. */
function doChores(database: DatabaseSync): void {
  if (hasChore(database, MERGE)) mergeWords(database);
  if (!hasChore(database, WRITE_ANEW)) return;
  try {
    writeAnew(database);
  } catch (error) {
    // The conversations are gone already. Without the room or the quiet for it, the next deletion does the rest.
    if (isBroken(error) || !(error instanceof Error && 'errcode' in error)) throw error;
  }
}

function hasChore(database: DatabaseSync, name: string): boolean {
  return firstRow(database, 'SELECT 1 FROM chore WHERE name = ?', name) !== undefined;
}

/** In steps, so that another mira can write between them. */
function mergeWords(database: DatabaseSync): void {
  for (let step = 0, isDone = false; !isDone && step < MOST_MERGES; step += 1) {
    const before = totalChanges(database);
    // A negative number lets segments of all sizes be merged into one.
    const pages = step === 0 ? -MERGE_PAGES : MERGE_PAGES;
    database.exec(`INSERT INTO words (words, rank) VALUES ('merge', ${pages})`);
    isDone = totalChanges(database) - before < 2;
  }
  change(database, 'DELETE FROM chore WHERE name = ?', MERGE);
}

/**
 * What was freed is overwritten, but pages that were split long ago may hold copies of rows in the room between
 * their rows: only writing the whole database anew is sure to leave none. In memory, not in a temporary file.
 */
function writeAnew(database: DatabaseSync): void {
  emptyLog(database);
  database.exec('PRAGMA temp_store = MEMORY; VACUUM');
  // Whoever is reading keeps the log alive.
  if (!emptyLog(database)) return;
  change(database, 'DELETE FROM chore WHERE name = ?', WRITE_ANEW);
  emptyLog(database);
}

/** False where another connection still needs it. */
function emptyLog(database: DatabaseSync): boolean {
  const row = firstRow(database, 'PRAGMA wal_checkpoint(TRUNCATE)');
  return row !== undefined && number(row, 'busy') === 0;
}

function totalChanges(database: DatabaseSync): number {
  const row = firstRow(database, 'SELECT total_changes() AS changes');
  return row ? number(row, 'changes') : 0;
}
