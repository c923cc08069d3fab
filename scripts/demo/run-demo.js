/** The demo from start to end: a platform, a home of its own, the steps, and cleaning up whatever happened. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startPlatform } from '../../test/support/platform/start-platform.ts';
import { approveWhenAsked } from './approve-when-asked.js';
import { DemoFailure } from './demo-failure.js';
import { makeHome } from './home.js';
import { onInterruption } from './on-interruption.js';
import { runStep } from './run-step.js';
import { demoSteps } from './steps.js';

const PROGRAM = fileURLToPath(new URL('../../bin/mira.js', import.meta.url));
const BUNDLE = fileURLToPath(new URL('../../dist', import.meta.url));

/**
 * @param {{ manual: boolean, terminal: boolean }} options
 * @returns {Promise<number>} the exit status
 */
export async function runDemo({ manual, terminal }) {
  const interruption = onInterruption();
  try {
    await withEverything({ manual, terminal, signal: interruption.signal });
    return 0;
  } catch (error) {
    if (interruption.status !== undefined) return interruption.status;
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`demo: ${message}\n`);
    return 1;
  } finally {
    interruption.stop();
  }
}

async function withEverything({ manual, terminal, signal }) {
  if (!existsSync(BUNDLE)) throw new DemoFailure('mira is not built yet. Run: npm run build');
  const platform = await startPlatform({ wordDelayMs: 12 });
  try {
    const home = await makeHome();
    try {
      await runSteps({ platform, home, manual, terminal, signal });
    } finally {
      await home.remove();
    }
  } finally {
    await platform.close();
  }
}

async function runSteps({ platform, home, manual, terminal, signal }) {
  say('A platform runs on this machine for the length of this demo: an OpenID provider and the Mira API.');
  say(`Session, settings and keys live in ${home.folder} until the demo ends; your keychain is not touched.`);
  for (const step of demoSteps({ platform, manual, terminal })) {
    signal.throwIfAborted();
    say('');
    if (step.note !== undefined) say(step.note);
    say(`$ mira ${step.args.map(quoted).join(' ')}`);
    const stopApproving = step.approve
      ? approveWhenAsked({ platform, tell: terminal ? () => {} : say })
      : undefined;
    try {
      await runStep({ program: PROGRAM, step, home, terminal, signal });
    } finally {
      await stopApproving?.();
    }
  }
  say('');
  say('That was all. Nothing of it is left on this machine.');
}

/** Written at once, so that it keeps its place between the outputs of the program. */
function say(line) {
  process.stdout.write(`${line}\n`);
}

function quoted(arg) {
  return /^[\w./:=-]+$/.test(arg) ? arg : `"${arg}"`;
}
