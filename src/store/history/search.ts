/** Full text search over all messages, newest first. */
import type { DatabaseSync } from 'node:sqlite';
import { allRows, firstRow, number, text, whole } from './row.ts';
import { matchExpression, searchPhrases } from './search-words.ts';
import { findSnippet } from './snippet.ts';
import type { Snippet } from './snippet.ts';

export interface SearchHit {
  readonly conversationId: string;
  readonly title: string;
  /** Number of the message in its conversation. */
  readonly message: number;
  readonly role: 'user' | 'assistant';
  readonly at: number;
  readonly snippet: Snippet;
}

export interface SearchQuery {
  readonly text: string;
  readonly limit: number;
}

/** The words themselves first; where these are few, words that begin like them as well. */
export function searchMessages(database: DatabaseSync, query: SearchQuery): readonly SearchHit[] {
  const phrases = searchPhrases(query.text);
  return messageKeys(database, query).flatMap((key) => {
    const row = firstRow(
      database,
      `SELECT id, title, number, role, at, ${whole('text')} FROM message
       JOIN conversation ON conversation.key = message.conversation WHERE message.key = ?`,
      key,
    );
    if (row === undefined) return [];
    const hit: SearchHit = {
      conversationId: text(row, 'id'),
      title: text(row, 'title'),
      message: number(row, 'number'),
      role: text(row, 'role') === 'user' ? 'user' : 'assistant',
      at: number(row, 'at'),
      snippet: findSnippet(text(row, 'text'), { phrases, typed: query.text.trim() }),
    };
    return [hit];
  });
}

function messageKeys(database: DatabaseSync, { text: typed, limit }: SearchQuery): readonly number[] {
  const exact = matchExpression(typed);
  if (exact === undefined) return withoutIndex(database, { text: typed.trim(), limit });
  const keys = matching(database, { expression: exact, limit });
  const wider = matchExpression(typed, { beginnings: true });
  if (keys.length >= limit || wider === undefined || wider === exact) return keys;
  const found = new Set(keys);
  const more = matching(database, { expression: wider, limit }).filter((key) => !found.has(key));
  return [...keys, ...more].slice(0, limit);
}

function matching(
  database: DatabaseSync,
  { expression, limit }: { readonly expression: string; readonly limit: number },
): readonly number[] {
  // In this order FTS5 gives the rows as it finds them; the rest of the postings is not read.
  const rows = allRows(
    database,
    'SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?',
    expression,
    limit,
  );
  return rows.map((row) => number(row, 'rowid'));
}

/** Nothing but signs: `++`, `=>`. They are in no index, so the messages themselves are read. */
function withoutIndex(database: DatabaseSync, { text: signs, limit }: SearchQuery): readonly number[] {
  if (signs === '') return [];
  const rows = allRows(
    database,
    'SELECT key FROM message WHERE instr(text, ?) > 0 ORDER BY key DESC LIMIT ?',
    ...[signs, limit],
  );
  return rows.map((row) => number(row, 'key'));
}
