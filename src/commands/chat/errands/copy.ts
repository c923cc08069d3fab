import { MiraError } from '../../../errors.ts';
import type { Reply } from '../../../ui/chat/errand.ts';
import { lastAnswer, type Talk } from '../../../ui/chat/talk.ts';
import type { ErrandOptions } from '../errands.ts';
import { asMarkdown } from './as-markdown.ts';

/** Copies the last answer, the conversation (`all`) or the last block of code (`code`): through the terminal, and with the system's tool. */
export async function copy({ argument, context, talk }: ErrandOptions): Promise<Reply> {
  const text = requireText(talk, argument);
  const { copyText } = await import('../../../ui/clipboard.ts');
  const { env, platform, io } = context;
  // A terminal never says whether it took the text, so both ways are gone where both are there.
  const byTerminal = await copyText(text, {
    env,
    platform,
    isSsh: true,
    writeToTerminal: (sequence) => io.stdout.write(sequence),
  });
  const isRemote = env['SSH_CONNECTION'] !== undefined || env['SSH_TTY'] !== undefined;
  const byTool = isRemote ? undefined : await copyText(text, { env, platform, isSsh: false });
  if (byTerminal === undefined && byTool === undefined) {
    throw new MiraError('input_too_large', 'That is too long for the clipboard of a terminal.', {
      hint: 'Write it to a file: /save answer.md',
    });
  }
  const characters = [...text].length.toLocaleString('en');
  return {
    notice:
      byTool === undefined
        ? `${characters} characters were handed to the clipboard of your terminal.`
        : `${characters} characters are in the clipboard.`,
  };
}

function requireText(talk: Talk, what: string | undefined): string {
  const answer = lastAnswer(talk);
  if (answer === undefined) throw new MiraError('not_found', 'There is no answer to copy yet.');
  switch (what) {
    case undefined:
      return answer;
    case 'all':
      return asMarkdown(talk);
    case 'code': {
      const code = [...answer.matchAll(/^ {0,3}(`{3,}|~{3,})[^\n]*\n([^]*?)^ {0,3}\1/gmu)].at(-1)?.[2];
      if (code === undefined) throw new MiraError('not_found', 'The last answer holds no block of code.');
      return code;
    }
    default:
      throw new MiraError(
        'invalid_usage',
        '/copy copies the last answer, `all` of the conversation, or its `code`.',
      );
  }
}
