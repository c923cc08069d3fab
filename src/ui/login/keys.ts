/** From what Ink reports of the keyboard to what the waiting screen understands. */
import type { Key } from 'ink';

export type LoginKey = 'open' | 'copy' | 'qr' | 'renew' | 'cancel';

/** The keys of one event; quick typing brings several in one piece. */
export function loginKeys(input: string, key: Key): readonly LoginKey[] {
  if (key.escape) return ['cancel'];
  if (key.ctrl) return input === 'c' ? ['cancel'] : [];
  if (key.return) return ['open'];
  if (key.meta) return [];
  return [...input].flatMap((character) => {
    const meant = MEANINGS[character.toLowerCase()];
    return meant === undefined ? [] : [meant];
  });
}

const MEANINGS: Readonly<Record<string, LoginKey>> = {
  '\r': 'open',
  '\n': 'open',
  '\x03': 'cancel',
  c: 'copy',
  q: 'qr',
  r: 'renew',
};
