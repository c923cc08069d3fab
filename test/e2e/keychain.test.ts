/** The real keychain of the system (gnome-keyring on a bus of its own): used, locked, frozen, gone. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startKeyring } from '../support/keyring.ts';
import type { Keyring } from '../support/keyring.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import type { Platform } from '../support/platform/start-platform.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import type { Environment, IsolatedHome, RunResult } from '../support/run-mira.ts';
import { parseLines, signIn, signInAgain } from '../support/sign-in.ts';

/** What a person is made to wait at most (decisions.md 9), with room for a busy machine. */
const PATIENCE_MS = 20_000;
const FILE_INSTEAD = 'or keep secrets in an encrypted file: mira auth login --storage file';
const INSTEAD = `${FILE_INSTEAD} (MIRA_PASSPHRASE gives its passphrase), or set MIRA_API_KEY.`;

describe.concurrent('a session in the keychain', () => {
  test('lives there from sign-in to sign-out, and no byte of a token on the disk', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using keyring = await startKeyring();
    const { env } = keyring;
    const login = await signIn(platform, { home, env, args: [] });
    expect(login.stderr.split('\n').at(-2)).toBe(
      'mira: The session is kept in: the keychain of this system.',
    );

    const status = await runMira(['auth', 'status', '--json'], { home, env });
    expect({ code: status.code, stderr: status.stderr, status: JSON.parse(status.stdout) }).toMatchObject({
      code: 0,
      stderr: '',
      status: {
        signed_in: true,
        source: 'keychain',
        storage: {
          kind: 'keychain',
          reason: 'protected by your login; other programs you run may ask for it',
        },
        checked: 'server',
      },
    });
    const tokens = [await tokenOf(home, env)];
    const refreshed = await runMira(['auth', 'refresh', '--json'], { home, env });
    expect(JSON.parse(refreshed.stdout)).toMatchObject({ rotated: true });
    tokens.push(await tokenOf(home, env));
    expect(new Set(tokens).size).toBe(2);
    expect(await runMira(['chat', 'hi'], { home, env })).toMatchObject({ code: 0, stderr: '' });
    const refreshTokens = heldRefreshTokens(platform);
    expect(refreshTokens).toHaveLength(1);
    expect(await filesHolding(home, [...tokens, ...refreshTokens])).toEqual([]);
    expect(await readdir(home.dataDir)).not.toContain('credentials.json');

    const logout = await runMira(['auth', 'logout', '--json'], { home, env });
    expect(JSON.parse(logout.stdout)).toMatchObject({ removed: true, revoked: true });
    expect(await runMira(['auth', 'status', '--json'], { home, env })).toMatchObject({ code: 4 });
  });

  test('that is locked is called locked, costs no request, and is whole when it is unlocked', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using keyring = await startKeyring();
    const { env } = keyring;
    await signIn(platform, { home, env, args: [] });
    const token = await tokenOf(home, env);
    const asked = platform.requests.length;
    await keyring.lock();

    const sentence =
      'mira: The keychain holds no session although you signed in: it is locked, or it was reset.\n' +
      `  Unlock it and try again; if it was reset, sign in again: ${signInAgain(platform)}\n`;
    for (const args of [
      ['auth', 'token'],
      ['auth', 'refresh'],
      ['chat', 'hi'],
    ]) {
      expect(await runMira(args, { home, env })).toEqual({
        code: 10,
        signal: null,
        stdout: '',
        stderr: sentence,
      });
    }
    expect(await runMira(['auth', 'status', '--offline'], { home, env })).toMatchObject({ code: 0 });
    expect(await runMira(['auth', 'logout'], { home, env })).toEqual({
      code: 10,
      signal: null,
      stdout: '',
      stderr:
        'mira: The session of profile default is still in the keychain: The keychain is locked.\n' +
        '  Mend that and run mira auth logout again.\n',
    });
    expect(platform.requests).toHaveLength(asked);
    await keyring.restart();
    expect(await tokenOf(home, env)).toBe(token);
    expect(await runMira(['auth', 'logout', '--json'], { home, env })).toMatchObject({ code: 0 });
  });

  test('whose service is gone is called that; it is there again when the service is', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using keyring = await startKeyring();
    const { env } = keyring;
    await signIn(platform, { home, env, args: [] });
    const token = await tokenOf(home, env);
    await keyring.kill();

    const gone = 'No keychain service is running in this session.';
    expect(await runMira(['auth', 'token'], { home, env })).toEqual({
      code: 10,
      signal: null,
      stdout: '',
      stderr: `mira: ${gone}\n  Install and start gnome-keyring or KWallet, ${FILE_INSTEAD}\n`,
    });
    expect(await runMira(['auth', 'logout'], { home, env })).toEqual({
      code: 10,
      signal: null,
      stdout: '',
      stderr:
        `mira: The session of profile default is still in the keychain: ${gone}\n` +
        '  Mend that and run mira auth logout again.\n',
    });
    await keyring.restart();
    expect(await tokenOf(home, env)).toBe(token);
  });
});

