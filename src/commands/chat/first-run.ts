/** The first chat of somebody who has no credential yet: what there is to do about it, and doing it. */
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { choose } from '../../ui/prompts.ts';
import type { Choice } from '../../ui/prompts.ts';
import type { ProviderChoice } from './open-provider.ts';

/**
 * Asks on the terminal, and signs in, keeps a key or chooses Ollama. The caller knows that nothing is stored.
 * @returns what to open then, or undefined for nothing
 * @throws MiraError `interrupted`, and every way of not signing in
 */
export async function firstRun<C extends ProviderChoice>(
  context: Context,
  choice: C,
): Promise<C | undefined> {
  const { stdin, stderr } = context.io.terminal();
  const { profile } = await context.settings();
  const who = profile === 'default' ? 'You are not signed in' : `You are not signed in to profile ${profile}`;
  const local = choice.provider === undefined ? await findLocalModel(context) : undefined;
  const wanted = await choose<Way>({
    question: `${who} yet. How do you want to chat?`,
    choices: [
      { key: '1', label: 'Sign in with your browser', value: { kind: 'sign_in' } },
      { key: '2', label: 'Paste an API key', value: { kind: 'key' } },
      ...localChoice(local),
      { key: 'q', label: 'Quit', value: { kind: 'quit' } },
    ],
    stdin,
    stderr,
    signal: context.signal,
  });
  switch (wanted.kind) {
    case 'sign_in':
    case 'key': {
      const { runLogin } = await import('../auth/run-login.ts');
      await runLogin(context, { withKey: wanted.kind === 'key' });
      return choice;
    }
    case 'ollama':
      return { ...choice, provider: 'ollama', model: wanted.model };
    case 'quit':
      return undefined;
  }
}

type Way =
  { readonly kind: 'sign_in' | 'key' | 'quit' } | { readonly kind: 'ollama'; readonly model: string };

function localChoice(model: string | undefined): readonly Choice<Way>[] {
  if (model === undefined) return [];
  return [{ key: '3', label: `Use Ollama (model ${model})`, value: { kind: 'ollama', model } }];
}

/** Whoever asks waits for the answer, so it has to be a quick one. */
const PROBE_MS = 300;

/** The model Ollama would answer with; undefined where none runs, or none is there. */
async function findLocalModel(context: Context): Promise<string | undefined> {
  const { listOllamaModels } = await import('../../chat/providers/ollama.ts');
  const { ollamaAddress } = await import('../../api/ollama-address.ts');
  try {
    const { baseUrl } = ollamaAddress(context.env);
    const service = { http: await context.http(), baseUrl, now: context.now };
    const [first] = await listOllamaModels(service, { signal: context.signal, limitMs: PROBE_MS });
    return first?.id;
  } catch (error) {
    if (!(error instanceof MiraError)) throw error;
    context.log('first run: no Ollama', { code: error.code });
    return undefined;
  }
}
