/** Tokens while the disk, the system or the process fails: a value that works is stored at every moment. */
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { canInject } from '../support/capability.ts';
import { drawnKey } from '../support/drawn-key.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import type { Platform } from '../support/platform/start-platform.ts';
import { isolatedHome, runMira, startMira } from '../support/run-mira.ts';
import type { IsolatedHome, RunResult } from '../support/run-mira.ts';
import { pathsOf, readStored } from '../support/stored.ts';
import { createFaultTrial, temporaryOf } from './fault-trial.ts';
import { printFigures } from './figures.ts';

const trial = createFaultTrial();
const injection = canInject();

describe
  .skipIf(injection.isMissing)
  .concurrent(`a change of the vault that fails at one system call${injection.note}`, () => {
    test('leaves nothing or the token: the first one, with the files it needs', async () => {
      await using home = await preparedHome();
      const value = drawnKey.openaiProject('first');
      const { keyFile } = pathsOf(home);
      const args = ['tokens', 'add', '--label', 'openai', '--env', 'OPENAI_API_KEY'];
      await trial.expectEveryFaultSurvived({
        home,
        args,
        stdin: () => value,
        paths: [temporaryOf(keyFile), keyFile, dirname(keyFile), ...vaultPaths(home)],
        reset: async () => {
          await rm(home.dataDir, { recursive: true, force: true });
          await rm(join(home.path, '.local'), { recursive: true, force: true });
        },
        expectOldOrNew: ({ after: { values } }) => {
          expect([[], [['token/openai', value]]]).toContainEqual([...values]);
        },
        expectWellAfterwards: async () => {
          const wanted = (await labels(home)).includes('openai') ? ['tokens', 'list'] : args;
          expectWell(await runMira(wanted, { home, stdin: value }));
          expect([...(await readStored(pathsOf(home))).values]).toEqual([['token/openai', value]]);
        },
      });
    });

    test('leaves a key that works: a rotation, the old key revoked', async () => {
      await using platform = await startPlatform();
      await using home = await preparedHome(platform);
      let next = platform.mintKey();
      await trial.expectEveryFaultSurvived({
        home,
        args: ['tokens', 'rotate', 'mira', '--revoke'],
        stdin: () => (next = platform.mintKey()),
        paths: vaultPaths(home),
        reset: () => onlyToken(home, platform.mintKey()),
        expectOldOrNew: async ({ before, after }) => {
          const [old, kept] = [before, after].map(({ values }) => values.get('token/mira'));
          expect([old, next]).toContain(kept);
          expect(await works(platform, kept)).toBe(true);
          // Until the new one is there nothing need be kept beside the old.
          expect(kept === old && after.values.has('previous/mira')).toBe(false);
        },
        expectWellAfterwards: () => expectSettled(home),
      });
      expect(platform.problems).toEqual([]);
    });

    test('keeps the way back: a rotation that is not tested', async () => {
      await using platform = await startPlatform();
      await using home = await preparedHome(platform);
      const first = platform.mintKey();
      const stranger = drawnKey.mira('nobody knows it');
      await trial.expectEveryFaultSurvived({
        home,
        args: ['tokens', 'rotate', 'mira', '--no-test'],
        stdin: () => stranger,
        paths: vaultPaths(home),
        reset: () => onlyToken(home, first),
        expectOldOrNew: ({ after: { values } }) => {
          if (values.get('token/mira') === first) return;
          expect(values.get('token/mira')).toBe(stranger);
          expect(JSON.parse(values.get('previous/mira') ?? '')).toMatchObject({ value: first });
        },
        expectWellAfterwards: async () => {
          const { values } = await readStored(pathsOf(home));
          if (values.has('previous/mira'))
            expectWell(await runMira(['tokens', 'rotate', 'mira', '--back'], { home }));
          await expectSettled(home);
        },
      });
    });

    test('leaves the token or nothing of it: a removal', async () => {
      await using home = await preparedHome();
      const value = drawnKey.openaiProject('removed');
      const other = drawnKey.github('stays');
      const { lastUsedFile } = pathsOf(home);
      await trial.expectEveryFaultSurvived({
        home,
        args: ['tokens', 'remove', 'openai'],
        paths: [...vaultPaths(home), temporaryOf(lastUsedFile), lastUsedFile],
        reset: async () => {
          await rm(pathsOf(home).credentialsFile, { force: true });
          await add(home, { label: 'github', env: 'GITHUB_TOKEN', value: other });
          await add(home, { label: 'openai', env: 'OPENAI_API_KEY', value });
        },
        expectOldOrNew: ({ after: { values } }) => {
          expect([
            { 'token/github': other },
            { 'token/github': other, 'token/openai': value },
          ]).toContainEqual(Object.fromEntries(values));
        },
        expectWellAfterwards: async () => {
          if ((await labels(home)).includes('openai'))
            expectWell(await runMira(['tokens', 'remove', 'openai'], { home }));
          expect(await labels(home)).toEqual(['github']);
        },
      });
    });
  });

