/** The files in which shells keep what was typed, those of them that there are. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Env } from '../../context.ts';

export function findShellHistory({
  env,
  platform,
}: {
  readonly env: Env;
  readonly platform: NodeJS.Platform;
}): readonly string[] {
  const home = env['HOME'] ?? homedir();
  const data = env['XDG_DATA_HOME'] ?? join(home, '.local', 'share');
  const zsh = env['ZDOTDIR'] ?? home;
  const powershell =
    platform === 'win32' && env['APPDATA'] !== undefined
      ? join(env['APPDATA'], 'Microsoft', 'Windows', 'PowerShell')
      : join(data, 'powershell');
  const files = [
    ...(env['HISTFILE'] === undefined ? [] : [resolve(env['HISTFILE'])]),
    join(home, '.bash_history'),
    join(zsh, '.zsh_history'),
    join(zsh, '.histfile'),
    join(home, '.sh_history'),
    join(home, '.ksh_history'),
    join(data, 'fish', 'fish_history'),
    join(powershell, 'PSReadLine', 'ConsoleHost_history.txt'),
  ];
  return [...new Set(files)].filter((file) => existsSync(file));
}
