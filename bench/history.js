/**
 * What a long history costs: list, search, show and resume with 100,000 messages, as ratios to the same with 100;
 * and what saving adds to one answer, as a ratio to the same with --no-save.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createHistory } from '../src/store/history.ts';
import { searchWords } from '../src/store/history/search-words.ts';
import { answerWith, startChatServer } from '../test/support/chat-server.ts';
import { environmentOf, isolatedHome } from '../test/support/isolated-home.ts';
import { MIRA } from '../test/support/run-mira.ts';
import { measurePairs } from './pairs.js';

const SMALL = 100;
const LARGE = 100_000;
const PER_CONVERSATION = 20;
const WORDS = 60;
const TARGET = 1.3;

export async function bench() {
  await using server = await startChatServer((exchange) => answerWith(exchange, 'Hello', ', world.'));
  await using small = await isolatedHome();
  await using large = await isolatedHome();
  const id = await fill(small, SMALL);
  await fill(large, LARGE);
  console.log(
    `history, ${LARGE} messages × ${SMALL} messages (Node ${process.versions.node}): median, smallest and largest of the pairs`,
  );
  for (const [name, args] of [
    ['list', ['history', 'list', '--json']],
    ['search, a word of one message', ['history', 'search', 'needle', '--json']],
    ['search, a word of every message', ['history', 'search', 'common', '--json']],
    ['search, three words', ['history', 'search', 'common', 'w1', 'w2', '--json']],
    ['show', ['history', 'show', id, '--json']],
    ['resume', ['chat', '-r', id, 'hi', '--json', '--no-save']],
    ['resume and save', ['chat', '-r', id, 'hi', '--json']],
  ]) {
    const [base, subject] = [small, large].map((home) => runner(args, environmentOf(home, server.env)));
    console.log(row({ name, found: await measurePairs({ subject, base }), target: TARGET }));
  }
  const env = environmentOf(small, server.env);
  const found = await measurePairs({
    subject: runner(['chat', 'hi', '--json'], env),
    base: runner(['chat', 'hi', '--json', '--no-save'], env),
    pairs: 31,
  });
  console.log(row({ name: 'one answer, saved × --no-save', found }));
}

/** Conversations of the same length, the same last ones in both. @returns the id of one of them */
async function fill(home, messages) {
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

function runner(args, env) {
  return async () => {
    const child = spawn(process.execPath, [MIRA, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.resume();
    child.stderr.resume();
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}.`);
  };
}

function row({ name, found, target }) {
  const { ratio, min, max, subjectMs, baseMs, pairs } = found;
  const spread = `${min.toFixed(2)} to ${max.toFixed(2)}`;
  const times = `${subjectMs.toFixed(0)} ms / ${baseMs.toFixed(0)} ms, ${pairs} pairs`;
  const aim = target === undefined ? '' : `  target ≤ ${target}×`;
  return `  ${name.padEnd(32)} ${ratio.toFixed(2)}×  (${spread}; ${times})${aim}`;
}
