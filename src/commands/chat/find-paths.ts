/**
 * The paths that `@` offers. Below the current folder everything is looked through, within bounds, for any
 * part of the name; a path that leaves it (`../x`, `~/x`, `/x`) is looked up in the one folder it names.
 */
import type { Dirent } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { sanitize } from '../../ui/sanitize.ts';
import { rankPaths } from './rank-paths.ts';

export interface PathFinderOptions {
  readonly cwd: string;
  readonly home: string | undefined;
  /** Monotonic, milliseconds. */
  readonly elapsed: () => number;
}

/** Paths as they are typed, folders ending in a slash, best first; never rejects, and ends early with its signal. */
export type FindPaths = (typed: string, signal: AbortSignal) => Promise<readonly string[]>;

export function createPathFinder(options: PathFinderOptions): FindPaths {
  let walked: { readonly at: number; readonly paths: Promise<readonly string[]> } | undefined;

  function below(): Promise<readonly string[]> {
    const at = options.elapsed();
    // Every letter asks anew; a folder rarely changes between two of them.
    if (walked === undefined || at - walked.at > FRESH_MS) walked = { at, paths: walk(options) };
    return walked.paths;
  }

  return async (typed, signal) => {
    const folder = typed.slice(0, typed.lastIndexOf('/') + 1);
    const outside = outsideFolder(folder, options);
    const isHidden = /(?:^|\/)\.[^./]/u.test(typed);
    const here = outside ?? join(options.cwd, folder);
    const paths = outside !== undefined || isHidden ? await listed(folder, here) : await below();
    const found = rankPaths(paths, { typed, most: MOST_OFFERED });
    // A folder that is not looked through by itself is, once it is named.
    const named =
      found.length > 0 || folder === ''
        ? found
        : rankPaths(await listed(folder, here), { typed, most: MOST_OFFERED });
    return signal.aborted ? [] : named;
  };
}

const FRESH_MS = 3_000;
const MOST_OFFERED = 50;
const MOST_ENTRIES = 20_000;
const MOST_IN_FOLDER = 5_000;
const DEEPEST = 12;
const LONGEST_WALK_MS = 400;

/** The folder that a typed path outside the current one names. */
function outsideFolder(folder: string, { cwd, home }: PathFinderOptions): string | undefined {
  if (folder.startsWith('/')) return folder;
  if (folder.startsWith('~/')) return home === undefined ? undefined : join(home, folder.slice(2));
  return /(?:^|\/)\.\.\//u.test(folder) || folder.startsWith('./') ? join(cwd, folder) : undefined;
}

/** What is in one folder, hidden files too. */
async function listed(typedFolder: string, folder: string): Promise<readonly string[]> {
  const entries = await entriesOf(folder);
  return entries.map((entry) => `${typedFolder}${entry.name}${entry.isDirectory() ? '/' : ''}`);
}

/** Everything below the current folder but what is hidden or made by tools, nearest first. */
async function walk({ cwd, elapsed }: PathFinderOptions): Promise<readonly string[]> {
  const until = elapsed() + LONGEST_WALK_MS;
  const paths: string[] = [];
  let folders: readonly string[] = [''];
  for (let depth = 0; depth < DEEPEST && folders.length > 0; depth++) {
    const deeper: string[] = [];
    for (const folder of folders) {
      if (paths.length >= MOST_ENTRIES || elapsed() > until) return paths;
      for (const entry of await entriesOf(join(cwd, folder))) {
        if (entry.name.startsWith('.') || SKIPPED.has(entry.name)) continue;
        const path = `${folder}${entry.name}`;
        // A link may lead back up; what it leads to is offered once it is typed.
        if (entry.isDirectory()) deeper.push(`${path}/`);
        paths.push(entry.isDirectory() ? `${path}/` : path);
      }
    }
    folders = deeper;
  }
  return paths.slice(0, MOST_ENTRIES);
}

const SKIPPED: ReadonlySet<string> = new Set(['node_modules', '__pycache__', 'target', 'venv']);

/** A folder that cannot be read is empty; a name that could not be shown, and then typed, is left out. */
async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    const entries: Dirent[] = [];
    for await (const entry of await opendir(folder)) {
      if (entries.length >= MOST_IN_FOLDER) break;
      const isOffered = entry.isFile() || entry.isDirectory() || entry.isSymbolicLink();
      if (isOffered && sanitize(entry.name) === entry.name && !/[\n"]/u.test(entry.name)) entries.push(entry);
    }
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
