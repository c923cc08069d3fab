/**
 * Reading stdin without ever hanging on a pipe that somebody forgot: after 3 s it is said that mira waits, after
 * 30 s without a byte it gives up (cli.md 4).
 */
import type { Context } from '../context.ts';
import { MiraError } from '../errors.ts';

const SAY_AFTER_MS = 3_000;
const GIVE_UP_AFTER_MS = 30_000;

export interface StdinUse {
  /** The wait is wanted, however long it takes. */
  readonly patient?: boolean;
  /** Said after 3 s. */
  readonly waiting: string;
  /** What to do about a pipe that says nothing. */
  readonly hint: string;
  readonly mostBytes: number;
  readonly tooLarge: () => MiraError;
}

/** @throws MiraError `stdin_silent`, what `tooLarge` makes, or what the context's signal was aborted with */
export async function readStdin(context: Context, use: StdinUse): Promise<string> {
  return (await readStdinBytes(context, use)).toString('utf8');
}

/** The same, whatever the bytes are. */
export async function readStdinBytes(context: Context, use: StdinUse): Promise<Buffer> {
  const silence = new AbortController();
  const signal = AbortSignal.any([context.signal, silence.signal]);
  const timers =
    use.patient || context.io.stdin.kind !== 'pipe' ? [] : startTimers(context, { use, silence });
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of context.io.stdin.read(signal)) {
      timers.forEach(clearTimeout);
      size += part.length;
      if (size > use.mostBytes) throw use.tooLarge();
      parts.push(part);
    }
  } finally {
    timers.forEach(clearTimeout);
  }
  return Buffer.concat(parts);
}

function startTimers(
  context: Context,
  { use, silence }: { readonly use: StdinUse; readonly silence: AbortController },
): readonly NodeJS.Timeout[] {
  const { hint } = use;
  const silent = new MiraError('stdin_silent', 'Standard input is a pipe that said nothing for 30 s.', {
    hint,
  });
  return [
    setTimeout(() => context.warn(use.waiting), SAY_AFTER_MS),
    setTimeout(() => silence.abort(silent), GIVE_UP_AFTER_MS),
  ];
}