describe.concurrent('a keychain that is frozen', () => {
  test('is given up within its time by every command, and everything works after the thaw', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using keyring = await startKeyring();
    const { env } = keyring;
    await signIn(platform, { home, env, args: [] });
    const token = await tokenOf(home, env);
    keyring.freeze();

    const commands = [
      ['auth', 'token'],
      ['auth', 'status'],
      ['auth', 'refresh'],
      ['auth', 'logout'],
      ['chat', 'hi'],
      loginArgs(platform),
    ];
    const runs = await Promise.all(
      commands.map((args) => runMira([...args, '--json'], { home, env, timeoutMs: PATIENCE_MS })),
    );
    expect(runs.map((run) => ({ code: run.code, signal: run.signal, error: errorCode(run) }))).toEqual(
      commands.map(() => ({ code: 10, signal: null, error: 'keychain_timeout' })),
    );
    expect(runs[3]?.stderr).toMatch(/^mira: The session of profile default is still in the keychain: /);

    const key = { MIRA_API_KEY: platform.mintKey(), MIRA_API_URL: platform.apiUrl };
    const withKey = await runMira(['chat', 'hi'], { home, env: { ...env, ...key }, timeoutMs: PATIENCE_MS });
    expect(withKey).toMatchObject({ code: 0, stderr: '' });
    keyring.thaw();
    expect(await tokenOf(home, env)).toBe(token);
    expect(await runMira(['auth', 'refresh'], { home, env })).toMatchObject({ code: 0 });
    expect(await runMira(['auth', 'logout', '--json'], { home, env })).toMatchObject({ code: 0 });
  });
});

describe.concurrent('signing in where no keychain can be used', () => {
  const states: readonly (readonly [string, string, string])[] = [
    [
      'uninitialised',
      'The keychain has never been set up for this user.',
      'Log in on the desktop once, or create a default keyring with Seahorse',
    ],
    [
      'absent',
      'No keychain service is running in this session.',
      'Install and start gnome-keyring or KWallet',
    ],
    [
      'no bus',
      'There is no D-Bus session here, so the keychain cannot be reached.',
      'Run mira in a desktop session or under dbus-run-session',
    ],
    [
      'dead bus',
      'There is no D-Bus session here, so the keychain cannot be reached.',
      'Run mira in a desktop session or under dbus-run-session',
    ],
  ];
  test.each(states)(
    '(%s) ends before a code is asked for, with the remedies',
    async (state, message, hint) => {
      await using platform = await startPlatform();
      await using home = await isolatedHome();
      await using keyring = await keyringIn(state);
      const { env } = keyring;

      expect(await runMira(loginArgs(platform), { home, env })).toEqual({
        code: 10,
        signal: null,
        stdout: '',
        stderr: `mira: ${message}\n  ${hint}, ${INSTEAD}\n`,
      });
      const json = await runMira([...loginArgs(platform), '--json'], { home, env });
      expect({ code: json.code, events: parseLines(json.stdout) }).toMatchObject({
        code: 10,
        events: [{ event: 'error', error: { code: 'keychain_unavailable', message } }],
      });
      expect(platform.requests).toEqual([]);
    },
  );

  test('takes the encrypted file if it is given a passphrase, and says so', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const env = { MIRA_PASSPHRASE: 'correct horse battery staple' };
    const { stderr } = await signIn(platform, { home, env, args: [] });

    expect(stderr).toContain(
      'mira: There is no D-Bus session here, so the keychain cannot be reached. The session goes into the encrypted file (MIRA_PASSPHRASE).\n',
    );
    expect(await runMira(['auth', 'token'], { home, env })).toMatchObject({ code: 0, stderr: '' });
    const wrong = await runMira(['auth', 'token'], { home, env: { MIRA_PASSPHRASE: 'another one' } });
    expect(wrong).toMatchObject({ code: 10, stdout: '' });
    const none = await runMira(['auth', 'token'], { home });
    expect(none).toMatchObject({ code: 11, stdout: '' });
    expect(await runMira(['auth', 'token'], { home, env })).toMatchObject({ code: 0 });
  });
});

