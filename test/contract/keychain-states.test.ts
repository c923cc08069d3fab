/** Every state a real keychain can be in, as mira names it. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startKeychainProcess } from '../support/keychain-process.ts';
import { startKeyring } from '../support/keyring.ts';

const item = { name: 'default.0123456789ab', value: '{"kept":true}' };
const quick = { readTimeoutMs: 400, helperTimeoutMs: 1_500, patienceMs: 1_500 };

describe('a keychain that cannot be reached', { timeout: 30_000 }, () => {
  test('without a D-Bus session is unavailable, for every operation', async () => {
    await using child = startKeychainProcess({
      env: { DBUS_SESSION_BUS_ADDRESS: undefined, XDG_RUNTIME_DIR: undefined },
    });
    for (const op of ['read', 'write', 'remove', 'probe']) {
      expect(await child.ask({ op, ...item })).toMatchObject({
        code: 'keychain_unavailable',
        state: 'no_bus',
        stuck: false,
      });
    }
  });

  test('with a bus that is gone is unavailable', async () => {
    await using child = startKeychainProcess({
      env: { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' },
    });
    expect(await child.ask({ op: 'read', ...item })).toMatchObject({
      code: 'keychain_unavailable',
      state: 'no_bus',
    });
  });

  test('with no service on the bus is unavailable', async () => {
    await using keyring = await startKeyring({ state: 'absent' });
    await using child = startKeychainProcess({ env: keyring.env });
    expect(await child.ask({ op: 'probe' })).toMatchObject({
      code: 'keychain_unavailable',
      state: 'no_service',
      message: 'No keychain service is running in this session.',
    });
  });

  test.runIf(process.platform === 'linux')(
    'with a library that does not load names the package',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'mira-no-libsecret-'));
      await writeFile(join(folder, 'libsecret-1.so.0'), '');
      await using child = startKeychainProcess({ env: { LD_LIBRARY_PATH: folder } });
      const answer = await child.ask({ op: 'read', ...item });
      expect(answer).toMatchObject({ code: 'keychain_unavailable', state: 'library_missing' });
      expect(answer.hint).toContain('libsecret-1-0');
      await rm(folder, { recursive: true });
    },
  );

  test('that nobody has ever set up says so when written to', async () => {
    await using keyring = await startKeyring({ state: 'uninitialised' });
    await using child = startKeychainProcess({ env: keyring.env });
    expect(await child.ask({ op: 'write', ...item })).toMatchObject({
      code: 'keychain_unavailable',
      state: 'not_initialised',
    });
  });
});

describe('a keychain that is locked', { timeout: 30_000 }, () => {
  test('looks empty when read, refuses to be written, and still has the secret when unlocked', async () => {
    await using keyring = await startKeyring();
    await using child = startKeychainProcess({ env: keyring.env });
    await child.store.write(item.name, item.value);
    await keyring.lock();
    expect(await child.store.read(item.name)).toBeUndefined();
    expect(await child.store.remove(item.name)).toBe(false);
    expect(await child.ask({ op: 'probe' })).toMatchObject({ code: 'keychain_locked', state: 'locked' });
    expect(await child.ask({ op: 'write', ...item })).toMatchObject({
      code: 'keychain_locked',
      state: 'locked',
    });
    await keyring.restart();
    expect(await child.store.read(item.name)).toBe(item.value);
  });
});

describe('a probe of the keychain', { timeout: 30_000 }, () => {
  test('leaves nothing, not even what a killed one left', async () => {
    await using keyring = await startKeyring();
    await using child = startKeychainProcess({ env: keyring.env });
    await child.store.write('probe', '"left behind"');
    await child.store.probe();
    expect(await child.store.read('probe')).toBeUndefined();
  });
});

describe('a keychain whose service restarts', { timeout: 30_000 }, () => {
  test('is used again by a process that had used it before', async () => {
    await using keyring = await startKeyring();
    await using child = startKeychainProcess({ env: keyring.env });
    await child.store.write(item.name, item.value);
    expect(await child.store.read(item.name)).toBe(item.value);
    await keyring.restart();
    expect(await child.store.read(item.name)).toBe(item.value);
    await child.store.write(item.name, '{"newer":true}');
    expect(await child.store.read(item.name)).toBe('{"newer":true}');
  });
});

describe('a keychain that hangs', { timeout: 30_000 }, () => {
  test('is given up in time, and what was stored is there when it wakes', async () => {
    await using keyring = await startKeyring();
    await using before = startKeychainProcess({ env: keyring.env });
    await before.store.write(item.name, item.value);
    keyring.freeze();
    await using child = startKeychainProcess({ env: keyring.env, ...quick });
    for (const op of ['read', 'probe', 'read', 'probe']) {
      expect(await child.ask({ op, name: item.name })).toMatchObject({
        code: 'keychain_timeout',
        state: 'timeout',
        stuck: true,
      });
    }
    keyring.thaw();
    await using after = startKeychainProcess({ env: keyring.env });
    expect(await after.ask({ op: 'read', name: item.name })).toMatchObject({
      result: item.value,
      stuck: false,
    });
  });

  test('says that it is waiting when a person may be unlocking it, and goes on when they have', async () => {
    await using keyring = await startKeyring();
    await using child = startKeychainProcess({ env: keyring.env });
    keyring.freeze();
    const probing = child.ask({ op: 'patient-probe' });
    await expect.poll(async () => (await child.ask({ op: 'notices' })).notices, { timeout: 10_000 }).toBe(1);
    keyring.thaw();
    expect(await probing).toMatchObject({ notices: 1 });
    expect((await probing).code).toBeUndefined();
  });
});

describe('the helper process', { timeout: 30_000 }, () => {
  test('does not outlive a mira that was killed', async () => {
    await using keyring = await startKeyring();
    await using child = startKeychainProcess({ env: keyring.env });
    await child.store.write(item.name, item.value);
    const helper = await childOf(child.pid);
    process.kill(child.pid, 'SIGKILL');
    await expect.poll(() => isAlive(helper), { timeout: 10_000 }).toBe(false);
  });

  test('does not outlive it for long while a call hangs either', async () => {
    await using keyring = await startKeyring();
    await using child = startKeychainProcess({ env: keyring.env });
    await child.store.write(item.name, item.value);
    const helper = await childOf(child.pid);
    keyring.freeze();
    const hanging = child.ask({ op: 'write', ...item });
    process.kill(child.pid, 'SIGKILL');
    await expect(hanging).rejects.toThrow('SIGKILL');
    await expect.poll(() => isAlive(helper), { timeout: 15_000 }).toBe(false);
  });
});

async function childOf(pid: number): Promise<number> {
  const text = await new Promise<string>((resolve, reject) => {
    execFile('pgrep', ['-P', String(pid)], (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
  });
  return Number(text.trim());
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
