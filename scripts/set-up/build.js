/** dist, made again when something it was made of has changed. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOfInputs, stampOf } from './build-inputs.js';
import { withLock } from './lock.js';
import { runStep, say } from './step.js';

export function ensureBuild({ root, node, env }) {
  if (isBuilt(root)) return;
  withLock(root, () => {
    if (isBuilt(root)) return;
    say('building dist');
    runStep([node, join('scripts', 'build.js')], { cwd: root, env, failure: 'could not build dist' });
  });
}

function isBuilt(root) {
  const stamp = stampOf(root);
  return (
    existsSync(join(root, 'dist', 'main.js')) &&
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === digestOfInputs(root)
  );
}