test('with MIRA_API_KEY or MIRA_TOKEN set the keychain’s library is never loaded', async () => {
  await using platform = await startPlatform();
  await using home = await isolatedHome();
  await using keyring = await startKeyring();
  await signIn(platform, { home, env: keyring.env, args: [] });
  const witness = await watchNativeLibraries(home);
  const watched = { ...keyring.env, MIRA_API_URL: platform.apiUrl, ...witness.env };
  const key = platform.mintKey();
  for (const variable of ['MIRA_API_KEY', 'MIRA_TOKEN']) {
    const env = { ...watched, [variable]: key };
    expect(await runMira(['chat', 'hi'], { home, env })).toMatchObject({ code: 0, stderr: '' });
    expect(await runMira(['auth', 'status'], { home, env })).toMatchObject({ code: 0, stderr: '' });
    expect(await runMira(['auth', 'token'], { home, env })).toMatchObject({ code: 0, stderr: '' });
    expect(await runMira(['models'], { home, env })).toMatchObject({ code: 0, stderr: '' });
  }
  expect(await witness.loaded()).toEqual([]);

  // Without them it is, so the witness does speak.
  expect(await runMira(['auth', 'token'], { home, env: watched })).toMatchObject({ code: 0, stderr: '' });
  expect(await witness.loaded()).toEqual([expect.stringContaining('keytar')]);
});

interface Witness {
  readonly env: Environment;
  loaded(): Promise<readonly string[]>;
}

/** Has Node write down every native library that a run loads. */
async function watchNativeLibraries(home: IsolatedHome): Promise<Witness> {
  const log = join(home.path, 'libraries');
  const preload = join(home.path, 'witness.cjs');
  await writeFile(
    preload,
    `const load = process.dlopen;
process.dlopen = function (module, file, ...rest) {
  require('node:fs').appendFileSync(${JSON.stringify(log)}, file + '\\n');
  return load.call(process, module, file, ...rest);
};
`,
  );
  return {
    env: { NODE_OPTIONS: `--require=${preload}` },
    loaded: async () => {
      const text = await readFile(log, 'utf8').catch(() => '');
      return text.split('\n').filter((line) => line !== '');
    },
  };
}

function keyringIn(state: string): Promise<Pick<Keyring, 'env'> & AsyncDisposable> {
  if (state === 'uninitialised' || state === 'absent') return startKeyring({ state });
  const env: Record<string, string> =
    state === 'dead bus' ? { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' } : {};
  return Promise.resolve({ env, [Symbol.asyncDispose]: () => Promise.resolve() });
}

function loginArgs(platform: Platform): readonly string[] {
  return ['auth', 'login', '--issuer', platform.issuer, '--api-url', platform.apiUrl];
}

async function tokenOf(home: IsolatedHome, env: Environment): Promise<string> {
  const { code, stdout, stderr } = await runMira(['auth', 'token'], { home, env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.trim();
}

function errorCode({ stdout }: RunResult): unknown {
  const error: unknown = parseLines(stdout).at(-1)?.['error'];
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

/** Refresh tokens this client has sent, which it therefore held. */
function heldRefreshTokens(platform: Platform): readonly string[] {
  return platform.requests.flatMap(({ fields }) => {
    const token = fields['refresh_token'];
    return typeof token === 'string' ? [token] : [];
  });
}

async function filesHolding(home: IsolatedHome, secrets: readonly string[]): Promise<readonly string[]> {
  const entries = await readdir(home.path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  expect(files).not.toEqual([]);
  const held: string[] = [];
  for (const file of files) {
    const bytes = await readFile(file, 'latin1');
    if (/eyJ[\w-]{20}/.test(bytes) || secrets.some((secret) => bytes.includes(secret))) held.push(file);
  }
  return held;
}
