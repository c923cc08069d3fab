import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { readStdinBytes } from '../read-stdin.ts';

const MOST_BYTES = 64 * 1024;
/** The mark at the beginning of UTF-8, CR and LF at the end: they are no part of the value. */
const MARK_AND_BREAK = 5;

export interface TypedValue {
  readonly value: string;
  /** For a sentence: "the prompt". */
  readonly source: string;
}

/**
 * The value of a token: from a hidden prompt, or all of stdin without the line break at its end.
 * @throws MiraError `input_required` (11) where nobody can be asked, `stdin_silent`, `invalid_input` when it is too long
 */
export async function readValue(
  context: Context,
  { question, command }: { readonly question: string; readonly command: string },
): Promise<TypedValue> {
  const hint = `Give it on stdin: ${command} < value.txt`;
  if (context.io.stdin.isTerminal) {
    if (!context.canPrompt) {
      throw new MiraError('input_required', 'A value is needed, and nobody can be asked for it.', { hint });
    }
    const { askHidden } = await import('../../ui/prompts.ts');
    const { stdin, stderr } = context.io.terminal();
    const value = await askHidden({ question, stdin, stderr, signal: context.signal });
    context.keepOut(value);
    return { value, source: 'the prompt' };
  }
  const bytes = await readStdinBytes(context, {
    waiting: 'Waiting for the value on standard input.',
    hint,
    mostBytes: MOST_BYTES + MARK_AND_BREAK,
    tooLarge: () => new MiraError('invalid_input', 'What standard input holds is longer than 64 KiB.'),
  });
  const value = decode(bytes).replace(/\r?\n$/, '');
  context.keepOut(value);
  return { value, source: 'standard input' };
}

/** Without the mark that some editors and shells put at the beginning; half a character would change the value. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new MiraError('invalid_input', 'What standard input holds is not text in UTF-8.', {
      hint: 'Some shells write UTF-16 into files; save the value as UTF-8.',
      cause: error,
    });
  }
}
