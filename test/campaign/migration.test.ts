/**
 * Secrets on their way to another store, stopped anywhere: all of them can be read before the next run, and after it
 * they are where they should be and nowhere else.
 */
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { canInject } from '../support/capability.ts';
import { FIXED_UUID, recordCalls, runWithFault, type Fault } from '../support/injection.ts';
import { hasKeyring, startKeyring } from '../support/keyring.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import { isolatedHome, runMira, startMira } from '../support/run-mira.ts';
import type { IsolatedHome } from '../support/run-mira.ts';
import { expectAllReadable, storeSecrets, whatIsKept, type SecretsHome } from '../support/stored-secrets.ts';
import { pathsOf } from '../support/stored.ts';
import { printFigures } from './figures.ts';
import { sized } from './size.ts';

const DIRECTIONS = [
  { from: 'keychain', to: 'key-file' },
  { from: 'key-file', to: 'keychain' },
] as const;

type End = (typeof DIRECTIONS)[number]['to'];

const KEPT = {
  keychain: {
    file: 'keychain',
    hasKeyFile: false,
    inKeychain: ['default', 'work'],
    hasSealingKey: true,
    isUnderWay: false,
  },
  'key-file': { file: 'key_file', hasKeyFile: true, inKeychain: [], hasSealingKey: false, isUnderWay: false },
} as const;

const LIMIT = { timeout: sized({ small: 300_000, full: 7_200_000 }) };
const RANDOM_KILLS = sized({ small: 3, full: 100 });
const FAULTS = sized({ small: 4, full: 1_000 });

const figures = { 'killed at a system call': 0, 'failed at one': 0, 'killed at any moment': 0, lost: 0 };
const injection = canInject();
const withoutKeyring = !hasKeyring();
if (withoutKeyring) process.stdout.write('migration: skipped: gnome-keyring\n');

describe.skipIf(withoutKeyring).concurrent('secrets that are being moved', () => {
  test.skipIf(injection.isMissing).for(DIRECTIONS)(
    `survive a kill and a full disk at every step: from $from to $to${injection.note}`,
    LIMIT,
    async ({ from, to }) => {
      await using machine = await startMachine(from);
      const { it, home, command } = machine;
      const calls = await recordCalls(command(to), pathsTouched(home));
      await back(it, from);
      const faults = calls.flatMap((call): readonly Fault[] => [
        { call, kind: 'KILL' },
        ...(WRITES.has(call.name) ? [{ call, kind: 'ENOSPC' }] : []),
      ]);
      for (const fault of spread(faults, FAULTS)) {
        const where = `${fault.kind} at ${fault.call.name} ${fault.call.nth} of ${fault.call.path}`;
        const { code, signal, stderr } = await runWithFault(command(to), fault);
        await Promise.all(
          pathsTouched(home)
            .filter((path) => path.endsWith('.tmp'))
            .map((path) => rm(path, { force: true })),
        );
        const endings = fault.kind === 'KILL' ? ['SIGKILL'] : [0, 10];
        expect(endings, `${where}: ${stderr}`).toContain(signal ?? code);
        figures[fault.kind === 'KILL' ? 'killed at a system call' : 'failed at one'] += 1;
        await expectFinished(it, { to, where });
        await back(it, from);
      }
    },
  );

  test.for(DIRECTIONS)('survive a kill at any moment: from $from to $to', LIMIT, async ({ from, to }) => {
    await using machine = await startMachine(from);
    const { it, home } = machine;
    const startedAt = performance.now();
    await back(it, to);
    const usualMs = performance.now() - startedAt;
    await back(it, from);
    for (let killed = 0, attempt = 0; killed < RANDOM_KILLS; attempt += 1) {
      if (attempt > RANDOM_KILLS * 5 + 20) throw new Error('Nearly every run was over before it was killed.');
      const running = await startMira(['auth', 'migrate-storage', '--to', to], { home, env: it.env });
      const kill = setTimeout(() => running.signal('SIGKILL'), usualMs * (0.2 + Math.random()));
      const { signal } = await running.finished;
      clearTimeout(kill);
      if (signal === 'SIGKILL') killed += 1;
      await expectFinished(it, { to, where: `killed, attempt ${attempt}` });
      await back(it, from);
    }
    figures['killed at any moment'] += RANDOM_KILLS;
  });
});

afterAll(() => printFigures('migration', figures));

const WRITES: ReadonlySet<string> = new Set(['openat', 'pwrite64', 'write', 'fsync']);

interface Machine extends AsyncDisposable {
  readonly it: SecretsHome;
  /** Its environment has the keychain in it. */
  readonly home: IsolatedHome;
  readonly command: (to: End) => { readonly home: IsolatedHome; readonly args: readonly string[] };
}

async function startMachine(from: End): Promise<Machine> {
  const platform = await startPlatform();
  const keyring = await startKeyring();
  const bare = await isolatedHome();
  const home = { ...bare, env: { ...bare.env, ...keyring.env } };
  const it = await storeSecrets(platform, {
    home,
    env: {},
    storage: from === 'keychain' ? 'keychain' : 'file',
  });
  return {
    it,
    home,
    command: (to) => ({ home, args: ['auth', 'migrate-storage', '--to', to] }),
    [Symbol.asyncDispose]: async () => {
      await bare.cleanup();
      await keyring.stop();
      await platform.close();
    },
  };
}

/** Readable as it was left; then finished by the next run, and nothing is left where it was. */
async function expectFinished(
  it: SecretsHome,
  { to, where }: { readonly to: End; readonly where: string },
): Promise<void> {
  try {
    await expectAllReadable(it);
  } catch (error) {
    figures.lost += 1;
    throw new Error(`Lost: ${where}`, { cause: error });
  }
  await back(it, to);
  expect(await whatIsKept(it), where).toMatchObject(KEPT[to]);
  await expectAllReadable(it);
}

async function back({ home, env }: SecretsHome, to: End): Promise<void> {
  expect(await runMira(['auth', 'migrate-storage', '--to', to], { home, env })).toMatchObject({ code: 0 });
}

/** Whatever a move writes or removes, each with its temporary name. */
function pathsTouched(home: IsolatedHome): readonly string[] {
  const { sessionsFile, credentialsFile, keyFile, migrationFile } = pathsOf(home);
  return [migrationFile, credentialsFile, sessionsFile, keyFile].flatMap((file) => [
    join(dirname(file), `.${basename(file)}.${FIXED_UUID}.tmp`),
    file,
  ]);
}

function spread<T>(all: readonly T[], wanted: number): readonly T[] {
  if (wanted >= all.length) return all;
  return all.filter(
    (_, at) => Math.floor((at * wanted) / all.length) !== Math.floor(((at - 1) * wanted) / all.length),
  );
}
