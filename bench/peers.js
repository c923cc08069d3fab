/**
 * The same answer from the same server through other clients: the `openai` package in a script, and codex as npm installs it.
 * They are fetched when they are asked for (.set-up/peers; codex takes 400 MB) and talk to this machine alone.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environmentOf, isolatedHome } from '../test/support/isolated-home.ts';
import { MIRA } from '../test/support/run-mira.ts';
import { measurePairs } from './pairs.js';
import { findPeer } from './support/peer.js';
import { tellRatio } from './support/report.js';
import { startTokenServer } from './support/token-server.js';

const OPENAI = fileURLToPath(new URL('peers/openai-process.js', import.meta.url));
/** Six times as fast. */
const OPENAI_TARGET = 1 / 6;
const CODEX_TARGET = 0.5;

export async function bench() {
  await using server = await startTokenServer();
  await using home = await isolatedHome();
  const env = environmentOf(home, server.env);
  console.log(
    `peers, × their time (Node ${process.versions.node}): median, smallest and largest of the pairs`,
  );
  await benchOpenai(env);
  await benchCodex({ server, home });
}

async function benchOpenai(env) {
  const folder = findPeer('openai');
  if (folder === undefined) {
    console.log('  the openai package: skipped, it cannot be fetched');
    return;
  }
  for (const { size, args, target } of [
    { size: 200, args: ['--json'] },
    { size: 20_000, args: [] },
    { size: 200_000, args: [], target: OPENAI_TARGET },
  ]) {
    const asked = `prose ${size}`;
    const found = await measurePairs({
      subject: () => run([MIRA, 'chat', asked, ...args], env),
      base: () => run([OPENAI, folder, asked], env),
      pairs: size > 100_000 ? 3 : 11,
    });
    tellRatio({ work: `${size} chunks × the openai package in a script`, found, target });
  }
}

async function benchCodex({ server, home }) {
  const folder = findPeer('@openai/codex');
  if (folder === undefined) {
    console.log('  codex: skipped, it cannot be fetched');
    return;
  }
  const program = join(folder, 'node_modules/@openai/codex/bin/codex.js');
  const env = environmentOf(home, server.env);
  // Whatever it would ask elsewhere goes to a port where nobody listens.
  const nowhere = 'http://127.0.0.1:9';
  const alone = { HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere, NO_PROXY: '127.0.0.1', CODEX_HOME: home.path };
  const settings = [
    'model="mira"',
    'model_provider="here"',
    'model_providers.here.name="here"',
    `model_providers.here.base_url="${server.origin}/v1"`,
    'model_providers.here.wire_api="responses"',
    'model_providers.here.env_key="MIRA_API_KEY"',
    'analytics.enabled=false',
    'check_for_update_on_startup=false',
  ].flatMap((setting) => ['-c', setting]);
  const codex = (args) => run([program, ...args], { ...env, ...alone }, home.path);
  const asked = 'prose 200';
  for (const { work, subject, base, target } of [
    { work: '--version × codex --version', subject: ['--version'], base: ['--version'] },
    { work: '--help × codex --help', subject: ['--help'], base: ['--help'] },
    {
      work: 'one answer of 200 tokens × codex exec',
      subject: ['chat', asked, '--json'],
      base: ['exec', '--skip-git-repo-check', '--sandbox', 'read-only', ...settings, asked],
      target: CODEX_TARGET,
    },
  ]) {
    const found = await measurePairs({
      subject: () => run([MIRA, ...subject], env),
      base: () => codex(base),
      pairs: 11,
    });
    tellRatio({ work, found, target });
  }
}

async function run(args, env, cwd) {
  const child = spawn(process.execPath, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.resume();
  child.stderr.resume();
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${args.slice(0, 3).join(' ')} ended with ${code}.`);
}
