/**
 * The files to look at: in a repository what git tracks or would track, with the repositories within it; elsewhere
 * everything. What is named on the command line is looked at even where git ignores it.
 */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { abortError, foreignCode, MiraError } from '../../errors.ts';
import type { GitHost } from './git.ts';
import { findRepository, isIgnored, listRepository, listStaged, type Repository } from './repository.ts';

export interface ListedFile {
  /** Absolute; in bytes where the name is not UTF-8. */
  readonly path: string | Buffer;
  readonly tracked: boolean;
  /** It is in the repository, or would be with the next `git add`. */
  readonly isForGit: boolean;
  /** What the index of git holds of it. */
  readonly blob?: { readonly id: string; readonly repository: Repository } | undefined;
}

export interface Listing {
  readonly files: readonly ListedFile[];
  /** A folder that is a repository was looked through without git, which is not installed. */
  readonly withoutGit: boolean;
  /** Folders that could not be read. */
  readonly unreadable: readonly string[];
}

/**
 * No file is there twice. `paths` are as they were typed.
 * @throws MiraError `not_found` for a path that is not there, `unsafe_file` for a repository git does not trust,
 * `invalid_input` for one without files, `storage_failed`
 */
export async function listFiles(host: GitHost, paths: readonly string[]): Promise<Listing> {
  const lister = createLister(host);
  const within = new Map<string, { readonly repository: Repository; readonly paths: string[] }>();
  for (const path of paths.map(requireReadable)) {
    const repository = await lister.find(path);
    if (repository === undefined) await lister.walk(path);
    else {
      const group = within.get(repository.root) ?? { repository, paths: [] };
      group.paths.push(path.real);
      within.set(repository.root, group);
      if (path.isFolder ? await isIgnored(host, repository, path.real) : true) await lister.walk(path);
    }
  }
  for (const group of within.values()) await lister.list(group.repository, group.paths);
  return lister.listing();
}

/**
 * The files of which the index holds what the next commit brings; all of them are blobs.
 * @throws as `listFiles`; `not_found` also where there is no git
 */
export async function listStagedFiles(
  host: GitHost,
  paths: readonly string[],
): Promise<readonly ListedFile[]> {
  const repository = await findRepository(host, realpathSync('.'));
  if (repository === 'no_git') throw noGit();
  if (repository === 'no_files') throw noFiles();
  if (repository === 'none') {
    throw new MiraError('not_found', 'This folder is not in a git repository.', {
      hint: 'Without --staged, its files are looked at as they are: mira scan',
    });
  }
  const wanted = paths.length === 0 ? [repository.root] : paths.map((path) => requirePath(path).real);
  const staged = await listStaged(host, repository, wanted);
  return staged.map(({ name, blob = '' }) => ({
    path: pathOf(repository.root, name),
    tracked: true,
    isForGit: true,
    blob: { id: blob, repository },
  }));
}

interface NamedPath {
  /** Without links: who names one means what it leads to. */
  readonly real: string;
  readonly isFolder: boolean;
}

/** Whoever names a file wants to know of it, so that no find in it would be no answer. */
function requireReadable(path: string): NamedPath {
  return requirePath(path, (real) => accessSync(real, constants.R_OK));
}

function requirePath(path: string, prove: (real: string) => void = () => {}): NamedPath {
  try {
    const real = realpathSync(path);
    const stats = statSync(real);
    prove(real);
    if (stats.isDirectory()) return { real, isFolder: true };
    if (stats.isFile()) return { real, isFolder: false };
  } catch (error) {
    const code = foreignCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') {
      throw new MiraError('not_found', `There is no file or folder ${path}.`, {
        hint: 'Without a path, the current folder is looked through.',
      });
    }
    throw new MiraError('storage_failed', `${path} cannot be looked at (${code ?? 'unknown reason'}).`, {
      cause: error,
    });
  }
  throw new MiraError('invalid_input', `${path} is neither a file nor a folder.`);
}

