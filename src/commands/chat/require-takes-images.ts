import type { ChatProvider } from '../../chat/provider.ts';
import { MiraError } from '../../errors.ts';

/** @throws MiraError `invalid_input` for a provider whose models take no pictures */
export function requireTakesImages({ id, takesImages }: ChatProvider): void {
  if (takesImages) return;
  throw new MiraError('invalid_input', `The models of ${id} take no pictures.`, {
    hint: 'Describe it in words, or ask a provider that takes pictures: openai, anthropic, bedrock, ollama.',
  });
}
