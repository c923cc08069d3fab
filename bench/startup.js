/**
 * What it costs to start mira, as ratios to `node -e 0`: the version, the help, and the status of a session
 * that was signed in for real against the embedded platform.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { environmentOf, isolatedHome } from '../test/support/isolated-home.ts';
import { MIRA, startMira } from '../test/support/run-mira.ts';
import { startPlatform } from '../test/support/platform/start-platform.ts';
import { measurePairs } from './pairs.js';

const COMMANDS = [
  { args: ['--version'], target: 1.1 },
  { args: ['--help'], target: 1.4 },
  { args: ['auth', 'status', '--json', '--offline'], target: 1.6 },
];

export async function bench() {
  await using home = await isolatedHome();
  await signIn(home);
  const run = runner(environmentOf(home));
  console.log(
    `start-up, × node -e 0 (Node ${process.versions.node}): median, smallest and largest of the pairs`,
  );
  for (const { args, target } of COMMANDS) {
    const found = await measurePairs({ subject: () => run([MIRA, ...args]), base: () => run(['-e', '0']) });
    console.log(row({ name: `mira ${args.join(' ')}`, found, target }));
  }
}

/** The server is gone afterwards, so that it takes no time from what is measured. */
async function signIn(home) {
  await using platform = await startPlatform();
  const { issuer, apiUrl } = platform;
  const where = ['--issuer', issuer, '--api-url', apiUrl, '--storage', 'file', '--no-browser', '--no-copy'];
  const login = await startMira(['auth', 'login', ...where], { home });
  await login.waitFor(() => platform.pendingUserCodes().length > 0);
  for (const code of platform.pendingUserCodes()) await platform.approve(code);
  const { code, stderr } = await login.finished;
  if (code !== 0) throw new Error(`Signing in for the benchmark failed: ${stderr}`);
}

/** As a script runs it: the output goes into a pipe and is read. */
function runner(env) {
  return async (args) => {
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
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
  return `  ${name.padEnd(38)} ${ratio.toFixed(2)}×  (${spread}; ${times})  target ≤ ${target}×`;
}
