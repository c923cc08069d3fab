/**
 * A home folder of its own for one run of mira, so that no test reads or writes what belongs to a person,
 * and the environment that goes with it: named variables only, so CI, proxies, colours, `NODE_OPTIONS`
 * and the session's D-Bus stay out unless a test puts them in.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface IsolatedHome extends AsyncDisposable {
  readonly path: string;
  readonly configDir: string;
  readonly dataDir: string;
  /** What a process needs to run here and nowhere else. */
  readonly env: Readonly<Record<string, string>>;
  cleanup(): Promise<void>;
}

export async function isolatedHome(): Promise<IsolatedHome> {
  const path = await mkdtemp(join(tmpdir(), 'mira-test-'));
  const configDir = join(path, 'config');
  const dataDir = join(path, 'data');
  await mkdir(join(path, 'tmp'));
  const cleanup = () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  return {
    path,
    configDir,
    dataDir,
    env: {
      ...systemVariables(),
      HOME: path,
      USERPROFILE: path,
      TMPDIR: join(path, 'tmp'),
      MIRA_CONFIG_DIR: configDir,
      MIRA_DATA_DIR: dataDir,
    },
    cleanup,
    [Symbol.asyncDispose]: cleanup,
  };
}

/** The home's environment with a test's own on top; `undefined` takes a variable out. */
export function environmentOf(home: IsolatedHome, extra: Environment = {}): Record<string, string> {
  const merged = Object.entries({ ...home.env, ...extra });
  return Object.fromEntries(merged.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function systemVariables(): Record<string, string> {
  const path = [dirname(process.execPath), process.env['PATH']].filter(Boolean).join(delimiter);
  const systemRoot = process.env['SystemRoot'];
  return {
    PATH: path,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    ...(systemRoot === undefined ? {} : { SystemRoot: systemRoot }),
  };
}
