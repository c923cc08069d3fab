/**
 * What `npm run campaign` runs once the checkout is set up: the suites of test/campaign in their full size, which
 * `npm test` runs in a small one. `npm run campaign -- test/campaign/storm.test.ts` runs one of them.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'vitest.cmd' : 'vitest');
const ran = spawnSync(vitest, ['run', '--project', 'campaign', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, MIRA_CAMPAIGN: 'full' },
});
process.exitCode = ran.status ?? 1;
