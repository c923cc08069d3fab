import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { environmentOf, isolatedHome } from '../../support/isolated-home.ts';
import type { Environment, IsolatedHome } from '../../support/isolated-home.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SAY_HELLO = ['--', 'node', '-e', 'console.log("hello")'];

/** An npm that notes how it was called and installs what a lock file names; `broken` makes it fail with that text. */
const NPM = `#!/usr/bin/env node
const fs = require('fs');
const path = require('path');
const args = process.argv.slice(2);
fs.appendFileSync(path.join(__dirname, 'calls'), args.join(' ') + '\\n');
if (fs.existsSync(path.join(__dirname, 'broken'))) {
  process.stderr.write(fs.readFileSync(path.join(__dirname, 'broken')));
  process.exit(1);
}
const prefix = args.indexOf('--prefix');
if (prefix === -1) {
  fs.rmSync('node_modules', { recursive: true, force: true });
  fs.mkdirSync('node_modules/.bin', { recursive: true });
  const { packages } = JSON.parse(fs.readFileSync('package-lock.json', 'utf8'));
  fs.writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages }));
} else {
  const [name] = args[args.length - 1].split('@');
  const bin = path.join(args[prefix + 1], 'node_modules', name, 'bin');
  fs.mkdirSync(bin, { recursive: true });
  fs.writeFileSync(path.join(bin, 'node'), '#!/bin/sh\\nexec "' + process.execPath + '" "$@"\\n', { mode: 0o755 });
}
`;

