/**
 * What it costs to start mira, as ratios to `node -e 0`: the version, the help, the status and the token of a session
 * that was signed in for real against the embedded platform, and one answer of 200 tokens. Then the same in instructions,
 * which do not depend on what else the machine does, where valgrind is.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { environmentOf, isolatedHome } from '../test/support/isolated-home.ts';
import { MIRA } from '../test/support/run-mira.ts';
import { signIn } from '../test/support/sign-in.ts';
import { startPlatform } from '../test/support/platform/start-platform.ts';
import { measurePairs } from './pairs.js';
import { tellRatio } from './support/report.js';
import { startTokenServer } from './support/token-server.js';

const BARE = ['-e', '0'];
const COMMANDS = [
  { args: ['--version'], target: 1.1 },
  { args: ['--help'], target: 1.4 },
  { args: ['auth', 'status', '--json', '--offline'], target: 1.6 },
  { args: ['auth', 'token'], target: 1.7 },
  { args: ['chat', 'prose 200', '--json'], target: 3.2, asks: true },
];

export async function bench() {
  await using server = await startTokenServer();
  await using home = await isolatedHome();
  await signInOnce(home);
  const envOf = ({ asks }) => environmentOf(home, asks ? server.env : {});
  console.log(
    `start-up, × node -e 0 (Node ${process.versions.node}): median, smallest and largest of the pairs`,
  );
  for (const command of COMMANDS) {
    const env = envOf(command);
    const found = await measurePairs({
      subject: () => run([MIRA, ...command.args], env),
      base: () => run(BARE, env),
    });
    tellRatio({ work: nameOf(command), found, target: command.target });
  }
  if (!hasValgrind()) {
    console.log('  instructions: 5 rows skipped: valgrind');
    return;
  }
  const bare = instructionsOf(BARE, { env: envOf({}), home });
  console.log(`  instructions, in millions; node -e 0 takes ${bare.toFixed(0)}`);
  for (const command of COMMANDS) {
    const taken = instructionsOf([MIRA, ...command.args], { env: envOf(command), home });
    console.log(
      `  ${nameOf(command).padEnd(38)} ${taken.toFixed(0).padStart(4)}  ${(taken / bare).toFixed(2)}×`,
    );
  }
}

/** The server is gone afterwards, so that it takes no time from what is measured; the token is good for a day. */
async function signInOnce(home) {
  await using platform = await startPlatform({ accessTokenTtlS: 24 * 60 * 60 });
  await signIn(platform, { home });
}

/** As a script runs it: the output goes into a pipe and is read. */
async function run(args, env) {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.resume();
  child.stderr.resume();
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}.`);
}

function instructionsOf(args, { env, home }) {
  const tool = ['--tool=callgrind', `--callgrind-out-file=${join(home.path, 'callgrind.%p')}`];
  const script = '"$@" 2>&1 >/dev/null </dev/null';
  const command = ['-c', script, 'sh', 'valgrind', ...tool, process.execPath, ...args];
  const told = execFileSync('sh', command, { env, encoding: 'utf8' });
  return Number(/Collected : (\d+)/.exec(told)?.[1]) / 1e6;
}

function hasValgrind() {
  try {
    execFileSync('valgrind', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function nameOf({ args }) {
  return `mira ${args.join(' ')}`;
}
