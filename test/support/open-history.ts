/** A history in a temporary folder, and short ways to fill it. */
import { readFile, readdir } from 'node:fs/promises';
import { createHistory } from '../../src/store/history.ts';
import type { History } from '../../src/store/history.ts';
import { newConversationId } from '../../src/store/history/conversation-id.ts';
import { createFixedClock } from './fixed-clock.ts';
import type { FixedClock } from './fixed-clock.ts';
import type { TemporaryFolder } from './temporary-folder.ts';

export interface OpenHistory extends Disposable {
  readonly history: History;
  readonly file: string;
  readonly clock: FixedClock;
  /** What was said to the person. */
  readonly said: readonly string[];
  /** A conversation of questions and answers; each takes a second. @returns its id */
  converse(...texts: readonly string[]): Promise<string>;
  begin(question: string, profile?: string): Promise<string>;
}

export interface OpenHistoryOptions {
  readonly clock?: FixedClock;
  readonly mask?: (text: string) => string;
  readonly random?: () => number;
}

export const WHO = { provider: 'mira', model: 'mira', system: undefined } as const;

export function openHistory(folder: TemporaryFolder, options: OpenHistoryOptions = {}): OpenHistory {
  const { clock = createFixedClock(), mask = (text) => text, random = Math.random } = options;
  const said: string[] = [];
  const file = folder.in('data', 'mira.db');
  const history = createHistory({
    file,
    locksDir: folder.in('locks'),
    uid: process.geteuid?.(),
    now: clock.now,
    random,
    mask,
    say: (line) => said.push(line),
  });
  const begin = (question: string, profile = 'default'): Promise<string> => {
    const at = clock.now();
    const id = newConversationId({ now: at, random: random() });
    return history.create({ ...WHO, id, question, profile, at });
  };
  return {
    history,
    file,
    clock,
    said,
    begin,
    async converse(...texts) {
      const id = await begin(texts[0] ?? '');
      for (let index = 0; index < texts.length; index += 2) {
        const answer = await history.addTurn(id, { ...WHO, question: texts[index] ?? '', at: clock.now() });
        clock.advance(1000);
        const text = texts[index + 1] ?? '';
        await answer.end({ text, reasoning: '', stopped: false, at: clock.now() });
      }
      return id;
    },
    [Symbol.dispose]: () => history.close(),
  };
}

/** The files of a folder that hold these bytes, in any part of them. */
export async function filesWith(folder: string, needle: string): Promise<readonly string[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = await Promise.all(
    files
      .filter((file) => file.isFile())
      .map(async (file) => {
        // A journal may be gone before it is read.
        const bytes = await readFile(`${file.parentPath}/${file.name}`).catch(() => undefined);
        return bytes?.includes(needle) ? [file.name] : [];
      }),
  );
  return found.flat();
}
