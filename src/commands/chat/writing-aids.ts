/** What the composer of the chat needs of this machine: paths, files, and the person's editor. */
import { homedir } from 'node:os';
import type { Context } from '../../context.ts';
import { keyboardOf } from '../../ui/chat/key-input.ts';
import type { WritingAids } from '../../ui/chat/writing-aids.ts';
import { createPathFinder } from './find-paths.ts';
import { createMentionReader } from './read-mention.ts';

export function createWritingAids(
  { env, platform, elapsed, onInterrupt }: Pick<Context, 'env' | 'platform' | 'elapsed' | 'onInterrupt'>,
  history: readonly string[],
): WritingAids {
  const where = { cwd: '.', home: env['HOME'] ?? homedir() };
  return {
    history,
    findPaths: createPathFinder({ ...where, elapsed }),
    readMention: createMentionReader(where),
    async editText(text, signal) {
      const { editInEditor } = await import('../../ui/external-editor.ts');
      // Ctrl-C in an editor is the editor's, and the terminal sends it to both.
      const restore = onInterrupt(() => undefined);
      try {
        return await editInEditor(text, { env, platform, signal });
      } finally {
        restore();
      }
    },
    keyboard: keyboardOf(env),
  };
}
