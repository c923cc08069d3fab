/**
 * Becomes strace over the program it is given, so that every system call of $TRACE_CALLS which it makes, or a process
 * that it starts, is written to a file in $TRACE_FOLDER. Strings are written in hex: they need no unquoting then.
 */
import { join } from 'node:path';

const { TRACE_FOLDER = '', TRACE_CALLS = '', ...env } = process.env;
const strace = ['strace', '-f', '-qq', '-xx', '-s', '200000', '-e', `trace=${TRACE_CALLS}`];
const output = ['-o', join(TRACE_FOLDER, `${process.pid}.trace`)];
process.execve?.(
  '/usr/bin/env',
  ['env', ...strace, '--seccomp-bpf', ...output, process.execPath, ...process.argv.slice(2)],
  env,
);
