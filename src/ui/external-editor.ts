/**
 * A text in the person's own editor. The file is private, lives only as long as the editor, and the editor gets
 * none of mira's secrets. The terminal must have been handed over before.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { childEnvironment, type Environment } from './child-environment.ts';
import { sanitize } from './sanitize.ts';

export interface EditorOptions {
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  /** Ends the editor. */
  readonly signal: AbortSignal;
}

/** What the editor left, or in a few words why there is nothing to take over. */
export type Edited =
  { readonly kind: 'edited'; readonly text: string } | { readonly kind: 'failed'; readonly reason: string };

export async function editInEditor(text: string, options: EditorOptions): Promise<Edited> {
  const [command, ...args] = await findEditor(options);
  if (command === undefined) {
    return { kind: 'failed', reason: 'There is no editor here; set VISUAL or EDITOR to yours.' };
  }
  let folder: string | undefined;
  try {
    folder = await mkdtemp(join(options.env['TMPDIR'] ?? tmpdir(), 'mira-'));
    const path = join(folder, 'message.md');
    await writeOnce(path, text);
    const failure = await runEditor({ command, args: [...args, path] }, options);
    return failure === undefined
      ? { kind: 'edited', text: await editedText(path) }
      : { kind: 'failed', reason: failure };
  } catch {
    return { kind: 'failed', reason: 'The file for the editor could not be written or read.' };
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

/**
 * A command line as words, by the shell's rules for quotes and backslashes and nothing else of a shell. On
 * Windows a backslash belongs to the path.
 */
export function commandWords(command: string, platform: NodeJS.Platform): readonly string[] {
  const pattern = platform === 'win32' ? WINDOWS_WORD : WORD;
  return [...command.matchAll(pattern)].map(([word]) =>
    word.replace(
      platform === 'win32' ? WINDOWS_PART : PART,
      (part, double?: string, single?: string, escaped?: string) => {
        if (double !== undefined)
          return platform === 'win32' ? double : double.replace(/\\(["\\$`])/gu, '$1');
        return single ?? escaped ?? part;
      },
    ),
  );
}

const PART = /"((?:[^"\\]|\\[^])*)"|'([^']*)'|\\([^])/gu;
const WORD = /(?:"(?:[^"\\]|\\[^])*"|'[^']*'|\\[^]|[^\s"'\\]|["'\\])+/gu;
const WINDOWS_PART = /"([^"]*)"|'([^']*)'/gu;
const WINDOWS_WORD = /(?:"[^"]*"|'[^']*'|[^\s"']|["'])+/gu;

/** Where neither variable is set, the first of these that is there. */
const USUAL_EDITORS = ['editor', 'nano', 'vim', 'vi'] as const;
const LARGEST_FILE = 10 * 1024 * 1024;

async function findEditor({ env, platform }: EditorOptions): Promise<readonly string[]> {
  for (const named of [env['VISUAL'], env['EDITOR']]) {
    const words = commandWords(named ?? '', platform);
    if (words.length > 0) return words;
  }
  if (platform === 'win32') return ['notepad.exe'];
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const editor of USUAL_EDITORS) {
    for (const folder of folders) if (await isProgram(join(folder, editor))) return [editor];
  }
  return [];
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function writeOnce(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text === '' || text.endsWith('\n') ? text : `${text}\n`);
  } finally {
    await file.close();
  }
}

/** Resolves to why it failed, once the editor is gone: until then the terminal is its own. */
function runEditor(
  { command, args }: { readonly command: string; readonly args: readonly string[] },
  { env, signal }: EditorOptions,
): Promise<string | undefined> {
  const name = basename(command);
  return new Promise((resolve) => {
    const child = spawn(command, args, { env: childEnvironment(env), stdio: 'inherit' });
    let patience: NodeJS.Timeout | undefined;
    const end = (): void => {
      child.kill('SIGTERM');
      patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    };
    const settle = (failure: string | undefined): void => {
      clearTimeout(patience);
      signal.removeEventListener('abort', end);
      resolve(failure);
    };
    child.on('error', (error) => {
      const isMissing = 'code' in error && error.code === 'ENOENT';
      settle(isMissing ? `There is no editor ${name}.` : `The editor ${name} could not be run.`);
    });
    child.on('exit', (code, killedBy) => {
      settle(
        code === 0
          ? undefined
          : `The editor ${name} ended with ${killedBy ?? `status ${code}`}; the text is as it was.`,
      );
    });
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  });
}

/** For an editor that asks first; then it is ended for good. */
const PATIENCE_MS = 2_000;

/** Editors end a file with a line break that belongs to no text. */
async function editedText(path: string): Promise<string> {
  const bytes = await readFile(path);
  if (bytes.length > LARGEST_FILE) throw new Error('The file is too large.');
  return sanitize(
    bytes
      .toString('utf8')
      .replace(/^\ufeff/u, '')
      .replace(/\r\n?/gu, '\n'),
  ).replace(/\n+$/u, '');
}
