/**
 * What was said, kept on this machine: `mira.db` in the data folder. Every method opens the database at its first
 * need. One that is broken is set aside and replaced, so that a chat never depends on it; what cannot be saved is a
 * MiraError that the caller may turn into a line and go on.
 */
import type { DatabaseSync } from 'node:sqlite';
import { MiraError } from '../errors.ts';
import type { ConversationSummary, NewConversation } from './history/conversations.ts';
import {
  createConversation,
  findConversation,
  findLatest,
  forkConversation,
  listConversations,
  unknownConversation,
} from './history/conversations.ts';
import { isBroken, sqliteFailure } from './history/failure.ts';
import type { AnswerEnd, AnswerPiece, Conversation, NewTurn } from './history/messages.ts';
import {
  addTurn,
  endAnswer,
  growAnswer,
  joinStrayPieces,
  loadConversation,
  recentQuestions,
} from './history/messages.ts';
import { mendDatabase, openHistoryDatabase } from './history/open-database.ts';
import { countOlder, pruneConversations, removeConversation } from './history/remove.ts';
import type { SearchHit } from './history/search.ts';
import { searchMessages } from './history/search.ts';
import { titleOf } from './history/title.ts';

export type { ConversationSummary } from './history/conversations.ts';
export type { AnswerEnd, Conversation, NewTurn, StoredMessage } from './history/messages.ts';
export type { SearchHit } from './history/search.ts';

export type ConversationStart = Omit<NewConversation, 'title'> & { readonly question: string };

/** An answer that is being written down. */
export interface StoredAnswer {
  /** Its number in the conversation; the question has the one before. */
  readonly number: number;
  /** Adds to the end; what is on disk survives the process. */
  grow(piece: AnswerPiece): Promise<void>;
  /** Once, and nothing after it. Without it the answer counts as stopped. */
  end(end: AnswerEnd): Promise<void>;
}

/**
 * Conversations, newest first. Wherever an id is asked for, its beginning will do if no other id has it.
 * Moments are milliseconds since the epoch.
 * All throw MiraError `storage_failed`, `disk_full`, `lock_timeout` (10) and `unsafe_file` (11).
 */
export interface History {
  /** Without messages, called after its first question. @returns the id: the one given, or another if that is taken */
  create(conversation: ConversationStart): Promise<string>;
  /** A question, and room for its answer. @throws MiraError `not_found` when the conversation was deleted */
  addTurn(id: string, turn: NewTurn): Promise<StoredAnswer>;
  /** A copy that goes its own way, up to message `upTo` or whole. @throws MiraError `not_found` */
  fork(id: string, copy: { readonly at: number; readonly upTo?: number | undefined }): Promise<Conversation>;
  /** @throws MiraError `not_found` (3), `invalid_input` (2) where several ids begin so */
  find(id: string): Promise<Conversation>;
  /** The one that was last spoken in. */
  findLatest(filter: { readonly profile: string }): Promise<Conversation | undefined>;
  list(filter: {
    readonly limit: number;
    readonly profile?: string | undefined;
  }): Promise<readonly ConversationSummary[]>;
  /** Messages that hold all of the words; text in quotes is looked for as it stands. */
  search(query: { readonly text: string; readonly limit: number }): Promise<readonly SearchHit[]>;
  /** What was asked last, oldest first. */
  recentQuestions(limit: number): Promise<readonly string[]>;
  /** Leaves nothing of its text in the files. @throws like `find` */
  remove(id: string): Promise<ConversationSummary>;
  /** Removes what was last spoken in before that moment. @returns how many conversations */
  prune(limit: { readonly before: number }): Promise<number>;
  /** How many `prune` would remove. */
  countOlder(limit: { readonly before: number }): Promise<number>;
  close(): void;
}

export interface HistoryOptions {
  readonly file: string;
  readonly locksDir: string;
  /** Owner of the file; undefined where files have none. */
  readonly uid: number | undefined;
  readonly now: () => number;
  readonly random: () => number;
  /** Takes out of what is saved what must not be kept: keys. */
  readonly mask: (text: string) => string;
  /** One line for a person: what was set aside, and where it is now. */
  readonly say: (line: string) => void;
}

export function createHistory(options: HistoryOptions): History {
  const { file, random, now, mask } = options;
  let database: DatabaseSync | undefined;

  /** Undefined where there is no database and `create` does not ask for one. */
  async function open(create: boolean): Promise<DatabaseSync | undefined> {
    if (database) return database;
    database = await openHistoryDatabase(options, { create });
    if (database) joinStrayPieces(database, { before: now() - STRAY_MS, mask });
    return database;
  }

  function close(): void {
    database?.close();
    database = undefined;
  }

  /** Does it once more where the database turns out to be broken, with a new one. */
  async function attempt<T>(work: (database: DatabaseSync) => T, create: boolean): Promise<T | undefined> {
    try {
      const opened = await open(create);
      return opened && work(opened);
    } catch (error) {
      if (!isBroken(error)) throw error;
      close();
      await mendDatabase(options);
      const opened = await open(create);
      return opened && work(opened);
    }
  }

  async function run<T>(work: (database: DatabaseSync) => T, create: boolean): Promise<T | undefined> {
    try {
      return await attempt(work, create);
    } catch (error) {
      throw sqliteFailure(error, file);
    }
  }

  /** Where nothing was ever saved, reading must not make a file. */
  const read = async <T>(work: (database: DatabaseSync) => T, none: T): Promise<T> =>
    (await run(work, false)) ?? none;

  async function change<T>(work: (database: DatabaseSync) => T): Promise<T> {
    const done = await run((opened) => ({ result: work(opened) }), true);
    if (done) return done.result;
    throw new MiraError('storage_failed', `Cannot use ${file}.`);
  }

  return {
    create: ({ question, ...rest }) => {
      const conversation = { ...rest, title: titleOf(mask(question)) };
      return change((opened) => createConversation(opened, { conversation, random }));
    },
    addTurn: async (id, turn) => {
      const answer = await change((opened) => addTurn(opened, { id, turn, mask }));
      return {
        number: answer.number,
        grow: (piece) => change((opened) => growAnswer(opened, { answer, piece })),
        end: (end) => change((opened) => endAnswer(opened, { answer, end, mask })),
      };
    },
    fork: (id, { at, upTo }) =>
      change((opened) => {
        const copy = forkConversation(opened, { id, fork: { at, upTo, random } });
        return loadConversation(opened, findConversation(opened, copy));
      }),
    find: async (id) => {
      const found = await read<Conversation | undefined>(
        (opened) => loadConversation(opened, findConversation(opened, id)),
        undefined,
      );
      return found ?? unknownConversation(id);
    },
    findLatest: ({ profile }) =>
      read((opened) => {
        const latest = findLatest(opened, profile);
        return latest && loadConversation(opened, latest);
      }, undefined),
    list: (filter) => read((opened) => listConversations(opened, filter), []),
    search: (query) => read((opened) => searchMessages(opened, query), []),
    recentQuestions: (limit) => read((opened) => recentQuestions(opened, limit), []),
    remove: async (id) => {
      const removed = await read<ConversationSummary | undefined>(
        (opened) => removeConversation(opened, id),
        undefined,
      );
      return removed ?? unknownConversation(id);
    },
    prune: ({ before }) => read((opened) => pruneConversations(opened, before), 0),
    countOlder: ({ before }) => read((opened) => countOlder(opened, before), 0),
    close,
  };
}

/** Longer than an answer that lives goes without being written down, short enough to be found the same day. */
const STRAY_MS = 60_000;
