/** A program in a pseudo-terminal, watched from outside: what it writes, and what the kernel counts for it. */
import { readFileSync } from 'node:fs';
import { spawn } from '@lydell/node-pty';

const TICKS_A_SECOND = 100;
const LIMIT_MS = 300_000;

/** @param {{ args: readonly string[], env: Record<string, string>, cwd: string, cols?: number, rows?: number }} options */
export function openProgram({ args, env, cwd, cols = 200, rows = 50 }) {
  const child = spawn(process.execPath, args, {
    name: 'xterm-256color',
    cols,
    rows,
    cwd,
    env: { ...env, TERM: 'xterm-256color' },
  });
  // Enough to find what is waited for; the whole of it would be measured too.
  let tail = '';
  let bytes = 0;
  let ended = false;
  const waiting = new Set();
  child.onData((text) => {
    bytes += Buffer.byteLength(text);
    tail = (tail + text).slice(-20_000);
    for (const check of [...waiting]) check();
  });
  const exit = new Promise((resolve) => {
    child.onExit(() => {
      ended = true;
      for (const check of [...waiting]) check();
      resolve();
    });
  });

  return {
    pid: child.pid,
    bytes: () => bytes,
    write: (keys) => child.write(keys),
    signal: (name) => child.kill(name),
    /** What comes from now on is looked at. */
    forget() {
      tail = '';
    },
    waitFor(pattern) {
      return new Promise((resolve, reject) => {
        const settle = (failure) => {
          waiting.delete(check);
          clearTimeout(limit);
          if (failure === undefined) resolve();
          else reject(new Error(`${failure} before ${pattern}: ${JSON.stringify(tail.slice(-500))}`));
        };
        const check = () => {
          if (pattern.test(tail)) settle();
          else if (ended) settle('The program ended');
        };
        const limit = setTimeout(() => settle('The time was up'), LIMIT_MS);
        waiting.add(check);
        check();
      });
    },
    /** CPU seconds so far, of all its threads; memory now and at most in MB; how often it waited of itself. */
    counted() {
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
      // The name of the program comes second, in parentheses, and may hold anything.
      const after = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      const number = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'mu').exec(status)?.[1]);
      return {
        cpuMs: ((Number(after[11]) + Number(after[12])) * 1_000) / TICKS_A_SECOND,
        memoryMb: number('VmRSS') / 1_024,
        mostMb: number('VmHWM') / 1_024,
        waits: number('voluntary_ctxt_switches'),
      };
    },
    async close() {
      if (!ended) child.kill('SIGKILL');
      await exit;
    },
    exit,
  };
}
