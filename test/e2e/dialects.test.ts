/** The ways of signing in, in the order they are looked for: issuer, the API's own metadata, the platform's own device login, a key. */
import { describe, expect, test } from 'vitest';
import { startPlatform } from '../support/platform/start-platform.ts';
import type { Platform } from '../support/platform/start-platform.ts';
import { isolatedHome, OPEN, runMira, startMira } from '../support/run-mira.ts';
import type { IsolatedHome, RunningMira } from '../support/run-mira.ts';
import { parseLines, shownCode } from '../support/sign-in.ts';

const KEYS_PAGE = 'https://platform.vmira.ai/api-keys';
const COPY_AGAIN = 'Copy the key again, by itself: no quotes, spaces or line breaks.';
const OTHER_KEY = `Use a Mira platform key (${KEYS_PAGE}), or add --force if you are sure.`;

describe.concurrent('an API address alone', () => {
  test.each(['path', 'root'] as const)(
    'leads to the issuer that it names (RFC 9728, %s form)',
    async (metadata) => {
      await using platform = await startPlatform({ metadata, platformDevice: false });
      await using home = await isolatedHome();
      const login = await startAtApi(platform, home);
      await platform.approve(await shownCode(platform, login));
      expect(await login.finished).toMatchObject({ code: 0 });

      const status = await runMira(['auth', 'status', '--json', '--offline'], { home });
      expect(JSON.parse(status.stdout)).toMatchObject({
        credential: 'session',
        issuer: platform.issuer,
        refreshable: true,
      });
      expect(platform.requests.find(({ point }) => point === 'device')?.fields['resource']).toBe(
        metadata === 'path' ? platform.apiUrl : platform.apiOrigin,
      );
      expect(await runMira(['chat', 'hi'], { home })).toMatchObject({ code: 0, stderr: '' });
    },
  );

  test('leads to the platform’s own device login where nothing names an issuer; its key is revoked by signing out', async () => {
    await using platform = await startPlatform({ metadata: 'off' });
    await using home = await isolatedHome();
    const login = await startAtApi(platform, home);
    const code = await shownCode(platform, login);
    await platform.approve(code);

    const host = new URL(platform.apiOrigin).host;
    expect(await login.finished).toEqual({
      code: 0,
      signal: null,
      stdout: '',
      stderr: [
        'To sign in, open this address and enter the code:',
        `${platform.apiOrigin}/authorize`,
        `${platform.apiOrigin}/authorize?code=${code}`,
        code,
        'Asked for by',
        `  ${host}`,
        'Never type a code someone sent you.',
        `Signed in as Ada Example (ada@example.test) at ${host}.`,
        'mira: The session is kept in: the encrypted file credentials.json.',
        '',
      ].join('\n'),
    });
    expect(platform.keyNames()).toHaveLength(1);
    const status = await runMira(['auth', 'status', '--json'], { home });
    expect(JSON.parse(status.stdout)).toEqual({
      schema: 'mira.auth.status/1',
      profile: 'default',
      signed_in: true,
      account: { id: 'ada', name: 'Ada Example', email: 'ada@example.test' },
      credential: 'api_key',
      source: 'file',
      storage: { kind: 'file', reason: expect.any(String) },
      api_url: platform.apiUrl,
      refreshable: false,
      checked: 'server',
    });
    expect(await runMira(['chat', 'hi'], { home })).toMatchObject({ code: 0, stderr: '' });
    expect(await runMira(['auth', 'refresh'], { home })).toEqual({
      code: 4,
      signal: null,
      stdout: '',
      stderr:
        'mira: Profile default holds a key; keys are not renewed.\n' +
        `  Replace it: mira auth login --api-url ${platform.apiUrl}\n`,
    });

    const logout = await runMira(['auth', 'logout', '--json'], { home });
    expect(JSON.parse(logout.stdout)).toEqual({
      schema: 'mira.auth.logout/1',
      profile: 'default',
      removed: true,
      revoked: true,
    });
    expect(platform.keyNames()).toEqual([]);
  });

  test('whose approval was lost: says so, and where a key made for nothing can be revoked', async () => {
    await using platform = await startPlatform({ metadata: 'off' });
    await using home = await isolatedHome();
    platform.faults.push({ at: 'token', kind: 'dropAfter' });
    const login = await startAtApi(platform, home);
    await platform.approve(await shownCode(platform, login));
    const { code, stderr } = await login.finished;

    expect(code).toBe(4);
    expect(stderr.split('\n').slice(-3)).toEqual([
      'mira: The connection broke while the server answered; if you approved the code, the answer was lost.',
      `  Sign in again: mira auth login. A key made for nothing may be left: look for mira-cli-… at ${KEYS_PAGE} and revoke it.`,
      '',
    ]);
  });

  test('whose code runs out: exit 4', async () => {
    await using platform = await startPlatform({ metadata: 'off' });
    await using home = await isolatedHome();
    const login = await startAtApi(platform, home, ['--json']);
    platform.expire(await shownCode(platform, login));
    const { code, stdout } = await login.finished;

    expect({ code, last: parseLines(stdout).at(-1) }).toMatchObject({ code: 4, last: { event: 'expired' } });
  });

  test('that offers neither is told apart from a failure, and --with-key is named', async () => {
    await using platform = await startPlatform({ metadata: 'off', platformDevice: false });
    await using home = await isolatedHome();
    const login = await startAtApi(platform, home, ['--json']);

    const message = `${new URL(platform.apiOrigin).host} offers no sign-in by device code.`;
    const { stdout, ...rest } = await login.finished;
    expect(rest).toEqual({
      code: 4,
      signal: null,
      stderr: `mira: ${message}\n  Sign in with a key instead: mira auth login --with-key\n`,
    });
    expect(parseLines(stdout)).toEqual([
      {
        schema: 'mira.auth.login/1',
        event: 'error',
        seq: 0,
        at: expect.any(String),
        error: {
          code: 'login_unavailable',
          message,
          exit_code: 4,
          retryable: false,
          hint: 'Sign in with a key instead: mira auth login --with-key',
          next: [{ command: 'mira auth login --with-key', why: 'stores an API key that you paste' }],
        },
      },
    ]);
  });
});

