/**
 * What is stored while the disk, the system or the process fails: each file is the old or the new one, whole, and the
 * command says in one line which file and why, or it has succeeded.
 */
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { canInject } from '../support/capability.ts';
import { FIXED_UUID, recordCalls, runWithFault, type Call, type Fault } from '../support/injection.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import { refusalIn } from '../support/refusal.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import type { IsolatedHome, RunResult } from '../support/run-mira.ts';
import { signIn } from '../support/sign-in.ts';
import { printFigures } from './figures.ts';
import { sized } from './size.ts';
import { leftovers, pathsOf, readStored, sessionOf, type Stored } from '../support/stored.ts';

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

const figures = { cases: 0, killed: 0, 'with exit 10': 0, 'succeeded all the same': 0 };

interface Subject {
  readonly home: IsolatedHome;
  readonly args: readonly string[];
  readonly stdin?: () => string;
  /** The files that are saved, each with its temporary name, and their folder. */
  readonly paths: readonly string[];
  readonly reset?: () => Promise<void>;
  /** Throws unless what is stored now is what was stored before, or what the command makes of it. */
  readonly expectOldOrNew: (states: { readonly before: Stored; readonly after: Stored }) => void;
}

const injection = canInject();

describe
  .skipIf(injection.isMissing)
  .concurrent(`a save that fails at one system call${injection.note}`, () => {
    test('is old or new: a renewed session', async () => {
      await using platform = await startPlatform({ rotation: 'grace' });
      await using home = await isolatedHome();
      await signIn(platform, { home });
      await expectEveryFaultSurvived({
        home,
        args: ['auth', 'refresh'],
        paths: dataPaths(home),
        expectOldOrNew: ({ before, after }) => {
          const generation = sessionOf(before, 'default')?.gen ?? NaN;
          expect([generation, generation + 1]).toContain(sessionOf(after, 'default')?.gen);
          expect([generation, generation + 1]).toContain(after.index.get('default')?.gen);
        },
      });
      expect(platform.problems).toEqual([]);
    });

    test('is old or new: a key beside a session', async () => {
      await using platform = await startPlatform();
      await using home = await isolatedHome();
      await signIn(platform, { home });
      let key = platform.mintKey();
      await expectEveryFaultSurvived({
        home,
        args: [
          'auth',
          'login',
          '--with-key',
          '--storage',
          'file',
          '--profile',
          'work',
          '--api-url',
          platform.apiUrl,
        ],
        stdin: () => (key = platform.mintKey()),
        paths: dataPaths(home),
        expectOldOrNew: ({ before, after }) => {
          expect(sessionOf(after, 'default')).toEqual(sessionOf(before, 'default'));
          expect([sessionOf(before, 'work')?.accessToken, key]).toContain(
            sessionOf(after, 'work')?.accessToken,
          );
        },
      });
    });

    test('is nothing or new: the first key, with the files it needs', async () => {
      await using platform = await startPlatform();
      await using home = await isolatedHome();
      const key = platform.mintKey();
      const { keyFile } = pathsOf(home);
      await expectEveryFaultSurvived({
        home,
        args: ['auth', 'login', '--with-key', '--storage', 'file', '--api-url', platform.apiUrl],
        stdin: () => key,
        paths: [temporaryOf(keyFile), keyFile, dirname(keyFile), ...dataPaths(home)],
        reset: async () => {
          await rm(home.dataDir, { recursive: true, force: true });
          await rm(join(home.path, '.local'), { recursive: true, force: true });
        },
        expectOldOrNew: ({ after }) => {
          expect([undefined, key]).toContain(sessionOf(after, 'default')?.accessToken);
        },
      });
    });

    test('is old or new: a setting', async () => {
      await using home = await isolatedHome();
      const { configFile } = pathsOf(home);
      await runMira(['config', 'set', 'model', 'old'], { home });
      await expectEveryFaultSurvived({
        home,
        args: ['config', 'set', 'model', 'new'],
        paths: [confTemporaryOf(configFile), temporaryOf(configFile), configFile, home.configDir],
        reset: async () => {
          await runMira(['config', 'set', 'model', 'old'], { home });
        },
        expectOldOrNew: ({ after }) => {
          expect([{ model: 'old' }, { model: 'new' }]).toContainEqual(after.config.profiles?.['default']);
        },
      });
    });
  });

afterAll(() => printFigures('storage faults', figures));

async function expectEveryFaultSurvived(subject: Subject): Promise<void> {
  const { home, args, stdin } = subject;
  await subject.reset?.();
  const calls = await recordCalls({ home, args, stdin: stdin?.() }, subject.paths);
  const faults = calls.flatMap(faultsOf);
  const problems: string[] = [];
  for (const fault of spread(faults, sized({ small: 8, full: faults.length }))) {
    try {
      await expectFaultSurvived(subject, fault);
    } catch (error) {
      const { kind, call } = fault;
      problems.push(`${kind} at ${call.name} ${call.nth} of ${call.path}: ${String(error)}`);
    }
  }
  expect(problems).toEqual([]);
}

async function expectFaultSurvived({ home, args, stdin, ...subject }: Subject, fault: Fault): Promise<void> {
  await subject.reset?.();
  const before = await readStored(pathsOf(home));
  const result = await runWithFault({ home, args, stdin: stdin?.() }, fault);
  figures.cases += 1;
  subject.expectOldOrNew({ before, after: await readStored(pathsOf(home)) });
  const left = await leftovers(home);
  await Promise.all(left.map((file) => rm(file)));
  if (fault.kind === 'KILL') {
    figures.killed += 1;
    expect(result.signal).toBe('SIGKILL');
  } else {
    // What cannot be removed stays.
    if (fault.call.name !== 'unlink') expect(left).toEqual([]);
    expectAnswer(result, { folders: subject.paths.map(dirname), fault });
  }
  expect(await runMira(args, { home, stdin: stdin?.() })).toMatchObject({ code: 0 });
  const { index, values } = await readStored(pathsOf(home));
  expect([...values.keys()].sort()).toEqual([...index.values()].map(({ name }) => name).sort());
}

/** Success, or one line that names a file of ours and the cause, and one that says what to do. */
function expectAnswer(
  { code, stderr }: RunResult,
  { folders, fault }: { readonly folders: readonly string[]; readonly fault: Fault },
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

function dataPaths(home: IsolatedHome): readonly string[] {
  const { credentialsFile, sessionsFile, dataDir } = pathsOf(home);
  return [temporaryOf(credentialsFile), temporaryOf(sessionsFile), credentialsFile, sessionsFile, dataDir];
}

function temporaryOf(file: string): string {
  return join(dirname(file), `.${basename(file)}.${FIXED_UUID}.tmp`);
}

/** What conf calls it when the clock and chance stand still. */
function confTemporaryOf(file: string): string {
  return `${file}.tmp-${'0'.repeat(16)}`;
}
