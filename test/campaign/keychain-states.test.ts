/**
 * The keychain in every state it is met in, and every command that needs it, with the built program. Each command ends
 * in time and names the state; nothing is put anywhere else instead; and when the keychain is back, so is the session.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { refreshesAt, signInExpired } from '../support/expired-session.ts';
import { holdRequest } from '../support/held-request.ts';
import { startKeychainProcess } from '../support/keychain-process.ts';
import { hasKeyring, startKeyring } from '../support/keyring.ts';
import type { Keyring } from '../support/keyring.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import type { FaultPoint, Platform } from '../support/platform/start-platform.ts';
import { isolatedHome, runMira, startMira } from '../support/run-mira.ts';
import type { Environment, IsolatedHome, RunningMira, RunResult } from '../support/run-mira.ts';
import { shownCode, signIn, signInAgain, startLogin } from '../support/sign-in.ts';
import { printFigures, spread } from './figures.ts';
import { sized } from './size.ts';

/** What a person is made to wait at most (decisions.md 9), with room for a busy machine. */
const DEADLINE_MS = 20_000;
const ROUNDS = sized({
  small: ['fresh'],
  full: Array.from({ length: 10 }, () => ['fresh', 'expired']).flat(),
});

const COMMANDS = ['login', 'status', 'token', 'chat', 'logout'] as const;
type Command = (typeof COMMANDS)[number];

interface Trouble extends AsyncDisposable {
  /** What commands run in meanwhile. */
  readonly env: Environment;
}

interface State {
  readonly name: string;
  /** Why a new session cannot be kept, and what mends that. */
  readonly sentence: string;
  readonly remedy: string;
  /** Reading finds nothing, as if nothing had ever been there. */
  readonly looksEmpty: boolean;
  /** Until it is disposed of, the keychain of the session is in this state. */
  enter(keyring: Keyring): Promise<Trouble>;
}

const STATES: readonly State[] = [
  // First, because it takes longest.
  {
    name: 'frozen',
    sentence: 'The keychain did not answer in time; it may be waiting for its password.',
    remedy: 'Look for its password prompt and run the command again',
    looksEmpty: false,
    enter(keyring) {
      keyring.freeze();
      const thaw = () => Promise.resolve(keyring.thaw());
      return Promise.resolve({ env: keyring.env, [Symbol.asyncDispose]: thaw });
    },
  },
  {
    name: 'locked',
    sentence: 'The keychain is locked.',
    remedy: 'Unlock it and run the command again (macOS: security unlock-keychain)',
    looksEmpty: true,
    async enter(keyring) {
      await keyring.lock();
      return { env: keyring.env, [Symbol.asyncDispose]: () => keyring.restart() };
    },
  },
  {
    name: 'never initialised',
    sentence: 'The keychain has never been set up for this user.',
    remedy: 'Log in on the desktop once, or create a default keyring with Seahorse',
    looksEmpty: true,
    enter: () => startKeyring({ state: 'uninitialised' }),
  },
  {
    name: 'without a service',
    sentence: 'No keychain service is running in this session.',
    remedy: 'Install and start gnome-keyring or KWallet',
    looksEmpty: false,
    enter: () => startKeyring({ state: 'absent' }),
  },
  {
    name: 'without a bus',
    sentence: 'There is no D-Bus session here, so the keychain cannot be reached.',
    remedy: 'Run mira in a desktop session or under dbus-run-session',
    looksEmpty: false,
    enter: () => Promise.resolve({ env: {}, [Symbol.asyncDispose]: () => Promise.resolve() }),
  },
  {
    name: 'killed',
    sentence: 'No keychain service is running in this session.',
    remedy: 'Install and start gnome-keyring or KWallet',
    looksEmpty: false,
    async enter(keyring) {
      await keyring.kill();
      return { env: keyring.env, [Symbol.asyncDispose]: () => keyring.restart() };
    },
  },
];

const ELSEWHERE = 'or keep secrets in an encrypted file: mira auth login --storage file';

const sessions = { begun: 0, whole: 0 };
const durations = new Map<string, number[]>();

if (!hasKeyring()) process.stdout.write('keychain-states: all skipped: no gnome-keyring\n');

