/**
 * Changes to the preferences, through conf. On a full disk conf reports success and leaves a cut file, so what it wrote
 * is read back, and the previous file is put back when it is not what was asked for (decisions.md 7).
 */
import { copyFile, link, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { MiraError } from '../errors.ts';
import {
  readConfig,
  withoutByteOrderMark,
  type Config,
  type ConfigKey,
  type ProviderKey,
} from './config-file.ts';
import { configJsonSchema } from './config-schema.ts';
import { sweepLeftovers, temporaryName } from './leftovers.ts';
import { withLock } from './lock.ts';
import { ensurePrivateDir } from './private-dir.ts';
import { storageError, systemCode } from './storage-error.ts';
import { withoutSignalListeners } from './without-signal-listeners.ts';

/** An undefined value removes the setting. */
export type ConfigChange =
  | { readonly key: 'default_profile'; readonly value: string | undefined }
  | { readonly profile: string; readonly key: ConfigKey; readonly value: string | undefined }
  | {
      readonly provider: string;
      readonly key: ProviderKey;
      readonly value: string | readonly string[] | undefined;
    };

export interface ConfigEdit {
  readonly configFile: string;
  readonly storeLockFile: string;
  readonly uid: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly changes: readonly ConfigChange[];
}

/**
 * Applies all changes or none, under the store lock. Keys that mira does not know stay.
 * @throws MiraError `invalid_config` for a file that is not valid, which is left alone; `disk_full`, `storage_failed`
 */
export async function editConfig({
  configFile,
  storeLockFile,
  uid,
  signal,
  changes,
}: ConfigEdit): Promise<Config> {
  await ensurePrivateDir(dirname(configFile));
  return withLock({ file: storeLockFile, uid, signal }, async () => {
    // conf follows a link, so the copy to go back to must be of the file behind it.
    const file = await resolveLink(configFile);
    const expected = changes.reduce(applied, await readConfig(file));
    await replaceGuarded(file, async () => {
      await writeWithConf({ file, config: expected, keys: new Set(changes.map(topLevelKey)) });
      const written = await readConfig(file).catch(undefinedIfCut);
      if (isDeepStrictEqual(written, expected)) return;
      throw new MiraError('disk_full', `Cannot write ${file}: not all of it reached the disk.`, {
        hint: 'Free some space and run the command again; the previous file has been put back.',
      });
    });
    return expected;
  });
}

/** A cut file is no valid one either. */
function undefinedIfCut(error: unknown): undefined {
  if (error instanceof MiraError && error.code === 'invalid_config') return undefined;
  throw error;
}

async function resolveLink(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return file;
    throw storageError(error, { file, doing: 'read' });
  }
}

function applied(config: Config, change: ConfigChange): Config {
  if ('provider' in change) return withProvider(config, change);
  if (!('profile' in change)) return withKey(config, change);
  const profiles = config.profiles ?? {};
  const known = Object.hasOwn(profiles, change.profile);
  if (!known && change.value === undefined) return config;
  const profile = withKey(known ? (profiles[change.profile] ?? {}) : {}, change);
  return { ...config, profiles: { ...profiles, [change.profile]: profile } };
}

/** A provider of which nothing is left is none any more. */
function withProvider(config: Config, change: Extract<ConfigChange, { readonly provider: string }>): Config {
  const { [change.provider]: _, ...others } = config.providers ?? {};
  const known = Object.hasOwn(config.providers ?? {}, change.provider);
  const provider = withKey(known ? (config.providers?.[change.provider] ?? {}) : {}, change);
  const isLeft = Object.keys(provider).length > 0;
  if (!known && !isLeft) return config;
  return { ...config, providers: isLeft ? { ...others, [change.provider]: provider } : others };
}

/** A value that is undefined takes the key away: JSON holds no other absence. */
function withKey<T extends object>(record: T, { key, value }: { key: string; value: unknown }): T {
  const { [key]: _, ...rest } = record as Record<string, unknown>;
  return (value === undefined ? rest : { ...rest, [key]: value }) as T;
}

/** Runs `write`; when it fails, the file is as it was before. */
async function replaceGuarded(file: string, write: () => Promise<void>): Promise<void> {
  const previous = temporaryName(file);
  const existed = await keep({ file, as: previous });
  try {
    await write();
  } catch (error) {
    if (existed) await putBack({ file, previous });
    else await unlink(file).catch(() => {});
    throw storageError(error, { file, doing: 'write' });
  }
  if (existed) await unlink(previous).catch(() => {});
  // Written just now, the file tells the time.
  const written = await stat(file).catch(() => undefined);
  if (written) await sweepLeftovers(file, written.mtimeMs);
}

/** Where nothing was written both are names of one file, and a rename leaves them both (POSIX). */
async function putBack({ file, previous }: { file: string; previous: string }): Promise<void> {
  await rename(previous, file);
  await unlink(previous).catch(() => {});
}

/** A second name for the file takes no space, so it can be had on a full disk too; false when there is no file. */
async function keep({ file, as }: { file: string; as: string }): Promise<boolean> {
  try {
    await link(file, as).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') throw error;
      return copyFile(file, as);
    });
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw storageError(error, { file: as, doing: 'write' });
  }
}

function topLevelKey(change: ConfigChange): keyof Config {
  if ('provider' in change) return 'providers';
  return 'profile' in change ? 'profiles' : change.key;
}

/** Whole top-level values are set: in a longer key conf would take the dots and digits of a profile's name for a path. */
async function writeWithConf(work: {
  readonly file: string;
  readonly config: Config;
  readonly keys: ReadonlySet<keyof Config>;
}): Promise<void> {
  const { file, config, keys } = work;
  const { default: Conf } = await withoutSignalListeners(() => import('conf'));
  const conf = new Conf<Record<string, unknown>>({
    cwd: dirname(file),
    configName: basename(file, '.json'),
    fileExtension: 'json',
    configFileMode: 0o600,
    clearInvalidConfig: false,
    schema: configJsonSchema(),
    deserialize: (text) => (text.trim() === '' ? {} : JSON.parse(withoutByteOrderMark(text))),
  });
  for (const key of keys) {
    const value = config[key];
    if (value === undefined) conf.delete(key);
    else conf.set(key, value);
  }
}
