/**
 * What an answer on the screen costs: the chat in a pseudo-terminal of 200 × 50 against a program that writes each
 * token of the same stream, at 2,000 tokens a second, as CPU of the process, bytes to the terminal and memory. Then
 * long answers, keys while an answer streams, the first frame, and a chat that nobody uses.
 * `MIRA_BENCH_ROUNDS=1` takes less time and is less certain. Linux only: the kernel's count is read from /proc.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { environmentOf, isolatedHome } from '../test/support/isolated-home.ts';
import { measurePairs } from './pairs.js';
import { startTokenServer } from './support/token-server.js';
import { openChat } from './render/open-chat.js';
import { openProgram } from './render/terminal-program.js';
import { tellFigure, tellRatio } from './support/report.js';

const ROUNDS = Number(process.env.MIRA_BENCH_ROUNDS ?? 3);
const RATE = 2_000;
const LENGTHS = [1_000, 5_000, 50_000];
const TARGETS = {
  prose: 4,
  markdown: 6,
  bytes: 4,
  growth: 1,
  memory: 125,
  lag: 10,
  firstFrame: 5,
  idle: 100,
};
const MEGABYTE_TOKENS = 195_000;

const besides = (name) => fileURLToPath(new URL(`render/${name}`, import.meta.url));

export async function bench() {
  if (!existsSync('/proc/self/stat')) {
    console.log('render: 6 tables skipped: /proc');
    return;
  }
  await using server = await startTokenServer();
  await using home = await isolatedHome();
  const where = { server, home };
  console.log(`rendering in 200 × 50 (Node ${process.versions.node}), medians of ${ROUNDS} rounds`);
  await benchStreams(where);
  await benchLag(where);
  await benchLongAnswer(where);
  await benchFirstFrame(where);
  await benchIdle(where);
}

async function benchStreams(where) {
  const rows = [];
  for (const tokens of LENGTHS) {
    const runs = { limit: [], prose: [], markdown: [] };
    for (let round = 0; round < ROUNDS; round++) {
      runs.limit.push(await streamed({ ...where, open: openLimit, kind: 'prose', tokens }));
      runs.prose.push(await streamed({ ...where, open: openChat, kind: 'prose', tokens }));
      runs.markdown.push(await streamed({ ...where, open: openChat, kind: 'markdown', tokens }));
    }
    for (const [name, taken] of Object.entries(runs))
      rows.push(summary({ name, tokens, taken, limit: runs.limit }));
  }
  console.log('\n  tokens  way       CPU ms  × limit   µs/token  bytes/token  MB after  MB most');
  for (const row of rows) {
    console.log(
      `  ${String(row.tokens).padStart(6)}  ${row.name.padEnd(8)} ${fixed(row.cpuMs, 0, 7)} ${fixed(row.ratio, 2, 8)} ${fixed(row.perToken, 1, 10)} ${fixed(row.bytes, 1, 12)} ${fixed(row.memoryMb, 0, 9)} ${fixed(row.mostMb, 0, 8)}`,
    );
  }
  for (const name of ['prose', 'markdown']) {
    const of = (tokens) => rows.find((row) => row.name === name && row.tokens === tokens).perToken;
    const [few, many] = [LENGTHS[0], LENGTHS.at(-1)];
    const work = `rendering ${name}: a token of ${many} × one of ${few}`;
    tellFigure({ work, value: of(many) / of(few), unit: '×', target: TARGETS.growth });
    const { ratio, ratios, bytes, mostMb } = rows.find((row) => row.name === name && row.tokens === many);
    const limit = rows.find((row) => row.name === 'limit' && row.tokens === many);
    tellFigure({
      work: `rendering ${name}, ${many} tokens: CPU × raw`,
      value: ratio,
      of: ratios,
      unit: '×',
      target: TARGETS[name],
    });
    tellFigure({
      work: `rendering ${name}: bytes × raw`,
      value: bytes / limit.bytes,
      unit: '×',
      target: TARGETS.bytes,
    });
    tellFigure({
      work: `memory: chat after ${many} tokens of ${name}`,
      value: mostMb,
      unit: ' MB',
      target: TARGETS.memory,
    });
  }
}

function summary({ name, tokens, taken, limit }) {
  const cpuMs = median(taken.map((each) => each.cpuMs));
  const ratios = taken.map((each, round) => each.cpuMs / limit[round].cpuMs);
  return {
    name,
    tokens,
    cpuMs,
    ratio: median(ratios),
    ratios,
    perToken: (cpuMs * 1_000) / tokens,
    bytes: median(taken.map((each) => each.bytes)) / tokens,
    memoryMb: median(taken.map((each) => each.memoryMb)),
    mostMb: median(taken.map((each) => each.mostMb)),
  };
}

/** CPU and bytes of one answer; starting and ending the program are not in it. */
async function streamed({ server, home, open, kind, tokens, rate = RATE }) {
  const program = await open({ server, home });
  const before = { ...program.counted(), bytes: program.bytes() };
  program.forget();
  program.write(`${kind} ${tokens} ${rate}\r`);
  await program.waitFor(program.finished);
  const after = program.counted();
  const bytes = program.bytes() - before.bytes;
  await program.close();
  return { cpuMs: after.cpuMs - before.cpuMs, bytes, memoryMb: after.memoryMb, mostMb: after.mostMb };
}

