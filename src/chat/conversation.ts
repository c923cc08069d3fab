/** Messages in order, as values: nothing here changes what it is given. */
import type { ChatImage, ChatMessage } from './provider.ts';

/** The messages of one question: what the model is told about itself, what was said so far, what is asked. */
export function composeMessages(parts: {
  readonly system?: string | undefined;
  readonly history?: readonly ChatMessage[] | undefined;
  readonly prompt: string;
  /** Shown along with the prompt. */
  readonly images?: readonly ChatImage[] | undefined;
}): readonly ChatMessage[] {
  const system: ChatMessage[] = parts.system ? [{ role: 'system', text: parts.system }] : [];
  const history = (parts.history ?? []).filter(({ role, text }) => role !== 'system' && text !== '');
  const { prompt, images = [] } = parts;
  const question = { role: 'user', text: prompt, ...(images.length === 0 ? {} : { images }) } as const;
  return [...system, ...history, question];
}
