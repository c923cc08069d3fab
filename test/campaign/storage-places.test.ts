/** Places where nothing can be written: every command that must write there says so with exit 10, and changes nothing. */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  environmentOf,
  isolatedHome,
  type Environment,
  type IsolatedHome,
} from '../support/isolated-home.ts';
import { startPlatform, type Platform } from '../support/platform/start-platform.ts';
import { MIRA, runMira, type RunResult } from '../support/run-mira.ts';
import { signIn } from '../support/sign-in.ts';
import { asNobody, canBecomeNobody, canMount, inNamespace, NOBODY } from '../support/capability.ts';
import { refusalIn } from '../support/refusal.ts';
import { printFigures } from './figures.ts';
import { sized } from './size.ts';
import { pathsOf, readStored, sessionOf } from '../support/stored.ts';

const figures = { refusals: 0, 'saves on a disk nearly full': 0, 'of these fitting': 0 };
const mounts = canMount();
const nobody = canBecomeNobody();

let platform: Platform;
let home: IsolatedHome;
let key: string;
beforeAll(async () => {
  platform = await startPlatform();
  home = await isolatedHome();
  key = platform.mintKey();
  await signIn(platform, { home });
  await runMira(['config', 'set', 'model', 'old'], { home });
  // Long addresses stand in the index alone, which so takes two blocks of a disk where the credentials take one.
  for (const profile of ['one', 'two']) {
    const args = [...keyLogin(profile).slice(0, -1), `${platform.apiUrl}/${'x'.repeat(1_500)}`];
    await runMira(args, { home, stdin: key });
  }
});
afterAll(async () => {
  printFigures('storage places', figures);
  await home.cleanup();
  await platform.close();
});

interface Command {
  readonly args: readonly string[];
  readonly stdin?: string;
}

const commands = (): readonly Command[] => [
  { args: ['auth', 'refresh'] },
  { args: keyLogin(), stdin: key },
  { args: ['config', 'set', 'model', 'new'] },
];
const keyLogin = (profile = 'work'): readonly string[] => [
  ...['auth', 'login', '--with-key', '--storage', 'file', '--profile', profile, '--api-url', platform.apiUrl],
];

test('a file that may have no size, as on a full disk', async () => {
  for (const command of commands()) {
    const line = await expectRefused(command, (program) => [
      '/bin/sh',
      '-c',
      'ulimit -f 0; exec "$0" "$@"',
      ...program,
    ]);
    expect(line).toMatch(/^mira: Cannot write \S+: the limit for the size of a file is reached\.$/);
  }
});

test('a folder below a regular file', async () => {
  const file = join(home.path, 'file');
  await writeFile(file, '');
  const env = { MIRA_DATA_DIR: join(file, 'data'), MIRA_CONFIG_DIR: join(file, 'config') };
  for (const command of commands()) {
    const line = await expectRefused(command, (program) => program, env);
    expect(line).toContain(`${file}/`);
    expect(line).toMatch(/: a part of its path is a file, not a folder\.$/);
  }
});

