/**
 * System calls of the built program that fail or kill it by order. A run without faults is recorded first; then every
 * call it made on the files in question can be named, and made to fail, by its path, its name and its number.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { environmentOf, type IsolatedHome } from './isolated-home.ts';
import { MIRA, type RunResult } from './run-mira.ts';

export interface TracedCommand {
  readonly home: IsolatedHome;
  readonly args: readonly string[];
  readonly stdin?: string | undefined;
}

export interface Call {
  readonly path: string;
  readonly name: string;
  /** Counting from one, in the thread that makes it. */
  readonly nth: number;
}

export interface Fault {
  readonly call: Call;
  /** An errno, or the end of the process. */
  readonly kind: string;
  /** The later calls of that name fail too. */
  readonly lasting?: boolean;
}

export const FIXED_UUID = '00000000-0000-4000-8000-000000000000';

/** Names of temporary files are random; fixed ones can be given to strace. The clock still moves: others wait by it. */
const FIX_NAMES = `let moments = 1_700_000_000_000;
  globalThis.crypto.randomUUID = () => '${FIXED_UUID}';
  if (process.argv.includes('config')) { Date.now = () => moments++; Math.random = () => 0; }`;

/** What the command does to these paths, in order. When a line shows two of them, the first of the list is meant. */
export async function recordCalls(
  command: TracedCommand,
  paths: readonly string[],
): Promise<readonly Call[]> {
  const { result, trace } = await runTraced(
    command,
    paths.flatMap((path) => ['-P', path]),
  );
  if (result.code !== 0) throw new Error(`The run to record ended with ${result.code}: ${result.stderr}`);
  const counts = new Map<string, number>();
  return trace.split('\n').flatMap((line) => {
    const { thread, name, text } = parseLine(line);
    if (thread === undefined || name === undefined || text === undefined) return [];
    const [call] = paths
      .filter((path) => text.includes(`"${path}"`) || text.includes(`<${path}>`))
      .map((path) => {
        const key = [thread, name, path].join(' ');
        const nth = (counts.get(key) ?? 0) + 1;
        counts.set(key, nth);
        return { path, name, nth };
      });
    return call === undefined ? [] : [call];
  });
}

/** @throws when the fault met no call: then the run was another one than the recorded */
export async function runWithFault(
  command: TracedCommand,
  { call, kind, lasting = false }: Fault,
): Promise<RunResult> {
  const effect = kind === 'KILL' ? 'signal=KILL' : `error=${kind}`;
  const inject = `inject=${call.name}:${effect}:when=${call.nth}${lasting ? '+' : ''}`;
  const { result, trace } = await runTraced(command, ['-P', call.path, '-e', inject]);
  // What strace itself ends with depends on which thread it saw last. The helper of the keychain may be killed any time.
  if (kind === 'KILL' && trace.includes('+++ killed by SIGKILL +++'))
    return { ...result, code: null, signal: 'SIGKILL' };
  if (!trace.includes('(INJECTED)'))
    throw new Error(
      `The program made no ${call.name} number ${call.nth} on ${call.path} this time (${result.code}: ${result.stderr})`,
    );
  return result;
}

async function runTraced(
  { home, args, stdin }: TracedCommand,
  filter: readonly string[],
): Promise<{ readonly result: RunResult; readonly trace: string }> {
  const log = join(home.path, 'tmp', `${crypto.randomUUID()}.strace`);
  const preload = `data:text/javascript,${encodeURIComponent(FIX_NAMES)}`;
  const program = [process.execPath, '--import', preload, MIRA, ...args];
  const ran = await execa('strace', ['-f', '-q', '-y', '-o', log, ...filter, ...program], {
    cwd: home.path,
    // One thread for files, so that a number means the same call every time.
    env: environmentOf(home, { UV_THREADPOOL_SIZE: '1' }),
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    timeout: 60_000,
    ...(stdin === undefined ? { stdin: 'ignore' } : { input: stdin }),
  });
  const trace = await readFile(log, 'utf8');
  await rm(log);
  return {
    result: {
      code: ran.exitCode ?? null,
      signal: (ran.signal as NodeJS.Signals | undefined) ?? null,
      stdout: ran.stdout,
      stderr: ran.stderr,
    },
    trace,
  };
}

/** The second half of a call that was interrupted by another thread's is no call of its own. */
function parseLine(line: string): { thread?: string; name?: string; text?: string } {
  return /^(?<thread>\d+) +(?<name>\w+)\((?<text>.*)$/.exec(line)?.groups ?? {};
}
