/** What was said: turns are added, answers grow, and a conversation is read back whole. */
import type { DatabaseSync } from 'node:sqlite';
import { MiraError } from '../../errors.ts';
import type { ConversationSummary, Keyed } from './conversations.ts';
import { findConversation } from './conversations.ts';
import { allRows, change, firstRow, number, optionalNumber, optionalText, text, whole } from './row.ts';
import type { Row } from './row.ts';
import { inTransaction } from './schema.ts';
import { searchWords } from './search-words.ts';

/** Takes out what must not be kept. */
export type Mask = (text: string) => string;

export interface NewTurn {
  readonly question: string;
  readonly provider: string;
  readonly model: string;
  readonly system: string | undefined;
  /** Number of the message that it follows; later ones are replaced by it. Without it the last one. */
  readonly after?: number | undefined;
  readonly at: number;
}

export interface AnswerPiece {
  readonly text: string;
  readonly reasoning: string;
  readonly at: number;
}

export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens?: number | undefined;
}

export interface AnswerEnd extends AnswerPiece {
  /** It ended before it was whole. */
  readonly stopped: boolean;
  readonly usage?: TokenUsage | undefined;
}

export interface StoredMessage {
  /** From 1. */
  readonly number: number;
  readonly role: 'user' | 'assistant';
  readonly text: string;
  readonly reasoning: string;
  readonly at: number;
  /** Which model answered. */
  readonly model: string | undefined;
  readonly usage: TokenUsage | undefined;
  /** The answer ended before it was whole. */
  readonly stopped: boolean;
  /** Another one took its place; it is no part of the conversation any more. */
  readonly replaced: boolean;
}

export interface Conversation extends ConversationSummary {
  readonly messages: readonly StoredMessage[];
}

/** Where an answer is being written. */
export interface AnswerPlace {
  readonly key: number;
  readonly number: number;
}

/**
 * The question and an empty answer, which counts as stopped until it ends: two that speak in one conversation at
 * once keep their answers beside their questions.
 * @throws MiraError `not_found`
 */
export function addTurn(
  database: DatabaseSync,
  { id, turn, mask }: { readonly id: string; readonly turn: NewTurn; readonly mask: Mask },
): AnswerPlace {
  const { provider, model, system, at } = turn;
  const question = mask(turn.question);
  return inTransaction(database, () => {
    const { key: conversation, summary } = findConversation(database, id);
    const next = summary.messageCount + 1;
    if (turn.after !== undefined) {
      change(
        database,
        'UPDATE message SET replaced = 1 WHERE conversation = ? AND number > ?',
        ...[conversation, turn.after],
      );
    }
    const asked = change(
      database,
      "INSERT INTO message (conversation, number, role, at, stopped, text) VALUES (?, ?, 'user', ?, 0, ?)",
      ...[conversation, next, at, question],
    );
    indexMessage(database, { key: asked.key, said: question });
    const answer = change(
      database,
      "INSERT INTO message (conversation, number, role, at, model, stopped, text) VALUES (?, ?, 'assistant', ?, ?, 1, '')",
      ...[conversation, next + 1, at, model],
    );
    change(
      database,
      'UPDATE conversation SET updated_at = max(updated_at, ?), provider = ?, model = ?, system = ? WHERE key = ?',
      ...[at, provider, model, system ?? null, conversation],
    );
    return { key: answer.key, number: next + 1 };
  });
}

/** @throws MiraError `not_found` when the conversation was deleted meanwhile */
export function growAnswer(
  database: DatabaseSync,
  { answer, piece }: { readonly answer: AnswerPlace; readonly piece: AnswerPiece },
): void {
  inTransaction(database, () => {
    requireMessage(database, answer);
    change(
      database,
      // Node 22 takes numbered placeholders for named ones.
      `INSERT INTO piece (message, number, at, text, reasoning)
       VALUES (?, (SELECT coalesce(max(number), 0) + 1 FROM piece WHERE message = ?), ?, ?, ?)`,
      ...[answer.key, answer.key, piece.at, piece.text, piece.reasoning],
    );
  });
}

/** @throws MiraError `not_found` when the conversation was deleted meanwhile */
export function endAnswer(
  database: DatabaseSync,
  { answer, end, mask }: { readonly answer: AnswerPlace; readonly end: AnswerEnd; readonly mask: Mask },
): void {
  inTransaction(database, () => {
    const conversation = requireMessage(database, answer);
    joinPieces(database, { key: answer.key, rest: end, mask });
    change(
      database,
      'UPDATE message SET stopped = ?, at = ? WHERE key = ?',
      ...[end.stopped ? 1 : 0, end.at, answer.key],
    );
    change(
      database,
      'UPDATE conversation SET updated_at = max(updated_at, ?) WHERE key = ?',
      ...[end.at, conversation],
    );
    if (end.usage === undefined) return;
    const { inputTokens, outputTokens, reasoningTokens = null } = end.usage;
    change(
      database,
      'INSERT OR REPLACE INTO usage (message, input_tokens, output_tokens, reasoning_tokens) VALUES (?, ?, ?, ?)',
      ...[answer.key, inputTokens, outputTokens, reasoningTokens],
    );
  });
}

