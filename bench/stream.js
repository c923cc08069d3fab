/**
 * An answer that is read as fast as it comes, against `curl -N` on the same loopback server in a process of its own: the
 * chat to a pipe, and `--json --stream`. Time, processor time, the first token, memory, and how they grow from 2,000 to
 * 200,000 chunks. The `openai` package in a script is measured too where the registry is within reach.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environmentOf, isolatedHome } from '../test/support/isolated-home.ts';
import { MIRA } from '../test/support/run-mira.ts';
import { measurePairs } from './pairs.js';
import { findPeer } from './support/peer.js';
import { startTokenServer } from './support/token-server.js';

const SIZES = [2_000, 20_000, 200_000];
const PEER_SIZE = 20_000;
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
    const walls = [];
    for (const size of SIZES) {
      const asked = `prose ${size}`;
      const [subject, base] = [command(asked), curl(server, asked)];
      const found = await measurePairs({
        subject: () => run(subject, env),
        base: () => run(base, env),
        pairs: 11,
      });
      const cpu = cpuOf(subject, env);
      walls.push(found.subjectMs);
      const target = size === SIZES.at(-1) ? '  target ≤ 4×' : '';
      console.log(
        `  ${name}, ${size} chunks`.padEnd(34) +
          `${found.ratio.toFixed(2)}×  (${found.min.toFixed(2)} to ${found.max.toFixed(2)}; ${found.subjectMs.toFixed(0)} ms / ${found.baseMs.toFixed(0)} ms)` +
          `  CPU ${cpu.toFixed(0)} ms, ${(cpu / cpuOf(base, env)).toFixed(1)}×  ${await memoryOf(subject, { env, home })} MB${target}`,
      );
    }
    console.log(`  ${name}: grows with the power ${exponent(SIZES, walls)} of the number of chunks`);
  }
  await benchFirst({ server, env });
  await benchPeer(env);
}

/** From the start of the program to its first byte of the answer. */
async function benchFirst({ server, env }) {
  const first = { mira: [], curl: [], bare: [] };
  for (let round = 0; round < 13; round++) {
    const bare = await timed(() => run([process.execPath, '-e', '0'], env));
    const curlMs = (await run(curl(server, FIRST), env)).firstMs;
    const miraMs = (await run(mira(['chat', FIRST]), env)).firstMs;
    if (round < 2) continue;
    first.bare.push(bare);
    first.curl.push(curlMs);
    first.mira.push(miraMs);
  }
  const over = median(first.mira.map((ms, round) => (ms - first.curl[round]) / first.bare[round]));
  console.log(
    `  first token: ${median(first.mira).toFixed(0)} ms, curl ${median(first.curl).toFixed(0)} ms: later by ${over.toFixed(2)} bare starts of Node (${median(first.bare).toFixed(0)} ms)`,
  );
}

async function benchPeer(env) {
  const folder = findPeer('openai');
  if (folder === undefined) {
    console.log('  the openai package: skipped, it cannot be fetched');
    return;
  }
  const program = fileURLToPath(new URL('peers/openai-process.js', import.meta.url));
  const peer = (asked) => [process.execPath, program, folder, asked];
  const runs = [
    { size: PEER_SIZE, args: [] },
    { size: 200, args: ['--json'] },
  ];
  for (const { size, args } of runs) {
    const asked = `prose ${size}`;
    const { ratio, min, max, subjectMs, baseMs } = await measurePairs({
      subject: () => run(mira(['chat', asked, ...args]), env),
      base: () => run(peer(asked), env),
      pairs: 11,
    });
    console.log(
      `  × the openai package in a script, ${size} chunks: ${ratio.toFixed(2)}×  (${min.toFixed(2)} to ${max.toFixed(2)}; ${subjectMs.toFixed(0)} ms / ${baseMs.toFixed(0)} ms)`,
    );
  }
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

/** The most that was ever in memory. */
async function memoryOf([node, ...args], { env, home }) {
  const file = join(home.path, 'memory');
  await run([node, '--require', NOTE_MEMORY, ...args], { ...env, MIRA_BENCH_MEMORY: file });
  return (Number(readFileSync(file, 'utf8')) / 1024).toFixed(0);
}

function exponent(sizes, values) {
  return (Math.log(values.at(-1) / values[1]) / Math.log(sizes.at(-1) / sizes[1])).toFixed(2);
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
