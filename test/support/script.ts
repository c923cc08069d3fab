/** Runs a few lines of TypeScript in a process of their own, with the modules of `src/store` at hand. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const store = new URL('../../src/store/', import.meta.url);

export interface Script {
  readonly child: ChildProcess;
  /** The first text on stdout. */
  readonly started: Promise<string>;
  readonly ended: Promise<{
    readonly code: number | null;
    readonly signal: string | null;
    readonly stdout: string;
    readonly stderr: string;
  }>;
}

/** In `code`, `store('lock.ts')` imports a module of the store. `before` is shell to run first, such as `ulimit -f 1`. */
export function startScript(code: string, { before = ':' }: { readonly before?: string } = {}): Script {
  const text = `const store = (file) => import(${JSON.stringify(store.href)} + file);\n${code}`;
  const command = `${before}; exec "$0" --input-type=module-typescript -e "$1"`;
  const child = spawn('/bin/sh', ['-c', command, process.execPath, text], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // The runner says both yes and no to colours, and Node 22 warns of that.
    env: { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  return {
    child,
    started: once(child.stdout, 'data').then(([chunk]) => String(chunk)),
    ended: once(child, 'close').then(([code, signal]) => ({ code, signal, stdout, stderr })),
  };
}
