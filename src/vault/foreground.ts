import { readFileSync } from 'node:fs';

/**
 * Does what is typed in the terminal (Ctrl-C, Ctrl-\, Ctrl-Z) reach the whole group that this process is in? Then the
 * child has it already and must not be sent it a second time. Where the system does not tell, having a terminal counts.
 */
export function isInForeground({ hasTerminal }: { readonly hasTerminal: boolean }): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    // The name of the program stands in brackets and may hold anything (proc_pid_stat(5)).
    const [, , group, , , foregroundGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return group === foregroundGroup;
  } catch {
    return hasTerminal;
  }
}
