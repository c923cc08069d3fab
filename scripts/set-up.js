/**
 * Makes a bare checkout ready, then runs a command in it:
 *
 *   node scripts/set-up.js [--newest] [--system] [--build] -- COMMAND ARGS…
 *
 * Node itself (when this one is too old for mira), the packages, with --system what the tests need of the
 * operating system, with --build the program; --newest runs the command on the Node that mira is developed on.
 * Each step looks first and does nothing when nothing is missing.
 *
 * This file and what it imports run on whatever Node the machine has: plain JavaScript as Node 14 reads it,
 * and nothing that is not built in.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuild } from './set-up/build.js';
import { DEVELOPED_ON, ensureNode, linkNode } from './set-up/node.js';
import { ensurePackages } from './set-up/packages.js';
import { runCommand } from './set-up/run-command.js';
import { StepFailed } from './set-up/step.js';
import { ensureSystem } from './set-up/system.js';

const OPTIONS = ['--newest', '--system', '--build'];
const root = join(fileURLToPath(import.meta.url), '..', '..');

try {
  main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  process.stderr.write(error.report);
  process.exitCode = 1;
}

function main(args) {
  const { options, command } = parse(args);
  const place = ensureNode(root);
  ensurePackages(place);
  linkNode(place);
  const newest = options.includes('--newest') ? ensureNode(root, DEVELOPED_ON) : place;
  if (options.includes('--system')) ensureSystem(place);
  if (options.includes('--build')) ensureBuild(place);
  runCommand(newest, command);
}

function parse(args) {
  const end = args.indexOf('--');
  const options = end === -1 ? args : args.slice(0, end);
  const command = end === -1 ? [] : args.slice(end + 1);
  const unknown = options.find((option) => !OPTIONS.includes(option));
  if (unknown !== undefined || command.length === 0) {
    throw new StepFailed('usage: node scripts/set-up.js [--newest] [--system] [--build] -- COMMAND ARGS…');
  }
  return { options, command };
}
