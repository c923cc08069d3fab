/** What git knows of a folder: whose repository it is in, which files it tracks and which it would. */
import { join } from 'node:path';
import { MiraError } from '../../errors.ts';
import { shellQuote } from '../../store/shell-quote.ts';
import { askGit, failed, type GitHost } from './git.ts';

export interface Repository {
  /** The top of its work tree, without links. */
  readonly root: string;
  /** Where git is asked about it. */
  readonly cwd: string;
  readonly ignoresEnv: boolean;
}

/** `no_files`: a repository without a work tree, or the folder in which git keeps one. */
export type Whose = Repository | 'none' | 'no_git' | 'no_files';

/** @throws MiraError `unsafe_file` for a repository that git does not trust, `storage_failed` */
export async function findRepository(host: GitHost, folder: string): Promise<Whose> {
  // In a hook, the environment says which repository is meant; any other is found from its folder.
  const isMeant = MEANT.some((name) => host.env[name] !== undefined);
  if (isMeant) {
    const meant = await ask(host, { cwd: '.', ignoresEnv: false });
    if (typeof meant === 'object' && isWithin(folder, meant.root)) return meant;
  }
  return ask(host, { cwd: folder, ignoresEnv: isMeant });
}

const MEANT: readonly string[] = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE'];

function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(join(root, '/'));
}

async function ask(host: GitHost, where: Omit<Repository, 'root'>): Promise<Whose> {
  const answer = await askGit(host, { ...where, args: ['rev-parse', '--show-toplevel'] });
  if (answer === undefined) return 'no_git';
  const { code, stdout, complaint } = answer;
  if (code === 0) return { ...where, root: stdout.toString().replace(/\r?\n$/, '') };
  if (/not a git repository/.test(complaint)) return 'none';
  if (/must be run in a work tree/.test(complaint)) return 'no_files';
  if (/dubious ownership/.test(complaint)) throw notTrusted(where.cwd, complaint);
  throw failed(complaint);
}

function notTrusted(folder: string, complaint: string): MiraError {
  const [, root = folder] = /repository at '([^']+)'/.exec(complaint) ?? [];
  const command = `git config --global --add safe.directory ${shellQuote(root)}`;
  return new MiraError('unsafe_file', `git does not read ${root}, because it belongs to another user.`, {
    hint: `If you trust its owner: ${command}`,
    next: [{ command, why: 'let git read this repository' }],
  });
}

/** A name in bytes, relative to the root of the repository. */
export interface KnownFile {
  readonly name: Buffer;
  /** What the index holds of it; undefined for a file that git does not track. */
  readonly blob?: string | undefined;
}

export interface Known {
  readonly files: readonly KnownFile[];
  /** Repositories within this one, which has no files of them: submodules, and clones that nobody added. */
  readonly nested: readonly Buffer[];
}

/** `paths` are absolute, without links, and within the repository; nothing else is listed. */
export async function listRepository(
  host: GitHost,
  repository: Repository,
  paths: readonly string[],
): Promise<Known> {
  const files = new Map<string, KnownFile>();
  const nested = new Map<string, Buffer>();
  const put = ({ name, blob }: KnownFile): void => void files.set(name.toString('latin1'), { name, blob });
  const listing = async (args: readonly string[], within: readonly string[]): Promise<readonly Buffer[]> =>
    linesOf(await require(host, repository, ['ls-files', '-z', '--full-name', ...args, '--', ...within]));

  for (const within of inCommandLines(paths)) {
    const [tracked, others] = await Promise.all([
      listing(['--stage'], within),
      listing(['--others', '--exclude-standard'], within),
    ]);
    for (const line of tracked) {
      const { mode, id, name } = parseStaged(line);
      if (mode === GITLINK) nested.set(name.toString('latin1'), name);
      else if (FILES.has(mode)) put({ name, blob: id });
    }
    for (const name of others) {
      if (name.at(-1) === SLASH) nested.set(name.toString('latin1'), name.subarray(0, -1));
      else put({ name });
    }
  }
  return { files: [...files.values()], nested: [...nested.values()] };
}

/** Does git ignore that path? */
export async function isIgnored(host: GitHost, repository: Repository, path: string): Promise<boolean> {
  const answer = await askGit(host, { ...repository, args: ['check-ignore', '-q', '--', path] });
  return answer?.code === 0;
}

/**
 * The files whose content in the index is not what the last commit has, or all where there is none yet; without those
 * that are only taken out.
 */
export async function listStaged(
  host: GitHost,
  repository: Repository,
  paths: readonly string[],
): Promise<readonly KnownFile[]> {
  const head = await askGit(host, { ...repository, args: ['rev-parse', '--verify', '--quiet', 'HEAD'] });
  const files: KnownFile[] = [];
  for (const within of inCommandLines(paths)) {
    if (head?.code === 0) {
      const args = [
        'diff-index',
        '--cached',
        '--raw',
        '-z',
        '--no-abbrev',
        '--no-renames',
        'HEAD',
        '--',
        ...within,
      ];
      files.push(...parseChanges(linesOf(await require(host, repository, args))));
    } else {
      const { files: all } = await listRepository(host, repository, within);
      files.push(...all.filter(({ blob }) => blob !== undefined));
    }
  }
  return files;
}

async function require(host: GitHost, repository: Repository, args: readonly string[]): Promise<Buffer> {
  const { cwd, ignoresEnv } = repository;
  // A path means itself, also where it looks like a pattern.
  const answer = await askGit(host, { cwd, ignoresEnv, args: ['--literal-pathspecs', ...args] });
  if (answer?.code === 0) return answer.stdout;
  throw failed(answer?.complaint ?? 'git is not there any more');
}

const FILES: ReadonlySet<string> = new Set(['100644', '100755']);
const GITLINK = '160000';
const SLASH = 0x2f;

function linesOf(output: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0, end = output.indexOf(0); end !== -1; from = end + 1, end = output.indexOf(0, from)) {
    lines.push(output.subarray(from, end));
  }
  return lines;
}

/** `mode id stage<tab>name` */
function parseStaged(line: Buffer): { readonly mode: string; readonly id: string; readonly name: Buffer } {
  const tab = line.indexOf(0x09);
  const [mode = '', id = ''] = line.subarray(0, tab).toString('latin1').split(' ');
  return { mode, id, name: line.subarray(tab + 1) };
}

/** `:mode mode id id status`, and the name after it. */
function parseChanges(lines: readonly Buffer[]): readonly KnownFile[] {
  const files: KnownFile[] = [];
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [, mode = '', , blob = ''] = (lines[at] ?? Buffer.alloc(0)).toString('latin1').split(' ');
    const name = lines[at + 1];
    if (name !== undefined && FILES.has(mode) && /[^0]/.test(blob)) files.push({ name, blob });
  }
  return files;
}

/** Windows takes 32,767 characters in one command line. */
const LONGEST_LINE = 24_000;

function inCommandLines(paths: readonly string[]): readonly (readonly string[])[] {
  const lines: string[][] = [[]];
  let length = 0;
  for (const path of paths) {
    length += path.length + 3;
    if (length > LONGEST_LINE) {
      lines.push([]);
      length = path.length;
    }
    lines.at(-1)?.push(path);
  }
  return lines;
}
