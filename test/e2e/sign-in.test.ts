/** `mira auth login` where no terminal is: what a script, a log and another program see of it. */
import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { startPlatform } from '../support/platform/start-platform.ts';
import type { Platform } from '../support/platform/start-platform.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import type { IsolatedHome } from '../support/run-mira.ts';
import { parseLines, shownCode, startLogin } from '../support/sign-in.ts';

const SCOPES = 'openid profile email offline_access';
const MOMENT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const JSON_ARGS = ['--json', '--storage', 'file'];

describe.concurrent('signing in without a terminal', () => {
  test('says where to go and the code as plain lines, and who was signed in', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const login = await startLogin(platform, { home });
    const code = await shownCode(platform, login);
    await platform.approve(code);

    expect(await login.finished).toEqual({
      code: 0,
      signal: null,
      stdout: '',
      stderr: [
        ...instructions(platform, code),
        `Signed in as Ada Example (ada@example.test) at ${hostOf(platform)}.`,
        'mira: The session is kept in: the encrypted file credentials.json.',
        '',
      ].join('\n'),
    });
    expect(platform.problems).toEqual([]);
  });

  test('as JSON it is one event a line, the last of them `authorized`', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const login = await startLogin(platform, { home, args: JSON_ARGS });
    const code = await shownCode(platform, login);
    await login.waitFor('"event":"pending"');
    await platform.approve(code);
    const { stdout, ...rest } = await login.finished;

    expect(rest).toEqual({ code: 0, signal: null, stderr: '' });
    const events = parseLines(stdout);
    const schema = 'mira.auth.login/1';
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index));
    expect(events[0]).toEqual({
      schema,
      event: 'device_code',
      seq: 0,
      at: MOMENT,
      verification_uri: `${platform.issuer}/device`,
      verification_uri_complete: `${platform.issuer}/device?user_code=${code}`,
      user_code: code,
      expires_at: MOMENT,
      expires_in: expect.any(Number),
      interval: 1,
    });
    for (const [index, event] of events.slice(1, -1).entries()) {
      expect(event).toEqual({ schema, event: 'pending', seq: index + 1, at: MOMENT });
    }
    expect(events.at(-1)).toEqual({
      schema,
      event: 'authorized',
      seq: events.length - 1,
      at: MOMENT,
      profile: 'default',
      account: { id: 'ada', name: 'Ada Example', email: 'ada@example.test' },
      expires_at: MOMENT,
      expires_in: expect.any(Number),
      storage: 'file',
    });
  });

  test('--quiet keeps the code, for without it nobody can go on', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const login = await startLogin(platform, { home, args: ['--quiet', '--storage', 'file'] });
    const code = await shownCode(platform, login);
    await platform.approve(code);

    expect(await login.finished).toMatchObject({ code: 0, stdout: '' });
  });

  test('a denial ends it with exit 4, in words and as the last event', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const plain = await startLogin(platform, { home });
    const plainCode = await shownCode(platform, plain);
    await platform.deny(plainCode);

    expect(await plain.finished).toEqual({
      code: 4,
      signal: null,
      stdout: '',
      stderr: [
        ...instructions(platform, plainCode),
        'mira: The request was denied in the browser.',
        '  If that was a mistake, sign in again: mira auth login',
        '',
      ].join('\n'),
    });

    const json = await startLogin(platform, { home, args: JSON_ARGS });
    await platform.deny(await shownCode(platform, json));
    const { code, stdout } = await json.finished;
    expect({ code, last: parseLines(stdout).at(-1) }).toEqual({
      code: 4,
      last: {
        schema: 'mira.auth.login/1',
        event: 'denied',
        seq: expect.any(Number),
        at: MOMENT,
        error: {
          code: 'access_denied',
          message: 'The request was denied in the browser.',
          exit_code: 4,
          retryable: false,
          hint: 'If that was a mistake, sign in again: mira auth login',
        },
      },
    });
    expect(await signedInProfiles(home)).toEqual([]);
  });

  test('a code that runs out ends it with exit 4 and `expired`', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const login = await startLogin(platform, { home, args: JSON_ARGS });
    platform.expire(await shownCode(platform, login));
    const { code, stdout, stderr } = await login.finished;

    expect({ code, stderr }).toEqual({
      code: 4,
      stderr: 'mira: The code expired before it was approved.\n  Ask for a new one: mira auth login\n',
    });
    expect(names(stdout).filter((name) => name !== 'pending')).toEqual(['device_code', 'expired']);
  });

  test('a server that never says so is left when the code it gave has run out', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    platform.faults.push({
      at: 'device',
      kind: 'tamper',
      change: (json) => ({ ...json, expires_in: 2 }),
    });
    const login = await startLogin(platform, { home, args: JSON_ARGS });
    const { code, stdout } = await login.finished;

    expect(code).toBe(4);
    expect(names(stdout).at(-1)).toBe('expired');
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s cancels it and stores nothing', async (signal) => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const login = await startLogin(platform, { home, args: JSON_ARGS });
    const userCode = await shownCode(platform, login);
    login.signal(signal);
    const { code, stdout } = await login.finished;

    expect(code).toBe({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal]);
    expect(names(stdout)).toEqual(['device_code', 'cancelled']);
    await platform.approve(userCode);
    expect(await signedInProfiles(home)).toEqual([]);
    expect(await filesIn(home)).not.toContain('credentials.json');
  });

  test('CI without --json is refused before anything is asked for, and names MIRA_API_KEY', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const login = await startLogin(platform, { home, env: { CI: 'true' } });

    expect(await login.finished).toEqual({
      code: 11,
      signal: null,
      stdout: '',
      stderr:
        'mira: Nobody can approve a code in CI.\n' +
        '  Set MIRA_API_KEY instead, or add --json if something reads the code and approves it.\n',
    });
    expect(platform.requests).toEqual([]);
  });

  test.each(['0', 'false', ''])('CI=%j is no CI', async (CI) => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const login = await startLogin(platform, { home, env: { CI } });
    await platform.approve(await shownCode(platform, login));

    expect(await login.finished).toMatchObject({ code: 0 });
  });

  test('CI with --json signs in', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const login = await startLogin(platform, { home, args: JSON_ARGS, env: { CI: '1' } });
    await platform.approve(await shownCode(platform, login));

    expect(await login.finished).toMatchObject({ code: 0, stderr: '' });
  });

  test.each(['MIRA_API_KEY', 'MIRA_TOKEN'])('with %s set it works, and says which one wins', async (name) => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const value = name === 'MIRA_TOKEN' ? 'a-token-of-ones-own' : platform.mintKey();
    const env = { [name]: value };
    const login = await startLogin(platform, { home, env });
    await platform.approve(await shownCode(platform, login));
    const result = await login.finished;

    expect(result.code).toBe(0);
    expect(result.stderr).toContain(
      `${name} is set and is used before this session; unset it to use the session.\n`,
    );
    expect(await signedInProfiles(home)).toEqual(['default']);
    const explained = await runMira(['auth', 'explain', '--json'], { home, env });
    expect(JSON.parse(explained.stdout)).toMatchObject({ chosen: name });
  });

  test('a second sign-in replaces the first, and revokes it', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    for (const _ of ['first', 'second']) {
      const login = await startLogin(platform, { home });
      await platform.approve(await shownCode(platform, login));
      expect(await login.finished).toMatchObject({ code: 0 });
    }

    const revocations = platform.requests.filter(({ point }) => point === 'revocation');
    expect(revocations.map(({ fields }) => fields['token_type_hint'])).toEqual([
      'refresh_token',
      'access_token',
    ]);
    expect(await runMira(['auth', 'refresh'], { home })).toMatchObject({ code: 0 });
  });

  test('asks for what it was told to ask for, and for the resource the API names', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const login = await startLogin(platform, {
      home,
      args: ['--storage', 'file', '--scope', 'openid offline_access', '--client-id', platform.clientId],
    });
    await platform.approve(await shownCode(platform, login));
    await login.finished;

    const asked = platform.requests.find(({ point }) => point === 'device');
    expect(asked?.fields).toEqual({
      client_id: 'mira-cli',
      scope: 'openid offline_access',
      resource: platform.apiUrl,
    });
    expect(asked?.headers.authorization).toBeUndefined();
  });
});

