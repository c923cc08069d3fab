/** Conversations as a list: made, found, forked. What was said in them is in messages.ts. */
import type { DatabaseSync } from 'node:sqlite';
import { MiraError } from '../../errors.ts';
import { newConversationId, parseIdPrefix } from './conversation-id.ts';
import { allRows, change, firstRow, number, optionalText, text } from './row.ts';
import type { Row } from './row.ts';
import { inTransaction } from './schema.ts';

export interface NewConversation {
  /** From `newConversationId`. */
  readonly id: string;
  readonly title: string;
  readonly provider: string;
  readonly model: string;
  readonly profile: string;
  readonly system: string | undefined;
  readonly at: number;
}

export interface ConversationSummary {
  readonly id: string;
  readonly title: string;
  readonly provider: string;
  readonly model: string;
  readonly profile: string;
  readonly messageCount: number;
  readonly startedAt: number;
  readonly updatedAt: number;
  /** Id of the conversation it was copied from. */
  readonly forkedFrom: string | undefined;
  readonly system: string | undefined;
}

/** A conversation by the key that its messages refer to. */
export interface Keyed {
  readonly key: number;
  readonly summary: ConversationSummary;
}

/** @returns the id: the one given, or another where two began in the same second and chance met */
export function createConversation(
  database: DatabaseSync,
  { conversation, random }: { readonly conversation: NewConversation; readonly random: () => number },
): string {
  const { id, title, provider, model, profile, system, at } = conversation;
  return inTransaction(database, () => {
    const free = freeId(database, { wanted: id, at, random });
    change(
      database,
      'INSERT INTO conversation (id, title, provider, model, profile, started_at, updated_at, system) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      ...[free, title, provider, model, profile, at, at, system ?? null],
    );
    return free;
  });
}

/** @throws MiraError `not_found`; `invalid_input` where several ids begin so */
export function findConversation(database: DatabaseSync, typed: string): Keyed {
  const prefix = parseIdPrefix(typed);
  if (prefix === undefined) return unknownConversation(typed);
  // Every digit of an id sorts before `{`.
  const rows = allRows(
    database,
    `${SELECT} WHERE id >= ? AND id < ? ORDER BY id LIMIT ?`,
    ...[prefix, `${prefix}{`, MOST_NAMED + 1],
  );
  const [first] = rows;
  if (first === undefined) return unknownConversation(typed);
  if (rows.length === 1) return keyed(first);
  const named = rows.slice(0, MOST_NAMED).map((row) => text(row, 'id'));
  throw new MiraError('invalid_input', `More than one conversation begins with ${prefix}.`, {
    hint: `Type more of the id: ${named.join(', ')}${rows.length > MOST_NAMED ? ', …' : ''}`,
  });
}

export function findLatest(database: DatabaseSync, profile: string): Keyed | undefined {
  const row = firstRow(
    database,
    `${SELECT} WHERE profile = ? ORDER BY updated_at DESC, key DESC LIMIT 1`,
    profile,
  );
  return row && keyed(row);
}

export function listConversations(
  database: DatabaseSync,
  { limit, profile }: { readonly limit: number; readonly profile?: string | undefined },
): readonly ConversationSummary[] {
  const order = 'ORDER BY updated_at DESC, key DESC LIMIT ?';
  const rows =
    profile === undefined
      ? allRows(database, `${SELECT} ${order}`, limit)
      : allRows(database, `${SELECT} WHERE profile = ? ${order}`, profile, limit);
  return rows.map((row) => keyed(row).summary);
}

export interface Fork {
  readonly at: number;
  /** The last message that is copied; all of them without it. */
  readonly upTo?: number | undefined;
  readonly random: () => number;
}

/** @returns the id of the copy. @throws like `findConversation` */
export function forkConversation(
  database: DatabaseSync,
  { id, fork }: { readonly id: string; readonly fork: Fork },
): string {
  const { at, upTo = Number.MAX_SAFE_INTEGER, random } = fork;
  return inTransaction(database, () => {
    const { key, summary } = findConversation(database, id);
    const wanted = newConversationId({ now: at, random: random() });
    const copy = freeId(database, { wanted, at, random });
    const made = change(
      database,
      `INSERT INTO conversation (id, title, provider, model, profile, started_at, updated_at, forked_from, system)
       SELECT ?, title, provider, model, profile, ?, ?, ?, system FROM conversation WHERE key = ?`,
      ...[copy, at, at, summary.id, key],
    );
    copyMessages(database, { from: key, to: made.key, upTo });
    return copy;
  });
}

/** What cannot be an id is not repeated: it may be anything. */
export function unknownConversation(typed: string): never {
  const prefix = parseIdPrefix(typed);
  throw new MiraError('not_found', `There is no conversation ${prefix ?? 'of that id'}.`, {
    hint: 'See which there are: mira history list',
  });
}

const MOST_NAMED = 4;

const SELECT = `SELECT key, id, title, provider, model, profile, started_at, updated_at, forked_from, system,
  (SELECT max(number) FROM message WHERE conversation = conversation.key) AS messages FROM conversation`;

function keyed(row: Row): Keyed {
  return {
    key: number(row, 'key'),
    summary: {
      id: text(row, 'id'),
      title: text(row, 'title'),
      provider: text(row, 'provider'),
      model: text(row, 'model'),
      profile: text(row, 'profile'),
      messageCount: number(row, 'messages'),
      startedAt: number(row, 'started_at'),
      updatedAt: number(row, 'updated_at'),
      forkedFrom: optionalText(row, 'forked_from'),
      system: optionalText(row, 'system'),
    },
  };
}

function freeId(
  database: DatabaseSync,
  { wanted, at, random }: { readonly wanted: string; readonly at: number; readonly random: () => number },
): string {
  let id = wanted;
  for (let attempt = 0; attempt < 20; attempt += 1) {
    if (firstRow(database, 'SELECT 1 FROM conversation WHERE id = ?', id) === undefined) return id;
    // The next second has room where this one is full.
    id = newConversationId({ now: at + attempt * 1000, random: random() });
  }
  return id;
}

function copyMessages(
  database: DatabaseSync,
  { from, to, upTo }: { readonly from: number; readonly to: number; readonly upTo: number },
): void {
  const copied = allRows(
    database,
    'SELECT key, number FROM message WHERE conversation = ? AND number <= ? AND replaced = 0 ORDER BY number',
    from,
    upTo,
  );
  const copy = database.prepare(
    `INSERT INTO message (conversation, number, role, at, model, stopped, text, reasoning)
     SELECT ?, ?, role, at, model, stopped,
       text || coalesce((SELECT group_concat(text, '' ORDER BY number) FROM piece WHERE message = message.key), ''),
       reasoning || coalesce((SELECT group_concat(reasoning, '' ORDER BY number) FROM piece WHERE message = message.key), '')
     FROM message WHERE key = ?`,
  );
  const index = database.prepare('INSERT INTO words (rowid, text) SELECT ?, text FROM words WHERE rowid = ?');
  for (const [at, row] of copied.entries()) {
    const { lastInsertRowid } = copy.run(to, at + 1, number(row, 'key'));
    index.run(lastInsertRowid, number(row, 'key'));
  }
}
