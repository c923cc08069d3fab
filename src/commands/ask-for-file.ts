/** Where there is no keychain a person may choose a file; which one it protects how is said before (decisions.md 4). */
import type { Context } from '../context.ts';
import type { MiraError } from '../errors.ts';
import { PROTECTION } from '../store/protection.ts';

/** Says why the keychain does not work, and asks which file is wanted instead; undefined for none. */
export async function askForFile(
  context: Context,
  { failure, what }: { readonly failure: MiraError; readonly what: string },
): Promise<'passphrase' | 'key_file' | undefined> {
  const { confirm } = await import('../ui/prompts.ts');
  const { stdin, stderr } = context.io.terminal();
  const ask = (question: string): Promise<boolean> =>
    confirm({ question, stdin, stderr, signal: context.signal });
  context.warn(failure.message);
  if (failure.hint !== undefined) context.warn(failure.hint);
  if (await ask(`Keep ${what} in a file with a passphrase instead (${PROTECTION.passphrase})?`))
    return 'passphrase';
  if (await ask(`In a file with a key file (${PROTECTION.key_file})?`)) return 'key_file';
  return undefined;
}