describe.concurrent('a key from stdin', () => {
  test('that is long in coming is waited for aloud', async () => {
    await using platform = await startPlatform({ metadata: 'off', platformDevice: false });
    await using home = await isolatedHome();
    const args = ['auth', 'login', '--with-key', '--api-url', platform.apiUrl, '--storage', 'file'];
    const login = await startMira(args, { home, stdin: OPEN });
    await login.waitFor('mira: Waiting for the key on standard input.\n');
    login.write(`${platform.mintKey('mine')}\n`);
    login.endInput();

    expect(await login.finished).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Signed in as Ada'),
    });
  });

  test('is kept, used, and left alone at the server by signing out', async () => {
    await using platform = await startPlatform({ metadata: 'off', platformDevice: false });
    await using home = await isolatedHome();
    const key = platform.mintKey('mine');
    const login = await keep(platform, { home, key: `${key}\n` });
    expect(login).toEqual({
      code: 0,
      signal: null,
      stdout: '',
      stderr:
        'Signed in as Ada Example (ada@example.test).\n' +
        'mira: The session is kept in: the encrypted file credentials.json.\n',
    });
    expect(await runMira(['chat', 'hi'], { home })).toMatchObject({ code: 0, stderr: '' });
    expect(await runMira(['auth', 'token'], { home })).toEqual({
      code: 0,
      signal: null,
      stdout: `${key}\n`,
      stderr: '',
    });

    const logout = await runMira(['auth', 'logout', '--json'], { home });
    expect(JSON.parse(logout.stdout)).toEqual({
      schema: 'mira.auth.logout/1',
      profile: 'default',
      removed: true,
      revoked: false,
      reason: 'the key was pasted; revoke it where it was created',
    });
    expect(platform.keyNames()).toEqual(['mine']);
  });

  const made = `sk-mira-${'0a'.repeat(20)}`;
  const flaws: readonly (readonly [string, string, string])[] = [
    ['nothing', '', 'is empty'],
    ['a line break in it', `${made.slice(0, 20)}\n${made.slice(20)}`, 'has spaces or line breaks in it'],
    ['quotes around it', `"${made}"`, 'is in quotes'],
    ['a character no key has', `${made}é`, 'has characters in it that no key has'],
  ];
  test.each(flaws)('with %s is malformed: exit 2, nothing sent', async (_name, key, flaw) => {
    await using platform = await startPlatform({ metadata: 'off' });
    await using home = await isolatedHome();

    expect(await keep(platform, { home, key })).toEqual({
      code: 2,
      signal: null,
      stdout: '',
      stderr: `mira: The key from standard input ${flaw}.\n  ${COPY_AGAIN}\n`,
    });
    expect(platform.requests).toEqual([]);
  });

  test('for the platform’s own address has the documented shape, or exit 2 says what is wrong with it', async () => {
    await using home = await isolatedHome();
    const args = ['auth', 'login', '--with-key', '--storage', 'file', '--json'];
    const { code, stdout, stderr } = await runMira(args, { home, stdin: made.slice(0, -1) });

    expect({ code, events: parseLines(stdout) }).toMatchObject({
      code: 2,
      events: [
        {
          event: 'error',
          error: {
            code: 'malformed_key',
            message: 'The key from standard input is not a Mira platform key: it has 47 characters, not 48.',
          },
        },
      ],
    });
    expect(stdout + stderr).not.toContain(made.slice(8, 20));
  });

  const MEETINGS =
    'It belongs in MIRA_MEETINGS_API_KEY, and goes to your meetings with: mira api --service meetings PATH.';
  const foreign: readonly (readonly [key: string, what: string, hint: string])[] = [
    [`sk-ant-${'a1'.repeat(20)}`, 'an Anthropic key', OTHER_KEY],
    [`sk-${'b2'.repeat(20)}`, 'an OpenAI key', OTHER_KEY],
    [`AKIA${'C3'.repeat(8)}`, 'an AWS access key id', OTHER_KEY],
    [`mira_live_${'d4'.repeat(16)}`, 'a Mira meetings key', `${MEETINGS} ${OTHER_KEY}`],
    [`ghp_${'e5'.repeat(18)}`, 'a GitHub token', OTHER_KEY],
  ];
  test.each(foreign)('of another vendor (%s) goes nowhere: exit 11', async (key, what, hint) => {
    await using platform = await startPlatform({ metadata: 'off' });
    await using home = await isolatedHome();

    expect(await keep(platform, { home, key })).toEqual({
      code: 11,
      signal: null,
      stdout: '',
      stderr: `mira: The key from standard input looks like ${what}; it was not sent to the Mira platform.\n  ${hint}\n`,
    });
    expect(platform.requests).toEqual([]);
  });

  test('of another vendor is sent with --force, and what the server says counts', async () => {
    await using platform = await startPlatform({ metadata: 'off' });
    await using home = await isolatedHome();
    const key = `sk-ant-${'a1'.repeat(20)}`;
    const { code, stdout, stderr } = await keep(platform, { home, key, more: ['--force'] });

    expect({ code, stdout, stderr }).toEqual({
      code: 4,
      stdout: '',
      stderr:
        `mira: ${new URL(platform.apiOrigin).host} refused the key.\n` +
        `  Create a new one at ${KEYS_PAGE} and run mira auth login --with-key again.\n`,
    });
    expect(platform.requests.map(({ headers }) => headers.authorization)).toContain(`Bearer ${key}`);
    const listed = await runMira(['auth', 'list', '--json'], { home });
    expect(JSON.parse(listed.stdout)).toEqual({ schema: 'mira.auth.list/1', profiles: [] });
  });

  test('that is far too long is refused without being read to its end', async () => {
    await using platform = await startPlatform({ metadata: 'off' });
    await using home = await isolatedHome();

    expect(await keep(platform, { home, key: 'a'.repeat(200_000) })).toMatchObject({
      code: 2,
      stderr: 'mira: What standard input holds is too long to be a key.\n',
    });
  });
});

function startAtApi(
  platform: Platform,
  home: IsolatedHome,
  more: readonly string[] = [],
): Promise<RunningMira> {
  const args = ['auth', 'login', '--api-url', platform.apiUrl, '--storage', 'file', ...more];
  return startMira(args, { home });
}

interface Keeping {
  readonly home: IsolatedHome;
  readonly key: string;
  readonly more?: readonly string[];
}

function keep(platform: Platform, { home, key, more = [] }: Keeping): ReturnType<typeof runMira> {
  const args = ['auth', 'login', '--with-key', '--api-url', platform.apiUrl, '--storage', 'file', ...more];
  return runMira(args, { home, stdin: key });
}
