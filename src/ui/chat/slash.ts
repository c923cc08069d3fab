/** Slash commands of a chat: the one table of them, parsing, help, and a suggestion for what is unknown. */

/** In the order of the help. `chat`: obeyed by the chat itself; `caller`: an errand to files, the history or a server. */
const COMMANDS = [
  { name: 'help', by: 'chat', syntax: '/help', summary: 'this list, and the keys' },
  {
    name: 'model',
    by: 'chat',
    syntax: '/model [NAME]',
    summary: 'another model; without NAME, which one it is',
  },
  { name: 'models', by: 'caller', syntax: '/models', summary: 'the models there are' },
  { name: 'new', by: 'chat', syntax: '/new', summary: 'a new conversation' },
  {
    name: 'system',
    by: 'chat',
    syntax: '/system [TEXT]',
    summary: 'what the model is told about its task; `-` takes it back',
  },
  {
    name: 'attach',
    by: 'caller',
    syntax: '/attach FILE',
    summary: 'a text file for the next question, as is @FILE in it; `-` takes all back',
  },
  { name: 'image', by: 'caller', syntax: '/image FILE', summary: 'a picture for the next question' },
  { name: 'retry', by: 'chat', syntax: '/retry', summary: 'ask the last question again' },
  { name: 'edit', by: 'chat', syntax: '/edit', summary: 'take the last question back to change it' },
  {
    name: 'copy',
    by: 'caller',
    syntax: '/copy [all|code]',
    summary: 'copy the last answer, all of it, or its last code block',
  },
  { name: 'save', by: 'caller', syntax: '/save FILE', summary: 'write the last answer to a file' },
  {
    name: 'export',
    by: 'caller',
    syntax: '/export FILE',
    summary: 'write the conversation to a file: Markdown, or .json',
  },
  {
    name: 'history',
    by: 'caller',
    syntax: '/history [TEXT]',
    summary: 'earlier conversations, or those that hold TEXT',
  },
  {
    name: 'resume',
    by: 'caller',
    syntax: '/resume [ID]',
    summary: 'go on with an earlier conversation; without ID, the last',
  },
  { name: 'fork', by: 'caller', syntax: '/fork', summary: 'go on in a copy of this conversation' },
  {
    name: 'usage',
    by: 'caller',
    syntax: '/usage',
    summary: 'tokens used here, and what the server says is left',
  },
  { name: 'status', by: 'caller', syntax: '/status', summary: 'who is signed in, where, until when' },
  { name: 'login', by: 'caller', syntax: '/login', summary: 'sign in with your browser' },
  { name: 'logout', by: 'caller', syntax: '/logout', summary: 'sign out' },
  { name: 'clear', by: 'chat', syntax: '/clear', summary: 'a new conversation on an empty window' },
  {
    name: 'quit',
    by: 'chat',
    syntax: '/quit',
    summary: 'leave; so does Ctrl-C twice, or Ctrl-D on an empty line',
  },
] as const;

type Command = (typeof COMMANDS)[number];
type Own = Extract<Command, { readonly by: 'chat' }>['name'];

/** A command that the chat hands on; the argument is trimmed, and absent when empty. */
export interface Errand {
  readonly name: Extract<Command, { readonly by: 'caller' }>['name'];
  readonly argument: string | undefined;
}

export type Slash =
  | { readonly kind: 'own'; readonly name: Own; readonly argument: string | undefined }
  | { readonly kind: 'errand'; readonly errand: Errand }
  | { readonly kind: 'unknown'; readonly message: string };

/** The command in a text; undefined when it is a message. A path such as /usr/bin is a message. */
export function parseSlash(text: string): Slash | undefined {
  const [, typed, rest = ''] = /^\/([a-z?]+)(?:\s+(.*))?$/isu.exec(text.trim()) ?? [];
  if (typed === undefined) return undefined;
  const name = ALIASES[typed.toLowerCase()] ?? typed.toLowerCase();
  const argument = rest.trim() === '' ? undefined : rest.trim();
  const command = COMMANDS.find((known) => known.name === name);
  if (command === undefined) return { kind: 'unknown', message: unknown(name) };
  return command.by === 'chat'
    ? { kind: 'own', name: command.name, argument }
    : { kind: 'errand', errand: { name: command.name, argument } };
}

/** A line a command. */
export function slashHelp(): readonly string[] {
  const width = Math.max(...COMMANDS.map(({ syntax }) => syntax.length));
  return COMMANDS.map(({ syntax, summary }) => `${syntax.padEnd(width)}  ${summary}`);
}

const ALIASES: Readonly<Record<string, Own>> = { '?': 'help', exit: 'quit', q: 'quit' };

function unknown(name: string): string {
  const near = COMMANDS.map(({ name: known }) => ({
    known,
    edits: known.startsWith(name) ? 0 : distance(known, name),
  })).toSorted((one, other) => one.edits - other.edits)[0];
  const advice =
    near === undefined || near.edits > 2 ? '/help lists what there is.' : `Did you mean /${near.known}?`;
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
