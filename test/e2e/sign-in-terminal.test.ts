/** `mira auth login` in a real terminal: the waiting screen, its keys, and the terminal given back. */
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { qrCode } from '../../src/ui/login/qr-code.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import type { Platform } from '../support/platform/start-platform.ts';
import { isolatedHome, MIRA, runMira } from '../support/run-mira.ts';
import type { Environment, IsolatedHome } from '../support/run-mira.ts';
import { openTerminal } from '../support/terminal.ts';
import type { Terminal } from '../support/terminal.ts';

const KEY_FILE = { MIRA_PASSPHRASE: 'correct horse battery staple' };
const COUNTDOWN = /waiting for approval — 9:5\d left/;

describe.concurrent('signing in on a terminal', () => {
  test('shows address, code, who asks, a countdown, and in the end who was signed in', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using terminal = await openLogin(platform, { home });
    const code = await waitForCode(platform, terminal);
    await terminal.waitFor(COUNTDOWN);

    const host = new URL(platform.issuer).host;
    await platform.approve(code);
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.scrollback()).toEqual([
      'Asked for by',
      `  ${host}`,
      'scopes: openid profile email offline_access',
      `You started this on ${hostname()}; never type a code someone sent you.`,
      '',
      'To sign in, open this address',
      '',
      `  ${platform.issuer}/device`,
      '',
      'and enter the code',
      '',
      `  ${code}`,
      '',
      `✓ Signed in as Ada Example (ada@example.test) at ${host}`,
      'mira: The session is kept in: the encrypted file credentials.json.',
    ]);
    expectGivenBack(terminal);
  });

  test('copies the code to the clipboard of the terminal at once, and again with c', async () => {
    await using platform = await startPlatform();
    await using terminal = await openLogin(platform, { env: { SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' } });
    const code = await waitForCode(platform, terminal);
    await terminal.waitFor('handed to the clipboard of your terminal');
    const copied = `\u001b]52;c;${Buffer.from(code).toString('base64')}\u0007`;
    expect(terminal.output().split(copied)).toHaveLength(2);

    terminal.write('c');
    await terminal.waitFor(() => terminal.output().split(copied).length === 3);
    await platform.approve(code);
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
  });

  test('with --no-copy nothing is copied until c is pressed', async () => {
    await using platform = await startPlatform();
    await using terminal = await openLogin(platform, { args: ['--no-copy'] });
    const code = await waitForCode(platform, terminal);
    await terminal.waitFor(COUNTDOWN);
    expect(terminal.output()).not.toContain('\u001b]52;');

    terminal.write('c');
    await terminal.waitFor('handed to the clipboard of your terminal');
    await platform.approve(code);
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
  });

  test('Enter opens the browser, with the complete address as its one argument and none of our secrets', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const stub = await browserStub(home);
    await using terminal = await openLogin(platform, { home, env: { MIRA_BROWSER: stub.command } });
    const code = await waitForCode(platform, terminal);
    await terminal.waitFor('Enter opens the browser');
    expect(await stub.calls()).toEqual([]);

    terminal.write('\r');
    await expect.poll(() => stub.calls(), { timeout: 10_000 }).toHaveLength(1);
    expect(await stub.calls()).toEqual([{ argv: [`${platform.issuer}/device?user_code=${code}`], own: [] }]);
    await platform.approve(code);
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
  });

  test("the system's own browser sees none of our secrets either", async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const stub = await browserStub(home);
    const bin = join(home.path, 'bin');
    await mkdir(bin);
    await symlink(stub.command, join(bin, 'xdg-open'));
    const env = { PATH: `${bin}:${process.env['PATH']}`, DISPLAY: ':99', OPENAI_API_KEY: 'not for browsers' };
    await using terminal = await openLogin(platform, { home, env });
    const code = await waitForCode(platform, terminal);
    await terminal.waitFor('Enter opens the browser');

    terminal.write('\r');
    await expect.poll(() => stub.calls(), { timeout: 10_000 }).toHaveLength(1);
    expect(await stub.calls()).toEqual([{ argv: [`${platform.issuer}/device?user_code=${code}`], own: [] }]);
    await platform.approve(code);
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
  });

  test('a browser that fails is said to have failed, and the sign-in goes on', async () => {
    await using platform = await startPlatform();
    await using terminal = await openLogin(platform, { env: { MIRA_BROWSER: '/nonexistent/browser' } });
    const code = await waitForCode(platform, terminal);
    await terminal.waitFor('Enter opens the browser');
    terminal.write('\r');
    await terminal.waitFor('Open the address by hand: no browser could be started.');
    await platform.approve(code);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
  });

  test.each([
    ['--no-browser', ['--no-browser'], {}],
    ['MIRA_BROWSER=none', [], { MIRA_BROWSER: 'none' }],
  ] as const)('%s: Enter is not offered and opens nothing', async (_name, args, env) => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const stub = await browserStub(home);
    await using terminal = await openLogin(platform, { home, args, env: { BROWSER: stub.command, ...env } });
    const code = await waitForCode(platform, terminal);
    await terminal.waitFor(COUNTDOWN);
    expect(terminal.scrollback().join('\n')).not.toContain('Enter opens the browser');
    terminal.write('\r');
    await platform.approve(code);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(await stub.calls()).toEqual([]);
  });

  test.each([
    ['Esc', '\u001b'],
    ['Ctrl-C', '\u0003'],
  ])('%s cancels it with 130, and nothing is stored', async (_name, key) => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using terminal = await openLogin(platform, { home });
    const code = await waitForCode(platform, terminal);
    await terminal.waitFor(COUNTDOWN);
    terminal.write(key);

    expect(await terminal.exit).toEqual({ code: 130, signal: 0 });
    expect(terminal.scrollback().at(-1)).toBe('mira: Stopped.');
    expectGivenBack(terminal);
    await platform.approve(code);
    const status = await runMira(['auth', 'status', '--offline', '--json'], { home });
    expect({ code: status.code, status: JSON.parse(status.stdout) }).toMatchObject({
      code: 4,
      status: { signed_in: false },
    });
  });

  test('an arrow key is no Esc, and other keys do nothing', async () => {
    await using platform = await startPlatform();
    await using terminal = await openLogin(platform);
    const code = await waitForCode(platform, terminal);
    await terminal.waitFor(COUNTDOWN);
    terminal.write('\u001b[A\u001b[Bxyz\t ');
    await platform.approve(code);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
  });

  test('a network that is gone is shown with the time that is left', async () => {
    await using platform = await startPlatform();
    platform.faults.push({ at: 'token', kind: 'drop' });
    await using terminal = await openLogin(platform);
    const code = await waitForCode(platform, terminal);
    await terminal.waitFor(/offline, retrying \(9:5\d left\)/);
    await terminal.waitFor(COUNTDOWN);
    await platform.approve(code);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
  });

  test('r asks for a new code, which works, and the first one is forgotten', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using terminal = await openLogin(platform, { home });
    const first = await waitForCode(platform, terminal);
    await terminal.waitFor(COUNTDOWN);
    terminal.write('r');
    await terminal.waitFor('A new code; the one before is of no use any more.');
    const second = await waitForCode(platform, terminal, first);
    // Whoever approves the old one signs nobody in.
    await platform.approve(first);
    const before = new Set(platform.requests);
    await platform.waitForRequest((request) => request.point === 'token' && !before.has(request));
    expect(terminal.scrollback().join('\n')).not.toContain('Signed in');
    await platform.approve(second);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.scrollback().slice(11, 18)).toEqual([
      `  ${first}`,
      '',
      'A new code; the one before is of no use any more.',
      '',
      `  ${second}`,
      '',
      `✓ Signed in as Ada Example (ada@example.test) at ${new URL(platform.issuer).host}`,
    ]);
    const polled = platform.requests
      .filter((request) => request.point === 'token' && !before.has(request))
      .map(({ fields }) => fields['device_code']);
    expect(new Set(polled).size).toBe(1);
  });

  test('r without a network keeps the code that is there', async () => {
    await using platform = await startPlatform();
    await using terminal = await openLogin(platform);
    const code = await waitForCode(platform, terminal);
    await terminal.waitFor(COUNTDOWN);
    platform.faults.push({ at: 'device', kind: 'drop' });
    terminal.write('r');
    await terminal.waitFor(/offline, retrying \(9:\d\d left\)/);
    await platform.approve(code);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.scrollback().join('\n')).not.toContain('A new code');
  });

  test('q shows the complete address as a QR code, and --qr does so at once', async () => {
    await using platform = await startPlatform();
    await using terminal = await openLogin(platform, { args: ['--qr'] });
    const code = await waitForCode(platform, terminal);
    await terminal.waitFor('q hides the QR code');
    const { rows } = qrCode(`${platform.issuer}/device?user_code=${code}`, { color: true }) ?? { rows: [] };
    const drawn = rows.map(({ text }) => text.trimEnd());
    expect(terminal.screen().filter((line) => /[▀▄█]/.test(line))).toEqual(
      drawn.filter((line) => line !== ''),
    );
    terminal.write('q');
    await terminal.waitFor('q shows a QR code');
    await platform.approve(code);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.scrollback().join('\n')).not.toMatch(/[▀▄█]/);
  });

  test('a code that runs out ends it, with the command for another one', async () => {
    await using platform = await startPlatform();
    await using terminal = await openLogin(platform);
    const code = await waitForCode(platform, terminal);
    await terminal.waitFor(COUNTDOWN);
    platform.expire(code);

    expect(await terminal.exit).toEqual({ code: 4, signal: 0 });
    expect(terminal.scrollback().slice(-2)).toEqual([
      'mira: The code expired before it was approved.',
      '  Ask for a new one: mira auth login',
    ]);
    expectGivenBack(terminal);
  });

  test('SIGTERM gives the terminal back and exits 143', async () => {
    await using platform = await startPlatform();
    await using terminal = await openLogin(platform);
    await waitForCode(platform, terminal);
    await terminal.waitFor(COUNTDOWN);
    terminal.kill('SIGTERM');

    expect(await terminal.exit).toEqual({ code: 143, signal: 0 });
    expect(terminal.scrollback().at(-1)).toBe('mira: Stopped from outside (SIGTERM).');
    expectGivenBack(terminal);
  });

  test('a server that takes its time is waited for visibly', async () => {
    await using platform = await startPlatform();
    const answer = Promise.withResolvers<void>();
    platform.faults.push({ at: 'device', kind: 'hold', until: answer.promise });
    await using terminal = await openLogin(platform);
    await terminal.waitFor(`asking ${new URL(platform.issuer).host} for a code`);
    answer.resolve();
    const code = await waitForCode(platform, terminal);
    await terminal.waitFor(COUNTDOWN);
    await platform.approve(code);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.scrollback().join('\n')).not.toContain('for a code');
    expectGivenBack(terminal);
  });

  test('a denial gives the terminal back and says so', async () => {
    await using platform = await startPlatform();
    await using terminal = await openLogin(platform);
    await platform.deny(await waitForCode(platform, terminal));

    expect(await terminal.exit).toEqual({ code: 4, signal: 0 });
    expect(terminal.scrollback().slice(-2)).toEqual([
      'mira: The request was denied in the browser.',
      '  If that was a mistake, sign in again: mira auth login',
    ]);
    expectGivenBack(terminal);
  });

  test('TERM=dumb gets plain lines without a single control sequence', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using terminal = await openTerminal({
      // The pty names its own kind of terminal, so the variable is set from within.
      command: ['/bin/sh', '-c', 'TERM=dumb exec "$0" "$@"', process.execPath, MIRA, ...loginArgs(platform)],
      home,
      env: KEY_FILE,
    });
    const code = await waitForCode(platform, terminal);
    await platform.approve(code);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.output()).not.toContain('\u001b');
    expect(terminal.scrollback()[0]).toBe('To sign in, open this address and enter the code:');
  });

  test('NO_COLOR takes the colours out and leaves the countdown', async () => {
    await using platform = await startPlatform();
    await using terminal = await openLogin(platform, { env: { NO_COLOR: '1' } });
    const code = await waitForCode(platform, terminal);
    await terminal.waitFor(COUNTDOWN);
    await platform.approve(code);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    // Not one SGR sequence with a colour, bold or dim in it.
    expect(terminal.output()).not.toMatch(/\u001b\[[1-9][0-9;]*m/);
  });

  test('at ten columns the address and the code can still be read whole', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using terminal = await openTerminal({
      args: loginArgs(platform),
      home,
      env: KEY_FILE,
      cols: 10,
      rows: 40,
    });
    const code = await waitForCode(platform, terminal);
    await terminal.waitFor(`${platform.issuer}/device`);
    await platform.approve(code);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
  });

  test('a key is asked for without an echo, and refused in words that do not repeat it', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const key = platform.mintKey();
    await using terminal = await openTerminal({
      args: ['auth', 'login', '--with-key', '--storage', 'file', '--api-url', platform.apiUrl],
      home,
      env: KEY_FILE,
    });
    await terminal.waitFor('API key (from https://platform.vmira.ai/api-keys):');
    terminal.write(`${key}\r`);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.output()).not.toContain(key.slice(8));
    expectGivenBack(terminal);
  });
});

