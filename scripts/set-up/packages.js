/**
 * The packages that package-lock.json names, installed without running any of their scripts. A stamp with
 * the lock file's hash says in one look that they are there; without it npm's own record of what it installed
 * is compared, so that packages installed by hand are not installed again.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.js';
import { runStep, say } from './step.js';

export function ensurePackages({ root, env }) {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.mira-set-up');
  if (read(stamp) === wanted) return;
  withLock(root, () => {
    if (read(stamp) === wanted) return;
    if (!isInstalled(root)) install({ root, env });
    writeFileSync(stamp, wanted);
  });
}

function install({ root, env }) {
  say('installing the packages of package-lock.json');
  runStep(['npm', 'ci', '--ignore-scripts'], { cwd: root, env, failure: 'could not install the packages' });
}

function isInstalled(root) {
  const record = read(join(root, 'node_modules', '.package-lock.json'));
  if (record === undefined) return false;
  const installed = JSON.parse(record).packages;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.keys(wanted).every((path) => {
    if (path === '') return true;
    const found = installed[path];
    // A package for another operating system is optional, and rightly not there.
    if (found === undefined) return wanted[path].optional === true || wanted[path].devOptional === true;
    return found.version === wanted[path].version && found.integrity === wanted[path].integrity;
  });
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
