import type { Conversation, StoredMessage } from '../../store/history.ts';
import { sanitize } from '../../ui/sanitize.ts';
import { valueCommand } from '../define.ts';
import { moment } from '../moments.ts';
import { conversationJson } from './conversation-json.ts';

const options = {
  format: {
    kind: 'text',
    flags: '--format <form>',
    summary: 'markdown (default) or json',
    choices: ['markdown', 'json'],
  },
} as const;

interface Exported {
  readonly conversation: Conversation;
  readonly format: 'markdown' | 'json';
  /** The document. */
  readonly text: string;
}

export const exportConversation = valueCommand<typeof options, Exported>({
  summary: 'A conversation as a document',
  description:
    'Print a conversation as a document, to be kept or given on: Markdown without control characters, or JSON with every character as it was.',
  arguments: [{ syntax: '<id>', summary: 'its id, or the beginning of it' }],
  options,
  examples: [
    { command: 'mira history export 1rs0vk > talk.md', shows: 'as Markdown' },
    { command: 'mira history export 1rs0vk --format json > talk.json', shows: 'whole, for a program' },
  ],
  run: async (context, { args: [id = ''], options: { format } }) => {
    const conversation = await (await context.history()).find(id);
    return format === 'json'
      ? { conversation, format, text: asJson(conversation) }
      : { conversation, format: 'markdown', text: asMarkdown(conversation) };
  },
  human: ({ text }) => text,
  json: ({ conversation, format, text }) => ({
    schema: SCHEMA,
    id: conversation.id,
    format,
    ...(format === 'json' ? { conversation: conversationJson(conversation) } : { markdown: text }),
  }),
});

const SCHEMA = 'mira.history.export/1';

function asMarkdown(conversation: Conversation): string {
  const { id, title, provider, model, startedAt, system, messages } = conversation;
  const facts = [`${provider}/${model}`, moment(startedAt), id].join(' · ');
  const parts = [
    ...(system === undefined ? [] : [`## System\n\n${system.trimEnd()}`]),
    ...messages.filter(({ replaced }) => !replaced).map(messageMarkdown),
  ];
  return [`# ${title === '' ? id : title}`, facts, ...parts].join('\n\n');
}

function messageMarkdown({ role, model, text, stopped }: StoredMessage): string {
  const mark = text === '' ? '*(no answer)*' : '*(stopped)*';
  const parts = [...(text === '' ? [] : [text.trimEnd()]), ...(stopped ? [mark] : [])];
  return [`## ${role === 'user' ? 'You' : (model ?? 'Answer')}`, ...parts].join('\n\n');
}

/** What would be taken out before it is shown stands in it escaped, so nothing is lost. */
function asJson(conversation: Conversation): string {
  const escapes = new Map<string, string>();
  const escape = (character: string): string => {
    const known = escapes.get(character);
    if (known !== undefined) return known;
    const shown = sanitize(character) === character ? character : escaped(character);
    escapes.set(character, shown);
    return shown;
  };
  const object = { schema: SCHEMA, format: 'json', conversation: conversationJson(conversation) };
  return JSON.stringify(object, undefined, 2).replaceAll(/[^\n -~]/gu, escape);
}

function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
