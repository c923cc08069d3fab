/**
 * An answer that is read as fast as it comes, against `curl -N` on the same loopback server in a process of its own: the
 * chat to a pipe, and `--json --stream`. Time, processor time, memory and the first token. Other clients: bench/peers.js.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environmentOf, isolatedHome } from '../test/support/isolated-home.ts';
import { MIRA } from '../test/support/run-mira.ts';
import { measurePairs } from './pairs.js';
import { tellFigure, tellRatio } from './support/report.js';
import { startTokenServer } from './support/token-server.js';

const SIZES = [2_000, 20_000, 200_000];
const TARGETS = { wall: 4, memory: 85, answerMemory: 75, first: 0.6 };
const FIRSTS = 21;
const FIRST = 'prose 400 2000';
const NOTE_MEMORY = fileURLToPath(new URL('support/note-memory.cjs', import.meta.url));

export async function bench() {
  if (!hasCurl()) {
    console.log('stream: 4 tables skipped: curl');
    return;
  }
  await using server = await startTokenServer();
  await using home = await isolatedHome();
  const env = environmentOf(home, server.env);
  const ways = [
    { name: 'chat to a pipe', command: (asked) => mira(['chat', asked]) },
    { name: '--json --stream', command: (asked) => mira(['chat', asked, '--json', '--stream']) },
  ];
  console.log(`stream, × curl -N (Node ${process.versions.node}): median, smallest and largest of the pairs`);
  for (const { name, command } of ways) {
    for (const size of SIZES) {
      const asked = `prose ${size}`;
      const [subject, base] = [command(asked), curl(server, asked)];
      const isLarge = size === SIZES.at(-1);
      const work = `${name}, ${size} chunks`;
      const found = await measurePairs({
        subject: () => run(subject, env),
        base: () => run(base, env),
        pairs: 11,
      });
      tellRatio({ work, found, target: isLarge ? TARGETS.wall : undefined });
      const cpu = cpuOf(subject, env);
      const ratio = (cpu / cpuOf(base, env)).toFixed(1);
      console.log(`  ${''.padEnd(52)} CPU ${cpu.toFixed(0)} ms, ${ratio}×`);
      const value = await memoryOf(subject, { env, home });
      tellFigure({
        work: `memory: ${work}`,
        value,
        unit: ' MB',
        target: isLarge ? TARGETS.memory : undefined,
      });
    }
  }
  const value = await memoryOf(mira(['chat', 'prose 200', '--json']), { env, home });
  tellFigure({ work: 'memory: one answer of 200 tokens', value, unit: ' MB', target: TARGETS.answerMemory });
  await benchFirst({ server, env });
}

/** From the start of the program to its first byte of the answer: what it has over curl's, in bare starts of Node. */
async function benchFirst({ server, env }) {
  const first = { mira: [], curl: [], bare: [] };
  const rounds = Math.min(FIRSTS, Number(process.env.MIRA_BENCH_PAIRS ?? FIRSTS));
  for (let round = -2; round < rounds; round++) {
    const bare = await timed(() => run([process.execPath, '-e', '0'], env));
    const curlMs = (await run(curl(server, FIRST), env)).firstMs;
    const miraMs = (await run(mira(['chat', FIRST]), env)).firstMs;
    if (round < 0) continue;
    first.bare.push(bare);
    first.curl.push(curlMs);
    first.mira.push(miraMs);
  }
  const over = first.mira.map((ms, round) => (ms - first.curl[round]) / first.bare[round]);
  const [miraMs, curlMs, bareMs] = [first.mira, first.curl, first.bare].map((each) =>
    median(each).toFixed(0),
  );
  tellFigure({
    work: 'first token, behind that of curl',
    value: median(over),
    of: over,
    unit: ' bare starts',
    target: TARGETS.first,
    more: `  (${miraMs} ms, curl ${curlMs} ms, a bare start ${bareMs} ms)`,
  });
}

function mira(args) {
  return [process.execPath, MIRA, ...args];
}

function curl(server, asked) {
  const body = JSON.stringify({ messages: [{ role: 'user', content: asked }], stream: true });
  return [
    'curl',
    '-sN',
    '-H',
    'content-type: application/json',
    '-d',
    body,
    `${server.origin}/v1/chat/completions`,
  ];
}

async function run([program, ...args], env) {
  const startedAt = performance.now();
  let firstMs;
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.once('data', () => (firstMs = performance.now() - startedAt)).resume();
  child.stderr.resume();
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} ${args.slice(0, 3).join(' ')} ended with ${code}.`);
  return { firstMs };
}

/** Milliseconds of processor time, of user and system, as bash counts them. */
function cpuOf(command, env) {
  const taken = [1, 2, 3].map(() => {
    const script = 'TIMEFORMAT="%U %S"; { time "$@" >/dev/null 2>&1 </dev/null; } 2>&1';
    const text = execFileSync('bash', ['-c', script, 'bash', ...command], { env, encoding: 'utf8' });
    return text
      .trim()
      .split(' ')
      .reduce((sum, part) => sum + Number(part) * 1_000, 0);
  });
  return median(taken);
}

/** The most that was ever in memory, in MB. */
async function memoryOf([node, ...args], { env, home }) {
  const file = join(home.path, 'memory');
  await run([node, '--require', NOTE_MEMORY, ...args], { ...env, MIRA_BENCH_MEMORY: file });
  return Number(readFileSync(file, 'utf8')) / 1024;
}

async function timed(work) {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function median(values) {
  return values.toSorted((one, other) => one - other)[values.length >> 1];
}

function hasCurl() {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