describe.skipIf(!hasKeyring())('a session in a keychain', { concurrent: true }, () => {
  afterAll(() => {
    const all = [...durations.values()].flat();
    const slow = durations.get('frozen') ?? [];
    printFigures('keychain-states', {
      states: durations.size,
      commands: all.length,
      'p50/p95': spread(all),
      'frozen p50/p95': spread(slow),
      sessions: sessions.begun,
      'whole again': sessions.whole,
    });
  });

  describe('that cannot be used', () => {
    test.for(STATES)('because it is $name is named, replaced by nothing, and whole again', async (state) => {
      for (const life of ROUNDS) await expectEndurance(state, life);
    });
  });

  describe('that can be used', () => {
    test('does what it is asked', async () => {
      for (const life of ROUNDS) {
        await using world = await signedIn(life);
        const { home, keyring } = world;
        for (const command of ['status', 'token', 'chat', 'login'] as const) {
          const result = await timed('unlocked', () => run(command, world, keyring.env));
          expect({ command, code: result.code }).toEqual({ command, code: 0 });
        }
        expect(await readdir(home.dataDir)).not.toContain('credentials.json');
        await timed('unlocked', () => expectSignOut(world));
      }
    });
  });

  describe('that is killed in between', () => {
    test('is not needed any more once the status or an answer has been asked for', async () => {
      for (const _ of ROUNDS) {
        await using world = await signedIn('fresh');
        const before = await tokenOf(world);
        for (const [command, at] of [
          ['status', 'account'],
          ['chat', 'chat'],
        ] as const) {
          const result = await runWithKill(world, { command, at });
          expect({ command, ...result }).toMatchObject({ command, code: 0, stderr: '' });
          await world.keyring.restart();
        }
        expect(await tokenOf(world)).toBe(before);
        await expectSignOut(world);
      }
    });

    test('gives the token that was renewed, and the session is there when the keychain is', async () => {
      for (const _ of ROUNDS) {
        await using world = await signedIn('expired');
        const { platform, home, keyring } = world;
        const renewed = await runWithKill(world, {
          command: 'token',
          at: 'token',
          meanwhile: () => keyring.restart(),
        });
        expect(renewed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^eyJ\S+\n$/) });
        // Usually it is saved at a later try; where starting a keyring takes long, it is said that it was not.
        expect(renewed.stderr).toMatch(/^(?:mira: The renewed session could not be saved \(.*\n)?$/);
        await expectSession(world);
        expect(refreshesAt(platform).map(({ status }) => status)).not.toContain(400);
        expect(await readdir(home.dataDir)).not.toContain('credentials.json');
        await expectSignOut(world);
      }
    });

    test('cannot take a new session: that one is given back, and the one before is still there', async () => {
      for (const _ of ROUNDS) {
        await using world = await signedIn('fresh');
        const { platform, home, keyring } = world;
        const [token, index] = [await tokenOf(world), await indexOf(home)];
        const poll = holdRequest(platform, 'token');
        const login = await startLogin(platform, { home, args: [], env: keyring.env });
        await platform.approve(await shownCode(platform, login));
        await Promise.race([poll.arrived, login.finished]);
        await keyring.kill();
        poll.release();

        const result = await timed('killed in between', () => login.finished);
        expect({ code: result.code, stdout: result.stdout }).toEqual({ code: 10, stdout: '' });
        expect(result.stderr).toContain('mira: No keychain service is running in this session.\n');
        expect(platform.requests.filter(({ point }) => point === 'revocation')[0]?.status).toBe(200);
        expect(await indexOf(home)).toBe(index);
        await keyring.restart();
        expect(await tokenOf(world)).toBe(token);
        await expectSession(world);
        await expectSignOut(world);
      }
    });

    test('keeps what was signed out of until it is signed out of again', async () => {
      for (const _ of ROUNDS) {
        await using world = await signedIn('fresh');
        const result = await runWithKill(world, { command: 'logout', at: 'revocation' });
        expect(result).toEqual({
          code: 10,
          signal: null,
          stdout: '',
          stderr:
            'mira: The session of profile default is still in the keychain: No keychain service is running in this session.\n' +
            '  Mend that and run mira auth logout again.\n',
        });
        await world.keyring.restart();
        expect(await itemOf(world)).toBeDefined();
        await expectSignOut(world);
      }
    });
  });
});

/** All commands in one state, and what is there before and after it. */
async function expectEndurance(state: State, life: string): Promise<void> {
  await using world = await signedIn(life);
  const { platform, home, keyring } = world;
  const item = await itemOf(world);
  const [asked, index, files] = [platform.requests.length, await indexOf(home), await filesOf(home)];
  {
    await using trouble = await state.enter(keyring);
    const attempt = async (command: Command) => {
      const result = await timed(state.name, () => run(command, world, trouble.env));
      expect({ command, ...result }).toEqual({ command, ...refusal(state, { command, platform }) });
    };
    // Side by side where each waits for its limit.
    if (state.name === 'frozen') await Promise.all(COMMANDS.map(attempt));
    else for (const command of COMMANDS) await attempt(command);
  }
  expect(platform.requests.slice(asked)).toEqual([]);
  expect(await indexOf(home)).toBe(index);
  expect(await filesOf(home)).toEqual(files);
  expect(await itemOf(world)).toBe(item);
  await expectSession(world);
  await expectSignOut(world);
}