describe('the set-up', () => {
  let home: IsolatedHome;
  let checkout: string;
  let tools: string;

  beforeEach(async () => {
    home = await isolatedHome();
    checkout = join(home.path, 'checkout');
    tools = join(home.path, 'tools');
    await cp(join(ROOT, 'scripts', 'set-up'), join(checkout, 'scripts', 'set-up'), { recursive: true });
    await cp(join(ROOT, 'scripts', 'set-up.js'), join(checkout, 'scripts', 'set-up.js'));
    await mkdir(tools);
    await writeFile(join(tools, 'npm'), NPM);
    await chmod(join(tools, 'npm'), 0o755);
    await needNode('>=22.19');
    await lockTo({ left: '1.0.0', right: '2.0.0' });
  });

  afterEach(() => home.cleanup());

  it('brings the packages once, saying so, and is quiet from then on', async () => {
    expect(await run(SAY_HELLO)).toEqual({
      code: 0,
      stdout: 'hello\n',
      stderr: 'set-up: installing the packages of package-lock.json\n',
    });
    expect(await run(SAY_HELLO)).toEqual({ code: 0, stdout: 'hello\n', stderr: '' });
    expect(await npmCalls()).toEqual(['ci --ignore-scripts']);
  });

  it('brings them again when the lock file has changed', async () => {
    await run(SAY_HELLO);
    await lockTo({ left: '1.0.1' });
    await run(SAY_HELLO);
    expect(await npmCalls()).toHaveLength(2);
  });

  it('leaves alone what was installed by hand and fits', async () => {
    await run(SAY_HELLO);
    await rm(join(checkout, 'node_modules', '.mira-set-up'));
    expect((await run(SAY_HELLO)).stderr).toBe('');
    expect(await npmCalls()).toHaveLength(1);
  });

  it('misses no package but one for another system', async () => {
    await run(SAY_HELLO);
    const record = join(checkout, 'node_modules', '.package-lock.json');
    await lockTo({ left: '1.0.0', right: '2.0.0' }, { elsewhere: '3.0.0' });
    await run(SAY_HELLO);
    expect(await npmCalls()).toHaveLength(1);
    await writeFile(record, JSON.stringify({ packages: { 'node_modules/left': { version: '1.0.0' } } }));
    await rm(join(checkout, 'node_modules', '.mira-set-up'));
    await run(SAY_HELLO);
    expect(await npmCalls()).toHaveLength(2);
  });

  it('says in one line that the registry is out of reach, shows what npm said, and stops', async () => {
    await writeFile(join(tools, 'broken'), 'npm error code ECONNREFUSED\n');
    expect(await run(SAY_HELLO)).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'set-up: installing the packages of package-lock.json\n' +
        'set-up: could not install the packages: the npm registry cannot be reached.\n' +
        'npm error code ECONNREFUSED\n',
    });
  });

  it('says so when there is no npm', async () => {
    await rm(join(tools, 'npm'));
    const { code, stderr } = await run(SAY_HELLO, { PATH: tools });
    expect([code, stderr.split('\n')[1]]).toEqual([
      1,
      'set-up: could not install the packages: there is no npm on this machine.',
    ]);
  });

  it('does its work once when two run at the same time, and leaves no lock', async () => {
    const results = await Promise.all([run(SAY_HELLO), run(SAY_HELLO), run(SAY_HELLO)]);
    expect(results.map(({ code, stdout }) => [code, stdout])).toEqual(results.map(() => [0, 'hello\n']));
    expect(await npmCalls()).toHaveLength(1);
    expect(await readdir(join(checkout, '.set-up'))).toEqual([]);
  });

  it('is not held up by the lock of a process that died', async () => {
    const gone = spawn(process.execPath, ['-e', '0']);
    await once(gone, 'exit');
    await mkdir(join(checkout, '.set-up', 'lock'), { recursive: true });
    await writeFile(join(checkout, '.set-up', 'lock', 'pid'), String(gone.pid));
    expect((await run(SAY_HELLO)).stdout).toBe('hello\n');
    expect(await readdir(join(checkout, '.set-up'))).toEqual([]);
  });

  describe('on a Node that is too old', () => {
    beforeEach(() => needNode('>=99.0'));

    it('brings one, runs the command on it, and leaves it in node_modules/.bin', async () => {
      const first = await run(['--', 'sh', '-c', 'command -v node']);
      const found = process.versions.node;
      expect(first.stderr.split('\n')).toEqual([
        `set-up: bringing Node 24.21.0 (this machine's ${found} is older than 99.0)`,
        'set-up: installing the packages of package-lock.json',
        '',
      ]);
      expect(first.stdout).toContain(join('checkout', '.set-up', 'node-24.21.0', 'node_modules'));
      const link = join(checkout, 'node_modules', '.bin', 'node');
      expect(await readlink(link)).toMatch(/^\.\.\/\.\.\/\.set-up\/node-24\.21\.0\/.*\/bin\/node$/);
      expect(await npmCalls()).toEqual([
        expect.stringMatching(
          /^install --prefix \S+ --no-save --ignore-scripts node-[a-z]+-[a-z0-9]+@24\.21\.0$/,
        ),
        'ci --ignore-scripts',
      ]);
    });

    it('brings it once, and puts the link back after the packages were installed again', async () => {
      await run(SAY_HELLO);
      await lockTo({ left: '1.0.1' });
      expect(await run(SAY_HELLO)).toMatchObject({ code: 0, stdout: 'hello\n' });
      expect((await npmCalls()).filter((call) => call.includes('--prefix'))).toHaveLength(1);
      expect(await readlink(join(checkout, 'node_modules', '.bin', 'node'))).toContain('.set-up');
    });

    it('leaves nothing half-brought when the registry is out of reach', async () => {
      await writeFile(join(tools, 'broken'), 'npm error code ENOTFOUND\n');
      const { code, stderr } = await run(SAY_HELLO);
      expect([code, stderr.split('\n')[1]]).toEqual([
        1,
        'set-up: could not bring Node 24.21.0: the npm registry cannot be reached.',
      ]);
      await rm(join(tools, 'broken'));
      expect((await run(SAY_HELLO)).stdout).toBe('hello\n');
    });
  });

  describe('--build', () => {
    beforeEach(async () => {
      await mkdir(join(checkout, 'src'));
      await mkdir(join(checkout, 'scripts', 'build'));
      await writeFile(join(checkout, 'src', 'main.ts'), 'first');
      await writeFile(join(checkout, 'tsconfig.json'), '{}');
      const build =
        "import fs from 'node:fs';\nimport { digestOfInputs, stampOf } from './set-up/build-inputs.js';\n" +
        "fs.mkdirSync('dist', { recursive: true });\nfs.mkdirSync('.set-up', { recursive: true });\n" +
        "fs.copyFileSync('src/main.ts', 'dist/main.js');\nfs.appendFileSync('builds', 'x');\n" +
        "fs.writeFileSync(stampOf('.'), digestOfInputs('.'));\n";
      await writeFile(join(checkout, 'scripts', 'build.js'), build);
      await run(SAY_HELLO);
    });

    const builds = async () => (await readFile(join(checkout, 'builds'), 'utf8')).length;

    it('builds once, and again when a source was edited, added or removed', async () => {
      expect((await run(['--build', ...SAY_HELLO])).stderr).toBe('set-up: building dist\n');
      expect((await run(['--build', ...SAY_HELLO])).stderr).toBe('');
      expect(await builds()).toBe(1);
      await writeFile(join(checkout, 'src', 'main.ts'), 'second');
      await run(['--build', ...SAY_HELLO]);
      expect(await readFile(join(checkout, 'dist', 'main.js'), 'utf8')).toBe('second');
      await writeFile(join(checkout, 'src', 'other.ts'), '');
      await run(['--build', ...SAY_HELLO]);
      await rm(join(checkout, 'src', 'other.ts'));
      await run(['--build', ...SAY_HELLO]);
      expect(await builds()).toBe(4);
    });

    it('stops with what the build said when it fails', async () => {
      await writeFile(
        join(checkout, 'scripts', 'build.js'),
        "console.error('no such thing');\nprocess.exit(3);\n",
      );
      expect(await run(['--build', ...SAY_HELLO])).toEqual({
        code: 1,
        stdout: '',
        stderr: 'set-up: building dist\nset-up: could not build dist.\nno such thing\n',
      });
    });
  });

  describe('the command', () => {
    it('passes its exit code on', async () => {
      await run(SAY_HELLO);
      expect((await run(['--', 'node', '-e', 'process.exit(7)'])).code).toBe(7);
      expect((await run(['--', 'no-such-program'])).code).toBe(127);
    });

    it('gets the signals, and its end by one is told as a shell would', async () => {
      await run(SAY_HELLO);
      const child = spawn(
        process.execPath,
        [
          join(checkout, 'scripts', 'set-up.js'),
          '--',
          'node',
          '-e',
          'console.log("up"); setInterval(() => {}, 1000)',
        ],
        { env: environment(), stdio: ['ignore', 'pipe', 'inherit'] },
      );
      await once(child.stdout, 'data');
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([143, null]);
    });

    it('must be there, and no option be unknown', async () => {
      const usage =
        'set-up: usage: node scripts/set-up.js [--newest] [--system] [--build] -- COMMAND ARGS…\n';
      expect(await run([])).toEqual({ code: 1, stdout: '', stderr: usage });
      expect(await run(['--fast', ...SAY_HELLO])).toEqual({ code: 1, stdout: '', stderr: usage });
    });
  });

  function environment(extra: Environment = {}) {
    const env = environmentOf(home);
    return { ...env, PATH: `${tools}${delimiter}${env['PATH']}`, ...extra };
  }

  function run(args: readonly string[], extra: Environment = {}) {
    return new Promise<{ code: number | string | null | undefined; stdout: string; stderr: string }>(
      (resolve) => {
        const options = { cwd: checkout, env: environment(extra), encoding: 'utf8' as const };
        const program = join(checkout, 'scripts', 'set-up.js');
        execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
        );
      },
    );
  }

  async function npmCalls(): Promise<string[]> {
    return (await readFile(join(tools, 'calls'), 'utf8')).trim().split('\n');
  }

  function needNode(range: string): Promise<void> {
    return writeFile(
      join(checkout, 'package.json'),
      JSON.stringify({ type: 'module', engines: { node: range } }),
    );
  }

  function lockTo(
    versions: Readonly<Record<string, string>>,
    optional: Readonly<Record<string, string>> = {},
  ) {
    const entries = [
      ...Object.entries(versions).map(([name, version]) => [`node_modules/${name}`, { version }] as const),
      ...Object.entries(optional).map(
        ([name, version]) => [`node_modules/${name}`, { version, optional: true }] as const,
      ),
    ];
    const packages = { '': { name: 'mira' }, ...Object.fromEntries(entries) };
    return writeFile(join(checkout, 'package-lock.json'), JSON.stringify({ packages }));
  }
});