describe('a login that cannot keep what it would get', () => {
  test('is over before anybody is sent to a browser', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const login = await startLogin(platform, { home, args: ['--storage', 'memory'] });

    expect(await login.finished).toEqual({
      code: 2,
      signal: null,
      stdout: '',
      stderr:
        'mira: A session kept in memory would end with this command.\n' +
        '  Use --storage keychain or file; to use mira without keeping anything, set MIRA_API_KEY.\n',
    });
    expect(platform.requests).toEqual([]);
  });
});

function instructions(platform: Platform, code: string): readonly string[] {
  return [
    'To sign in, open this address and enter the code:',
    `${platform.issuer}/device`,
    `${platform.issuer}/device?user_code=${code}`,
    code,
    'Asked for by',
    `  ${hostOf(platform)}`,
    `scopes: ${SCOPES}`,
    'Never type a code someone sent you.',
  ];
}

function hostOf(platform: Platform): string {
  return new URL(platform.issuer).host;
}

function names(stdout: string): readonly unknown[] {
  return parseLines(stdout).map(({ event }) => event);
}

async function signedInProfiles(home: IsolatedHome): Promise<readonly unknown[]> {
  const { stdout } = await runMira(['auth', 'list', '--json'], { home });
  return JSON.parse(stdout).profiles.map(({ profile }: { profile: unknown }) => profile);
}

async function filesIn(home: IsolatedHome): Promise<readonly string[]> {
  return readdir(home.path, { recursive: true });
}
