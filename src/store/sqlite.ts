import process from 'node:process';
import type { DatabaseSync, DatabaseSyncOptions } from 'node:sqlite';

/**
 * Opens a database with Node's own SQLite, loaded at first use. Node 22 warns that the module is experimental;
 * users can do nothing about it, so exactly that warning is kept from them.
 */
export function openDatabase(file: string, options: DatabaseSyncOptions = {}): DatabaseSync {
  const sqlite = withoutSqliteWarning(() => process.getBuiltinModule('node:sqlite'));
  return new sqlite.DatabaseSync(file, options);
}

function withoutSqliteWarning<T>(load: () => T): T {
  const emitWarning = process.emitWarning;
  const filtered = (warning: string | Error, ...rest: unknown[]): void => {
    if (String(warning).startsWith('SQLite is an experimental feature') && rest[0] === 'ExperimentalWarning')
      return;
    Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
  process.emitWarning = filtered;
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}
