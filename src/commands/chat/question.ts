/** What is asked: the words of the line, what stdin holds, and the files that were named. */
import { basename } from 'node:path';
import type { TextPart } from '../../chat/provider.ts';
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { openFile } from '../open-file.ts';
import { readStdin } from '../read-stdin.ts';

/** Of a file, and of stdin (cli.md 4). */
const MOST_BYTES = 10 * 1024 * 1024;

export interface QuestionRequest {
  readonly words: readonly string[];
  readonly files: readonly string[];
}

export interface Question {
  readonly text: string;
  /** Standard input and the files in it. */
  readonly parts: readonly TextPart[];
}

/**
 * The question, or undefined when there is none.
 * @throws MiraError `stdin_silent`, `input_too_large`, `invalid_input` (exit 2)
 */
export async function findQuestion(
  context: Context,
  { words, files }: QuestionRequest,
): Promise<Question | undefined> {
  const typed = words
    .filter((word) => word !== '-')
    .join(' ')
    .trim();
  const explicit = words.includes('-');
  const piped = explicit || !context.io.stdin.isTerminal ? await readPiped(context, explicit) : '';
  const attached = await Promise.all(files.map((file) => readAttachment(file)));
  const pieces = [{ text: typed }, { name: 'standard input', text: piped.trimEnd() }, ...attached].filter(
    ({ text }) => text !== '',
  );
  return pieces.length === 0 ? undefined : joined(pieces);
}

interface Piece {
  /** Undefined for what was typed. */
  readonly name?: string;
  readonly text: string;
  /** Characters before what is in it. */
  readonly heading?: number;
}

function joined(pieces: readonly Piece[]): Question {
  const parts: TextPart[] = [];
  let text = '';
  for (const { name, text: piece, heading = 0 } of pieces) {
    const start = text === '' ? '' : `${text}\n\n`;
    if (name !== undefined) parts.push({ name, at: start.length + heading });
    text = start + piece;
  }
  return { text, parts };
}

/** @param patient `-` on the line means that the wait is wanted */
function readPiped(context: Context, patient: boolean): Promise<string> {
  return readStdin(context, {
    patient,
    waiting: 'Waiting for standard input. (`-` waits on without a limit, `< /dev/null` ignores it.)',
    hint: 'Add `-` to wait for it, or `< /dev/null` to ask without it.',
    mostBytes: MOST_BYTES,
    tooLarge: () =>
      new MiraError('input_too_large', 'Standard input holds more than 10 MB.', { hint: 'Send less of it.' }),
  });
}

async function readAttachment(file: string): Promise<Piece> {
  const heading = `${basename(file)}:\n`;
  const text = heading + (await readTextFile(file, '--file')).trimEnd();
  return { name: file, text, heading: heading.length };
}

/** @throws MiraError `invalid_input` for a file that cannot be read or is not text, `input_too_large` above 10 MB */
export async function readTextFile(file: string, option: string): Promise<string> {
  const bytes = await readAtMost(file, { most: MOST_BYTES, option });
  if (bytes.includes(0)) throw new MiraError('invalid_input', `${option}: ${file} is not a text file.`);
  return bytes.toString('utf8');
}

/**
 * Not many bytes more than `most`: a device or a pipe may have no end.
 * @throws MiraError `invalid_input`, `input_too_large`
 */
export async function readAtMost(
  file: string,
  { most, option }: { readonly most: number; readonly option: string },
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of (await openFile(file)) as AsyncIterable<Uint8Array>) {
      parts.push(part);
      length += part.length;
      if (length > most) break;
    }
  } catch (error) {
    throw new MiraError('invalid_input', `${option}: ${file} cannot be read (${reasonOf(error)}).`, {
      cause: error,
    });
  }
  if (length <= most) return Buffer.concat(parts);
  throw new MiraError(
    'input_too_large',
    `${option}: ${file} is larger than ${Math.floor(most / 1024 / 1024)} MB.`,
  );
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'no permission';
    case 'EISDIR':
      return 'it is a folder';
    default:
      return typeof code === 'string' ? code : 'unknown reason';
  }
}
