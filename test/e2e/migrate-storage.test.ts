/** Secrets that change their store: all of them, in one piece, and nothing left where they were. */
import { describe, expect, test } from 'vitest';
import { createLeakScanner } from '../support/leak-scan.ts';
import { hasKeyring, startKeyring } from '../support/keyring.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import { signIn } from '../support/sign-in.ts';
import { expectAllReadable, filesOf, storeSecrets, whatIsKept } from '../support/stored-secrets.ts';
import type { SecretsHome } from '../support/stored-secrets.ts';
import { openTerminal } from '../support/terminal.ts';

const PASSPHRASE = 'correct horse battery';

const IN_KEYCHAIN = {
  file: 'keychain',
  hasKeyFile: false,
  inKeychain: ['default', 'work'],
  hasSealingKey: true,
  listed: { default: 'keychain', work: 'keychain' },
  isUnderWay: false,
};

const inFile = (form: 'passphrase' | 'key_file') => ({
  file: form,
  hasKeyFile: form === 'key_file',
  inKeychain: [],
  hasSealingKey: false,
  listed: { default: form, work: form },
  isUnderWay: false,
});

async function migrate({ home, env }: Pick<SecretsHome, 'home' | 'env'>, ...args: readonly string[]) {
  const { code, stdout, stderr } = await runMira(['auth', 'migrate-storage', '--to', ...args, '--json'], {
    home,
    env,
  });
  return { code, stderr, ...JSON.parse(stdout) };
}

const MOVED = [
  { kind: 'session', profile: 'default' },
  { kind: 'session', profile: 'work' },
  { kind: 'vault', entries: 2 },
];

const NEXT_SIGN_IN = (to: string) =>
  `mira: The next sign-in still chooses by the setting storage, which is auto; to keep it here too: mira config set storage ${to}\n`;

describe.skipIf(!hasKeyring()).concurrent('all secrets', () => {
  test('move from the keychain into a file with a key file, and back, without a trace of them', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using keyring = await startKeyring();
    const it = await storeSecrets(platform, { home, env: keyring.env, storage: 'keychain' });
    expect(await whatIsKept(it)).toEqual(IN_KEYCHAIN);

    expect(await migrate(it, 'file')).toEqual({
      code: 0,
      stderr: NEXT_SIGN_IN('file'),
      schema: 'mira.auth.migrate/1',
      from: 'keychain',
      to: 'file',
      protection: 'key_file',
      moved: MOVED,
      dry_run: false,
    });
    expect(await whatIsKept(it)).toEqual(inFile('key_file'));
    await expectAllReadable(it);

    expect(await migrate(it, 'keychain')).toMatchObject({
      code: 0,
      from: 'file',
      to: 'keychain',
      moved: MOVED,
      stderr: '',
    });
    expect(await whatIsKept(it)).toEqual(IN_KEYCHAIN);
    await expectAllReadable(it);
    expect(await migrate(it, 'keychain')).toMatchObject({ code: 0, moved: [] });

    const canaries = [...Object.values(it.keys), ...Object.values(it.values)].map((value) => ({
      name: value,
      value,
      publicPrefix: 16,
    }));
    const sinks = [...(await filesOf(home))].map(([name, content]) => ({ name, content }));
    expect(sinks.length).toBeGreaterThan(3);
    expect(createLeakScanner(canaries).scan(sinks)).toEqual([]);
  });

  test('move between the keychain, a passphrase and a key file, every way', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using keyring = await startKeyring();
    const env = { ...keyring.env, MIRA_PASSPHRASE: PASSPHRASE };
    const it = await storeSecrets(platform, { home, env, storage: 'keychain' });
    for (const [to, kept] of [
      ['file', inFile('passphrase')],
      ['key-file', inFile('key_file')],
      // A file keeps the seal it has.
      ['file', inFile('key_file')],
      ['passphrase', inFile('passphrase')],
      ['keychain', IN_KEYCHAIN],
      ['key-file', inFile('key_file')],
    ] as const) {
      expect(await migrate(it, to)).toMatchObject({ code: 0 });
      expect(await whatIsKept(it)).toEqual(kept);
      await expectAllReadable(it);
    }
  });

  test('stay what and where they are in a dry run, which says what would be moved', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using keyring = await startKeyring();
    const it = await storeSecrets(platform, { home, env: keyring.env, storage: 'keychain' });
    const before = await filesOf(home);
    expect(await migrate(it, 'file', '--dry-run')).toMatchObject({
      code: 0,
      moved: MOVED,
      dry_run: true,
      stderr: '',
    });
    const told = await runMira(['auth', 'migrate-storage', '--to', 'file', '--dry-run'], {
      home,
      env: keyring.env,
    });
    expect(told).toMatchObject({
      code: 0,
      stdout:
        'Would be moved to the encrypted file, under a key file: the session of the profiles default, work and 2 stored secrets.\n',
    });
    expect(changed(before, await filesOf(home))).toEqual([]);
  });

  test('are as they were when the keychain cannot be reached or is locked', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using keyring = await startKeyring();
    const it = await storeSecrets(platform, { home, env: keyring.env, storage: 'file' });
    const before = await filesOf(home);
    const unreachable = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' };
    const refused = await runMira(['auth', 'migrate-storage', '--to', 'keychain'], {
      home,
      env: unreachable,
    });
    expect(refused).toMatchObject({ code: 10, stdout: '' });
    expect(refused.stderr).toMatch(/^mira: There is no D-Bus session here.*\n.*\n$/);
    expect(refused.stderr).not.toContain('auth login');
    expect(changed(before, await filesOf(home))).toEqual([]);

    await migrate(it, 'keychain');
    const moved = await filesOf(home);
    await keyring.lock();
    expect(await migrate(it, 'file')).toMatchObject({ code: 10, error: { code: 'keychain_locked' } });
    expect(changed(moved, await filesOf(home))).toEqual([]);
  });

  test('are not lost to a renewal at the same time, nor it to them', async () => {
    await using platform = await startPlatform({ rotation: 'strict' });
    await using home = await isolatedHome();
    await using keyring = await startKeyring();
    const { env } = keyring;
    await signIn(platform, { home, env, args: ['--storage', 'keychain'] });
    const refresh = () => runMira(['auth', 'refresh'], { home, env });
    for (const to of ['file', 'keychain', 'file']) {
      const [moved, ...renewed] = await Promise.all([
        migrate({ home, env }, to),
        refresh(),
        refresh(),
        refresh(),
      ]);
      expect([moved.code, ...renewed.map(({ code, stderr }) => [code, stderr])]).toEqual([
        0,
        [0, ''],
        [0, ''],
        [0, ''],
      ]);
      expect(await whatIsKept({ home, env })).toMatchObject({
        inKeychain: to === 'keychain' ? ['default'] : [],
      });
    }
    expect(await refresh()).toMatchObject({ code: 0 });
    expect(platform.problems).toEqual([]);
  });

  test('leave no file behind where it held nothing else', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await using keyring = await startKeyring();
    const { env } = keyring;
    await signIn(platform, { home, env, args: ['--storage', 'file'] });
    expect(await migrate({ home, env }, 'keychain')).toMatchObject({ code: 0, moved: [MOVED[0]] });
    expect(await whatIsKept({ home, env })).toEqual({
      file: undefined,
      hasKeyFile: false,
      inKeychain: ['default'],
      hasSealingKey: false,
      listed: { default: 'keychain' },
      isUnderWay: false,
    });
    expect(await runMira(['auth', 'token'], { home, env })).toMatchObject({ code: 0 });
  });
});