describe.skipIf(mounts.isMissing)(`a file system of its own${mounts.note}`, () => {
  test('that is full', async () => {
    for (const command of commands()) {
      const line = await expectRefused(command, (program) => [
        'unshare',
        ...inNamespace(onTmpfs({ freeKiB: 0 })),
        ...program,
      ]);
      expect(line).toMatch(/^mira: Cannot write \S+: the disk is full\.$/);
    }
  });

  test('that is read-only, where what is stored can still be used', async () => {
    const readOnly = folders()
      .map((folder) => `mount --bind '${folder}' '${folder}' && mount -o remount,bind,ro '${folder}'`)
      .join(' && ');
    const wrap = (program: readonly string[]) => [
      'unshare',
      ...inNamespace(`${readOnly} && exec "$0" "$@"`),
      ...program,
    ];
    for (const command of commands()) {
      expect(await expectRefused(command, wrap)).toMatch(/read-?only/);
    }
    expect(await run({ args: ['auth', 'token'] }, { wrap })).toMatchObject({ code: 0, stderr: '' });
  });

  test('that is nearly full takes the whole of it or nothing', async () => {
    for (const freeKiB of sized({ small: [4, 12], full: Array.from({ length: 17 }, (_, at) => at * 4) })) {
      const out = join(home.path, 'out', String(freeKiB));
      await mkdir(out, { recursive: true });
      const wrap = (program: readonly string[]) => [
        'unshare',
        ...inNamespace(onTmpfs({ freeKiB, out })),
        ...program,
      ];
      const result = await run({ args: keyLogin(), stdin: key }, { wrap });
      figures['saves on a disk nearly full'] += 1;
      const line = result.code === 0 ? 'it fitted' : refusalIn(result);
      expect(line).toMatch(/^it fitted$|: the disk is full\.$/);
      figures['of these fitting'] += Number(result.code === 0);
      const after = await readStored({
        ...pathsOf(home),
        credentialsFile: join(out, 'credentials.json'),
        sessionsFile: join(out, 'sessions.json'),
      });
      expect(sessionOf(after, 'default')).toEqual(sessionOf(await readStored(pathsOf(home)), 'default'));
      expect(sessionOf(after, 'work')?.accessToken).toBe(result.code === 0 ? key : undefined);
      expect((await readdir(out)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    }
  });
});

describe.skipIf(nobody.isMissing)(`another user${nobody.note}`, () => {
  test.each([
    ['who may not write into the folder of the data', ['chmod 500 "$DATA"'], ['auth', 'login']],
    [
      'to whom the folder of the data does not belong',
      ['chown 0:0 "$DATA"', 'chmod 700 "$DATA"'],
      ['auth', 'refresh'],
    ],
    ['who may not read the credentials', ['chown 0:0 "$DATA/credentials.json"'], ['auth', 'refresh']],
    ['who may not write into the folder of the settings', ['chmod 500 "$CONFIG"'], ['config']],
  ])('%s', async (_, changes, [...words]) => {
    const command = commands().find(({ args }) => words.every((word, at) => args[at] === word));
    const own = await copyOfEverything();
    await execa('chown', ['-R', `${NOBODY}:${NOBODY}`, own.path]);
    await execa('/bin/sh', ['-c', changes.join(' && ')], {
      env: { DATA: own.dataDir, CONFIG: own.configDir },
    });
    const before = await contents(own);
    const result = await run(command ?? { args: [] }, {
      of: own,
      wrap: (program) => ['setpriv', ...asNobody(program)],
    });
    expect(refusalIn(result)).toMatch(/: permission denied\.$/);
    expect(await contents(own)).toEqual(before);
    await own.cleanup();
    figures.refusals += 1;
  });
});

type Wrap = (program: readonly string[]) => readonly string[];

/** Runs it where it cannot write; what is stored is byte for byte what it was, and nothing was asked of the server for it. */
async function expectRefused(command: Command, wrap: Wrap, env: Environment = {}): Promise<string> {
  const before = await contents(home);
  const asked = refreshes();
  const result = await run(command, { wrap, env });
  expect(await contents(home)).toEqual(before);
  expect(refreshes()).toBe(asked);
  figures.refusals += 1;
  return refusalIn(result);
}

function refreshes(): number {
  return platform.requests.filter(({ fields }) => fields['grant_type'] === 'refresh_token').length;
}

async function run(
  { args, stdin }: Command,
  {
    wrap,
    of = home,
    env = {},
  }: { readonly wrap: Wrap; readonly of?: IsolatedHome; readonly env?: Environment },
): Promise<RunResult> {
  const mira = of === home ? MIRA : join(of.path, 'program', 'bin', 'mira.js');
  const [program = '', ...rest] = wrap([process.execPath, mira, ...args]);
  const ran = await execa(program, rest, {
    cwd: '/',
    env: environmentOf(of, env),
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    timeout: 60_000,
    ...(stdin === undefined ? { stdin: 'ignore' } : { input: stdin }),
  });
  return { code: ran.exitCode ?? null, signal: null, stdout: ran.stdout, stderr: ran.stderr };
}

/** Every file by name, without the locks, which have no content. */
async function contents({ dataDir, configDir }: IsolatedHome): Promise<Readonly<Record<string, string>>> {
  const files = await Promise.all(
    [dataDir, configDir].map(async (folder) => {
      const entries = await readdir(folder, { withFileTypes: true });
      const names = entries.filter((entry) => entry.isFile()).map(({ name }) => join(folder, name));
      return Promise.all(names.map(async (name) => [name, await readFile(name, 'latin1')] as const));
    }),
  );
  return Object.fromEntries(files.flat());
}

function folders(): readonly string[] {
  return [home.dataDir, home.configDir];
}

/** Shell: both folders on a small disk with that much space left; `out` gets what is there afterwards. */
function onTmpfs({ freeKiB, out }: { readonly freeKiB: number; readonly out?: string }): string {
  const mount = folders().map(
    (folder) =>
      `cp -a '${folder}' "$T/copy" && mount -t tmpfs -o size=16m none '${folder}' && cp -a "$T/copy/." '${folder}' && rm -r "$T/copy"`,
  );
  const fill = folders().map(
    (folder) =>
      `free=$(df -k --output=avail '${folder}' | tail -1) && head -c $(((free - ${freeKiB}) * 1024)) /dev/zero > '${folder}/filling'`,
  );
  const keep =
    out === undefined ? ':' : `cp '${home.dataDir}'/*.json '${home.dataDir}'/.*.tmp '${out}' 2>/dev/null`;
  return `T=$(mktemp -d) && ${[...mount, ...fill].join(' && ')} && { "$0" "$@"; code=$?; ${keep}; exit $code; }`;
}

/** The home and the program, where another user can reach them. */
async function copyOfEverything(): Promise<IsolatedHome> {
  const own = await isolatedHome();
  const root = fileURLToPath(new URL('../../', import.meta.url));
  for (const part of ['bin', 'dist', 'package.json'])
    await cp(join(root, part), join(own.path, 'program', part), { recursive: true });
  await cp(home.dataDir, own.dataDir, { recursive: true });
  await cp(home.configDir, own.configDir, { recursive: true });
  // The key file goes by the name of the data folder.
  const [from, to] = [pathsOf(home).keyFile, pathsOf(own).keyFile];
  await mkdir(join(to, '..'), { recursive: true });
  await cp(from, to);
  return own;
}
