/** What a container may forbid. A suite that needs it is skipped by a name that says so, never in silence (decisions.md 23). */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const NOBODY = 65534;

export interface Capability {
  readonly isMissing: boolean;
  /** For the name of a suite: empty, or why it does not run. */
  readonly note: string;
}

/** System calls that fail or kill by order, with strace. */
export function canInject(): Capability {
  const probe = ['-f', '-o', '/dev/null', '-e', 'inject=openat:error=EIO:when=9999', 'true'];
  return capability('strace -e inject', succeeds('strace', probe));
}

/** A file system of one's own, in a mount namespace of one's own. */
export function canMount(): Capability {
  const folder = mkdtempSync(join(tmpdir(), 'mira-test-'));
  try {
    return capability(
      'mounts in a namespace',
      succeeds('unshare', inNamespace(`mount -t tmpfs none ${folder}`)),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Becoming another user, which takes root. */
export function canBecomeNobody(): Capability {
  return capability('setpriv as root', succeeds('setpriv', asNobody(['true'])));
}

/** A terminal that several programs share and that keeps what scrolled away. */
export function canUseTmux(): Capability {
  return capability('tmux', succeeds('tmux', ['-V']));
}

/** Arguments of unshare for a shell in which mounts are private. */
export function inNamespace(script: string): readonly string[] {
  return [process.geteuid?.() === 0 ? '-m' : '-rm', '/bin/sh', '-c', script];
}

/** Arguments of setpriv for a command as a user without any rights. */
export function asNobody(command: readonly string[]): readonly string[] {
  return [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', ...command];
}

function capability(name: string, isThere: boolean): Capability {
  if (isThere) return { isMissing: false, note: '' };
  process.stdout.write(`skipped: ${name}, which this machine does not allow or have\n`);
  return { isMissing: true, note: ` (skipped: ${name})` };
}

function succeeds(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore', timeout: 10_000 }).status === 0;
}