/** The terminal as it was found, by what the system itself says of it. */
test('the terminal is left as it was found, echo and all', async () => {
  await using platform = await startPlatform();
  await using home = await isolatedHome();
  const line = `stty -a > before; "$0" "$@"; echo "status $?"; stty -a > after`;
  await using terminal = await openTerminal({
    command: ['/bin/sh', '-c', line, process.execPath, MIRA, ...loginArgs(platform)],
    home,
    env: KEY_FILE,
  });
  await waitForCode(platform, terminal);
  await terminal.waitFor(COUNTDOWN);
  terminal.write('\u0003');
  await terminal.waitFor('status 130');
  await terminal.exit;

  const before = await readFile(join(home.path, 'before'), 'utf8');
  expect(before).toContain('icanon');
  expect(await readFile(join(home.path, 'after'), 'utf8')).toBe(before);
});

interface LoginOptions {
  readonly home?: IsolatedHome;
  readonly args?: readonly string[];
  readonly env?: Environment;
}

function openLogin(platform: Platform, { home, args = [], env = {} }: LoginOptions = {}): Promise<Terminal> {
  return openTerminal({
    args: [...loginArgs(platform), ...args],
    home,
    env: { ...KEY_FILE, ...env },
    cols: 100,
    rows: 30,
  });
}

