/**
 * The same work at once, ten and a hundred times the size, and the power of the size that the time grows with: 1 is in
 * proportion, 0 not at all. The start of the program is in it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { environmentOf, isolatedHome } from '../test/support/isolated-home.ts';
import { MIRA } from '../test/support/run-mira.ts';
import { openChat, FINISHED } from './render/open-chat.js';
import { filledVault } from './support/filled-vault.js';
import { fillHistory } from './support/filled-history.js';
import { startTokenServer } from './support/token-server.js';

const ROUNDS = Math.min(5, Number(process.env.MIRA_BENCH_PAIRS ?? 5));
const CHUNKS = [2_000, 20_000, 200_000];
const MESSAGES = [1_000, 10_000, 100_000];
const TOKENS = [100, 1_000, 10_000];
const WIDTH = 52;
const TURNS = [20, 200, 2_000];

export async function bench() {
  await using server = await startTokenServer();
  console.log(
    `growth, medians of ${ROUNDS} in ms (of one chat, for the turns) (Node ${process.versions.node})`,
  );
  console.log(
    `  ${'work'.padEnd(WIDTH)} ${'1×'.padStart(8)} ${'10×'.padStart(8)} ${'100×'.padStart(8)}   power`,
  );
  await benchChunks(server);
  await benchHistory();
  await benchVault();
  await benchTurns(server);
}

async function benchChunks(server) {
  await using home = await isolatedHome();
  const env = environmentOf(home, server.env);
  tell('chunks of an answer', {
    sizes: CHUNKS,
    timesMs: await timesOf(CHUNKS.map((size) => () => mira(['chat', `prose ${size}`], env))),
  });
}

async function benchHistory() {
  await using homes = new AsyncDisposableStack();
  const envs = [];
  for (const size of MESSAGES) {
    const home = homes.use(await isolatedHome());
    await fillHistory(home, size);
    envs.push(environmentOf(home));
  }
  for (const { name, args } of [
    { name: 'list', args: ['list'] },
    { name: 'search, a word of one', args: ['search', 'needle'] },
    { name: 'search, a word of all', args: ['search', 'common'] },
  ]) {
    const timesMs = await timesOf(envs.map((env) => () => mira(['history', ...args, '--json'], env)));
    tell(`messages of the history: ${name}`, { sizes: MESSAGES, timesMs });
  }
}

async function benchVault() {
  await using homes = new AsyncDisposableStack();
  const envs = [];
  for (const size of TOKENS) envs.push(environmentOf(homes.use(await filledVault(size))));
  for (const { name, args } of [
    { name: 'list', args: ['tokens', 'list', '--json'] },
    { name: 'run with one', args: ['run', '--only', 'label-00000', '--', 'true'] },
  ]) {
    const timesMs = await timesOf(envs.map((env) => () => mira(args, env)));
    tell(`tokens of the vault: ${name}`, { sizes: TOKENS, timesMs });
  }
}

/** One chat, looked at after so many turns. */
async function benchTurns(server) {
  await using home = await isolatedHome();
  const program = await openChat({ server, home });
  const marks = [];
  const startedAt = performance.now();
  const before = program.counted().cpuMs;
  for (let turn = 1; turn <= TURNS.at(-1); turn++) {
    program.forget();
    program.write(`q${turn}\r`);
    await program.waitFor(FINISHED);
    if (TURNS.includes(turn)) {
      const { cpuMs, memoryMb } = program.counted();
      marks.push({ wallMs: performance.now() - startedAt, cpuMs: cpuMs - before, memoryMb });
    }
  }
  await program.close();
  tell('turns of a chat', { sizes: TURNS, timesMs: marks.map(({ wallMs }) => wallMs) });
  tell('turns of a chat, CPU', { sizes: TURNS, timesMs: marks.map(({ cpuMs }) => cpuMs) });
  tell('turns of a chat, MB', { sizes: TURNS, timesMs: marks.map(({ memoryMb }) => memoryMb) });
}

/** Each in turn, so that what else the machine does falls on all. */
async function timesOf(works) {
  const taken = works.map(() => []);
  for (let round = -1; round < ROUNDS; round++) {
    for (const [index, work] of works.entries()) {
      const startedAt = performance.now();
      await work();
      if (round >= 0) taken[index].push(performance.now() - startedAt);
    }
  }
  return taken.map((each) => each.toSorted((one, other) => one - other)[each.length >> 1]);
}

async function mira(args, env) {
  const child = spawn(process.execPath, [MIRA, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.resume();
  child.stderr.resume();
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${args.slice(0, 3).join(' ')} ended with ${code}.`);
}

function tell(work, { sizes, timesMs }) {
  const power = (from) => Math.log(timesMs.at(-1) / timesMs[from]) / Math.log(sizes.at(-1) / sizes[from]);
  const times = timesMs.map((ms) => ms.toFixed(0).padStart(8)).join(' ');
  const last = power(1).toFixed(2);
  console.log(
    `  ${`${sizes[0].toLocaleString('en')} ${work}`.padEnd(WIDTH)} ${times}   ${power(0).toFixed(2)} (from 10× on: ${last})`,
  );
}
