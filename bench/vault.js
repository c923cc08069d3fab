/**
 * What a large vault costs: listing 100 and 10,000 tokens as a ratio to listing one, and giving 100 of 10,000 to a program
 * as a ratio to giving it all of 100, and to a bare `env` with as many variables.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { environmentOf } from '../test/support/isolated-home.ts';
import { MIRA } from '../test/support/run-mira.ts';
import { measurePairs } from './pairs.js';
import { filledVault, labelOf, valueOf, variableOf } from './support/filled-vault.js';
import { tellRatio } from './support/report.js';

const TARGET = 1.5;
const GIVEN = 100;
const MANY = 10_000;

export async function bench() {
  await using one = await filledVault(1);
  await using hundred = await filledVault(GIVEN);
  await using many = await filledVault(MANY);
  console.log(`vault (Node ${process.versions.node}): median, smallest and largest of the pairs`);
  const list = (home) => mira(['tokens', 'list', '--json'], home);
  for (const { count, home } of [
    { count: GIVEN, home: hundred },
    { count: MANY, home: many },
  ]) {
    const found = await measurePairs({ subject: list(home), base: list(one) });
    tellRatio({ work: `tokens list, ${count} × 1`, found, target: TARGET });
  }
  await benchRun({ hundred, many });
}

async function benchRun({ hundred, many }) {
  const numbersOf = (count) => Array.from({ length: GIVEN }, (_, at) => (at * count) / GIVEN);
  const run = (count, home) =>
    mira(['run', '--only', numbersOf(count).map(labelOf).join(','), '--', 'true'], home);
  const bare = numbersOf(MANY).map((at) => `${variableOf(at)}=${valueOf(at)}`);
  for (const { than, base, target } of [
    { than: `of ${GIVEN}`, base: run(GIVEN, hundred), target: TARGET },
    { than: 'env … true', base: runner('env', [...bare, 'true'], environmentOf(many)) },
  ]) {
    const found = await measurePairs({ subject: run(MANY, many), base });
    tellRatio({ work: `run --only ${GIVEN} of ${MANY} × ${than}`, found, target });
  }
}

function mira(args, home) {
  return runner(process.execPath, [MIRA, ...args], environmentOf(home));
}

/** As a script runs it: the output goes into a pipe and is read. */
function runner(program, args, env) {
  return async () => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.resume();
    child.stderr.resume();
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${program} ended with ${code}.`);
  };
}