describe.concurrent('on a machine without a keychain', () => {
  test('the file gets a passphrase that is typed twice, and needs it from then on', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const it = await storeSecrets(platform, { home, env: {}, storage: 'file' });
    const unasked = await migrate(it, 'passphrase');
    expect(unasked).toMatchObject({ code: 11, error: { code: 'input_required' } });
    await expectAllReadable(it);

    await using terminal = await openTerminal({
      args: ['auth', 'migrate-storage', '--to', 'passphrase'],
      env: home.env,
    });
    await terminal.waitFor('New passphrase for the credentials file:');
    terminal.write(`${PASSPHRASE}\r`);
    await terminal.waitFor('The same again:');
    terminal.write(`${PASSPHRASE}\r`);
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.scrollback().join('\n')).toContain(
      'Moved to the encrypted file, under a passphrase: the session of the profiles',
    );
    expect(await runMira(['auth', 'token'], { home })).toMatchObject({ code: 11 });
    await expectAllReadable({ ...it, env: { MIRA_PASSPHRASE: PASSPHRASE } });
  });

  test.each([
    [[], 2, '--to is needed.'],
    [['--to', 'memory'], 2, '--to takes one of: keychain, file, passphrase, key-file.'],
    [['--to', 'file', '--profile', 'work'], 2, 'Secrets of all profiles are moved together.'],
  ])('what cannot be asked for is said: %j', async (args, code, sentence) => {
    await using home = await isolatedHome();
    const result = await runMira(['auth', 'migrate-storage', ...args], { home });
    expect({ code: result.code, line: result.stderr.split('\n')[0] }).toEqual({
      code,
      line: `mira: ${sentence}`,
    });
  });

  test('there may be nothing to move', async () => {
    await using home = await isolatedHome();
    expect(await runMira(['auth', 'migrate-storage', '--to', 'keychain'], { home })).toMatchObject({
      code: 0,
      stdout: 'There is nothing to move to the keychain of this system.\n',
      stderr: '',
    });
  });
});

/** Locks and caches are made by every run. */
function changed(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter(
    (name) => !/\/(?:locks|compile|tmp)\//.test(name) && before.get(name) !== after.get(name),
  );
}
