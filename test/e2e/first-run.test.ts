/** The first `mira chat` of somebody without a credential: every way that is offered leads into the chat. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startOllama } from '../support/ollama.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import type { Platform } from '../support/platform/start-platform.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import type { Environment, IsolatedHome } from '../support/run-mira.ts';
import { openTerminal } from '../support/terminal.ts';
import type { Terminal } from '../support/terminal.ts';

const PASSPHRASE = { MIRA_PASSPHRASE: 'correct horse battery staple' };
const QUESTION = 'You are not signed in yet. How do you want to chat?';
/** A port that nobody listens on. */
const NO_OLLAMA = { OLLAMA_HOST: '127.0.0.1:9' };

describe.concurrent('a first chat', () => {
  test('leads through the browser', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using terminal = await openChat({ home, env: { ...at(platform), ...PASSPHRASE } });
    await terminal.waitFor('Your choice [1]:');
    expect(terminal.scrollback()).toEqual([
      QUESTION,
      '  1  Sign in with your browser',
      '  2  Paste an API key',
      '  q  Quit',
      'Your choice [1]:',
    ]);
    terminal.write('\r');
    await approve(platform, terminal);
    await terminal.waitFor('mira: The session is kept in: the encrypted file credentials.json.');
    await talkAndLeave(terminal);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(await runMira(['auth', 'token'], { home, env: PASSPHRASE })).toMatchObject({ code: 0 });
  });

  test('keeps the session in its memory where there is no store, and leaves nothing behind', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using terminal = await openChat({ home, env: at(platform) });
    await terminal.waitFor('Your choice [1]:');
    terminal.write('1');
    await terminal.waitFor('Keep the session in a file with a passphrase instead');
    terminal.write('n');
    await terminal.waitFor('In a file with a key file');
    terminal.write('n');
    await approve(platform, terminal);
    await terminal.waitFor('mira: The session is kept in: memory, until this chat ends.');
    platform.refuseAccessTokens();
    await talkAndLeave(terminal);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    // The token was refused, and renewed in memory.
    const grants = platform.requests
      .filter(({ point }) => point === 'token')
      .map(({ fields }) => fields['grant_type']);
    expect(grants).toContain('refresh_token');
    expect(await filesOf(home)).not.toContainEqual(expect.stringMatching(/credentials|sessions\.json/));
    expect(await runMira(['auth', 'status', '--offline'], { home })).toMatchObject({ code: 4 });
  });

  test('may be signed out of and into again without leaving it', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using terminal = await openChat({ home, env: { ...at(platform), ...PASSPHRASE } });
    await terminal.waitFor('Your choice [1]:');
    terminal.write('1');
    await approve(platform, terminal);
    await terminal.waitFor('/help');
    terminal.write('/logout\r');
    await terminal.waitFor('Signed out; the session was revoked at the server.');
    terminal.write('hello\r');
    await terminal.waitFor('✗ You are not signed in.');
    terminal.write('/login\r');
    await approve(platform, terminal);
    await terminal.waitFor('Signed in as ada@example.test.');
    terminal.write('/retry\r');
    await terminal.waitFor('requests left');
    terminal.write('/quit\r');

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(await runMira(['auth', 'token'], { home, env: PASSPHRASE })).toMatchObject({ code: 0 });
  });

  test('takes a key', async () => {
    await using platform = await startPlatform();
    const key = platform.mintKey();
    await using terminal = await openChat({ env: { ...at(platform), ...PASSPHRASE } });
    await terminal.waitFor('Your choice [1]:');
    terminal.write('2');
    await terminal.waitFor('API key (from https://platform.vmira.ai/api-keys):');
    terminal.write(`${key}\r`);
    await terminal.waitFor('✓ Signed in as');
    await talkAndLeave(terminal);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.output()).not.toContain(key.slice(8));
  });

  test('offers Ollama where it answers, with the model it would use', async () => {
    await using ollama = await startOllama(['llama3.2:3b', 'qwen3']);
    await using terminal = await openChat({ env: ollama.env });
    await terminal.waitFor('  3  Use Ollama (model llama3.2:3b)');
    terminal.write('3');
    await terminal.waitFor('/help');
    terminal.write('hi\r');
    await terminal.waitFor('llama3.2:3b heard you.');
    terminal.write('/quit\r');

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
  });

  test('shows nothing of a hostile name of a model but its text', async () => {
    await using ollama = await startOllama(['a\u001b]52;c;eA==\u0007b\u202e']);
    await using terminal = await openChat({ env: ollama.env });
    await terminal.waitFor('  3  Use Ollama (model ab)');
    expect(terminal.output()).not.toContain('\u001b]52');
  });

  test.each([
    ['q', 0],
    ['\u0003', 130],
    ['\u001b', 130],
  ])('may be left: %j ends it with %d', async (key, code) => {
    await using terminal = await openChat({});
    await terminal.waitFor('Your choice [1]:');
    terminal.write(key);
    expect(await terminal.exit).toEqual({ code, signal: 0 });
  });

  test('that gives up on the waiting screen is not signed in, and says so', async () => {
    await using platform = await startPlatform();
    await using terminal = await openChat({ env: { ...at(platform), ...PASSPHRASE } });
    await terminal.waitFor('Your choice [1]:');
    terminal.write('1');
    await terminal.waitFor('waiting for approval');
    terminal.write('\u001b');

    expect(await terminal.exit).toEqual({ code: 130, signal: 0 });
    expect(terminal.scrollback().at(-1)).toBe('mira: Stopped: you are not signed in.');
  });

  test('asks nothing where nobody may be asked', async () => {
    await using ollama = await startOllama(['llama3.2:3b']);
    await using terminal = await openChat({ args: ['--no-input'], env: ollama.env });

    expect(await terminal.exit).toEqual({ code: 4, signal: 0 });
    expect(terminal.scrollback()).toEqual([
      'mira: You are not signed in.',
      '  mira auth login, or set MIRA_API_KEY',
    ]);
    expect(ollama.requests).toEqual([]);
  });
});

interface ChatOptions {
  readonly home?: IsolatedHome;
  readonly args?: readonly string[];
  readonly env?: Environment;
}

function openChat({ home, args = [], env = {} }: ChatOptions): Promise<Terminal> {
  return openTerminal({
    args: ['chat', ...args],
    home,
    env: { ...NO_OLLAMA, ...env },
    cols: 100,
    rows: 30,
  });
}

function at(platform: Platform): Environment {
  return { MIRA_ISSUER: platform.issuer, MIRA_API_URL: platform.apiUrl };
}

async function approve(platform: Platform, terminal: Terminal): Promise<void> {
  const isShown = (code: string) => terminal.output().includes(code);
  await terminal.waitFor(() => platform.pendingUserCodes().some(isShown));
  await platform.approve(platform.pendingUserCodes().find(isShown) ?? '');
}

async function talkAndLeave(terminal: Terminal): Promise<void> {
  await terminal.waitFor('/help');
  terminal.write('What is a device code?\r');
  await terminal.waitFor('requests left');
  terminal.write('/quit\r');
}

async function filesOf(home: IsolatedHome): Promise<readonly string[]> {
  const entries = await readdir(home.path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
