/** Looks through listed files, on disk where they are there and in git's index where they are not. */
import { closeSync, constants, fstatSync, openSync, realpathSync } from 'node:fs';
import { basename, dirname, relative, sep } from 'node:path';
import { abortError, foreignCode } from '../../errors.ts';
import { readBlobs } from './blobs.ts';
import type { ContentScanner, ScannedContent } from './content-scanner.ts';
import type { GitHost } from './git.ts';
import type { ListedFile } from './list-files.ts';
import type { FindingKind } from './remedy.ts';
import type { Repository } from './repository.ts';

export interface Finding {
  /** From the current folder, with slashes. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly kind: FindingKind;
  readonly tracked: boolean;
  /** The label of the stored value that it is. */
  readonly label?: string | undefined;
  readonly isBinary: boolean;
}

export type SkipReason = 'unreadable' | 'too_large' | 'not_here';

export interface Skipped {
  readonly file: string;
  readonly reason: SkipReason;
}

export interface ScannedFiles {
  readonly findings: readonly Finding[];
  readonly files: number;
  readonly bytes: number;
  readonly skipped: readonly Skipped[];
}

export interface ScanFilesOptions {
  readonly host: GitHost;
  readonly scanner: ContentScanner;
  /** Look at what the index holds, whatever is on disk. */
  readonly staged: boolean;
}

/** In the order of the file names. */
export async function scanFiles(
  listed: readonly ListedFile[],
  options: ScanFilesOptions,
): Promise<ScannedFiles> {
  const { host, scanner, staged } = options;
  const here = realpathSync('.');
  const tally = createTally(here);
  const isInPlace = createPlaceCheck();
  const inIndex: ListedFile[] = [];
  let sinceRest = 0;

  for (const file of listed) {
    const outcome = staged ? 'absent' : isInPlace(file) ? scanOnDisk(file, scanner) : 'absent';
    if (typeof outcome === 'object') {
      tally.scanned(file, outcome);
      sinceRest += outcome.bytes + FILE_COSTS;
    } else if (outcome === 'absent' && file.blob !== undefined) inIndex.push(file);
    else if (outcome !== 'link') tally.skipped(file, 'unreadable');
    if (sinceRest < REST_AFTER) continue;
    sinceRest = 0;
    await rest(host.signal);
  }
  for (const [repository, files] of byRepository(inIndex)) {
    const ids = files.map(({ blob }) => blob?.id ?? '');
    await readBlobs(host, { ...repository, ids }, (index, content) => {
      const file = files[index];
      if (file === undefined) return;
      if (typeof content === 'string') tally.skipped(file, content);
      else tally.scanned(file, scanner.scanBytes(content));
    });
  }
  return tally.result();
}

/** Signals are heard only in between: often enough that nobody waits for it. */
const REST_AFTER = 16 * 1024 * 1024;
const FILE_COSTS = 16 * 1024;

async function rest(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  if (signal.aborted) throw abortError(signal);
}

/** `absent`: not in the work tree. A link is not followed: what it leads to is listed by itself, or is not ours to read. */
function scanOnDisk(
  { path }: ListedFile,
  scanner: ContentScanner,
): ScannedContent | 'absent' | 'link' | 'unreadable' {
  let fd: number | undefined;
  try {
    fd = openSync(path, OPEN_FLAGS);
    const stats = fstatSync(fd);
    if (!stats.isFile()) return 'link';
    return scanner.scanFile(fd);
  } catch (error) {
    const code = foreignCode(error);
    if (code === 'ELOOP' || code === 'EMLINK') return 'link';
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'absent' : 'unreadable';
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Windows has neither of the two flags. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** A folder that was exchanged for a link leads out of the tree; git counts what was in it as deleted, and so do we. */
function createPlaceCheck(): (file: ListedFile) => boolean {
  const known = new Map<string, boolean>();
  return ({ path }) => {
    const folder = dirname(typeof path === 'string' ? path : path.toString('latin1'));
    const isReal = known.get(folder) ?? (typeof path !== 'string' || isWhereItSays(folder));
    known.set(folder, isReal);
    return isReal;
  };
}

function isWhereItSays(folder: string): boolean {
  try {
    return realpathSync(folder) === folder;
  } catch {
    return true;
  }
}

function byRepository(files: readonly ListedFile[]): ReadonlyMap<Repository, readonly ListedFile[]> {
  const groups = new Map<Repository, ListedFile[]>();
  for (const file of files) {
    if (file.blob === undefined) continue;
    const { repository } = file.blob;
    groups.set(repository, [...(groups.get(repository) ?? []), file]);
  }
  return groups;
}

interface Tally {
  scanned(file: ListedFile, content: ScannedContent): void;
  skipped(file: ListedFile, reason: SkipReason): void;
  result(): ScannedFiles;
}

function createTally(here: string): Tally {
  const findings: Finding[] = [];
  const skipped: Skipped[] = [];
  let files = 0;
  let bytes = 0;
  return {
    scanned(listed, content) {
      const file = shownName(listed, here);
      const { tracked } = listed;
      const { isBinary, isCut, isMarked, finds } = content;
      files += 1;
      bytes += content.bytes;
      findings.push(...finds.map((find) => ({ file, tracked, isBinary, ...find })));
      if (listed.isForGit && !isMarked && isEnvFile(file))
        findings.push({ file, tracked, isBinary, kind: 'env_file', line: 1, column: 1 });
      if (isCut) skipped.push({ file, reason: 'too_large' });
    },
    skipped: (listed, reason) => void skipped.push({ file: shownName(listed, here), reason }),
    result: () => ({
      findings: findings.toSorted(
        (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column,
      ),
      files,
      bytes,
      skipped: skipped.toSorted((a, b) => compare(a.file, b.file)),
    }),
  };
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function shownName({ path }: ListedFile, here: string): string {
  return relative(here, path.toString()).split(sep).join('/');
}

/** Those that are meant to be shared say so by their name. */
function isEnvFile(file: string): boolean {
  const name = basename(file);
  return /^\.env(?:\.|$)/.test(name) && !/\.(?:example|sample|template|dist|defaults|schema)$/.test(name);
}
