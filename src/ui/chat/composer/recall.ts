/** Stepping through what was sent; the text that was being written waits behind the newest. */
import { foldHuge, type Composer } from '../composer.ts';
import { replaceAll } from './changes.ts';

export function recall(composer: Composer, direction: -1 | 1): Composer {
  const { history, recalled = history.length } = composer;
  const place = recalled + direction;
  if (place < 0 || place > history.length) return composer;
  const draft = recalled === history.length ? composer.text : composer.draft;
  return recallAt(composer, place, draft);
}

/** Shows the entry at `place` of the history, or `draft` behind its end. */
function recallAt(composer: Composer, place: number, draft: string): Composer {
  const { history, run } = composer;
  const { text, pastes } = foldHuge(history[place] ?? draft, composer.pastes);
  const shown = replaceAll(
    { ...composer, pastes, run: run === 'recall' ? run : undefined },
    { text, run: 'recall' },
  );
  return { ...shown, draft, recalled: place >= history.length ? undefined : place };
}

/** What is shown came from the history and has not been touched since. */
export function isUntouched({ recalled, caret, text }: Composer): boolean {
  return recalled !== undefined && caret === text.length;
}
