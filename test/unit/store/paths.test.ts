import { describe, expect, test } from 'vitest';
import { resolvePaths } from '../../../src/store/paths.ts';

const linux = { platform: 'linux', homeDir: '/home/ada', cwd: '/home/ada/project', env: {} } as const;

describe('resolvePaths', () => {
  test('needs the current folder for what starts there only', () => {
    const gone = { ...linux, cwd: undefined };
    expect(resolvePaths(gone)).toEqual(resolvePaths(linux));
    const moved = { MIRA_CONFIG_DIR: '/c', MIRA_DATA_DIR: '/d' };
    expect(resolvePaths({ ...gone, env: moved })).toEqual(resolvePaths({ ...linux, env: moved }));
    expect(() => resolvePaths({ ...gone, env: { MIRA_DATA_DIR: 'd' } })).toThrow(
      'The current folder is not there any more.',
    );
  });

  test('follows the XDG defaults on Linux', () => {
    expect({ ...resolvePaths(linux) }).toEqual({
      configDir: '/home/ada/.config/mira-cli',
      configFile: '/home/ada/.config/mira-cli/config.json',
      dataDir: '/home/ada/.local/share/mira-cli',
      sessionsFile: '/home/ada/.local/share/mira-cli/sessions.json',
      credentialsFile: '/home/ada/.local/share/mira-cli/credentials.json',
      historyFile: '/home/ada/.local/share/mira-cli/mira.db',
      stateDir: '/home/ada/.local/state/mira-cli',
      locksDir: '/home/ada/.local/state/mira-cli/locks',
      hostsDir: '/home/ada/.local/state/mira-cli/hosts',
      storeLockFile: '/home/ada/.local/state/mira-cli/locks/store.db',
      lastUsedFile: '/home/ada/.local/state/mira-cli/last-used.json',
      migrationFile: '/home/ada/.local/state/mira-cli/migration.json',
      keyFile: '/home/ada/.local/state/mira-cli/credentials.key',
      cacheDir: '/home/ada/.cache/mira-cli',
    });
  });

  test('follows XDG variables that are absolute and ignores the others', () => {
    const env = { XDG_CONFIG_HOME: '/etc/ada', XDG_DATA_HOME: 'relative', XDG_CACHE_HOME: '' };
    const paths = resolvePaths({ ...linux, env });
    expect(paths.configDir).toBe('/etc/ada/mira-cli');
    expect(paths.dataDir).toBe('/home/ada/.local/share/mira-cli');
    expect(paths.cacheDir).toBe('/home/ada/.cache/mira-cli');
  });

  test('uses Application Support on macOS, the key apart from the data', () => {
    const paths = resolvePaths({
      ...linux,
      platform: 'darwin',
      homeDir: '/Users/ada',
      env: { XDG_DATA_HOME: '/x' },
    });
    expect(paths.credentialsFile).toBe('/Users/ada/Library/Application Support/mira-cli/credentials.json');
    expect(paths.keyFile).toBe('/Users/ada/Library/Application Support/mira-cli-state/credentials.key');
  });

  test('keeps preferences roaming and secrets local on Windows', () => {
    const env = { APPDATA: String.raw`C:\Users\ada\Roaming`, LOCALAPPDATA: String.raw`C:\Users\ada\Local` };
    const paths = resolvePaths({ ...linux, platform: 'win32', homeDir: String.raw`C:\Users\ada`, env });
    expect(paths.configFile).toBe(String.raw`C:\Users\ada\Roaming\mira-cli\config.json`);
    expect(paths.credentialsFile).toBe(String.raw`C:\Users\ada\Local\mira-cli\data\credentials.json`);
    expect(paths.keyFile).toBe(String.raw`C:\Users\ada\Local\mira-cli\state\credentials.key`);
  });

  test('moves data, state and cache with MIRA_DATA_DIR, but never the key', () => {
    const paths = resolvePaths({ ...linux, env: { MIRA_DATA_DIR: 'here' } });
    expect(paths.dataDir).toBe('/home/ada/project/here');
    expect(paths.locksDir).toBe('/home/ada/project/here/state/locks');
    expect(paths.cacheDir).toBe('/home/ada/project/here/cache');
    expect(paths.keyFile).toMatch(/^\/home\/ada\/\.local\/state\/mira-cli\/keys\/[0-9a-f]{16}\.key$/);
  });

  test('gives every data folder a key of its own', () => {
    const keyOf = (folder: string): string =>
      resolvePaths({ ...linux, env: { MIRA_DATA_DIR: folder } }).keyFile;
    expect(keyOf('/one')).not.toBe(keyOf('/two'));
    expect(keyOf('/one/')).toBe(keyOf('/one'));
  });

  test('moves the configuration alone with MIRA_CONFIG_DIR', () => {
    const paths = resolvePaths({ ...linux, env: { MIRA_CONFIG_DIR: '../etc', MIRA_DATA_DIR: '' } });
    expect(paths.configFile).toBe('/home/ada/etc/config.json');
    expect(paths.dataDir).toBe('/home/ada/.local/share/mira-cli');
  });
});
