import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { keychainStateOf } from '../../../src/store/keychain-failure.ts';
import { createKeychain, type Keychain, type KeychainOptions } from '../../../src/store/keychain.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** A helper that answers every request with the text of that request as the value, and says what it was given. */
const ECHO = `process.stdin.setEncoding('utf8');
let text = '';
process.stdin.on('data', (chunk) => {
  text += chunk;
  while (text.includes('\\n')) {
    const line = text.slice(0, text.indexOf('\\n'));
    text = text.slice(line.length + 1);
    const seen = { request: JSON.parse(line), argv: process.argv.slice(2), env: Object.keys(process.env), pid: process.pid };
    console.log(JSON.stringify({ ok: true, value: JSON.stringify(seen) }));
  }
});
process.stdin.on('end', () => process.exit());`;

const SILENT = `process.stdin.resume();`;

async function keychainWith(
  options: Partial<KeychainOptions> & { readonly helper?: string },
): Promise<Keychain & AsyncDisposable> {
  const folder = await temporaryFolder();
  const helperFile = folder.in('helper.mjs');
  await writeFile(helperFile, options.helper ?? 'process.exit(3)');
  const keychain = createKeychain({
    helperFile,
    execPath: process.execPath,
    env: { PATH: process.env['PATH'], MIRA_PASSPHRASE: 'not for the helper', NODE_OPTIONS: '--no-warnings' },
    platform: 'linux',
    load: () => Promise.reject(new Error('not here')),
    ...options,
  });
  return {
    ...keychain,
    async [Symbol.asyncDispose]() {
      keychain.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe('reading from the keychain', { timeout: 30_000 }, () => {
  test('is done in this process when it can be, without a helper', async () => {
    const asked: string[][] = [];
    await using keychain = await keychainWith({
      load: async () => ({
        async getPassword(...names) {
          asked.push(names);
          return '"value"';
        },
      }),
    });
    expect(await keychain.read('work.0123456789ab')).toBe('"value"');
    expect(asked).toEqual([['mira-cli', 'work.0123456789ab']]);
  });

  test('gives undefined for null', async () => {
    await using keychain = await keychainWith({ load: async () => ({ getPassword: async () => null }) });
    expect(await keychain.read('work.0123456789ab')).toBeUndefined();
  });

  test('is done in the helper when it fails here', async () => {
    await using keychain = await keychainWith({
      helper: ECHO,
      load: async () => ({ getPassword: () => Promise.reject(new Error('The name :1.0 was not provided')) }),
    });
    const seen = JSON.parse((await keychain.read('work.0123456789ab')) ?? '');
    expect(seen.request).toEqual({ op: 'read', name: 'work.0123456789ab' });
  });

  test('that hangs here is done in the helper, and not tried here again meanwhile', async () => {
    let calls = 0;
    await using keychain = await keychainWith({
      helper: ECHO,
      readTimeoutMs: 50,
      load: async () => ({
        getPassword() {
          calls += 1;
          return new Promise(() => {});
        },
      }),
    });
    expect(keychain.stuck()).toBe(false);
    expect(await keychain.read('one')).toContain('"one"');
    expect(keychain.stuck()).toBe(true);
    expect(await keychain.read('two')).toContain('"two"');
    expect(calls).toBe(1);
  });
});

describe('the helper of the keychain', { timeout: 30_000 }, () => {
  test('gets secrets neither as arguments nor in its environment, and serves several calls', async () => {
    await using keychain = await keychainWith({ helper: ECHO });
    const [one, two] = await Promise.all([keychain.read('one'), keychain.read('two')]);
    const seen = [one, two].map((text) => JSON.parse(text ?? ''));
    expect(seen.map(({ request }) => request.name)).toEqual(['one', 'two']);
    expect(seen[0].pid).toBe(seen[1].pid);
    expect(seen[0].argv).toEqual([]);
    expect(seen[0].env).toContain('PATH');
    expect(seen[0].env).not.toContain('MIRA_PASSPHRASE');
    expect(seen[0].env).not.toContain('NODE_OPTIONS');
  });

  test('that says nothing is killed at the deadline, and the next call has another', async () => {
    await using keychain = await keychainWith({ helper: SILENT, helperTimeoutMs: 200 });
    const calls = [() => keychain.probe(), () => keychain.write('one', '"1"'), () => keychain.remove('one')];
    for (const call of calls) {
      const error: unknown = await call().catch((failure: unknown) => failure);
      expect(keychainStateOf(error)).toBe('timeout');
      expect(error).toMatchObject({ code: 'keychain_timeout', retryable: true });
    }
  });

  test('that dies is a failure of the keychain, not of mira', async () => {
    await using keychain = await keychainWith({});
    await expect(keychain.probe()).rejects.toMatchObject({ code: 'keychain_unavailable', exitCode: 10 });
  });

  test('that cannot even be started is one too', async () => {
    await using keychain = await keychainWith({ execPath: '/nonexistent/node' });
    await expect(keychain.probe()).rejects.toMatchObject({ code: 'keychain_unavailable', exitCode: 10 });
  });

  test('is waited for longer when a person is at hand, who is told', async () => {
    await using keychain = await keychainWith({ helper: SILENT, helperTimeoutMs: 10 });
    let notices = 0;
    const patient = keychain.patient({ patienceMs: 300, noticeMs: 20, notify: () => (notices += 1) });
    await expect(patient.probe()).rejects.toMatchObject({ code: 'keychain_timeout' });
    expect(notices).toBe(1);
  });
});
