/** What a build is made of, as one hash, and where the hash of the build that stands in dist is kept. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const INPUTS = [
  'src',
  'scripts/build.js',
  'scripts/build',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
];

export const stampOf = (root) => join(root, '.set-up', 'built-from');

export function digestOfInputs(root) {
  const hash = createHash('sha256');
  for (const path of INPUTS.flatMap((input) => filesBelow(root, input))) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

function filesBelow(root, path) {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path))
    .sort((one, other) => (one < other ? -1 : 1))
    .flatMap((name) => filesBelow(root, `${path}/${name}`));
}