/** One line that names the state, and one that says what to do. */
function refusal(
  { sentence, remedy, looksEmpty }: State,
  { command, platform }: { readonly command: Command; readonly platform: Platform },
): RunResult {
  const failed = (message: string, hint: string): RunResult => ({
    code: 10,
    signal: null,
    stdout: '',
    stderr: `mira: ${message}\n  ${hint}\n`,
  });
  switch (command) {
    case 'login':
      return failed(
        sentence,
        `${remedy}, ${ELSEWHERE} (MIRA_PASSPHRASE gives its passphrase), or set MIRA_API_KEY.`,
      );
    case 'logout':
      return failed(
        `The session of profile default is still in the keychain: ${sentence}`,
        'Mend that and run mira auth logout again.',
      );
    case 'status':
    case 'token':
    case 'chat':
      return looksEmpty
        ? failed(
            'The keychain holds no session although you signed in: it is locked, or it was reset.',
            `Unlock it and try again; if it was reset, sign in again: ${signInAgain(platform)}`,
          )
        : failed(sentence, `${remedy}, ${ELSEWHERE}`);
  }
}

interface World extends AsyncDisposable {
  readonly platform: Platform;
  readonly home: IsolatedHome;
  readonly keyring: Keyring;
}

/** A server that honours the previous refresh token for a while: no client can promise more to one that does not. */
async function signedIn(life: string): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const platform = stack.use(await startPlatform({ rotation: 'grace' }));
  const home = stack.use(await isolatedHome());
  const keyring = stack.use(await startKeyring());
  const options = { home, env: keyring.env, args: [] };
  await (life === 'expired' ? signInExpired(platform, options) : signIn(platform, options));
  sessions.begun += 1;
  const owned = stack.move();
  return { platform, home, keyring, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function run(command: Command, { platform, home }: World, env: Environment): Promise<RunResult> {
  const options = { home, env, timeoutMs: DEADLINE_MS };
  if (command !== 'login') {
    return runMira(command === 'chat' ? ['chat', 'hi'] : ['auth', command], options);
  }
  const login = await startMira(
    ['auth', 'login', '--issuer', platform.issuer, '--api-url', platform.apiUrl],
    options,
  );
  approveWhenShown(platform, login);
  return login.finished;
}

function approveWhenShown(platform: Platform, login: RunningMira): void {
  shownCode(platform, login).then(
    (code) => platform.approve(code),
    // It ended before it showed one, as it should where the session cannot be kept.
    () => {},
  );
}

interface Kill {
  readonly command: Command;
  /** The request during which it happens: the server answers afterwards. */
  readonly at: FaultPoint;
  /** What goes on beside the rest of the command. */
  readonly meanwhile?: () => Promise<void>;
}

async function runWithKill(world: World, { command, at, meanwhile }: Kill): Promise<RunResult> {
  const { platform, keyring } = world;
  const request = holdRequest(platform, at);
  const running = timed('killed in between', () => run(command, world, keyring.env));
  await Promise.race([request.arrived, running]);
  await keyring.kill();
  request.release();
  await meanwhile?.();
  return running;
}

async function timed<T>(state: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const result = await work();
  durations.set(state, [...(durations.get(state) ?? []), performance.now() - startedAt]);
  return result;
}

async function tokenOf(world: World): Promise<string> {
  const { code, stdout, stderr } = await run('token', world, world.keyring.env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

/** It is used, and can still be renewed. */
async function expectSession(world: World): Promise<void> {
  const { home, keyring } = world;
  expect(await run('chat', world, keyring.env)).toMatchObject({ code: 0, stderr: '' });
  expect(await runMira(['auth', 'refresh'], { home, env: keyring.env })).toMatchObject({ code: 0 });
}

async function expectSignOut(world: World): Promise<void> {
  const { platform, home, keyring } = world;
  const name = await itemName(home);
  expect(await run('logout', world, keyring.env)).toEqual({
    code: 0,
    signal: null,
    stdout: 'Signed out; the session was revoked at the server.\n',
    stderr: '',
  });
  expect(await itemIn(keyring, name)).toBeUndefined();
  expect(platform.problems).toEqual([]);
  sessions.whole += 1;
}

async function itemIn(keyring: Keyring, name: string): Promise<string | undefined> {
  await using keychain = startKeychainProcess({ env: keyring.env });
  return await keychain.store.read(name);
}

async function itemOf({ home, keyring }: World): Promise<string | undefined> {
  return itemIn(keyring, await itemName(home));
}

async function itemName(home: IsolatedHome): Promise<string> {
  const name = /"name":\s*"(default\.[0-9a-f]+)"/.exec(await indexOf(home))?.[1];
  if (name === undefined) throw new Error('The index names no session of profile default.');
  return name;
}

function indexOf(home: IsolatedHome): Promise<string> {
  return readFile(join(home.dataDir, 'sessions.json'), 'utf8');
}

/** What a command may create at any time, locks and the cache of compiled code, does not count. */
async function filesOf(home: IsolatedHome): Promise<readonly string[]> {
  const files = await readdir(home.path, { recursive: true });
  return files.filter((file) => !/cache|locks/.test(file)).sort();
}
