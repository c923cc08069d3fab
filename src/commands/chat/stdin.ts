/**
 * Reading stdin without ever hanging on a pipe that somebody forgot: after 3 s it is said that mira waits, after
 * 30 s without a byte it gives up (cli.md 4). `-` on the line means that the wait is wanted.
 */
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';

const LARGEST = 10 * 1024 * 1024;
const SAY_AFTER_MS = 3_000;
const GIVE_UP_AFTER_MS = 30_000;

/** @throws MiraError `stdin_silent`, `input_too_large` */
export async function readStdin(
  context: Context,
  { patient }: { readonly patient: boolean },
): Promise<string> {
  const waiting = new AbortController();
  const signal = AbortSignal.any([context.signal, waiting.signal]);
  const timers = patient || context.io.stdin.kind !== 'pipe' ? [] : startTimers(context, waiting);
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of context.io.stdin.read(signal)) {
      timers.forEach(clearTimeout);
      size += part.length;
      if (size > LARGEST)
        throw new MiraError('input_too_large', 'Standard input holds more than 10 MB.', {
          hint: 'Send less of it.',
        });
      parts.push(part);
    }
  } finally {
    timers.forEach(clearTimeout);
  }
  return Buffer.concat(parts).toString('utf8');
}

function startTimers(context: Context, waiting: AbortController): readonly NodeJS.Timeout[] {
  return [
    setTimeout(
      () =>
        context.warn('Waiting for standard input. (`-` waits on without a limit, `< /dev/null` ignores it.)'),
      SAY_AFTER_MS,
    ),
    setTimeout(() => {
      waiting.abort(
        new MiraError('stdin_silent', 'Standard input is a pipe that said nothing for 30 s.', {
          hint: 'Add `-` to wait for it, or `< /dev/null` to ask without it.',
        }),
      );
    }, GIVE_UP_AFTER_MS),
  ];
}
