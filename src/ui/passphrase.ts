/** Asks for the passphrase of the credentials file; twice where a new one is chosen. */
import { MiraError } from '../errors.ts';
import { askHidden } from './prompts.ts';
import type { Question } from './prompts.ts';

const SHORTEST = 8;

/** @throws MiraError `interrupted`, `invalid_input` when the two entries differ or the passphrase is too short */
export async function askPassphrase(
  options: Omit<Question, 'question'> & { readonly purpose: 'open' | 'create' },
): Promise<string | undefined> {
  if (options.purpose === 'open')
    return askHidden({ ...options, question: 'Passphrase of the credentials file:' });
  const first = await askHidden({ ...options, question: 'New passphrase for the credentials file:' });
  if (first.length < SHORTEST) {
    throw new MiraError('invalid_input', `A passphrase needs at least ${SHORTEST} characters.`, {
      hint: 'Run the command again.',
    });
  }
  const second = await askHidden({ ...options, question: 'The same again:' });
  if (first !== second)
    throw new MiraError('invalid_input', 'The two passphrases differ.', { hint: 'Run the command again.' });
  return first;
}
