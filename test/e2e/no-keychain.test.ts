/** `mira auth login` on a terminal of a machine without a keychain: what is asked, and what each answer leads to. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startPlatform } from '../support/platform/start-platform.ts';
import type { Platform } from '../support/platform/start-platform.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import type { IsolatedHome } from '../support/run-mira.ts';
import { openTerminal } from '../support/terminal.ts';
import type { Terminal } from '../support/terminal.ts';

const REASON = [
  'mira: There is no D-Bus session here, so the keychain cannot be reached.',
  'mira: Run mira in a desktop session or under dbus-run-session, or keep secrets in an encrypted file: mira auth login --storage file',
];
const PASSPHRASE_QUESTION =
  'Keep the session in a file with a passphrase instead (unreadable without the passphrase; protects backups, lost disks and other users)? [y/N]';
const KEY_FILE_QUESTION =
  'In a file with a key file (protects only against copying the file without its key; any program running as you can read it)? [y/N]';

describe.concurrent('a sign-in without a keychain', () => {
  test('says why, and keeps the session under a passphrase that is typed twice', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using terminal = await openLogin(platform, home);
    await answer(terminal, PASSPHRASE_QUESTION, 'y');
    await answer(terminal, 'New passphrase for the credentials file:', 'correct horse\r');
    await answer(terminal, 'The same again:', 'correct horse\r');
    await approve(platform, terminal);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.scrollback().slice(0, 5)).toEqual([
      ...REASON,
      `${PASSPHRASE_QUESTION} yes`,
      'New passphrase for the credentials file:',
      'The same again:',
    ]);
    expect(await sealedWith(home)).toBe('passphrase');
    const env = { MIRA_PASSPHRASE: 'correct horse' };
    expect(await runMira(['auth', 'token'], { home, env })).toMatchObject({ code: 0 });
  });

  test('keeps it with a key file where no passphrase is wanted', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using terminal = await openLogin(platform, home);
    await answer(terminal, PASSPHRASE_QUESTION, 'n');
    await answer(terminal, KEY_FILE_QUESTION, 'y');
    await approve(platform, terminal);

    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.scrollback().slice(0, 4)).toEqual([
      ...REASON,
      `${PASSPHRASE_QUESTION} no`,
      `${KEY_FILE_QUESTION} yes`,
    ]);
    expect(await sealedWith(home)).toBe('key_file');
    expect(await runMira(['auth', 'token'], { home })).toMatchObject({ code: 0 });
  });

  test('asks nobody to sign in to something that would be kept nowhere', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using terminal = await openLogin(platform, home);
    await answer(terminal, PASSPHRASE_QUESTION, 'n');
    await answer(terminal, KEY_FILE_QUESTION, '\r');

    expect(await terminal.exit).toEqual({ code: 10, signal: 0 });
    expect(terminal.scrollback()).toEqual([
      ...REASON,
      `${PASSPHRASE_QUESTION} no`,
      `${KEY_FILE_QUESTION} no`,
      'mira: There is nowhere to keep the session: the keychain cannot be used, and no file is wanted.',
      '  Kept nowhere, it would end with this command. To use mira without keeping anything, set MIRA_API_KEY.',
    ]);
    expect(platform.requests).toEqual([]);
    expect(await readdir(home.dataDir).catch(() => [])).not.toContain('credentials.json');
  });
});

/** Without a bus there is no keychain, whatever this machine has. */
function openLogin(platform: Platform, home: IsolatedHome): Promise<Terminal> {
  const args = ['auth', 'login', '--no-copy', '--issuer', platform.issuer, '--api-url', platform.apiUrl];
  return openTerminal({ home, args, rows: 40 });
}

async function answer(terminal: Terminal, question: string, keys: string): Promise<void> {
  await terminal.waitFor(question);
  terminal.write(keys);
}

async function approve(platform: Platform, terminal: Terminal): Promise<void> {
  const isShown = (code: string) => terminal.screen().some((row) => row.includes(code));
  await terminal.waitFor(() => platform.pendingUserCodes().some(isShown));
  await platform.approve(platform.pendingUserCodes().find(isShown) ?? '');
}

async function sealedWith(home: IsolatedHome): Promise<unknown> {
  return JSON.parse(await readFile(join(home.dataDir, 'credentials.json'), 'utf8')).key.kind;
}
