/** Messages in order, as values: nothing here changes what it is given. */
import type { ChatImage, ChatMessage, TextPart } from './provider.ts';

/** The messages of one question: what the model is told about itself, what was said so far, what is asked. */
export function composeMessages(parts: {
  readonly system?: string | undefined;
  readonly history?: readonly ChatMessage[] | undefined;
  readonly prompt: string;
  /** Of the prompt, and of what the model is told. */
  readonly parts?: readonly TextPart[] | undefined;
  readonly systemParts?: readonly TextPart[] | undefined;
  /** Shown along with the prompt. */
  readonly images?: readonly ChatImage[] | undefined;
}): readonly ChatMessage[] {
  const system: ChatMessage[] = parts.system
    ? [{ role: 'system', text: parts.system, ...named(parts.systemParts) }]
    : [];
  const history = (parts.history ?? []).filter(({ role, text }) => role !== 'system' && text !== '');
  const { prompt, images = [] } = parts;
  const shown = images.length === 0 ? {} : { images };
  const question = { role: 'user', text: prompt, ...shown, ...named(parts.parts) } as const;
  return [...system, ...history, question];
}

function named(parts: readonly TextPart[] = []): Pick<ChatMessage, 'parts'> {
  return parts.length === 0 ? {} : { parts };
}
