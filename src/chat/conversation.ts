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
