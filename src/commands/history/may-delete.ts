import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { sanitizeLine } from '../../ui/sanitize.ts';

/** Asks the person at the terminal. @throws MiraError `input_required` (11) where nobody can be asked, naming --yes */
export async function mayDelete(
  context: Context,
  { question, command }: { readonly question: string; readonly command: string },
): Promise<boolean> {
  if (!context.canPrompt) {
    throw new MiraError('input_required', 'Deleting has to be confirmed, and nobody can be asked.', {
      hint: `If you are sure: ${command} --yes`,
    });
  }
  const { confirm } = await import('../../ui/prompts.ts');
  const { stdin, stderr } = context.io.terminal();
  return confirm({ question: sanitizeLine(question), stdin, stderr, signal: context.signal });
}
