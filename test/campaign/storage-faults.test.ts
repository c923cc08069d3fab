/** What is stored while the disk, the system or the process fails: sessions, keys and settings. */
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { canInject } from '../support/capability.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import { signIn } from '../support/sign-in.ts';
import { pathsOf, sessionOf } from '../support/stored.ts';
import { printFigures } from './figures.ts';
import { createFaultTrial, dataPaths, temporaryOf } from './fault-trial.ts';

const trial = createFaultTrial();
const { expectEveryFaultSurvived } = trial;

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

afterAll(() => printFigures('storage faults', trial.figures));

/** What conf calls it when the clock and chance stand still. */
function confTemporaryOf(file: string): string {
  return `${file}.tmp-${'0'.repeat(16)}`;
}