/**
 * Joins what killed processes left in pieces, so that it is found by the search. An answer that is still being
 * written loses nothing by it: its next pieces come after what was joined.
 */
export function joinStrayPieces(
  database: DatabaseSync,
  { before, mask }: { readonly before: number; readonly mask: Mask },
): void {
  const strays = allRows(database, 'SELECT message FROM piece GROUP BY message HAVING max(at) < ?', before);
  if (strays.length === 0) return;
  inTransaction(database, () => {
    for (const row of strays) joinPieces(database, { key: number(row, 'message'), rest: NOTHING, mask });
  });
}

/** What was asked last in any conversation, oldest first: for recalling, so nothing that was brought from long files. */
export function recentQuestions(database: DatabaseSync, limit: number): readonly string[] {
  return allRows(
    database,
    `SELECT ${whole('text')} FROM (SELECT key, text FROM message WHERE role = 'user' ORDER BY key DESC LIMIT ?)
     WHERE length(text) <= ? ORDER BY key`,
    ...[limit, LONGEST_RECALLED],
  ).map((row) => text(row, 'text'));
}

const LONGEST_RECALLED = 4_000;

export function loadConversation(database: DatabaseSync, { key, summary }: Keyed): Conversation {
  const rows = allRows(
    database,
    `SELECT message.key, number, role, ${SAID}, at, model, stopped, replaced,
       input_tokens, output_tokens, reasoning_tokens
     FROM message LEFT JOIN usage ON usage.message = message.key
     WHERE conversation = ? ORDER BY number`,
    key,
  );
  return { ...summary, messages: rows.map((row) => messageOf(database, row)) };
}

const SAID = `${whole('text')}, ${whole('reasoning')}`;
const NOTHING = { text: '', reasoning: '' };

/** @returns the key of its conversation */
function requireMessage(database: DatabaseSync, { key }: AnswerPlace): number {
  const row = firstRow(database, 'SELECT conversation FROM message WHERE key = ?', key);
  if (row) return number(row, 'conversation');
  throw new MiraError('not_found', 'The conversation was deleted meanwhile.');
}

function indexMessage(
  database: DatabaseSync,
  { key, said }: { readonly key: number; readonly said: string },
): void {
  change(database, 'INSERT INTO words (rowid, text) VALUES (?, ?)', key, searchWords(said).join(' '));
}

interface Joining {
  readonly key: number;
  /** What comes after the pieces. */
  readonly rest: Omit<AnswerPiece, 'at'>;
  readonly mask: Mask;
}

function joinPieces(database: DatabaseSync, { key, rest, mask }: Joining): void {
  const message = firstRow(database, `SELECT ${SAID} FROM message WHERE key = ?`, key);
  const pieces = piecesOf(database, key);
  if (message === undefined) return;
  const joined = (column: 'text' | 'reasoning'): string =>
    mask([message, ...pieces].map((row) => text(row, column)).join('') + rest[column]);
  const said = joined('text');
  change(
    database,
    'UPDATE message SET text = ?, reasoning = ? WHERE key = ?',
    ...[said, joined('reasoning'), key],
  );
  change(database, 'DELETE FROM piece WHERE message = ?', key);
  change(database, 'DELETE FROM words WHERE rowid = ?', key);
  if (said !== '') indexMessage(database, { key, said });
}

function messageOf(database: DatabaseSync, row: Row): StoredMessage {
  const stopped = number(row, 'stopped') === 1;
  // Only an answer that has not ended in order can have any.
  const pieces = stopped ? piecesOf(database, number(row, 'key')) : [];
  const joined = (column: string): string =>
    [text(row, column), ...pieces.map((piece) => text(piece, column))].join('');
  return {
    number: number(row, 'number'),
    role: text(row, 'role') === 'user' ? 'user' : 'assistant',
    text: joined('text'),
    reasoning: joined('reasoning'),
    at: number(row, 'at'),
    model: optionalText(row, 'model'),
    usage: usageOf(row),
    stopped,
    replaced: number(row, 'replaced') === 1,
  };
}

function piecesOf(database: DatabaseSync, key: number): readonly Row[] {
  return allRows(database, `SELECT ${SAID} FROM piece WHERE message = ? ORDER BY number`, key);
}

function usageOf(row: Row): TokenUsage | undefined {
  const inputTokens = optionalNumber(row, 'input_tokens');
  if (inputTokens === undefined) return undefined;
  return {
    inputTokens,
    outputTokens: number(row, 'output_tokens'),
    reasoningTokens: optionalNumber(row, 'reasoning_tokens'),
  };
}
