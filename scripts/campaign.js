/**
 * What `npm run campaign` runs once the checkout is set up: the suites of test/campaign in their full size, which
 * `npm test` runs in a small one, and then every test on the other Nodes that mira supports.
 * `npm run campaign -- test/campaign/storm.test.ts` runs one suite, `npm run campaign -- --nodes` the other Nodes alone.
 */
import { spawnSync } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bringNode } from './set-up/node.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const OTHER_NODES = ['22.19.0', '26.10.0'];

const wanted = process.argv.slice(2);
const onlyNodes = wanted[0] === '--nodes';
const runs = [
  ...(onlyNodes ? [] : [() => runSuites(wanted)]),
  ...(onlyNodes || wanted.length === 0
    ? OTHER_NODES.map((version) => () => runOn(version, wanted.slice(1)))
    : []),
];
// Every run is made, also after one that failed, so that one campaign tells everything.
process.exitCode = Math.max(...runs.map((run) => run()));

function runSuites(paths) {
  return run(process.execPath, {
    args: ['--project', 'campaign', ...paths],
    env: { ...process.env, MIRA_CAMPAIGN: 'full' },
  });
}

function runOn(version, paths) {
  console.log(`\nevery test on Node ${version}`);
  const node = bringNode(root, version);
  return run(node, {
    args: ['--project', 'unit', '--project', 'contract', '--project', 'e2e', ...paths],
    env: { ...process.env, PATH: [dirname(node), process.env.PATH].filter(Boolean).join(delimiter) },
  });
}

function run(node, { args, env }) {
  const ran = spawnSync(node, [vitest, 'run', ...args], { cwd: root, stdio: 'inherit', env });
  return ran.status ?? 1;
}
