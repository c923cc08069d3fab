/** A history of many messages, as chats leave it. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createHistory } from '../../src/store/history.ts';
import { searchWords } from '../../src/store/history/search-words.ts';

const PER_CONVERSATION = 20;
const WORDS = 60;

/** Conversations of the same length, the same last ones in both. @returns the id of one of them */
export async function fillHistory(home, messages) {
  const history = createHistory({
    file: join(home.dataDir, 'mira.db'),
    locksDir: join(home.dataDir, 'state', 'locks'),
    uid: process.geteuid?.(),
    now: Date.now,
    random: Math.random,
    mask: (text) => text,
    say: (line) => console.error(line),
  });
  const start = Date.UTC(2026, 0, 1);
  const who = { provider: 'mira', model: 'mira', profile: 'default', system: undefined };
  const id = await history.create({ ...who, id: '0000000001', question: 'needle', at: start });
  const answer = await history.addTurn(id, { ...who, question: 'needle', at: start });
  await answer.end({ text: text(1), reasoning: '', stopped: false, at: start });
  history.close();
  fillTables(join(home.dataDir, 'mira.db'), { messages, start });
  return id;
}

/** Straight into the tables: one transaction a turn would take minutes. */
function fillTables(file, { messages, start }) {
  const database = new DatabaseSync(file);
  database.exec('BEGIN');
  const conversation = database.prepare(
    "INSERT INTO conversation (id, title, provider, model, profile, started_at, updated_at) VALUES (?, ?, 'mira', 'mira', 'default', ?, ?)",
  );
  const message = database.prepare(
    "INSERT INTO message (conversation, number, role, at, model, stopped, text) VALUES (?, ?, ?, ?, 'mira', 0, ?)",
  );
  const words = database.prepare('INSERT INTO words (rowid, text) VALUES (?, ?)');
  for (let index = 0; index < messages / PER_CONVERSATION; index++) {
    const at = start + index * 60_000;
    const { lastInsertRowid: key } = conversation.run(
      `1${String(index).padStart(9, '0')}`,
      text(index),
      at,
      at,
    );
    for (let number = 1; number <= PER_CONVERSATION; number++) {
      const said = text(index * PER_CONVERSATION + number);
      const { lastInsertRowid } = message.run(
        key,
        number,
        number % 2 ? 'user' : 'assistant',
        at + number,
        said,
      );
      words.run(lastInsertRowid, searchWords(said).join(' '));
    }
  }
  database.exec('COMMIT');
  database.close();
}

/** Some words in every message, some in few, as in a language; the same for the same seed. */
function text(seed) {
  let state = seed * 2_654_435_761 + 1;
  const parts = ['common'];
  for (let word = 0; word < WORDS; word++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    parts.push(`w${Math.floor((state / 2 ** 32) ** 3 * 5_000)}`);
  }
  return parts.join(' ');
}
