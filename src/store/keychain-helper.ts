/**
 * The process in which the keychain is written, because a native call that hangs can only be ended by ending its
 * process (spec/auth.md 1.3). Requests come as lines of JSON on stdin, one at a time; each is answered by one line on
 * stdout. It ends when stdin does, so it cannot outlive the mira that started it by more than one call.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import type { HelperAnswer, HelperRequest } from './keychain-protocol.ts';
import { KEYCHAIN_SERVICE } from './keychain-protocol.ts';

type Keytar = typeof import('keytar');

/** How long a call may go on after the parent is gone: long enough to land, not to linger. */
const ORPHANED_MS = 5_000;
const PROBE = 'probe';

let buffered = '';
let queue: Promise<void> = Promise.resolve();

process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk: string) => {
  const lines = (buffered + chunk).split('\n');
  buffered = lines.pop() ?? '';
  for (const line of lines) queue = queue.then(() => answer(line));
});
process.stdin.on('end', () => {
  // process.exit would wait for a call that hangs.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), ORPHANED_MS);
  const die = (): boolean => process.kill(process.pid, 'SIGKILL');
  queue.then(die, die);
});
process.stdout.on('error', () => process.kill(process.pid, 'SIGKILL'));

async function answer(line: string): Promise<void> {
  const request = JSON.parse(line) as HelperRequest;
  process.stdout.write(`${JSON.stringify(await perform(request))}\n`);
}

async function perform(request: HelperRequest): Promise<HelperAnswer> {
  try {
    return { ok: true, ...(await run(await loadKeytar(), request)) };
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

async function run(keytar: Keytar, request: HelperRequest): Promise<{ value?: string; removed?: boolean }> {
  switch (request.op) {
    case 'read': {
      const value = await keytar.getPassword(KEYCHAIN_SERVICE, request.name);
      return value === null ? {} : { value };
    }
    case 'write':
      await write(keytar, request);
      return {};
    case 'remove':
      return { removed: await keytar.deletePassword(KEYCHAIN_SERVICE, request.name) };
    case 'probe':
      // Reading alone cannot see a lock: absent and locked look the same.
      await write(keytar, { name: request.name, value: PROBE });
      await keytar.deletePassword(KEYCHAIN_SERVICE, request.name);
      return {};
  }
}

/**
 * Writes and reads back. A value that comes back different is reported and left: it may be what another process has
 * written since, and putting the older one back would undo that.
 */
async function write(keytar: Keytar, { name, value }: { name: string; value: string }): Promise<void> {
  await keytar.setPassword(KEYCHAIN_SERVICE, name, value);
  if ((await keytar.getPassword(KEYCHAIN_SERVICE, name)) === value) return;
  throw new Error('the keychain gave back another value than was written');
}

async function loadKeytar(): Promise<Keytar> {
  try {
    // Named exports are incomplete: the package is CommonJS.
    return (await import('keytar')).default;
  } catch (error) {
    throw whyNotLoaded(error);
  }
}

/** keytar swallows why its native part did not load; loading that part once more tells. */
function whyNotLoaded(error: unknown): unknown {
  try {
    const require = createRequire(import.meta.url);
    const root = dirname(dirname(require.resolve('keytar')));
    require(join(root, 'prebuilds', `${process.platform}-${process.arch}`, 'keytar.node'));
    return error;
  } catch (cause) {
    return cause;
  }
}
