import { execFile } from 'node:child_process';
import {
  chmod,
  cp,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { environmentOf, isolatedHome } from '../../support/isolated-home.ts';
import type { Environment, IsolatedHome } from '../../support/isolated-home.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const PROGRAM = 'program-1234abcd.js';
const program = (word: string): string =>
  `const fs = require('node:fs');\nexports.main = () => said('${word} ');\nfunction said(word) { fs.writeSync(1, word + process.argv.slice(2) + '\\n'); }\n`;

/** bin as it is, in a package of its own whose program says only that it ran. */
describe('bin/mira.js', () => {
  let home: IsolatedHome;
  let bin: string;

  beforeEach(async () => {
    home = await isolatedHome();
    const checkout = join(home.path, 'checkout');
    await cp(join(ROOT, 'bin'), join(checkout, 'bin'), { recursive: true });
    const manifest = { type: 'module', version: '4.5.6', engines: { node: '>=22.19' } };
    await writeFile(join(checkout, 'package.json'), JSON.stringify(manifest));
    await mkdir(join(checkout, 'dist'));
    await writeFile(join(checkout, 'dist', 'main.js'), `exports.main = require('./${PROGRAM}').main;\n`);
    await writeFile(join(checkout, 'dist', PROGRAM), program('ran'));
    bin = join(checkout, 'bin', 'mira.js');
  });

  afterEach(() => home.cleanup());

  it('starts the program with its arguments', async () => {
    expect(await run(['auth', 'status'])).toEqual({ code: 0, stdout: 'ran auth,status\n', stderr: '' });
  });

  it('answers --version from package.json, without the program and without leaving anything', async () => {
    await rm(join(dirname(bin), '..', 'dist'), { recursive: true });
    expect(await run(['--version'])).toEqual({ code: 0, stdout: '4.5.6\n', stderr: '' });
    await expect(stat(home.dataDir)).rejects.toThrow('ENOENT');
  });

  it('leaves --version to the program when it is asked for more', async () => {
    expect((await run(['--version', '--json'])).stdout).toBe('ran --version,--json\n');
  });

  it('says what to do in a checkout that is not built', async () => {
    await rm(join(dirname(bin), '..', 'dist'), { recursive: true });
    const { code, stdout, stderr } = await run(['chat']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^mira is not built yet\. Run npm run build in \S+\.\n$/);
  });

  it('hides no fault inside the program behind that', async () => {
    await writeFile(join(dirname(bin), '..', 'dist', 'main.js'), "require('./gone.js');\n");
    const { code, stderr } = await run(['chat']);
    expect(code).toBe(1);
    expect(stderr).toContain('gone.js');
    expect(stderr).not.toContain('not built');
  });

  describe('on a Node that is too old', () => {
    const old = "Object.defineProperty(process.versions, 'node', { value: '20.20.2' });\n";
    const sentence =
      'mira needs Node 22.19 or newer; this is Node 20.20.2. Install a newer Node and run the command again.\n';

    const runOld = async (args: readonly string[]) => {
      const before = join(home.path, 'old.cjs');
      await writeFile(before, old);
      return run(args, { NODE_OPTIONS: `--require=${before}` });
    };

    it('names the version it needs and the one it found', async () => {
      expect(await runOld(['chat'])).toEqual({ code: 1, stdout: '', stderr: sentence });
      expect(await runOld(['--version'])).toEqual({ code: 1, stdout: '', stderr: sentence });
    });

    it('says it as an object under --json too', async () => {
      const { code, stdout, stderr } = await runOld(['auth', 'status', '--json']);
      expect([code, stderr]).toEqual([1, sentence]);
      expect(JSON.parse(stdout)).toEqual({
        schema: 'mira.error/1',
        error: {
          code: 'node_too_old',
          message: 'mira needs Node 22.19 or newer; this is Node 20.20.2.',
          exit_code: 1,
          retryable: false,
          hint: 'Install a newer Node and run the command again.',
        },
      });
    });

    it('takes --json after -- for an argument of a child', async () => {
      expect((await runOld(['run', '--', 'child', '--json'])).stdout).toBe('');
    });
  });

  it('is written so that a Node of any age can read it', async () => {
    const source = await readFile(join(ROOT, 'bin', 'mira.js'), 'utf8');
    const code = source.replaceAll(/\/\/.*$/gm, '').replaceAll(/'(?:[^'\\]|\\.)*'/g, "''");
    expect(code).not.toMatch(
      /=>|`|\b(?:const|let|class|import|export|async|await)\b|\?\.|\?\?|\.\.\.|catch\s*\{/,
    );
  });

  describe('the compiled code', () => {
    const codeFolder = () => join(home.dataDir, 'cache', 'code', `${process.version}-${process.arch}`);
    const codeFile = () => join(codeFolder(), PROGRAM);

    it('is kept for the next start, twice in its file, and a start with it changes nothing', async () => {
      await run(['x']);
      const code = await readFile(codeFile());
      expect(code.subarray(0, code.length / 2).equals(code.subarray(code.length / 2))).toBe(true);
      const mark = expect.stringMatching(/^[0-9a-f]+\.mark$/);
      expect((await readdir(codeFolder())).sort()).toEqual([mark, PROGRAM]);
      const { ino } = await stat(codeFile());
      expect((await run(['x'])).stdout).toBe('ran x\n');
      expect((await stat(codeFile())).ino).toBe(ino);
    });

    it('is what runs: the engine compares no more than the length of the source', async () => {
      await run(['x']);
      await writeFile(join(dirname(bin), '..', 'dist', PROGRAM), program('RAN'));
      expect((await run(['x'])).stdout).toBe('ran x\n');
    });

    it.each([
      ['damaged', (code: Buffer) => code.fill(7, 1_000, 1_016)],
      ['cut', (code: Buffer) => code.subarray(0, code.length - 100)],
      ['empty', () => Buffer.alloc(0)],
      [
        'of another engine',
        (code: Buffer) =>
          Buffer.concat([code, code].map((half) => half.subarray(0, code.length / 2).fill(9, 0, 16))),
      ],
    ])('is made anew when it is %s', async (_state, spoilt) => {
      await run(['x']);
      const whole = await readFile(codeFile());
      await writeFile(codeFile(), spoilt(Buffer.from(whole)));
      await writeFile(join(dirname(bin), '..', 'dist', PROGRAM), program('RAN'));
      expect(await run(['x'])).toEqual({ code: 0, stdout: 'RAN x\n', stderr: '' });
      expect((await readFile(codeFile())).length).toBeGreaterThan(1_000);
      await writeFile(join(dirname(bin), '..', 'dist', PROGRAM), program('ran'));
      expect((await run(['x'])).stdout).toBe('RAN x\n');
    });

    it('is kept and taken whatever the program changes about the engine', async () => {
      const steady = (word: string): string =>
        `exports.main = ({ keepMemorySteady }) => { keepMemorySteady(); require('./late-1234abcd.js').say(); say('${word}'); };\n` +
        `function say(word) { require('node:fs').writeSync(1, word + '\\n'); }\n`;
      const late = (word: string): string =>
        `exports.say = () => require('node:fs').writeSync(1, '${word} ');\n`;
      const write = async (word: string) => {
        await writeFile(join(dirname(bin), '..', 'dist', PROGRAM), steady(word));
        await writeFile(join(dirname(bin), '..', 'dist', 'late-1234abcd.js'), late(word));
      };
      await write('ran');
      await run(['x']);
      await write('RAN');
      expect(await run(['x'])).toEqual({ code: 0, stdout: 'ran ran\n', stderr: '' });
    });

    it('is not taken from a folder that others can write', async () => {
      await run(['x']);
      await chmod(codeFolder(), 0o770);
      await writeFile(join(dirname(bin), '..', 'dist', PROGRAM), program('RAN'));
      expect((await run(['x'])).stdout).toBe('RAN x\n');
    });

    it('of other builds goes when nobody has made it for a week', async () => {
      await mkdir(codeFolder(), { recursive: true, mode: 0o700 });
      const longAgo = new Date(Date.now() - 8 * 24 * 60 * 60 * 1000);
      for (const name of ['old-1234abcd.js', 'new-1234abcd.js'])
        await writeFile(join(codeFolder(), name), 'x');
      await utimes(join(codeFolder(), 'old-1234abcd.js'), longAgo, longAgo);
      await run(['x']);
      expect((await readdir(codeFolder())).filter((name) => name.endsWith('.js'))).toEqual([
        'new-1234abcd.js',
        PROGRAM,
      ]);
    });

    it('is done without where nothing can be made, and nothing waits for it', async () => {
      expect(
        (await run(['chat'], { HOME: '/proc', XDG_CACHE_HOME: undefined, MIRA_DATA_DIR: undefined })).stdout,
      ).toBe('ran chat\n');
    });

    it('goes into a folder that only its owner can enter', async () => {
      await run(['x'], { MIRA_DATA_DIR: undefined });
      const folder = join(home.path, '.cache', 'mira-cli', 'code');
      const [made = ''] = await readdir(folder);
      for (const each of [dirname(folder), folder, join(folder, made)])
        expect((await stat(each)).mode & 0o777).toBe(0o700);
      expect((await stat(join(folder, made, PROGRAM))).mode & 0o777).toBe(0o600);
    });

    it('follows XDG_CACHE_HOME, and MIRA_DATA_DIR before it', async () => {
      const XDG_CACHE_HOME = join(home.path, 'xdg');
      await run(['x'], { MIRA_DATA_DIR: undefined, XDG_CACHE_HOME });
      expect(await readdir(join(XDG_CACHE_HOME, 'mira-cli'))).toEqual(['code']);
      await run(['x'], { XDG_CACHE_HOME });
      expect(await readdir(join(home.dataDir, 'cache'))).toEqual(['code']);
    });

    it('is done without where it cannot be written', async () => {
      const file = join(home.path, 'file');
      await writeFile(file, '');
      expect(await run(['x'], { MIRA_DATA_DIR: join(file, 'below') })).toEqual({
        code: 0,
        stdout: 'ran x\n',
        stderr: '',
      });
      const homeless = { MIRA_DATA_DIR: undefined, HOME: undefined, USERPROFILE: undefined };
      expect(await run(['x'], homeless)).toEqual({ code: 0, stdout: 'ran x\n', stderr: '' });
    });

    it('is whole after many starts at once', async () => {
      const starts = await Promise.all(Array.from({ length: 8 }, () => run(['x'])));
      expect(starts).toEqual(Array(8).fill({ code: 0, stdout: 'ran x\n', stderr: '' }));
      const code = await readFile(codeFile());
      expect(code.subarray(0, code.length / 2).equals(code.subarray(code.length / 2))).toBe(true);
      const mark = expect.stringMatching(/^[0-9a-f]+\.mark$/);
      expect((await readdir(codeFolder())).sort()).toEqual([mark, PROGRAM]);
    });

    it('leaves nothing half written where the disk is full, and is kept once there is room', async () => {
      // No file may have more than 512 bytes.
      const start = ['-c', 'ulimit -f 1 && exec "$@"', 'sh', process.execPath, bin, 'x'];
      expect(await runProgram('sh', start)).toEqual({ code: 0, stdout: 'ran x\n', stderr: '' });
      expect(await readdir(codeFolder())).toEqual([expect.stringMatching(/^[0-9a-f]+\.mark$/)]);
      await run(['x']);
      expect(await readdir(codeFolder())).toContain(PROGRAM);
    });

    it.each([
      ['the folder is a file', () => writeFile(codeFolder(), 'x')],
      ['the folder is a link that leads nowhere', () => symlink(join(home.path, 'gone'), codeFolder())],
      ['a folder stands where a file should', () => mkdir(codeFile(), { recursive: true })],
    ])('is done without where %s', async (_state, spoil) => {
      await mkdir(dirname(codeFolder()), { recursive: true, mode: 0o700 });
      await spoil();
      expect(await run(['x'])).toEqual({ code: 0, stdout: 'ran x\n', stderr: '' });
    });

    it('of a start under other flags of the engine does not run under these', async () => {
      await run(['x']);
      await writeFile(join(dirname(bin), '..', 'dist', PROGRAM), program('RAN'));
      const other = await runProgram(process.execPath, ['--no-opt', bin, 'x']);
      expect(other).toEqual({ code: 0, stdout: 'RAN x\n', stderr: '' });
    });
  });

  describe('wherever it lies', () => {
    it('starts through a link, as npm makes one', async () => {
      const link = join(home.path, 'mira');
      await symlink(bin, link);
      expect((await runProgram(process.execPath, [link, 'x'])).stdout).toBe('ran x\n');
      expect((await runProgram(link, ['x'])).stdout).toBe('ran x\n');
    });

    it('starts below a name with spaces and letters of any language', async () => {
      const moved = join(home.path, 'ein Ordner – フォルダ %41 #1');
      await rename(join(dirname(bin), '..'), moved);
      bin = join(moved, 'bin', 'mira.js');
      for (let start = 0; start < 2; start++) expect((await run(['x'])).stdout).toBe('ran x\n');
    });

    it('writes nothing beside itself', async () => {
      const files = async () => (await readdir(join(dirname(bin), '..'), { recursive: true })).sort();
      const before = await files();
      await run(['x']);
      expect(await files()).toEqual(before);
    });

    it('starts behind what NODE_OPTIONS loads first', async () => {
      const first = join(home.path, 'first.cjs');
      await writeFile(first, "require('node:fs').writeSync(1, 'first ');\n");
      for (let start = 0; start < 2; start++)
        expect((await run(['x'], { NODE_OPTIONS: `--require=${first}` })).stdout).toBe('first ran x\n');
    });
  });

  async function run(args: readonly string[], env: Environment = {}) {
    return runProgram(process.execPath, [bin, ...args], env);
  }

  async function runProgram(program: string, args: readonly string[], env: Environment = {}) {
    return new Promise<{ code: number | string | null | undefined; stdout: string; stderr: string }>(
      (resolve) => {
        const options = { env: environmentOf(home, env), encoding: 'utf8' as const };
        execFile(program, args, options, (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
        );
      },
    );
  }
});
