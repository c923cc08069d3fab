/** Slash commands of a chat: parsing, help, and a suggestion for what is unknown. */

export type Slash =
  | { readonly kind: 'help' | 'new' | 'quit' }
  | { readonly kind: 'model'; readonly name: string | undefined }
  | { readonly kind: 'unknown'; readonly message: string };

/** The command in a text; undefined when it is a message. A path such as /usr/bin is a message. */
export function parseSlash(text: string): Slash | undefined {
  const [, name, argument = ''] = /^\/([a-z?]+)(?:\s+(.*))?$/isu.exec(text.trim()) ?? [];
  if (name === undefined) return undefined;
  switch (name.toLowerCase()) {
    case 'help':
    case '?':
      return { kind: 'help' };
    case 'new':
      return { kind: 'new' };
    case 'quit':
    case 'exit':
      return { kind: 'quit' };
    case 'model':
      return { kind: 'model', name: argument.trim() === '' ? undefined : argument.trim() };
    default:
      return { kind: 'unknown', message: unknown(name.toLowerCase()) };
  }
}

export const SLASH_HELP: readonly string[] = [
  '/help         this list',
  '/model NAME   another model; without NAME, which one it is',
  '/new          a new conversation',
  '/quit         leave; so does Ctrl-C twice, or Ctrl-D on an empty line',
];

const NAMES = ['help', 'model', 'new', 'quit'] as const;

function unknown(name: string): string {
  const near = NAMES.find((known) => known.startsWith(name) || distance(known, name) <= 2);
  const advice = near === undefined ? '/help lists what there is.' : `Did you mean /${near}?`;
  return `There is no command /${name}. ${advice}`;
}

/** Edits from one word to the other (Levenshtein); the words are short. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const swap = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
