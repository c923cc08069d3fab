import type { Conversation, StoredMessage } from '../../store/history.ts';

/**
 * What of a saved conversation goes along with the next question: questions with their answers, stopped ones too.
 * A question that got no answer is kept and shown, but no model is told of it; neither of what was replaced.
 */
export function saidSoFar({ messages }: Pick<Conversation, 'messages'>): readonly StoredMessage[] {
  const answered = new Set(
    messages.filter(({ role, text }) => role === 'assistant' && text !== '').map(({ number }) => number),
  );
  return messages.filter(
    ({ number, role, replaced }) => !replaced && answered.has(role === 'user' ? number + 1 : number),
  );
}
