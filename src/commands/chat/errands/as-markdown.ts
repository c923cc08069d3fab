import type { Talk } from '../../../ui/chat/talk.ts';

/** A conversation as a document that people can read: a heading a speaker. */
export function asMarkdown({ messages, model }: Pick<Talk, 'messages' | 'model'>): string {
  return messages
    .map(({ role, text }) => `## ${role === 'user' ? 'You' : model}\n\n${text.trimEnd()}\n`)
    .join('\n');
}
