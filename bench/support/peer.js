/** Packages that are compared with: fetched when they are asked for, into a folder of their own, and part of nothing. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../.set-up/peers', import.meta.url));
const FETCH_MS = 120_000;

/** @returns the folder that has the package in its node_modules, or undefined when it cannot be fetched */
export function findPeer(name) {
  if (!existsSync(join(FOLDER, 'node_modules', name))) {
    try {
      mkdirSync(FOLDER, { recursive: true });
      const manifest = join(FOLDER, 'package.json');
      // Names of others stand in it once they are there.
      if (!existsSync(manifest)) writeFileSync(manifest, '{ "private": true }\n');
      const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', FOLDER, name];
      execFileSync('npm', args, { stdio: 'ignore', timeout: FETCH_MS });
    } catch {
      return undefined;
    }
  }
  return FOLDER;
}