/** How late the event loop is, by a monitor within, beside the program that only writes; how long a key takes to be seen. */
async function benchLag(where) {
  const told = ({ p50, p99, most }) =>
    `${p50.toFixed(1)} ms (p50), ${p99.toFixed(1)} ms (p99), ${most.toFixed(0)} ms at most`;
  const limit = await watched({ ...where, open: openLimit, kind: 'prose' });
  console.log(`  limit: event loop late by ${told(limit.lag)}`);
  for (const kind of ['prose', 'markdown', 'code']) {
    const { lag, echoesMs } = await watched({ ...where, open: openChat, kind });
    const echo = `${at(echoesMs, 0.5).toFixed(0)} ms (p50), ${at(echoesMs, 0.99).toFixed(0)} ms (p99)`;
    console.log(`  ${kind}: event loop late by ${told(lag)}; a key is seen after ${echo}`);
    tellFigure({
      work: `event loop late while streaming ${kind}, p99`,
      value: lag.p99,
      unit: ' ms',
      target: TARGETS.lag,
    });
  }
}

async function watched({ server, home, open, kind }) {
  const file = join(home.path, 'lag.json');
  const node = ['--import', besides('loop-lag-process.js')];
  const program = await open({ server, home, node, env: { MIRA_BENCH_LAG: file } });
  program.forget();
  program.write(`${kind} 20000 ${RATE}\r`);
  await program.waitFor(/approve|What happens|const value/u);
  program.signal('SIGUSR2');
  const over = program.waitFor(program.finished);
  const echoesMs = open === openChat ? await typeMeanwhile(program, over) : [];
  await over;
  program.signal('SIGUSR2');
  for (let looks = 0; looks < 100 && !existsSync(file); looks++) await delay(50);
  await program.close();
  const lag = JSON.parse(readFileSync(file, 'utf8'));
  rmSync(file);
  return { lag, echoesMs };
}

/** Types a letter and takes it back, again and again, until the answer is over. */
async function typeMeanwhile(program, over) {
  const echoesMs = [];
  let isOver = false;
  void over.then(() => (isOver = true));
  for (let typed = 0; typed < 100 && !isOver; typed++) {
    program.forget();
    const sentAt = performance.now();
    program.write('x');
    await Promise.race([program.waitFor(/› x/u), over]);
    if (!isOver) echoesMs.push(performance.now() - sentAt);
    program.write('\u007f');
    // Not in step with the frames.
    await delay(70 + (typed % 7) * 5);
  }
  return echoesMs;
}

async function benchLongAnswer(where) {
  for (const kind of ['prose', 'markdown']) {
    const tenth = await streamed({ ...where, open: openChat, kind, tokens: MEGABYTE_TOKENS / 10, rate: 0 });
    const whole = await streamed({ ...where, open: openChat, kind, tokens: MEGABYTE_TOKENS, rate: 0 });
    const per = (run, tokens) => (run.cpuMs * 1_000) / tokens;
    const [ofWhole, ofTenth] = [per(whole, MEGABYTE_TOKENS), per(tenth, MEGABYTE_TOKENS / 10)];
    console.log(
      `  an answer of 1 MB, ${kind}, as fast as it comes: ${ofWhole.toFixed(1)} µs a token, ${(ofWhole / ofTenth).toFixed(2)}× that of 100 kB; ${whole.memoryMb.toFixed(0)} MB after (100 kB: ${tenth.memoryMb.toFixed(0)})`,
    );
  }
}

async function benchFirstFrame({ server, home }) {
  const env = environmentOf(home);
  const base = async () => {
    const child = spawn(process.execPath, ['-e', '0'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.resume();
    child.stderr.resume();
    await once(child, 'close');
  };
  // What was compiled is kept by a program that ends of itself.
  const first = await openChat({ server, home });
  first.write('/quit\r');
  await first.exit;
  const subject = async () => {
    const program = await openChat({ server, home });
    program.signal('SIGKILL');
  };
  const found = await measurePairs({ subject, base });
  tellRatio({ work: 'interactive chat, first frame × node -e 0', found, target: TARGETS.firstFrame });
}

async function benchIdle(where) {
  const program = await openChat(where);
  await delay(3_000);
  const before = { ...program.counted(), bytes: program.bytes() };
  await delay(IDLE_MS);
  const after = program.counted();
  console.log(
    `  idle for ${IDLE_MS / 1_000} s: ${program.bytes() - before.bytes} bytes written, ${after.cpuMs - before.cpuMs} ms CPU, ${after.waits - before.waits} wake-ups of the main thread`,
  );
  tellFigure({
    work: 'memory: chat that nobody uses',
    value: after.memoryMb,
    unit: ' MB',
    target: TARGETS.idle,
  });
  await program.close();
}

const IDLE_MS = 20_000;

async function openLimit({ server, home, node = [], env = {} }) {
  const program = openProgram({
    args: [...node, besides('write-tokens-process.js'), server.origin],
    env: environmentOf(home, env),
    cwd: home.path,
  });
  await program.waitFor(/ready/u);
  return { ...program, finished: /finished/u };
}

function median(values) {
  return at(values, 0.5);
}

function at(values, share) {
  return values.toSorted((one, other) => one - other)[Math.max(0, Math.ceil(share * values.length) - 1)];
}

function fixed(value, digits, width) {
  return value.toFixed(digits).padStart(width);
}
