/**
 * The moment a token runs out and everything needs it at once: the first process to get there renews it, the server
 * holds that request until the others wait, and all of them leave with what the one was given.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { refreshesAt, signInExpired } from '../support/expired-session.ts';
import { startKeychainProcess } from '../support/keychain-process.ts';
import { hasKeyring, startKeyring } from '../support/keyring.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import type { Platform } from '../support/platform/start-platform.ts';
import { isolatedHome, runMira, startMira } from '../support/run-mira.ts';
import type { Environment, IsolatedHome, RunningMira, RunResult } from '../support/run-mira.ts';
import { printFigures, spread } from './figures.ts';
import { sized } from './size.ts';

const rounds = sized({ small: 1, full: 50 });
const FILE = { name: 'file', args: ['--storage', 'file'], processes: 100, rounds };
const KEYCHAIN = { name: 'keychain', args: ['--storage', 'keychain'], processes: 30, rounds };

/** Less than a token request may take (15 s); where processes start more slowly, some come late. */
const LONGEST_HOLD_MS = 6_000;
/** Ends what hangs. */
const TIMEOUT_MS = 110_000;

if (!hasKeyring()) process.stdout.write('storm: 2 skipped: no gnome-keyring\n');

describe('processes whose token has expired, all at once', () => {
  test('make one request on the credentials file and all get the same token', async () => {
    expect(await weather(FILE, {})).toEqual({ requests: FILE.rounds, signedOut: 0 });
  });

  test('of which one signs out leave nothing behind in the credentials file', async () => {
    await using home = await isolatedHome();
    await signOutAmid(FILE, { home, env: {} });
    expect(await readdir(home.dataDir)).not.toContain('credentials.json');
  });

  test.skipIf(!hasKeyring())('make one request on the keychain and all get the same token', async () => {
    await using keyring = await startKeyring();
    expect(await weather(KEYCHAIN, keyring.env)).toEqual({ requests: KEYCHAIN.rounds, signedOut: 0 });
  });

  test.skipIf(!hasKeyring())('of which one signs out leave nothing behind in the keychain', async () => {
    await using keyring = await startKeyring();
    await using home = await isolatedHome();
    const name = await signOutAmid(KEYCHAIN, { home, env: keyring.env });
    await using keychain = startKeychainProcess({ env: keyring.env });
    expect(await keychain.store.read(name)).toBeUndefined();
  });
});

interface Store {
  readonly name: string;
  readonly args: readonly string[];
  readonly processes: number;
  readonly rounds: number;
}

interface Place {
  readonly home: IsolatedHome;
  readonly env: Environment;
}

async function weather(
  store: Store,
  env: Environment,
): Promise<{ readonly requests: number; readonly signedOut: number }> {
  const tookMs: number[] = [];
  const counted = { requests: 0, signedOut: 0 };
  let waited = 0;
  for (let round = 0; round < store.rounds; round += 1) {
    await using platform = await startPlatform({ rotation: 'strict' });
    await using home = await isolatedHome();
    const place = { home, env };
    await signInExpired(platform, { ...place, args: store.args });
    const storm = await startStorm(platform, { place, processes: store.processes });
    const runs = await storm.finished;

    expect(runs.map(outcome)).toEqual(runs.map(() => ({ code: 0, signal: null, error: undefined })));
    const tokens = new Set(runs.map(({ stdout }) => JSON.parse(stdout).token));
    expect(tokens.size).toBe(1);
    expect(refreshesAt(platform).map(({ status }) => status)).toEqual([200]);
    // Processes that never met show nothing.
    expect(storm.waited()).toBeGreaterThan(0);
    tookMs.push(...storm.tookMs);
    counted.requests += refreshesAt(platform).length;
    waited += storm.waited();
    counted.signedOut += Number(!(await isSignedIn(platform, place)));
  }
  printFigures(`storm on the ${store.name}`, {
    rounds: store.rounds,
    processes: tookMs.length,
    'waited for the lock': waited,
    'token requests': counted.requests,
    'signed out': counted.signedOut,
    'p50/p95': spread(tookMs),
  });
  return counted;
}

/** By the server too: what is stored can be renewed once more, so that no reuse ended the session there. */
async function isSignedIn(platform: Platform, { home, env }: Place): Promise<boolean> {
  const status = await runMira(['auth', 'status', '--json'], { home, env });
  const refresh = await runMira(['auth', 'refresh', '--json'], { home, env });
  const revocations = platform.requests.filter(({ point }) => point === 'revocation');
  return status.code === 0 && refresh.code === 0 && revocations.length === 0;
}

