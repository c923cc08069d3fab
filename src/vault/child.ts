/** Programs that mira starts for somebody: execa's only importer. What cannot be started is told as a shell does. */
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { execa } from 'execa';
import { MiraError } from '../errors.ts';

/** Where output goes: where mira's own does, to another descriptor, or into a new pipe. */
export type ChildOutput = 'inherit' | 'pipe' | Writable;

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole of its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdout: ChildOutput;
  readonly stderr: ChildOutput;
}

export interface Child {
  /** Undefined unless asked for with `pipe`. */
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  readonly hasEnded: boolean;
  /** Does nothing once the child has ended. */
  signal(name: NodeJS.Signals): void;
  /** Its exit status, 128 + n when signal n ended it; not waiting for whoever else has its output open. */
  readonly ended: Promise<number>;
}

/** Resolves when the program runs. @throws MiraError `command_not_found` (127), `not_executable` (126) */
export async function startChild({ command, args, env, stdout, stderr }: ChildOptions): Promise<Child> {
  // A name that is empty is one that no program has; Node would call it a mistake of ours.
  if (command === '') throw notStarted('ENOENT', command);
  const running = execa(command, [...args], {
    stdin: 'inherit',
    stdout,
    stderr,
    env: { ...env },
    extendEnv: false,
    buffer: false,
    reject: false,
    // NODE_DEBUG=execa would print the arguments.
    verbose: 'none',
  });
  const ended = new Promise<number>((resolve) => {
    running.nodeChildProcess.once('exit', (code, signal) =>
      resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']),
    );
  });
  if (running.pid === undefined) {
    const { code } = await running;
    throw notStarted(code, command);
  }
  return {
    stdout: running.stdout ?? undefined,
    stderr: running.stderr ?? undefined,
    get hasEnded() {
      const { exitCode, signalCode } = running.nodeChildProcess;
      return exitCode !== null || signalCode !== null;
    },
    signal: (name) => void running.nodeChildProcess.kill(name),
    ended,
  };
}

function notStarted(code: string | undefined, command: string): MiraError {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return isFile(command)
        ? new MiraError(
            'not_executable',
            `${command} cannot be run: what its first line names is not there.`,
            {
              hint: 'Check the line that begins with #!.',
            },
          )
        : new MiraError(
            'command_not_found',
            `There is no program ${command === '' ? 'without a name' : command}.`,
            {
              hint: command.includes('/') ? 'Check the path.' : 'Check its name, and PATH.',
            },
          );
    case 'EACCES':
    case 'EPERM':
      return new MiraError('not_executable', `${command} may not be run.`, {
        hint: `Make it executable (chmod +x), or name the program that runs it, such as sh.`,
      });
    case 'ENOEXEC':
      return new MiraError(
        'not_executable',
        `${command} is no program of this machine, and no script with a #! line.`,
        {
          hint: 'Name the program that runs it, such as sh.',
        },
      );
    case 'E2BIG':
      return new MiraError(
        'not_executable',
        'The variables and arguments are more than a program can be given.',
        {
          hint: 'Choose the tokens it needs with --only.',
        },
      );
    default:
      return new MiraError(
        'not_executable',
        `${command} could not be started (${code ?? 'unknown reason'}).`,
      );
  }
}

function isFile(command: string): boolean {
  return command.includes('/') && statSync(command, { throwIfNoEntry: false })?.isFile() === true;
}
