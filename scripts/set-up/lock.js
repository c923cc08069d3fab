/**
 * Two set-ups of one checkout take turns. The lock is a folder that appears under its name with the holder's
 * process id already in it (a rename does both at once), so a holder that died is told from one that works.
 */
import { mkdirSync, readFileSync, renameSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StepFailed, say } from './step.js';

const LONGEST_WAIT_MS = 20 * 60 * 1000;
const LOOK_AGAIN_MS = 200;

export function withLock(root, work) {
  const lock = take(root);
  try {
    return work();
  } finally {
    remove(lock);
  }
}

function take(root) {
  const lock = join(root, '.set-up', 'lock');
  const mine = `${lock}-${process.pid}`;
  mkdirSync(mine, { recursive: true });
  writeFileSync(join(mine, 'pid'), String(process.pid));
  const giveUpAt = Date.now() + LONGEST_WAIT_MS;
  for (let said = false; ; said = true) {
    if (moved(mine, lock)) return lock;
    const holder = holderOf(lock);
    if (holder !== undefined && !isAlive(holder)) {
      const dead = `${lock}-dead-${process.pid}`;
      if (moved(lock, dead)) remove(dead);
      continue;
    }
    if (Date.now() > giveUpAt) {
      remove(mine);
      throw new StepFailed(
        `another set-up (process ${holder}) has held ${lock} for 20 minutes; remove the folder if it is gone.`,
      );
    }
    if (!said) say('another set-up is at work here; waiting for it');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_AGAIN_MS);
  }
}

function moved(from, to) {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'EPERM', 'ENOENT'].includes(error.code)) return false;
    throw error;
  }
}

function holderOf(lock) {
  try {
    return Number(readFileSync(join(lock, 'pid'), 'utf8'));
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function remove(lock) {
  unlinkSync(join(lock, 'pid'));
  rmdirSync(lock);
}
