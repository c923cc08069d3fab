/** Killing and yanking as in readline: what is killed in a row is one piece, and older pieces come back too. */
import type { Composer } from '../composer.ts';
import { replace } from './changes.ts';

/** Takes the text between the caret and `to` away, to be yanked. */
export function kill(composer: Composer, to: number): Composer {
  const { text, caret, killed, run } = composer;
  const isBefore = to < caret;
  const [from, end] = isBefore ? [to, caret] : [caret, to];
  const piece = text.slice(from, end);
  const next = replace(composer, { from, to: end, by: '', run: isBefore ? 'kill_before' : 'kill_after' });
  if (piece === '') return { ...next, run };
  const goesOn = run === 'kill_before' || run === 'kill_after';
  const last = goesOn ? (killed.at(-1) ?? '') : '';
  const older = goesOn ? killed.slice(0, -1) : killed;
  return { ...next, killed: [...older, isBefore ? piece + last : last + piece].slice(-MOST_KILLED) };
}

export function yank(composer: Composer): Composer {
  const { killed, caret } = composer;
  const piece = killed.at(-1);
  if (piece === undefined) return composer;
  const next = replace(composer, { from: caret, to: caret, by: piece, run: 'yank' });
  return { ...next, yanked: { from: caret, index: killed.length - 1 } };
}

/** Right after a yank: the piece before it in its place. */
export function yankOlder(composer: Composer): Composer {
  const { killed, caret, run, yanked } = composer;
  if (run !== 'yank' || yanked === undefined) return composer;
  const index = (yanked.index + killed.length - 1) % killed.length;
  const next = replace(composer, { from: yanked.from, to: caret, by: killed[index] ?? '', run: 'yank' });
  return { ...next, yanked: { from: yanked.from, index } };
}

const MOST_KILLED = 30;
