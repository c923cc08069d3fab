/**
 * What a large vault costs: listing 100 and 10,000 tokens as a ratio to listing one, and giving 100 of 10,000 to a program
 * as a ratio to a bare `env` with as many variables.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { CATALOG } from '../src/commands/catalog.ts';
import { createCredentialsFile } from '../src/store/credentials-file.ts';
import { resolvePaths } from '../src/store/paths.ts';
import { environmentOf, isolatedHome } from '../test/support/isolated-home.ts';
import { MIRA } from '../test/support/run-mira.ts';
import { measurePairs } from './pairs.js';

const LIST_TARGET = 1.5;
const GIVEN = 100;

export async function bench() {
  await using one = await filledHome(1);
  await using hundred = await filledHome(100);
  await using many = await filledHome(10_000);
  console.log(
    `vault, × one token (Node ${process.versions.node}): median, smallest and largest of the pairs`,
  );
  const list = (home) => runner(process.execPath, [MIRA, 'tokens', 'list', '--json'], environmentOf(home));
  for (const [name, home] of [
    ['list 100', hundred],
    ['list 10,000', many],
  ]) {
    const found = await measurePairs({ subject: list(home), base: list(one) });
    console.log(row({ name, found, target: LIST_TARGET }));
  }
  // Built when the command is.
  if (CATALOG.commands['run'] !== undefined) await benchRun(many);
}

async function benchRun(home) {
  const numbers = Array.from({ length: GIVEN }, (_, at) => at * 100);
  const only = numbers.map(labelOf).join(',');
  const bare = numbers.map((at) => `${variableOf(at)}=${valueOf(at)}`);
  const env = environmentOf(home);
  const found = await measurePairs({
    subject: runner(process.execPath, [MIRA, 'run', '--only', only, '--', 'true'], env),
    base: runner('env', [...bare, 'true'], env),
  });
  console.log(row({ name: `run with ${GIVEN} of 10,000 × env … true`, found }));
}

/** A home whose vault is sealed under a key file, written at once: ten thousand writes would take an hour. */
async function filledHome(count) {
  const home = await isolatedHome();
  const paths = resolvePaths({
    platform: process.platform,
    env: home.env,
    homeDir: home.path,
    cwd: home.path,
  });
  const file = createCredentialsFile({
    file: paths.credentialsFile,
    storeLockFile: paths.storeLockFile,
    uid: process.geteuid?.(),
    sources: { keyFile: paths.keyFile },
    createWith: 'key_file',
  });
  const added = Date.UTC(2026, 0, 1);
  await file.update(({ values, meta }) => {
    for (let at = 0; at < count; at += 1) {
      const name = `token/${labelOf(at)}`;
      values.set(name, valueOf(at));
      meta.set(name, {
        label: name,
        kind: 'openai',
        env: variableOf(at),
        added: added + at,
        expires: added * 2,
      });
    }
  });
  return home;
}

const labelOf = (at) => `label-${String(at).padStart(5, '0')}`;
const variableOf = (at) => `SERVICE_${at}_API_KEY`;
/** As long as the keys of projects are. */
const valueOf = (at) => `${String(at).padStart(8, '0')}${'v'.repeat(156)}`;

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

function row({ name, found, target }) {
  const { ratio, min, max, subjectMs, baseMs, pairs } = found;
  const spread = `${min.toFixed(2)} to ${max.toFixed(2)}`;
  const times = `${subjectMs.toFixed(0)} ms / ${baseMs.toFixed(0)} ms, ${pairs} pairs`;
  const aim = target === undefined ? '' : `  target ≤ ${target}×`;
  return `  ${name.padEnd(38)} ${ratio.toFixed(2)}×  (${spread}; ${times})${aim}`;
}
