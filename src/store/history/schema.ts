/**
 * The tables of `mira.db`. An answer that is being written grows by rows of `piece`, so that work stays linear in its
 * length; when it ends they are joined into its message. `words` is the index of the search: the words of a message
 * as search-words.ts finds them, so the tokenizer has nothing to do but split at the spaces.
 */
import type { DatabaseSync } from 'node:sqlite';

/** 'MIRA': tells our database from any other. */
export const APPLICATION_ID = 0x4d_49_52_41;
export const SCHEMA_VERSION = 1;

const TABLES = `
CREATE TABLE conversation (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  profile TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  forked_from TEXT,
  system TEXT
) STRICT;
CREATE INDEX conversation_by_time ON conversation (updated_at, key);
CREATE INDEX conversation_by_profile ON conversation (profile, updated_at, key);

CREATE TABLE message (
  key INTEGER PRIMARY KEY,
  conversation INTEGER NOT NULL REFERENCES conversation (key) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
  at INTEGER NOT NULL,
  model TEXT,
  stopped INTEGER NOT NULL,
  replaced INTEGER NOT NULL DEFAULT 0,
  text TEXT NOT NULL,
  reasoning TEXT NOT NULL DEFAULT '',
  UNIQUE (conversation, number)
) STRICT;

CREATE TABLE piece (
  message INTEGER NOT NULL REFERENCES message (key) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  at INTEGER NOT NULL,
  text TEXT NOT NULL,
  reasoning TEXT NOT NULL,
  UNIQUE (message, number)
) STRICT;

CREATE TABLE usage (
  message INTEGER PRIMARY KEY REFERENCES message (key) ON DELETE CASCADE,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER
) STRICT;

-- Work that a killed process may have left: it is done by the next one that deletes.
CREATE TABLE chore (name TEXT PRIMARY KEY) STRICT;

CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = 'ascii', columnsize = 0);
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
`;

export function createTables(database: DatabaseSync): void {
  database.exec('PRAGMA journal_mode = WAL');
  inTransaction(database, () => {
    database.exec(
      `${TABLES} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION};`,
    );
  });
}

/** All of it or nothing; nobody else writes meanwhile. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
