/** What lies on the disk, read with the reader of mira but without the program; anything damaged throws. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseSession, type SessionSecret } from '../../src/auth/session.ts';
import { readConfig, type Config } from '../../src/store/config-file.ts';
import { deriveKeys, parseCredentials, unseal } from '../../src/store/credentials-format.ts';
import { resolvePaths, type Paths } from '../../src/store/paths.ts';
import { createSessionIndex, type Index } from '../../src/store/session-index.ts';
import type { IsolatedHome } from './run-mira.ts';

export interface Stored {
  /** Sealed values by name. */
  readonly values: ReadonlyMap<string, string>;
  readonly index: Index;
  readonly config: Config;
}

export function pathsOf(home: IsolatedHome): Paths {
  return resolvePaths({ platform: process.platform, env: home.env, homeDir: home.path, cwd: home.path });
}

export async function readStored(paths: Paths): Promise<Stored> {
  const { sessionsFile: file, storeLockFile } = paths;
  const index = await createSessionIndex({ file, storeLockFile, uid: process.geteuid?.() }).read();
  return { values: await readValues(paths), index, config: await readConfig(paths.configFile) };
}

/** The stored session of a profile, by way of the index. */
export function sessionOf({ index, values }: Stored, profile: string): SessionSecret | undefined {
  const entry = index.get(profile);
  const value = entry && values.get(entry.name);
  return value === undefined ? undefined : parseSession(value);
}

/** Temporary files, which only a killed process may leave. */
export async function leftovers(home: IsolatedHome): Promise<readonly string[]> {
  const folders = [home.dataDir, home.configDir, dirname(pathsOf(home).keyFile)];
  const found = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(folder).catch(() => []);
      return names.filter((name) => /\.tmp/.test(name)).map((name) => join(folder, name));
    }),
  );
  return found.flat();
}

async function readValues({ credentialsFile, keyFile }: Paths): Promise<ReadonlyMap<string, string>> {
  const bytes = await readFile(credentialsFile).catch(() => undefined);
  if (bytes === undefined) return new Map();
  const parsed = parseCredentials(bytes);
  if (parsed.kind !== 'sealed') throw new Error(`${credentialsFile} is ${parsed.kind}.`);
  const values = unseal(parsed.sealed, deriveKeys(await readFile(keyFile)).sealing);
  if (values === undefined) throw new Error(`${credentialsFile} does not open.`);
  return values;
}