/** Gives the name under which the secret was kept. */
async function signOutAmid(store: Store, { home, env }: Place): Promise<string> {
  await using platform = await startPlatform({ rotation: 'strict' });
  await signInExpired(platform, { home, env, args: store.args });
  const { name } = (await sessionsOf(home))['default'] ?? { name: '' };
  expect(name).toMatch(/^default\./);
  const place = { home, env };
  const storm = await startStorm(platform, { place, processes: store.processes / 2, thenLogout: true });
  const late = whileUnfinished(storm, () => runMira(['auth', 'token', '--json'], { home, env }));
  const early = await storm.finished;
  const logout = early.pop();
  const runs = [...early, ...(await late)];

  expect(JSON.parse(logout?.stdout ?? '')).toMatchObject({ removed: true, revoked: true });
  const renewed = runs.filter(({ code }) => code === 0);
  const signedOut = runs.filter(({ code }) => code !== 0);
  expect(new Set(renewed.map(({ stdout }) => JSON.parse(stdout).token)).size).toBeLessThanOrEqual(1);
  expect(signedOut.map(outcome)).toEqual(
    signedOut.map(() => ({ code: 4, signal: null, error: 'not_signed_in' })),
  );
  expect(refreshesAt(platform).map(({ status }) => status)).toEqual([200]);
  expect(await sessionsOf(home)).toEqual({});
  expect(outcome(await runMira(['auth', 'token', '--json'], { home, env }))).toMatchObject({
    code: 4,
    error: 'not_signed_in',
  });
  printFigures(`storm on the ${store.name} with a sign-out`, {
    processes: runs.length,
    'got the token': renewed.length,
    'signed out': signedOut.length,
    'left behind': 0,
  });
  return name;
}

/** Those who come meanwhile, a few at a time, so that some meet every step of the sign-out. */
async function whileUnfinished(
  { finished }: Pick<Storm, 'finished'>,
  run: () => Promise<RunResult>,
): Promise<RunResult[]> {
  let over = false;
  const end = () => {
    over = true;
  };
  finished.then(end, end);
  const lane = async (): Promise<RunResult[]> => {
    const runs = [];
    do runs.push(await run());
    while (!over);
    return runs;
  };
  return (await Promise.all(Array.from({ length: 3 }, lane))).flat();
}

async function sessionsOf(home: IsolatedHome): Promise<Readonly<Record<string, { readonly name: string }>>> {
  return JSON.parse(await readFile(join(home.dataDir, 'sessions.json'), 'utf8')).sessions;
}

interface Storm {
  /** In the order in which they were started. */
  readonly finished: Promise<RunResult[]>;
  /** How many have found the lock taken so far. */
  waited(): number;
  /** From the start of each to its end, in the order in which they ended. */
  readonly tookMs: readonly number[];
}

interface StormOptions {
  readonly place: Place;
  readonly processes: number;
  /** Once the refresh is at the server, one more process signs out. */
  readonly thenLogout?: boolean;
}

async function startStorm(
  platform: Platform,
  { place, processes, thenLogout = false }: StormOptions,
): Promise<Storm> {
  const { promise: until, resolve: release } = Promise.withResolvers<void>();
  platform.faults.push({ at: 'token', kind: 'hold', until });
  const env = { ...place.env, MIRA_LOG: 'debug' };
  const tookMs: number[] = [];
  const start = async (args: readonly string[]): Promise<RunningMira> => {
    const startedAt = performance.now();
    const running = await startMira(args, { home: place.home, env, timeoutMs: TIMEOUT_MS });
    void running.finished.then(() => tookMs.push(performance.now() - startedAt)).catch(() => {});
    return running;
  };
  const all = await Promise.all(Array.from({ length: processes }, () => start(['auth', 'token', '--json'])));
  await expect.poll(() => refreshesAt(platform).length, { timeout: TIMEOUT_MS }).toBe(1);
  const limit = setTimeout(release, LONGEST_HOLD_MS);
  if (thenLogout) all.push(await start(['auth', 'logout', '--json']));
  const waited = () => all.filter((running) => running.stderr().includes(WAITING)).length;
  const look = () => {
    if (waited() === all.length - 1) release();
  };
  for (const running of all) running.waitFor(WAITING).then(look, look);
  const finished = Promise.all(all.map((running) => running.finished)).finally(() => clearTimeout(limit));
  return { finished, waited, tookMs };
}

const WAITING = 'session: waiting for another mira';

function outcome({ code, signal, stdout }: RunResult): object {
  return { code, signal, error: stdout === '' ? undefined : JSON.parse(stdout).error?.code };
}
