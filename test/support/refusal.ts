import { expect } from 'vitest';
import type { RunResult } from './run-mira.ts';

/** The one line of a run that ended with exit 10 (or the one given): what happened; below it, what to do. */
export function refusalIn({ code, stderr }: Pick<RunResult, 'code' | 'stderr'>, exit = 10): string {
  expect({ code, stderr }).toEqual({
    code: exit,
    stderr: expect.stringMatching(/^mira: [^\n]+\.\n {2}[^\n]+\n$/),
  });
  return stderr.split('\n')[0] ?? '';
}
