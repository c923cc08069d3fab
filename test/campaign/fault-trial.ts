/**
 * A command is run as often as there are system calls it makes on its files, each time with another of them failing or
 * killing it: each file is the old or the new one, whole, and the command says in one line which file and why, or it has
 * succeeded.
 */
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect } from 'vitest';
import { FIXED_UUID, recordCalls, runWithFault, type Call, type Fault } from '../support/injection.ts';
import { refusalIn } from '../support/refusal.ts';
import { runMira } from '../support/run-mira.ts';
import type { IsolatedHome, RunResult } from '../support/run-mira.ts';
import { leftovers, pathsOf, readStored, type Stored } from '../support/stored.ts';
import { sized } from './size.ts';

const CAUSES: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EIO: 'the disk reported an error',
  EACCES: 'permission denied',
  EROFS: 'the file system is read-only',
  EMFILE: 'this process has too many open files',
};

/** What each call of a save may be refused with; any other call, of a read or a look, with EIO. */
const ERRORS: Readonly<Record<string, readonly string[]>> = {
  openat: ['EACCES', 'EROFS', 'EMFILE', 'ENOSPC', 'EIO'],
  pwrite64: ['ENOSPC', 'EIO'],
  write: ['ENOSPC', 'EIO'],
  fsync: ['EIO', 'ENOSPC'],
  rename: ['EACCES', 'EROFS', 'ENOSPC', 'EIO'],
  close: ['EIO', 'ENOSPC'],
};

export interface Subject {
  readonly home: IsolatedHome;
  readonly args: readonly string[];
  readonly stdin?: () => string;
  /** The files that are saved, each with its temporary name, and their folder. */
  readonly paths: readonly string[];
  readonly reset?: () => Promise<void>;
  /** Throws unless what is stored now is what was stored before, or what the command makes of it. */
  readonly expectOldOrNew: (states: {
    readonly before: Stored;
    readonly after: Stored;
  }) => Promise<void> | void;
  /** Throws unless all goes well afterwards. Left out: the same command, once more. */
  readonly expectWellAfterwards?: () => Promise<void>;
}

export interface FaultTrial {
  readonly figures: Readonly<Record<string, number>>;
  expectEveryFaultSurvived(subject: Subject): Promise<void>;
}

export function createFaultTrial(): FaultTrial {
  const figures = { cases: 0, killed: 0, 'with exit 10': 0, 'succeeded all the same': 0 };
  return { figures, expectEveryFaultSurvived: (subject) => expectEveryFaultSurvived(subject, figures) };
}

export function dataPaths(home: IsolatedHome): readonly string[] {
  const { credentialsFile, sessionsFile, dataDir } = pathsOf(home);
  return [temporaryOf(credentialsFile), temporaryOf(sessionsFile), credentialsFile, sessionsFile, dataDir];
}

export function temporaryOf(file: string): string {
  return join(dirname(file), `.${basename(file)}.${FIXED_UUID}.tmp`);
}

interface Figures {
  cases: number;
  killed: number;
  'with exit 10': number;
  'succeeded all the same': number;
}

async function expectEveryFaultSurvived(subject: Subject, figures: Figures): Promise<void> {
  const { home, args, stdin } = subject;
  await subject.reset?.();
  const calls = await recordCalls({ home, args, stdin: stdin?.() }, subject.paths);
  const faults = calls.flatMap(faultsOf);
  const problems: string[] = [];
  for (const fault of spread(faults, sized({ small: 8, full: faults.length }))) {
    try {
      await expectFaultSurvived(subject, { fault, figures });
    } catch (error) {
      const { kind, call } = fault;
      problems.push(`${kind} at ${call.name} ${call.nth} of ${call.path}: ${String(error)}`);
    }
  }
  expect(problems).toEqual([]);
}

interface Try {
  readonly fault: Fault;
  readonly figures: Figures;
}

async function expectFaultSurvived(
  { home, args, stdin, ...subject }: Subject,
  { fault, figures }: Try,
): Promise<void> {
  await subject.reset?.();
  const before = await readStored(pathsOf(home));
  const result = await runWithFault({ home, args, stdin: stdin?.() }, fault);
  figures.cases += 1;
  await subject.expectOldOrNew({ before, after: await readStored(pathsOf(home)) });
  const left = await leftovers(home);
  await Promise.all(left.map((file) => rm(file)));
  if (fault.kind === 'KILL') {
    figures.killed += 1;
    expect(result.signal).toBe('SIGKILL');
  } else {
    // What cannot be removed stays.
    if (fault.call.name !== 'unlink') expect(left).toEqual([]);
    expectAnswer(result, { folders: subject.paths.map(dirname), fault, figures });
  }
  if (subject.expectWellAfterwards !== undefined) return subject.expectWellAfterwards();
  expect(await runMira(args, { home, stdin: stdin?.() })).toMatchObject({ code: 0 });
  const { index, values } = await readStored(pathsOf(home));
  expect([...values.keys()].sort()).toEqual([...index.values()].map(({ name }) => name).sort());
}

/** Success, or one line that names a file of ours and the cause, and one that says what to do. */
function expectAnswer(
  { code, stderr }: RunResult,
  { folders, fault, figures }: Try & { readonly folders: readonly string[] },
): void {
  figures[code === 0 ? 'succeeded all the same' : 'with exit 10'] += 1;
  if (code === 0) return;
  const line = refusalIn({ code, stderr });
  expect(
    folders.some((folder) => line.includes(folder)),
    line,
  ).toBe(true);
  // What Node makes folders with and SQLite locks with has its own words.
  if (fault.call.name in ERRORS && !line.startsWith('mira: Cannot lock '))
    expect(line).toContain(CAUSES[fault.kind]);
}

/** A file that was only read is closed without fail; Node aborts if it is not. */
function faultsOf(call: Call): readonly Fault[] {
  const errors = call.name === 'close' && !call.path.includes('.tmp') ? [] : (ERRORS[call.name] ?? ['EIO']);
  return ['KILL', ...errors].map((kind) => ({ call, kind }));
}

/** As many as wanted, evenly over all of them. */
function spread<T>(all: readonly T[], wanted: number): readonly T[] {
  if (wanted >= all.length) return all;
  return all.filter(
    (_, at) => Math.floor((at * wanted) / all.length) !== Math.floor(((at - 1) * wanted) / all.length),
  );
}
