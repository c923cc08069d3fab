/** Runs the command the set-up was for, as if it had been called itself: same streams, signals and exit code. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

export function runCommand({ node, env }, [program, ...args]) {
  const child = spawn(program === 'node' ? node : program, args, { stdio: 'inherit', env });
  // Ctrl-C reaches every process of the terminal by itself; sent on as well it would count twice.
  const ofTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  process.on('SIGINT', () => {
    if (!ofTerminal) child.kill('SIGINT');
  });
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`set-up: could not start ${program}: ${error.message}\n`);
    process.exitCode = error.code === 'ENOENT' ? 127 : 126;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? code : 128 + constants.signals[signal];
  });
}
