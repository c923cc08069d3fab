/**
 * What `npm test` runs once the checkout is set up: format, lint, types, dead code, then every test suite.
 * It goes on after a failure, so that one run tells everything, and closes with one line that counts it all.
 * `npm test -- PATH…` hands the arguments to vitest and runs nothing else.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const STATIC_CHECKS = [
  { name: 'format', program: 'prettier', args: ['--check', '--log-level', 'warn', '.'] },
  { name: 'lint', program: 'oxlint', args: [] },
  { name: 'types', program: 'tsc', args: ['-p', '.'] },
  { name: 'dead code', program: 'knip', args: ['--no-progress'] },
];

const wanted = process.argv.slice(2);
const counts = [...(wanted.length === 0 ? STATIC_CHECKS.map(checkOnce) : []), runTests(wanted)];
process.exitCode = report(counts);

function checkOnce({ name, program, args }) {
  const startedAt = Date.now();
  const ran = spawnSync(binary(program), args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const isGood = ran.status === 0;
  console.log(
    `${isGood ? '✓' : '✗'} ${name} (${program}, ${((Date.now() - startedAt) / 1000).toFixed(1)} s)`,
  );
  if (!isGood) console.log(`${ran.stdout ?? ''}${ran.stderr ?? ''}${ran.error?.message ?? ''}`.trimEnd());
  return { passed: Number(isGood), failed: Number(!isGood), skipped: 0 };
}

function runTests(args) {
  const folder = mkdtempSync(join(tmpdir(), 'mira-check-'));
  const outcome = join(folder, 'tests.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${outcome}`];
  try {
    const ran = spawnSync(binary('vitest'), ['run', ...reporters, ...args], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const counted = countTests(outcome);
    // A file that cannot be loaded, an error outside of any test, no test at all: red without a failed test.
    const isUntold = ran.status !== 0 && counted.failed === 0;
    return isUntold ? { ...counted, failed: 1 } : counted;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function countTests(outcome) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
      readFileSync(outcome, 'utf8'),
    );
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
  } catch (error) {
    console.log(`The tests left no result: ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

/** Prints the closing line and gives the exit code. */
function report(all) {
  const sum = (kind) => all.reduce((total, each) => total + each[kind], 0);
  const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map(sum);
  if (skipped > 0) console.log(`\n${skipped} skipped; the lines that begin with "skipped:" say what for`);
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

function binary(program) {
  return join(root, 'node_modules', '.bin', process.platform === 'win32' ? `${program}.cmd` : program);
}
