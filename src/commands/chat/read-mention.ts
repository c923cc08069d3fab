/** A file that a question names with `@`, to go along with it. */
import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { MiraError } from '../../errors.ts';
import { sanitizeLine } from '../../ui/sanitize.ts';
import type { WritingAids } from '../../ui/chat/writing-aids.ts';
import { readTextFile } from './question.ts';

/** What is no file is only words of the question; what is one and cannot go along is refused in a sentence. */
export function createMentionReader({
  cwd,
  home,
}: {
  readonly cwd: string;
  readonly home: string | undefined;
}): WritingAids['readMention'] {
  return async (mention) => {
    const path = await existingFile(mention, (typed) => resolved(typed, { cwd, home }));
    if (path === undefined) return undefined;
    try {
      const text = (await readTextFile(path.file, '@')).trimEnd();
      return { attachment: { kind: 'text', name: sanitizeLine(path.typed), text } };
    } catch (error) {
      return { refusal: refusalOf(error) };
    }
  };
}

interface Found {
  readonly typed: string;
  readonly file: string;
}

/** The path as it stands, or without the punctuation of the sentence behind it. */
async function existingFile(mention: string, at: (typed: string) => string): Promise<Found | undefined> {
  for (const typed of new Set([mention, mention.replace(/[.,;:!?)\]}'"]+$/u, '')])) {
    if (typed !== '' && (await isFile(at(typed)))) return { typed, file: at(typed) };
  }
  return undefined;
}

/** Devices and pipes may have no end, and a folder is not a file. */
async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

function resolved(
  typed: string,
  { cwd, home }: { readonly cwd: string; readonly home: string | undefined },
): string {
  if (typed.startsWith('~/') && home !== undefined) return join(home, typed.slice(2));
  return isAbsolute(typed) ? typed : join(cwd, typed);
}

function refusalOf(error: unknown): string {
  if (!(error instanceof MiraError)) throw error;
  return `Not sent along: ${sanitizeLine(error.message.replace(/^@: /u, ''))}`;
}
