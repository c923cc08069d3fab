/** One command of the demo: the built program, with the demo's own terminal or pipe as its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { DemoFailure } from './demo-failure.js';

const LEAVING_MS = 6_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Resolves when it ended as it should; throws DemoFailure, or the reason of `signal`. */
export async function runStep({ program, step, home, terminal, signal }) {
  const child = spawn(process.execPath, [program, ...step.args], {
    env: home.env,
    cwd: home.folder,
    stdio: [terminal ? 'inherit' : 'ignore', 'inherit', 'inherit'],
  });
  const ended = once(child, 'exit');
  let timedOut = false;
  const stop = () => {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), LEAVING_MS).unref();
  };
  const timer = setTimeout(
    () => {
      timedOut = true;
      stop();
    },
    Math.min(step.limitS * 1000, LONGEST_TIMER_MS),
  );
  signal.addEventListener('abort', stop, { once: true });
  try {
    const [status, killedBy] = await ended;
    signal.throwIfAborted();
    const line = `mira ${step.args.join(' ')}`;
    if (timedOut) throw new DemoFailure(`"${line}" did not end within ${step.limitS} s.`);
    if (status === null) throw new DemoFailure(`"${line}" was ended by ${killedBy}.`);
    if (!step.accepted.includes(status)) throw new DemoFailure(`"${line}" ended with exit status ${status}.`);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
