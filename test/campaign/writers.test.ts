/** Many processes that change the same files at once: every change is there afterwards, whole. */
import { afterAll, expect, test } from 'vitest';
import { startPlatform } from '../support/platform/start-platform.ts';
import { drawnKey } from '../support/drawn-key.ts';
import { isolatedHome, runMira, startMira } from '../support/run-mira.ts';
import type { IsolatedHome, RunOptions, RunResult } from '../support/run-mira.ts';
import { printFigures } from './figures.ts';
import { sized } from './size.ts';
import { leftovers, pathsOf, readStored, sessionOf } from '../support/stored.ts';

const WRITERS = 60;
const PROFILES = 12;
const figures = {
  'rounds of 60 writers': 0,
  'entries written': 0,
  'commands at once': 0,
  'killed among them': 0,
};
afterAll(() => printFigures('writers', figures));

test('sixty processes add one entry each to the credentials file and the index, and all sixty are there', async () => {
  await using platform = await startPlatform();
  for (let round = 0; round < sized({ small: 1, full: 10 }); round += 1) {
    await using home = await isolatedHome();
    const keys = new Map(numbered('profile', WRITERS).map((profile) => [profile, platform.mintKey(profile)]));
    const ran = [...keys].map(([profile, stdin]) =>
      runMira(keyLogin(platform.apiUrl, profile), { home, stdin, timeoutMs: 90_000 }),
    );
    expectAllWell(await Promise.all(ran));
    expect(await tokens(home)).toEqual(keys);
    expect(await leftovers(home)).toEqual([]);
    figures['rounds of 60 writers'] += 1;
    figures['entries written'] += keys.size;
  }
});

test('twelve profiles are signed in at once, then half of them out while others come and settings change', async () => {
  await using platform = await startPlatform();
  for (let round = 0; round < sized({ small: 1, full: 10 }); round += 1) {
    await using home = await isolatedHome();
    const first = numbered('profile', PROFILES);
    const keys = new Map(first.map((profile) => [profile, platform.mintKey(profile)]));
    const logIn = (profile: string): Promise<RunResult> =>
      runMira(keyLogin(platform.apiUrl, profile), { home, stdin: keys.get(profile) });
    expectAllWell(await Promise.all(first.map(logIn)));
    expect(await tokens(home)).toEqual(keys);

    const [leaving, staying] = [first.slice(0, PROFILES / 2), first.slice(PROFILES / 2)];
    const coming = numbered('late', PROFILES / 2);
    for (const profile of coming) keys.set(profile, platform.mintKey(profile));
    for (const profile of leaving) keys.delete(profile);
    const ran = await Promise.all([
      ...leaving.map((profile) => runMira(['auth', 'logout', '--profile', profile], { home })),
      ...coming.map(logIn),
      ...staying.map((profile) =>
        runMira(['config', 'set', 'model', profile, '--profile', profile], { home }),
      ),
    ]);
    expectAllWell(ran);
    expect(await tokens(home)).toEqual(keys);
    const { config } = await readStored(pathsOf(home));
    expect(config.profiles).toEqual(
      Object.fromEntries(staying.map((profile) => [profile, { model: profile }])),
    );
    expect(await leftovers(home)).toEqual([]);
    figures['commands at once'] += first.length + ran.length;
  }
});

test('of twelve sign-ins at once four are killed: the others are there, and those four whole or not at all', async () => {
  await using platform = await startPlatform();
  for (let round = 0; round < sized({ small: 1, full: 25 }); round += 1) {
    await using home = await isolatedHome();
    const profiles = numbered('profile', PROFILES);
    const keys = new Map(profiles.map((profile) => [profile, platform.mintKey(profile)]));
    const running = await Promise.all(
      profiles.map((profile) =>
        startMira(keyLogin(platform.apiUrl, profile), { home, stdin: keys.get(profile) }),
      ),
    );
    // The first to be done is the moment at which the others are in the middle of it.
    await Promise.race(running.map(({ finished }) => finished));
    for (const { signal } of running.slice(0, 4)) signal('SIGKILL');
    const ended = await Promise.all(running.map(({ finished }) => finished));
    expectAllWell(ended.filter(({ signal }) => signal === null));
    figures['killed among them'] += ended.filter(({ signal }) => signal !== null).length;
    figures['commands at once'] += ended.length;
    const kept = await tokens(home);
    profiles.forEach((profile, at) => {
      const wanted = ended[at]?.signal === null ? [keys.get(profile)] : [keys.get(profile), undefined];
      expect(wanted, profile).toContain(kept.get(profile));
    });
  }
});

