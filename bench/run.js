/**
 * `npm run bench` runs every benchmark here, `npm run bench -- startup` those that are named, each in a process of
 * its own; `--quick` takes a few rounds, for a look. What they print goes into bench/results.md as well, below a table of all that
 * has a target. Benchmarks run one after the other, and none for longer than ten minutes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { digits } from './support/report.js';

const NO_BENCHMARKS = new Set(['run', 'pairs']);
const LIMIT_MS = 10 * 60_000;
const folder = import.meta.dirname;
const all = readdirSync(folder)
  .filter((file) => file.endsWith('.js'))
  .map((file) => file.slice(0, -'.js'.length))
  .filter((name) => !NO_BENCHMARKS.has(name));

const args = process.argv.slice(2);
const isQuick = args.includes('--quick');
const wanted = args.filter((arg) => arg !== '--quick');
const unknown = wanted.filter((name) => !all.includes(name));

if (args[0] === '--one') {
  const { bench } = await import(pathToFileURL(join(folder, `${args[1]}.js`)).href);
  await bench();
  process.disconnect?.();
} else if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}. There is: ${all.join(', ')}.`);
  process.exitCode = 2;
} else {
  await runAll(wanted.length === 0 ? all : wanted);
}

async function runAll(names) {
  const results = [];
  for (const name of names) results.push({ name, ...(await runOne(name)) });
  const file = join(folder, 'results.md');
  const text = [heading(), targets(results), ...results.map(section)].join('\n');
  writeFileSync(file, await format(text, { ...(await resolveConfig(file)), filepath: file }));
  const failed = results.filter(({ code }) => code !== 0).map(({ name }) => name);
  if (failed.length === 0) return;
  console.error(`These ended early: ${failed.join(', ')}.`);
  process.exitCode = 1;
}

async function runOne(name) {
  const quick = isQuick ? { MIRA_BENCH_PAIRS: '3', MIRA_BENCH_ROUNDS: '1' } : {};
  const startedAt = performance.now();
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--one', name], {
    env: { ...process.env, ...quick },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const rows = [];
  let text = '';
  child.on('message', (row) => rows.push(row));
  child.stdout.setEncoding('utf8').on('data', (part) => {
    text += part;
    process.stdout.write(part);
  });
  const [code] = await once(child, 'close');
  clearTimeout(limit);
  return { text, rows, code, seconds: Math.round((performance.now() - startedAt) / 1_000) };
}

/** Absolute times mean something on this machine alone; the ratios hold elsewhere. */
function heading() {
  const [cpu] = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  const machine = `${platform()} ${release()}, ${cpus().length} × ${cpu?.model ?? 'unknown processor'}, ${memory}`;
  const length = isQuick ? ' A quick run: three pairs, one round.' : '';
  return `# Results\n\n${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${machine}.${length}\n`;
}

function targets(results) {
  const rows = results
    .flatMap(({ rows: found }) => found)
    .filter(({ target }) => target !== undefined)
    .map(({ work, value, unit, spread, target }) => {
      const verdict = value <= target ? 'met' : 'missed';
      return `| ${work} | ${digits(value)}${unit} | ${spread} | ${digits(target)}${unit} | ${verdict} |`;
    });
  if (rows.length === 0) return '';
  return [
    '| work | median | smallest to largest | at most | target |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function section({ name, text, code, seconds }) {
  const early = code === 0 ? '' : ' It ended early.';
  return `## ${name}\n\nTook ${seconds} s.${early}\n\n\`\`\`text\n${text.trim()}\n\`\`\`\n`;
}
