/**
 * What a long history costs: list, search, show and resume with 100,000 messages, as ratios to the same with 100;
 * and what saving adds to one answer, as a ratio to the same with --no-save.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { answerWith, startChatServer } from '../test/support/chat-server.ts';
import { environmentOf, isolatedHome } from '../test/support/isolated-home.ts';
import { MIRA } from '../test/support/run-mira.ts';
import { measurePairs } from './pairs.js';
import { fillHistory } from './support/filled-history.js';
import { tellRatio } from './support/report.js';

const SMALL = 100;
const LARGE = 100_000;
const TARGET = 1.3;

export async function bench() {
  await using server = await startChatServer((exchange) => answerWith(exchange, 'Hello', ', world.'));
  await using small = await isolatedHome();
  await using large = await isolatedHome();
  const id = await fillHistory(small, SMALL);
  await fillHistory(large, LARGE);
  console.log(
    `history, ${LARGE} messages × ${SMALL} messages (Node ${process.versions.node}): median, smallest and largest of the pairs`,
  );
  for (const { name, args } of [
    { name: 'list', args: ['history', 'list', '--json'] },
    { name: 'search, a word of one message', args: ['history', 'search', 'needle', '--json'] },
    { name: 'search, a word of every message', args: ['history', 'search', 'common', '--json'] },
    { name: 'search, three words', args: ['history', 'search', 'common', 'w1', 'w2', '--json'] },
    { name: 'show', args: ['history', 'show', id, '--json'] },
    { name: 'resume', args: ['chat', '-r', id, 'hi', '--json', '--no-save'] },
    { name: 'resume and save', args: ['chat', '-r', id, 'hi', '--json'] },
  ]) {
    const [base, subject] = [small, large].map((home) => runner(args, environmentOf(home, server.env)));
    tellRatio({ work: `history: ${name}`, found: await measurePairs({ subject, base }), target: TARGET });
  }
  const env = environmentOf(small, server.env);
  const found = await measurePairs({
    subject: runner(['chat', 'hi', '--json'], env),
    base: runner(['chat', 'hi', '--json', '--no-save'], env),
    pairs: 31,
  });
  tellRatio({ work: 'one answer, saved × --no-save', found });
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