test('sixty processes add a token each to one vault, with sessions that come and go beside them, and all sixty are there', async () => {
  await using platform = await startPlatform();
  for (let round = 0; round < sized({ small: 1, full: 10 }); round += 1) {
    await using home = await isolatedHome();
    const values = new Map(numbered('token', WRITERS).map((label) => [label, drawnKey.github(label)]));
    const adding = [...values].map(([label, stdin]) => runMira(tokenAdd(label), { ...inFile(home), stdin }));
    const logins = numbered('profile', 4).map((profile) =>
      runMira(keyLogin(platform.apiUrl, profile), {
        home,
        stdin: platform.mintKey(profile),
        timeoutMs: 90_000,
      }),
    );
    expectAllWell(await Promise.all([...adding, ...logins]));
    expect(await vaultOf(home)).toEqual(values);
    expect((await tokens(home)).size).toBe(4);
    expect(await leftovers(home)).toEqual([]);
    figures['rounds of 60 writers'] += 1;
    figures['entries written'] += values.size;
  }
});

test('tokens that are added, rotated and removed at once, some of them killed, are each old or new', async () => {
  for (let round = 0; round < sized({ small: 1, full: 25 }); round += 1) {
    await using home = await isolatedHome();
    const labels = numbered('token', PROFILES);
    const [first, second] = ['first', 'second'].map(
      (name) => new Map(labels.map((label) => [label, drawnKey.github(`${name} ${label}`)])),
    );
    const add = (label: string) => runMira(tokenAdd(label), { ...inFile(home), stdin: first?.get(label) });
    const [there, late] = [labels.slice(0, 8), labels.slice(8)];
    expectAllWell(await Promise.all(there.map(add)));
    const running = await Promise.all([
      ...there
        .slice(0, 4)
        .map((label) =>
          startMira(['tokens', 'rotate', label, '--no-test'], { ...inFile(home), stdin: second?.get(label) }),
        ),
      ...there.slice(4).map((label) => startMira(['tokens', 'remove', label], inFile(home))),
      ...late.map((label) => startMira(tokenAdd(label), { ...inFile(home), stdin: first?.get(label) })),
    ]);
    await Promise.race(running.map(({ finished }) => finished));
    // Every third is killed: of each kind one at least.
    running.filter((_, at) => at % 3 === 1).forEach(({ signal }) => signal('SIGKILL'));
    const ended = await Promise.all(running.map(({ finished }) => finished));
    expectAllWell(ended.filter(({ signal }) => signal === null));
    figures['killed among them'] += ended.filter(({ signal }) => signal !== null).length;
    figures['commands at once'] += ended.length;
    const kept = await vaultOf(home);
    labels.forEach((label, at) => {
      const [old, fresh] =
        at < 4
          ? [first?.get(label), second?.get(label)]
          : at < 8
            ? [first?.get(label), undefined]
            : [undefined, first?.get(label)];
      const wanted = ended[at]?.signal === null ? [fresh] : [old, fresh];
      expect(wanted, label).toContain(kept.get(label));
    });
  }
});

/** The value of each token of the vault. */
async function vaultOf(home: IsolatedHome): Promise<ReadonlyMap<string, string>> {
  const { values } = await readStored(pathsOf(home));
  return new Map(
    [...values]
      .filter(([name]) => name.startsWith('token/'))
      .map(([name, value]) => [name.slice('token/'.length), value]),
  );
}

function inFile(home: IsolatedHome): RunOptions {
  return { home, env: { MIRA_STORAGE: 'file' }, timeoutMs: 90_000 };
}

function tokenAdd(label: string): readonly string[] {
  return ['tokens', 'add', '--label', label, '--env', 'GITHUB_TOKEN'];
}

/** By profile; a profile of the index whose key is not there is undefined, and a failure. */
async function tokens(home: IsolatedHome): Promise<ReadonlyMap<string, string | undefined>> {
  const stored = await readStored(pathsOf(home));
  return new Map(
    [...stored.index.keys()].map((profile) => [profile, sessionOf(stored, profile)?.accessToken]),
  );
}

function expectAllWell(ran: readonly RunResult[]): void {
  expect(ran.filter(({ code }) => code !== 0)).toEqual([]);
}

function keyLogin(apiUrl: string, profile: string): readonly string[] {
  return ['auth', 'login', '--with-key', '--storage', 'file', '--profile', profile, '--api-url', apiUrl];
}

function numbered(name: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `${name}-${at}`);
}
