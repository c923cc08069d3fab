/**
 * Where mira keeps things, on each system (decisions.md 6). The key of the credentials file always lives in
 * another folder than the file itself, so that copying, syncing or committing the one does not take the other along.
 */
import { posix, win32 } from 'node:path';
import { currentFolderGone } from '../errors.ts';
import { sha256 } from './hash.ts';

const FOLDER = 'mira-cli';

export interface Paths {
  readonly configDir: string;
  /** Preferences, no secrets. */
  readonly configFile: string;
  readonly dataDir: string;
  /** Which sessions exist and where; no secrets. */
  readonly sessionsFile: string;
  readonly credentialsFile: string;
  /** Conversations. */
  readonly historyFile: string;
  readonly stateDir: string;
  readonly locksDir: string;
  /** Which hosts were ever contacted. */
  readonly hostsDir: string;
  /** Held around every read-merge-write of the index, the credentials file and the configuration. */
  readonly storeLockFile: string;
  /** When which token was last given out; no secrets. */
  readonly lastUsedFile: string;
  /** There while secrets are moved from one store to another; no secrets. */
  readonly migrationFile: string;
  /** The key of a credentials file without a passphrase. */
  readonly keyFile: string;
  readonly cacheDir: string;
}

export interface PathsInput {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  /** Relative MIRA_CONFIG_DIR and MIRA_DATA_DIR start here. Undefined where that folder has been removed meanwhile. */
  readonly cwd: string | undefined;
}

interface Folders {
  readonly config: string;
  readonly data: string;
  readonly state: string;
  readonly cache: string;
}

/** @throws MiraError `not_found` where a relative folder would start in one that is gone */
export function resolvePaths(input: PathsInput): Paths {
  const { isAbsolute, join, resolve } = input.platform === 'win32' ? win32 : posix;
  const { env, cwd } = input;
  const own = platformFolders(input);
  const named = (variable: string): string | undefined => {
    const folder = env[variable];
    if (!folder) return undefined;
    if (cwd === undefined && !isAbsolute(folder)) throw currentFolderGone();
    return resolve(cwd ?? '/', folder);
  };
  const configDir = named('MIRA_CONFIG_DIR') ?? own.config;
  const moved = named('MIRA_DATA_DIR');
  const dataDir = moved ?? own.data;
  const stateDir = moved === undefined ? own.state : join(moved, 'state');
  return {
    configDir,
    configFile: join(configDir, 'config.json'),
    dataDir,
    sessionsFile: join(dataDir, 'sessions.json'),
    credentialsFile: join(dataDir, 'credentials.json'),
    historyFile: join(dataDir, 'mira.db'),
    stateDir,
    locksDir: join(stateDir, 'locks'),
    hostsDir: join(stateDir, 'hosts'),
    storeLockFile: join(stateDir, 'locks', 'store.db'),
    lastUsedFile: join(stateDir, 'last-used.json'),
    migrationFile: join(stateDir, 'migration.json'),
    /** Worked out when asked for: most commands never need the key, and hashing costs milliseconds to load. */
    get keyFile() {
      return moved === undefined
        ? join(stateDir, 'credentials.key')
        : join(own.state, 'keys', `${sha256(moved).slice(0, 16)}.key`);
    },
    cacheDir: moved === undefined ? own.cache : join(moved, 'cache'),
  };
}

function platformFolders({ platform, env, homeDir }: PathsInput): Folders {
  if (platform === 'win32') {
    const roaming = env['APPDATA'] || win32.join(homeDir, 'AppData', 'Roaming');
    const local = env['LOCALAPPDATA'] || win32.join(homeDir, 'AppData', 'Local');
    return {
      config: win32.join(roaming, FOLDER),
      // Secrets must not roam to other machines with the profile.
      data: win32.join(local, FOLDER, 'data'),
      state: win32.join(local, FOLDER, 'state'),
      cache: win32.join(local, FOLDER, 'cache'),
    };
  }
  if (platform === 'darwin') {
    const support = posix.join(homeDir, 'Library', 'Application Support');
    return {
      config: posix.join(support, FOLDER),
      data: posix.join(support, FOLDER),
      state: posix.join(support, `${FOLDER}-state`),
      cache: posix.join(homeDir, 'Library', 'Caches', FOLDER),
    };
  }
  const base = (variable: string, fallback: string): string => {
    const value = env[variable];
    // XDG Base Directory Specification: a relative value is invalid and to be ignored.
    return posix.join(value && posix.isAbsolute(value) ? value : posix.join(homeDir, fallback), FOLDER);
  };
  return {
    config: base('XDG_CONFIG_HOME', '.config'),
    data: base('XDG_DATA_HOME', '.local/share'),
    state: base('XDG_STATE_HOME', '.local/state'),
    cache: base('XDG_CACHE_HOME', '.cache'),
  };
}