function loginArgs(platform: Platform): readonly string[] {
  return ['auth', 'login', '--issuer', platform.issuer, '--api-url', platform.apiUrl, '--storage', 'file'];
}

/** The code that is on the screen; `other` was there before it. */
async function waitForCode(platform: Platform, terminal: Terminal, other?: string): Promise<string> {
  const isShown = (code: string) => code !== other && terminal.output().includes(code);
  await terminal.waitFor(() => platform.pendingUserCodes().some(isShown));
  return platform.pendingUserCodes().find(isShown) ?? '';
}

/** Cursor shown, no bracketed paste, no alternate screen. */
function expectGivenBack(terminal: Terminal): void {
  const last = (on: string, off: string) =>
    terminal.output().lastIndexOf(on) - terminal.output().lastIndexOf(off);
  expect(last('\u001b[?25l', '\u001b[?25h')).toBeLessThanOrEqual(0);
  expect(last('\u001b[?2004h', '\u001b[?2004l')).toBeLessThanOrEqual(0);
  expect(terminal.output()).not.toContain('\u001b[?1049h');
}

interface BrowserStub {
  readonly command: string;
  calls(): Promise<readonly unknown[]>;
}

/** A browser that writes down what it was called with, and which of mira's variables it could see. */
async function browserStub(home: IsolatedHome): Promise<BrowserStub> {
  const log = join(home.path, 'browser.log');
  const script = join(home.path, 'browser.cjs');
  await writeFile(
    script,
    `#!${process.execPath}
const own = Object.keys(process.env).filter((name) => /^(MIRA|OPENAI)_/.test(name));
require('node:fs').appendFileSync(${JSON.stringify(log)}, JSON.stringify({ argv: process.argv.slice(2), own }) + '\\n');
`,
  );
  await chmod(script, 0o755);
  return {
    command: script,
    calls: async () => {
      const text = await readFile(log, 'utf8').catch(() => '');
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line): unknown => JSON.parse(line));
    },
  };
}
