import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Env } from '../../../context.ts';
import { MiraError } from '../../../errors.ts';

/**
 * The path a slash command was given; `~` is the home folder, and quotes around a path are taken off.
 * @throws MiraError `invalid_usage` when there is none
 */
export function requirePath(
  argument: string | undefined,
  { command, env }: { readonly command: string; readonly env: Env },
): string {
  const path = /^(["'])(.*)\1$/u.exec(argument ?? '')?.[2] ?? argument ?? '';
  if (path === '') {
    throw new MiraError('invalid_usage', `${command} needs the name of a file.`, {
      hint: `For example: ${command} notes.md`,
    });
  }
  const home = env['HOME'] ?? homedir();
  if (path === '~') return home;
  return path.startsWith('~/') ? join(home, path.slice(2)) : path;
}
