/** A home with sessions and tokens in it, looked at through the program and behind its back. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { sealingKeyName } from '../../src/store/session-name.ts';
import { startKeychainProcess } from './keychain-process.ts';
import type { Platform } from './platform/start-platform.ts';
import { runMira } from './run-mira.ts';
import type { Environment, IsolatedHome } from './run-mira.ts';
import { pathsOf } from './stored.ts';

export interface SecretsHome {
  readonly home: IsolatedHome;
  readonly env: Environment;
  /** The key of each profile. */
  readonly keys: Readonly<Record<string, string>>;
  /** The value of each token, by its variable. */
  readonly values: Readonly<Record<string, string>>;
}

/** Two profiles with a key each, and two tokens. `args` and `env` say where they are kept. */
export async function storeSecrets(
  platform: Platform,
  {
    home,
    env,
    storage,
  }: { readonly home: IsolatedHome; readonly env: Environment; readonly storage: string },
): Promise<SecretsHome> {
  const keys = { default: platform.mintKey('one'), work: platform.mintKey('two') };
  const values = { DB_PASSWORD: 'value of the database', SMTP_PASSWORD: 'value of the mail host' };
  const all = { ...env, MIRA_STORAGE: storage };
  for (const [profile, key] of Object.entries(keys)) {
    const args = ['auth', 'login', '--with-key', '--profile', profile, '--api-url', platform.apiUrl];
    expect(await runMira(args, { home, env: all, stdin: key })).toMatchObject({ code: 0 });
  }
  for (const [name, value] of Object.entries(values)) {
    const args = ['tokens', 'add', '--label', name.toLowerCase(), '--env', name];
    expect(await runMira(args, { home, env: all, stdin: value })).toMatchObject({ code: 0 });
  }
  return { home, env, keys, values };
}

/** Every secret is given out as it was stored. */
export async function expectAllReadable({ home, env, keys, values }: SecretsHome): Promise<void> {
  const tokens = await Promise.all(
    Object.keys(keys).map(async (profile) => {
      const { stdout, stderr } = await runMira(['auth', 'token', '--profile', profile], { home, env });
      return [profile, stdout.trim() || stderr];
    }),
  );
  const variables = Object.keys(values).map((name) => `process.env.${name}`);
  const show = `process.stdout.write(JSON.stringify([${variables.join(', ')}]))`;
  const child = [process.execPath, '-e', show];
  const { stdout, stderr } = await runMira(['run', '--no-masking', '--', ...child], { home, env });
  expect({ tokens: Object.fromEntries(tokens), stdout, stderr }).toEqual({
    tokens: keys,
    stdout: JSON.stringify(Object.values(values)),
    stderr: '',
  });
}

export interface Kept {
  /** How the credentials file is sealed; undefined when there is none. */
  readonly file: string | undefined;
  readonly hasKeyFile: boolean;
  /** The profiles whose sessions are in the keychain, whatever the list of sessions says. */
  readonly inKeychain: readonly string[];
  readonly hasSealingKey: boolean;
  /** Where the list of sessions says they are. */
  readonly listed: Readonly<Record<string, string>>;
  readonly isUnderWay: boolean;
}

export async function whatIsKept({ home, env }: Pick<SecretsHome, 'home' | 'env'>): Promise<Kept> {
  const paths = pathsOf(home);
  const read = async (file: string) => JSON.parse(await readFile(file, 'utf8').catch(() => '{}'));
  const { sessions = {} } = await read(paths.sessionsFile);
  const { key } = await read(paths.credentialsFile);
  const entries: readonly { profile: string; name: string; storage: string; protection: string }[] =
    Object.values(sessions);
  await using keychain = startKeychainProcess({ env: { ...home.env, ...env } });
  const has = async (name: string) => (await keychain.ask({ op: 'read', name })).result !== undefined;
  const inKeychain: string[] = [];
  for (const { profile, name } of entries) if (await has(name)) inKeychain.push(profile);
  const exists = async (file: string) => (await readFile(file).catch(() => undefined)) !== undefined;
  return {
    file: key?.kind,
    hasKeyFile: await exists(paths.keyFile),
    inKeychain,
    hasSealingKey: await has(sealingKeyName(paths.dataDir)),
    listed: Object.fromEntries(entries.map(({ profile, protection }) => [profile, protection])),
    isUnderWay: await exists(paths.migrationFile),
  };
}

/** Every file of a home with its content. */
export async function filesOf(home: IsolatedHome): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(home.path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(files.map(async (file) => [file, await readFile(file, 'latin1')] as const)),
  );
}
