/** What was said, as a file of its own; one that exists is never written over. */
import { open, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { MiraError } from '../../../errors.ts';
import { storageError, systemCode } from '../../../store/storage-error.ts';
import type { Reply } from '../../../ui/chat/errand.ts';
import { lastAnswer } from '../../../ui/chat/talk.ts';
import type { ErrandOptions } from '../errands.ts';
import { asMarkdown } from './as-markdown.ts';
import { requirePath } from './require-path.ts';

/** @throws MiraError `invalid_usage`, `not_found`, `invalid_input`, `disk_full`, `storage_failed` */
export async function saveAnswer({ argument, context, talk }: ErrandOptions): Promise<Reply> {
  const path = requirePath(argument, { command: '/save', env: context.env });
  const answer = lastAnswer(talk);
  if (answer === undefined) throw new MiraError('not_found', 'There is no answer to save yet.');
  return written(path, `${answer.trimEnd()}\n`);
}

/** @throws MiraError like {@link saveAnswer} */
export async function exportConversation({ argument, context, talk }: ErrandOptions): Promise<Reply> {
  const path = requirePath(argument, { command: '/export', env: context.env });
  if (talk.messages.length === 0) throw new MiraError('not_found', 'Nothing has been said yet.');
  const { model, system, messages } = talk;
  const told = messages.map(({ role, text }) => ({ role, text }));
  const json = {
    schema: 'mira.conversation/1',
    model,
    ...(system === undefined ? {} : { system }),
    messages: told,
  };
  return written(path, path.endsWith('.json') ? `${JSON.stringify(json, undefined, 2)}\n` : asMarkdown(talk));
}

async function written(path: string, text: string): Promise<Reply> {
  try {
    await writeNew(path, text);
  } catch (error) {
    throw writeFailure(path, error);
  }
  return { notice: `Written to ${basename(path)}.` };
}

/** All of the text or, where that is not possible, no file. */
async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

function writeFailure(path: string, error: unknown): unknown {
  switch (systemCode(error)) {
    case 'EEXIST':
      return new MiraError('invalid_input', `${path} exists already, and is left as it is.`, {
        hint: 'Give another name.',
        cause: error,
      });
    case 'EISDIR':
      return new MiraError('invalid_input', `${path} names a folder.`, {
        hint: 'Give the name of a file.',
        cause: error,
      });
    case 'ENOENT':
    case 'ENOTDIR':
      return new MiraError('invalid_input', `${path} cannot be written: there is no such folder.`, {
        cause: error,
      });
    default: {
      const failure = storageError(error, { file: path, doing: 'write' });
      // Its hint is about the folders of mira.
      return failure instanceof MiraError ? failure.with({ hint: undefined }) : failure;
    }
  }
}
