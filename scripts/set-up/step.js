/** One step of the set-up: says in a line what it does, keeps quiet about the rest, and shows everything when it fails. */
import { spawnSync } from 'node:child_process';

const MINUTES_15 = 15 * 60 * 1000;

export class StepFailed extends Error {
  /** @param {string} sentence what failed, in one line; @param {string} [output] what the failing program printed */
  constructor(sentence, output = '') {
    super(sentence);
    const shown = output.trim();
    this.report = `set-up: ${sentence}\n${shown === '' ? '' : `${shown}\n`}`;
  }
}

export function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

/**
 * Runs a program to its end without showing what it prints.
 * @param {readonly string[]} command
 * @param {{ cwd: string, env: object, failure: string }} options
 * @throws StepFailed with the failure's sentence, or a better one when the reason is known
 */
export function runStep(command, { cwd, env, failure }) {
  // npm is a script file on Windows, which only a shell starts.
  const shell = process.platform === 'win32' && command[0] === 'npm';
  const ran = spawnSync(command[0], command.slice(1), {
    cwd,
    env,
    shell,
    encoding: 'utf8',
    timeout: MINUTES_15,
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = `${ran.stdout || ''}${ran.stderr || ''}`;
  if (ran.error !== undefined)
    throw new StepFailed(`${failure}: ${reasonOf(ran.error, command[0])}.`, output);
  if (ran.status !== 0)
    throw new StepFailed(
      `${failure}${isOffline(output) ? ': the npm registry cannot be reached' : ''}.`,
      output,
    );
  return output;
}

function reasonOf(error, program) {
  if (error.code === 'ENOENT') return `there is no ${program} on this machine`;
  if (error.code === 'ETIMEDOUT') return `${program} took longer than 15 minutes`;
  return error.message;
}

function isOffline(output) {
  return /npm (?:ERR!|error) .*(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED)/.test(
    output,
  );
}