interface Lister {
  /** The repository that a path is in. */
  find(path: NamedPath): Promise<Repository | undefined>;
  list(repository: Repository, paths: readonly string[]): Promise<void>;
  walk(path: NamedPath): Promise<void>;
  listing(): Listing;
}

function createLister(host: GitHost): Lister {
  const files = new Map<string, ListedFile>();
  const unreadable: string[] = [];
  const asked = new Map<string, ReturnType<typeof findRepository>>();
  let withoutGit = false;

  const whose = (folder: string): ReturnType<typeof findRepository> => {
    const answer = asked.get(folder) ?? findRepository(host, folder);
    asked.set(folder, answer);
    return answer;
  };
  const put = (file: ListedFile): void => {
    const id = typeof file.path === 'string' ? file.path : file.path.toString('latin1');
    // What git says of a file counts for more than that it was found.
    if (file.isForGit || !files.has(id)) files.set(id, file);
  };

  const list = async (repository: Repository, paths: readonly string[]): Promise<void> => {
    const known = await listRepository(host, repository, paths);
    for (const { name, blob } of known.files) {
      const path = pathOf(repository.root, name);
      const inIndex = blob === undefined ? undefined : { id: blob, repository };
      put({ path, tracked: blob !== undefined, isForGit: true, blob: inIndex });
    }
    for (const name of known.nested) {
      const root = pathOf(repository.root, name);
      // A submodule that was not fetched is an empty folder.
      if (typeof root === 'string' && isRepository(root)) await listNested(root);
    }
  };

  const listNested = async (root: string): Promise<void> => {
    const found = await whose(root);
    if (found === 'no_git') withoutGit = true;
    else if (typeof found === 'object' && found.root === root)
      return list({ ...found, ignoresEnv: true }, [root]);
    return walkFolder(root);
  };

  const walkFolder = async (folder: string): Promise<void> => {
    if (host.signal.aborted) throw abortError(host.signal);
    const entries = await readdir(folder, { withFileTypes: true }).catch((): readonly Dirent[] => {
      unreadable.push(folder);
      return [];
    });
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (entry.isFile()) put({ path, tracked: false, isForGit: false });
      else if (entry.isDirectory() && !LEFT_OUT.has(entry.name)) {
        if (isRepository(path)) await listNested(path);
        else await walkFolder(path);
      }
    }
  };

  return {
    async find({ real, isFolder }) {
      const found = await whose(isFolder ? real : dirname(real));
      if (typeof found === 'object') return found;
      if (found === 'no_git') withoutGit ||= isFolder && isRepository(real);
      // A file in there, such as a configuration with a token in it, can be looked at by its name.
      if (found === 'no_files' && isFolder) throw noFiles();
      return undefined;
    },
    list,
    async walk({ real, isFolder }) {
      if (isFolder) await walkFolder(real);
      else put({ path: real, tracked: false, isForGit: false });
    },
    listing: () => ({ files: [...files.values()], withoutGit, unreadable }),
  };
}

/** What git keeps for itself, and what was fetched from elsewhere. */
const LEFT_OUT: ReadonlySet<string> = new Set(['.git', 'node_modules']);

function isRepository(folder: string): boolean {
  return statSync(join(folder, '.git'), { throwIfNoEntry: false }) !== undefined;
}

function pathOf(root: string, name: Buffer): string | Buffer {
  const text = name.toString();
  return Buffer.from(text).equals(name)
    ? join(root, text)
    : Buffer.concat([Buffer.from(join(root, '/')), name]);
}

function noGit(): MiraError {
  return new MiraError('not_found', 'There is no git on this machine, so nothing is staged.', {
    hint: 'Install git, or look at the files as they are: mira scan',
  });
}

function noFiles(): MiraError {
  return new MiraError(
    'invalid_input',
    'This is where git keeps a repository, not a folder with its files.',
    {
      hint: 'Name a folder in which the repository is checked out.',
    },
  );
}
