/** Messages in order, as values: nothing here changes what it is given. */
import type { ChatMessage } from './provider.ts';

/** The messages of one question: what the model is told about itself, what was said so far, what is asked. */
export function composeMessages(parts: {
  readonly system?: string | undefined;
  readonly history?: readonly ChatMessage[] | undefined;
  readonly prompt: string;
}): readonly ChatMessage[] {
  const system: ChatMessage[] = parts.system ? [{ role: 'system', text: parts.system }] : [];
  const history = (parts.history ?? []).filter(({ role, text }) => role !== 'system' && text !== '');
  return [...system, ...history, { role: 'user', text: parts.prompt }];
}

export interface MessageLimits {
  readonly maxMessages: number;
  /** UTF-16 units over all messages; servers count differently, so leave room. */
  readonly maxCharacters: number;
}

/**
 * What fits of a conversation: system messages and the newest ones, beginning with a user's message.
 * The last message always stays, even if it alone is too large; then the server's own limit speaks.
 */
export function fitMessages(messages: readonly ChatMessage[], limits: MessageLimits): readonly ChatMessage[] {
  const system = messages.filter(({ role }) => role === 'system');
  const spoken = messages.filter(({ role }) => role !== 'system');
  let count = system.length;
  let characters = system.reduce((sum, { text }) => sum + text.length, 0);

  let start = spoken.length;
  for (const message of spoken.toReversed()) {
    count += 1;
    characters += message.text.length;
    const fits = count <= limits.maxMessages && characters <= limits.maxCharacters;
    if (!fits && start < spoken.length) break;
    start -= 1;
  }
  while (start < spoken.length - 1 && spoken[start]?.role !== 'user') start += 1;
  return [...system, ...spoken.slice(start)];
}
