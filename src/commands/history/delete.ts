import type { ConversationSummary } from '../../store/history.ts';
import { valueCommand } from '../define.ts';
import { mayDelete } from './may-delete.ts';

const options = {
  yes: { kind: 'flag', flags: '-y, --yes', summary: 'do not ask' },
} as const;

interface Deletion {
  readonly conversation: ConversationSummary;
  readonly deleted: boolean;
}

export const deleteConversation = valueCommand<typeof options, Deletion>({
  summary: 'Remove a conversation for good',
  description:
    'Remove a conversation from this machine. It cannot be brought back: nothing of its text is left in the files of mira.',
  arguments: [{ syntax: '<id>', summary: 'its id, or the beginning of it' }],
  options,
  examples: [
    { command: 'mira history delete 1rs0vk', shows: 'asks first' },
    { command: 'mira history delete 1rs0vk --yes', shows: 'in a script' },
  ],
  run: async (context, { args: [id = ''], options: { yes } }) => {
    const history = await context.history();
    const conversation = await history.find(id);
    const { title, messageCount } = conversation;
    const question = `Delete “${title}” (${messageCount} messages) for good?`;
    if (!yes && !(await mayDelete(context, { question, command: `mira history delete ${conversation.id}` })))
      return { conversation, deleted: false };
    return { conversation: await history.remove(conversation.id), deleted: true };
  },
  human: ({ conversation: { id, title }, deleted }) =>
    deleted ? `Deleted ${id}: ${title}` : 'Nothing was deleted.',
  json: ({ conversation: { id, title, messageCount }, deleted }) => ({
    schema: 'mira.history.delete/1',
    id,
    title,
    messages: messageCount,
    deleted,
  }),
});