describe.concurrent('a rotation that is killed while it asks the platform', () => {
  test.each([
    ['whether the new key works', 'account', 'GET', 'old'],
    ['for the keys there are', 'keys', 'GET', 'new'],
    ['to delete the old key', 'keys', 'DELETE', 'new'],
  ] as const)('leaves a key that works: %s', async (_, at, method, which) => {
    await using platform = await startPlatform();
    await using home = await preparedHome(platform);
    const [old, fresh] = [platform.mintKey(), platform.mintKey()];
    await onlyToken(home, old);
    const arrived = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    platform.faults.push({
      at,
      kind: 'hold',
      until: released.promise,
      when: (request) => {
        const isHeld = request.method === method;
        if (isHeld) arrived.resolve();
        return isHeld;
      },
    });
    const mira = await startMira(['tokens', 'rotate', 'mira', '--revoke'], { home, stdin: fresh });
    await Promise.race([arrived.promise, mira.finished]);
    mira.signal('SIGKILL');
    expect(await mira.finished).toMatchObject({ signal: 'SIGKILL' });
    released.resolve();
    const { values } = await readStored(pathsOf(home));
    expect(values.get('token/mira')).toBe(which === 'old' ? old : fresh);
    expect(await works(platform, values.get('token/mira'))).toBe(true);
    await expectSettled(home);
  });
});

afterAll(() => printFigures('token faults', trial.figures));

/** Settings stand in the configuration, because a traced program gets no variables of a test's own. */
async function preparedHome(platform?: Platform): Promise<IsolatedHome> {
  const home = await isolatedHome();
  expectWell(await runMira(['config', 'set', 'storage', 'file'], { home }));
  if (platform !== undefined)
    expectWell(await runMira(['config', 'set', 'api_url', platform.apiUrl], { home }));
  return home;
}

interface NewToken {
  readonly label: string;
  readonly env: string;
  readonly value: string;
}

async function add(home: IsolatedHome, { label, env, value }: NewToken): Promise<void> {
  expectWell(await runMira(['tokens', 'add', '--label', label, '--env', env], { home, stdin: value }));
}

async function onlyToken(home: IsolatedHome, value: string): Promise<void> {
  await rm(pathsOf(home).credentialsFile, { force: true });
  await add(home, { label: 'mira', env: 'MIRA_API_KEY', value });
}

function vaultPaths(home: IsolatedHome): readonly string[] {
  const { credentialsFile, dataDir } = pathsOf(home);
  return [temporaryOf(credentialsFile), credentialsFile, dataDir];
}

/** The stored value works, and once that was seen nothing is kept beside it. */
async function expectSettled(home: IsolatedHome): Promise<void> {
  expectWell(await runMira(['tokens', 'test'], { home }));
  expect([...(await readStored(pathsOf(home))).values.keys()]).toEqual(['token/mira']);
}

async function works(platform: Platform, key: string | undefined): Promise<boolean> {
  const url = new URL('/api/v1/auth/me', platform.apiUrl);
  return (await fetch(url, { headers: { authorization: `Bearer ${key}` } })).status === 200;
}

async function labels(home: IsolatedHome): Promise<readonly string[]> {
  const { stdout } = await runMira(['tokens', 'list', '--json'], { home });
  return JSON.parse(stdout).tokens.map(({ label }: { label: string }) => label);
}

function expectWell(result: RunResult): void {
  expect(result).toMatchObject({ code: 0 });
}
