/**
 * One holder at a time, over all processes of the user. The lock is an exclusive transaction on an empty SQLite
 * database: no native dependency, the same on all systems, and the kernel lets go of it when the holder dies
 * (measured against four others: spec/auth.md 4.2).
 */
import { closeSync, lstatSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { abortError, MiraError } from '../errors.ts';
import { ensurePrivateDir } from './private-dir.ts';
import { requirePrivate } from './private-file.ts';
import { moveAside } from './shell-quote.ts';
import { openDatabase } from './sqlite.ts';
import { storageError, systemCode } from './storage-error.ts';

const SQLITE_BUSY = 5;
const SQLITE_NOTADB = 26;
const SHORTEST_POLL_MS = 20;
const LONGEST_POLL_MS = 250;

export interface LockRequest<T> {
  readonly file: string;
  /** Who the lock file must belong to; undefined where files have no owner. */
  readonly uid: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  /** Called once, when the lock is not free at the first try. */
  readonly onWait?: (() => void) | undefined;
  /** Asked while waiting: a value ends the wait and is the result, without the lock and without running `fn`. */
  readonly until?: (() => Promise<T | undefined>) | undefined;
}

/**
 * Runs `fn` while holding the lock. Not re-entrant: asking for a lock one already holds waits until it times out.
 * @throws MiraError `lock_timeout`, `storage_failed`, or what `signal` was aborted with
 */
export async function withLock<T>(request: LockRequest<T>, fn: () => Promise<T>): Promise<T> {
  const { file, signal, uid } = request;
  if (signal?.aborted) throw abortError(signal);
  await ensurePrivateDir(dirname(file));
  requireLockFile({ file, uid });
  const database = openLock(file);
  try {
    const adopted = await waitFor(database, request);
    if (adopted !== undefined) return adopted.value;
    return await fn();
  } finally {
    release(database);
  }
}

/**
 * Makes the file private before SQLite opens it. One that exists is only looked at by name: closing a descriptor of
 * it would drop the locks this process holds on it (POSIX locks belong to the process, not the descriptor). For the
 * same reason a new one is opened and closed without a pause in which a neighbour could lock it.
 */
function requireLockFile({ file, uid }: { file: string; uid: number | undefined }): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw storageError(error, { file, doing: 'make the lock' });
    requirePrivate(lstatSync(file), { file, uid });
  }
}

function openLock(file: string): DatabaseSync {
  try {
    // SQLite's own waiting would block the event loop, hence no time-out here.
    return openDatabase(file, { timeout: 0 });
  } catch (error) {
    throw unusableLock(file, error);
  }
}

/** Returns once the lock is held, or with the value that made holding it needless. */
async function waitFor<T>(
  database: DatabaseSync,
  { file, signal, timeoutMs = 30_000, onWait, until }: LockRequest<T>,
): Promise<{ value: T } | undefined> {
  const deadline = AbortSignal.timeout(timeoutMs);
  for (let attempt = 0; ; attempt += 1) {
    if (tryToHold(database, file)) return undefined;
    if (attempt === 0) onWait?.();
    const value = await until?.();
    if (value !== undefined) return { value };
    if (signal?.aborted) throw abortError(signal);
    if (deadline.aborted || timeoutMs === 0) {
      throw new MiraError('lock_timeout', `Another mira has held ${file} for ${timeoutMs / 1000} s.`, {
        // SQLite takes "no locks available" of a network file system for a lock that is held.
        hint: 'Wait for it, or end it if it hangs; the lock needs no removing. Where no other runs, the file system cannot lock: choose another folder with MIRA_DATA_DIR.',
      });
    }
    await pause(attempt, signal);
  }
}

function tryToHold(database: DatabaseSync, file: string): boolean {
  try {
    // Without a journal on the disk a lock can be had on a full one too.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw unusableLock(file, error);
  }
}

function isBusy(error: unknown): boolean {
  return sqliteCode(error) === SQLITE_BUSY;
}

/** The low byte is the primary code of SQLite's extended ones. */
function sqliteCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
}

function unusableLock(file: string, error: unknown): MiraError {
  if (sqliteCode(error) === SQLITE_NOTADB) {
    return new MiraError('storage_failed', `Cannot lock ${file}: it is damaged, or not a file of mira.`, {
      hint: `Move it away, and run the command again: ${moveAside(file)}`,
      cause: error,
    });
  }
  const why = error instanceof Error ? error.message : 'unknown cause';
  return new MiraError('storage_failed', `Cannot lock ${file}: ${why}.`, {
    hint: 'The folder must be on a file system that can lock files; choose another with MIRA_DATA_DIR.',
    cause: error,
  });
}

/** Short at first, because most holders are quick; random, so that a hundred waiters do not come all at once. */
async function pause(attempt: number, signal: AbortSignal | undefined): Promise<void> {
  const spread = Math.min(LONGEST_POLL_MS - SHORTEST_POLL_MS, SHORTEST_POLL_MS * 2 ** Math.min(attempt, 8));
  try {
    await delay(SHORTEST_POLL_MS + chance() * spread, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    if (signal?.aborted) throw abortError(signal);
    throw error;
  }
}

/** From 0 to 1. Waiters must differ from each other; nothing else depends on the value. */
function chance(): number {
  const [value = 0] = crypto.getRandomValues(new Uint16Array(1));
  return value / 0xffff;
}

function release(database: DatabaseSync): void {
  if (database.isTransaction) database.exec('ROLLBACK');
  database.close();
}
