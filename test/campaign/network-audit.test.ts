/**
 * The end-to-end tests once more, each run of the program under strace: whatever it connects to is in what `mira network`
 * lists in the same home. Tests that fail only because the program is traced, such as those that send it signals, are
 * not what is looked at here.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { canTrace } from '../support/argument-lists.ts';
import type { AuditedRun } from '../support/audited-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { printFigures } from './figures.ts';
import { sized } from './size.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const VITEST = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));

/** All of them in the full size; in the small one, which every `npm test` runs, those of the providers that were added. */
const FILES = sized({ small: ['test/e2e/custom-providers.test.ts'], full: [] });
const LEAST_RUNS = sized({ small: 5, full: 500 });

const canSee = canTrace();
if (!canSee) process.stdout.write('network audit: 1 skipped: strace\n');

test.skipIf(!canSee)('no run of the end-to-end tests connects to what is not listed', async () => {
  await using folder = await temporaryFolder();
  const file = folder.in('runs');
  // The settings of this run of vitest are not for the one in it.
  const own = Object.entries(process.env).filter(([name]) => !/^(?:VITEST|TINYPOOL|NODE_OPTIONS)/.test(name));
  const child = spawn(process.execPath, [VITEST, 'run', '--project', 'e2e', '--reporter', 'dot', ...FILES], {
    cwd: ROOT,
    env: { ...Object.fromEntries(own), MIRA_TEST_AUDIT_FILE: file },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await once(child, 'exit');

  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const runs = lines.map((line): AuditedRun => JSON.parse(line));
  const connected = runs.filter(({ addresses }) => addresses > 0).length;
  printFigures('network audit', {
    runs: runs.length,
    connected,
    strays: runs.flatMap(({ strays }) => strays).length,
  });
  expect(runs.filter(({ strays }) => strays.length > 0)).toEqual([]);
  expect(connected).toBeGreaterThanOrEqual(LEAST_RUNS);
});
