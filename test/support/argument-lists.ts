/** The argument lists of all processes that a program starts, as strace saw them: none is too short-lived to be missed. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Tracing extends AsyncDisposable {
  /** To be run with Node in place of the program, whose file then is the first argument. */
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  /** Every command so far: the name of its program and all arguments, one a line. */
  commands(): Promise<readonly { readonly program: string; readonly argv: string }[]>;
}

/** A container may forbid ptrace, and strace may not be there. */
export function canTrace(): boolean {
  const tried = spawnSync('strace', ['-f', '--seccomp-bpf', '-e', 'trace=execve', '-o', '/dev/null', 'true']);
  return tried.status === 0;
}

export async function traceArguments(): Promise<Tracing> {
  const folder = await mkdtemp(join(tmpdir(), 'mira-trace-'));
  return {
    program: fileURLToPath(new URL('./traced-program.ts', import.meta.url)),
    env: { TRACE_FOLDER: folder, TRACE_CALLS: 'execve,execveat' },
    async commands() {
      const traces = await Promise.all(
        (await readdir(folder)).map((file) => readFile(join(folder, file), 'latin1')),
      );
      return traces.flatMap((trace) => trace.split('\n').flatMap((line) => commandIn(line)));
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

function commandIn(line: string): readonly { readonly program: string; readonly argv: string }[] {
  const list = /exec\w+\([^[]*\[(.*?)\]/.exec(line)?.[1];
  if (list === undefined) return [];
  const strings = [...list.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex = '']) =>
    Buffer.from(hex.replaceAll('\\x', ''), 'hex').toString('latin1'),
  );
  return [{ program: basename(strings[0] ?? ''), argv: strings.join('\n') }];
}
