import type { Conversation, StoredMessage } from '../../store/history.ts';
import type { Style } from '../../ui/style.ts';
import { valueCommand } from '../define.ts';
import { ago } from '../moments.ts';
import { conversationJson } from './conversation-json.ts';

interface Shown {
  readonly conversation: Conversation;
  readonly now: number;
}

export const show = valueCommand<Record<never, never>, Shown>({
  summary: 'A conversation, as it was said',
  arguments: [{ syntax: '<id>', summary: 'its id, or the beginning of it' }],
  options: {},
  examples: [
    { command: 'mira history show 1rs0vk', shows: 'read it' },
    { command: 'mira history show 1rs0vk --json | jq -r ".messages[-1].text"', shows: 'its last answer' },
  ],
  run: async (context, { args: [id = ''] }) => ({
    conversation: await (await context.history()).find(id),
    now: context.now(),
  }),
  human: ({ conversation, now }, style) => {
    const { id, title, provider, model, forkedFrom, updatedAt, messages } = conversation;
    const facts = [
      id,
      `${provider}/${model}`,
      ago(updatedAt, now),
      ...(forkedFrom === undefined ? [] : [`a copy of ${forkedFrom}`]),
    ];
    const head = [style.strong(title), style.dim(facts.join(' · '))];
    return [...head, ...messages.flatMap((message) => ['', ...messageLines(message, style)])].join('\n');
  },
  json: ({ conversation }) => ({ schema: 'mira.history.show/1', ...conversationJson(conversation) }),
});

function messageLines(message: StoredMessage, style: Style): readonly string[] {
  const { role, model, text, stopped, replaced } = message;
  const who = role === 'user' ? 'You' : (model ?? 'Answer');
  const mark = text === '' ? '(no answer)' : '(stopped)';
  return [
    style.strong(replaced ? `${who} (replaced)` : who),
    ...(text === '' ? [] : [text.trimEnd()]),
    ...(stopped ? [style.dim(mark)] : []),
  ];
}
