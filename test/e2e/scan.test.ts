/** Keys found before others find them: in a work tree, in a commit in the making, in a shell's history. */
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { canBecomeNobody, NOBODY } from '../support/capability.ts';
import { drawnKey } from '../support/drawn-key.ts';
import { isolatedHome, MIRA, runMira } from '../support/run-mira.ts';
import type { Environment, IsolatedHome } from '../support/run-mira.ts';

const run = promisify(execFile);
const KEY = drawnKey.mira('scan');
const OTHER = drawnKey.github('scan');

interface Tree extends AsyncDisposable {
  readonly home: IsolatedHome;
  readonly path: string;
  git(...args: readonly string[]): Promise<string>;
  write(files: Readonly<Record<string, string>>): Promise<void>;
}

/** A folder with files in a home of its own; a repository unless told otherwise. */
async function tree(files: Readonly<Record<string, string>>, { isRepository = true } = {}): Promise<Tree> {
  const home = await isolatedHome();
  const path = join(home.path, 'tree');
  await mkdir(path);
  const git = (...args: readonly string[]) => gitIn(home, path, args);
  const write = (more: Readonly<Record<string, string>>) => writeIn(path, more);
  if (isRepository) await git('init', '-q', '-b', 'main');
  await write(files);
  return { home, path, git, write, [Symbol.asyncDispose]: home.cleanup };
}

async function gitIn(home: IsolatedHome, cwd: string, args: readonly string[]): Promise<string> {
  const who = [
    '-c',
    'user.name=Ada',
    '-c',
    'user.email=ada@example.test',
    '-c',
    'protocol.file.allow=always',
  ];
  const { stdout } = await run('git', [...who, ...args], { cwd, env: home.env });
  return stdout;
}

async function writeIn(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

interface Where {
  readonly cwd?: string;
  readonly env?: Environment;
}

async function scan({ home, path }: Tree, args: readonly string[] = [], { cwd = path, env }: Where = {}) {
  const { code, stdout, stderr } = await runMira(['scan', '--json', ...args], { home, cwd, env });
  // Whatever is found, no part of it is shown.
  for (const secret of [KEY, OTHER]) expect(stdout + stderr).not.toContain(secret.slice(9, 20));
  const { findings = [], ...rest } = JSON.parse(stdout);
  const found = findings.map(
    ({ file, line, kind, tracked }: Readonly<Record<string, string>>) =>
      `${file}:${line} ${kind}${tracked ? '' : ' untracked'}`,
  );
  return { code, found, stderr, ...rest };
}

describe.concurrent('in a repository', () => {
  test('what git tracks and would track is looked at, and nothing that it ignores', async () => {
    await using it = await tree({
      'a.ts': `export const key = '${KEY}';\n`,
      'new.txt': `one\r\ntwo ${OTHER}\r\n`,
      'ignored.log': KEY,
      'deep/.gitignore': 'own.txt\n',
      'deep/own.txt': KEY,
      'clean.md': 'MIRA_API_KEY=sk-mira-...\nAKIAIOSFODNN7EXAMPLE\n',
      '.gitignore': '*.log\n',
    });
    await it.git('add', 'a.ts');
    expect(await scan(it)).toMatchObject({
      code: 11,
      found: ['a.ts:1 mira', 'new.txt:2 github untracked'],
      schema: 'mira.scan/1',
      files: 5,
      skipped: [],
      stored_values: 'none',
      stderr: expect.stringMatching(
        /^mira: 2 finds; nothing of it should be shared\.\n {2}Revoke each key first/,
      ),
    });
  });

  test('a person is told where the keys are, and where to revoke them first', async () => {
    await using it = await tree({ 'a.ts': `${KEY}\n${OTHER}`, '.env': 'PORT=1\n' });
    await it.git('add', '.');
    const { code, stdout } = await runMira(['scan'], { home: it.home, cwd: it.path });
    expect({ code, stdout }).toEqual({
      code: 11,
      stdout: [
        '.env:1:1  a file of variables that git does not ignore',
        'a.ts:1:1  a Mira platform key',
        'a.ts:2:1  a GitHub token',
        '',
        'a file of variables that git does not ignore: add it to .gitignore, and if it is tracked: git rm --cached',
        'a Mira platform key: revoke it: https://platform.vmira.ai/api-keys',
        'a GitHub token: revoke it: https://github.com/settings/tokens',
        'What was committed stays in the history of the repository: a key is safe again only once it is revoked.',
        '3 finds in 2 files.',
        '',
      ].join('\n'),
    });
  });

  test('nothing found is said, and exits 0', async () => {
    await using it = await tree({ 'a.ts': 'x', 'b.ts': `${KEY} // mira:allow` });
    const { code, stdout, stderr } = await runMira(['scan'], { home: it.home, cwd: it.path });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'No key in 2 files.\n', stderr: '' });
  });

  test('an .env file is a find of its own unless git ignores it, its name says it is an example, or it is marked', async () => {
    await using it = await tree({
      '.env': 'A=1',
      'app/.env.local': 'A=1',
      '.env.example': 'A=',
      'marked/.env.test': '# mira:allow\nA=1',
      'hidden/.env': `A=${KEY}`,
      environment: 'A=1',
      '.gitignore': 'hidden\n',
    });
    await it.git('add', 'app');
    expect(await scan(it)).toMatchObject({
      code: 11,
      found: ['.env:1 env_file untracked', 'app/.env.local:1 env_file'],
    });
  });

  test('names are shown as they are, and made harmless for a terminal', async () => {
    await using it = await tree({ 'späce é.ts': KEY, 'a\u001b]0;title\u0007.ts': KEY, 'new\nline': KEY });
    const { code, stdout } = await runMira(['scan'], { home: it.home, cwd: it.path });
    expect(code).toBe(11);
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/u);
    expect(stdout).toContain('späce é.ts:1:1');
  });

  test('a name that is not UTF-8 does not hide what is in it', async () => {
    await using it = await tree({});
    await writeFile(Buffer.concat([Buffer.from(`${it.path}/b`), Buffer.from([0xe9])]), KEY);
    expect(await scan(it)).toMatchObject({ code: 11, found: ['b\ufffd:1 mira untracked'] });
    await it.git('add', '-A');
    expect(await scan(it, ['--staged'])).toMatchObject({ code: 11, found: ['b\ufffd:1 mira'] });
  });

  test('a tracked file that is not in the work tree is looked at in the index', async () => {
    await using it = await tree({ 'gone.ts': KEY, 'kept/a.ts': 'x', 'sparse/b.ts': OTHER });
    await it.git('add', '-A');
    await it.git('commit', '-qm', 'one');
    await rm(join(it.path, 'gone.ts'));
    await it.git('sparse-checkout', 'set', 'kept');
    expect(existsSync(join(it.path, 'sparse'))).toBe(false);
    expect(await scan(it)).toMatchObject({ code: 11, found: ['gone.ts:1 mira', 'sparse/b.ts:1 github'] });
  });

  test('submodules, worktrees and clones within it are looked at as the repositories they are', async () => {
    await using it = await tree({ 'a.ts': 'x' });
    const inner = join(it.home.path, 'inner');
    await mkdir(inner);
    await gitIn(it.home, inner, ['init', '-q']);
    await writeIn(inner, { 'in.ts': KEY, 'not.log': KEY, '.gitignore': '*.log' });
    await gitIn(it.home, inner, ['add', 'in.ts', '.gitignore']);
    await gitIn(it.home, inner, ['commit', '-qm', 'inner']);
    await it.git('submodule', '--quiet', 'add', inner, 'sub');
    await it.git('commit', '-qam', 'outer');
    await it.git('clone', '-q', inner, 'clone');
    await it.git('worktree', 'add', '-q', '../side');
    await gitIn(it.home, join(it.path, 'sub'), ['checkout', '-q', 'HEAD']);

    expect((await scan(it)).found).toEqual(['clone/in.ts:1 mira', 'sub/in.ts:1 mira']);
    expect((await scan(it, ['sub'])).found).toEqual(['sub/in.ts:1 mira']);
    const side = join(it.home.path, 'side');
    await writeIn(side, { 'side.ts': OTHER });
    expect((await scan(it, [], { cwd: side })).found).toEqual(['side.ts:1 github untracked']);
    await it.git('submodule', '--quiet', 'deinit', '-f', 'sub');
    await rm(join(it.path, 'clone'), { recursive: true });
    expect(await scan(it)).toMatchObject({ code: 0, found: [], skipped: [] });
  });

  test('links are not followed, and a folder exchanged for a link does not lead out', async () => {
    await using it = await tree({ 'd/a.ts': 'x' });
    await it.git('add', '-A');
    await writeIn(it.home.path, { 'outside/a.ts': KEY });
    await symlink('../outside/a.ts', join(it.path, 'link.ts'));
    await symlink('../outside', join(it.path, 'folder'));
    await rename(join(it.path, 'd'), join(it.path, 'e'));
    await symlink('../outside', join(it.path, 'd'));
    expect(await scan(it)).toMatchObject({ code: 0, found: [], skipped: [] });
  });

  test('what a clone has only a part of is not fetched, and is said to be left out', async () => {
    await using it = await tree({ 'a.ts': KEY, 'b.ts': 'x' });
    await it.git('add', '-A');
    await it.git('commit', '-qm', 'one');
    await it.git('config', 'uploadpack.allowFilter', 'true');
    const part = join(it.home.path, 'part');
    await it.git('clone', '-q', '--filter=blob:none', '--no-checkout', `file://${it.path}`, part);
    await gitIn(it.home, part, ['read-tree', 'HEAD']);
    expect(await scan(it, [], { cwd: part })).toMatchObject({
      code: 0,
      found: [],
      skipped: [
        { file: 'a.ts', reason: 'not_here' },
        { file: 'b.ts', reason: 'not_here' },
      ],
      stderr: expect.stringContaining('a.ts is in the repository but not on this machine'),
    });
  });

  test('nothing that the repository configures is run', async () => {
    await using it = await tree({ 'a.bin': KEY, '.gitattributes': '*.bin filter=evil diff=evil\n' });
    await it.git('add', '-A');
    await it.git('commit', '-qm', 'one');
    const marker = join(it.home.path, 'ran');
    const evil = join(it.home.path, 'evil.sh');
    await writeFile(evil, `#!/bin/sh\necho "$0 $@" >> '${marker}'\ncat\n`, { mode: 0o755 });
    for (const setting of [
      'core.fsmonitor',
      'filter.evil.clean',
      'filter.evil.smudge',
      'filter.evil.process',
      'diff.evil.textconv',
      'diff.evil.command',
      'diff.external',
      'core.pager',
      'pager.ls-files',
      'core.sshCommand',
      'core.askPass',
      'core.editor',
      'alias.ls-files',
    ])
      await it.git('config', setting, evil);
    await it.git('config', 'filter.evil.required', 'true');
    await it.git('config', 'core.hooksPath', it.home.path);
    for (const hook of ['post-index-change', 'fsmonitor-watchman']) {
      await writeFile(join(it.home.path, hook), `#!/bin/sh\necho hook >> '${marker}'\n`, { mode: 0o755 });
    }
    await writeFile(join(it.path, 'a.bin'), `changed ${KEY}`);
    const env = { GIT_EXTERNAL_DIFF: evil, GIT_PAGER: evil, GIT_TRACE: marker, GIT_SSH_COMMAND: evil };
    expect((await scan(it, [], { env })).found).toEqual(['a.bin:1 mira']);
    expect((await scan(it, ['--staged'], { env })).code).toBe(0);
    expect(existsSync(marker)).toBe(false);
  });

  test('that is bare, or the folder in which git keeps one, has no files', async () => {
    await using it = await tree({ 'a.ts': KEY });
    await it.git('add', '-A');
    await it.git('commit', '-qm', 'one');
    await it.git('clone', '-q', '--bare', '.', '../bare');
    for (const path of ['../bare', '.git']) {
      const { code, stderr } = await runMira(['scan', path], { home: it.home, cwd: it.path });
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr:
          'mira: This is where git keeps a repository, not a folder with its files.\n' +
          '  Name a folder in which the repository is checked out.\n',
      });
    }
    await it.git('config', 'remote.origin.url', `https://x:${OTHER}@github.com/a/b.git`);
    expect(await scan(it, ['.git/config'])).toMatchObject({
      code: 11,
      found: [expect.stringMatching(/github/)],
    });
  });
});

describe.concurrent('paths', () => {
  test('name files and folders, and are looked at even where git ignores them', async () => {
    await using it = await tree({
      'a/one.ts': KEY,
      'b/two.ts': KEY,
      'out/built.js': KEY,
      'out/node_modules/x.js': KEY,
      'secret.txt': KEY,
      '.gitignore': 'out\nsecret.txt\n',
    });
    await it.git('add', '-A');
    expect((await scan(it, ['a', 'b/two.ts'])).found).toEqual(['a/one.ts:1 mira', 'b/two.ts:1 mira']);
    expect((await scan(it, ['a', 'a/one.ts', './a'])).found).toEqual(['a/one.ts:1 mira']);
    expect((await scan(it, ['out', 'secret.txt'])).found).toEqual([
      'out/built.js:1 mira untracked',
      'secret.txt:1 mira untracked',
    ]);
    expect((await scan(it, ['../b'], { cwd: join(it.path, 'a') })).found).toEqual(['../b/two.ts:1 mira']);
    expect((await scan(it, [], { cwd: join(it.path, 'a') })).found).toEqual(['one.ts:1 mira']);
  });

  test('are taken as they are, whatever they would mean to git', async () => {
    await using it = await tree({ ':(top)x.ts': KEY, '*.ts': 'x', '-n': KEY });
    await it.git('add', '-A');
    expect((await scan(it, [':(top)x.ts'])).found).toEqual([':(top)x.ts:1 mira']);
    expect((await scan(it, ['*.ts'])).found).toEqual([]);
    expect((await scan(it, ['--', '-n'])).found).toEqual(['-n:1 mira']);
  });

  test('are told on one line each, so that none can write lines of ours', async () => {
    await using it = await tree({ 'a\nNo key in 1 file.\n\tb.ts': KEY });
    const { code, stdout } = await runMira(['scan'], { home: it.home, cwd: it.path });
    expect([code, stdout.split('\n')[0]]).toEqual([
      11,
      'a\\nNo key in 1 file.\\n\\tb.ts:1:1  a Mira platform key',
    ]);
    expect((await scan(it)).found).toEqual(['a\nNo key in 1 file.\n\tb.ts:1 mira untracked']);
  });

  test.each([['nothing'], ['a.ts/b'], ['x'.repeat(300)]])('that are not there exit 3: %s', async (path) => {
    await using it = await tree({ 'a.ts': KEY });
    const { code, stdout, stderr } = await runMira(['scan', 'a.ts', path], { home: it.home, cwd: it.path });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toBe(
      `mira: There is no file or folder ${path}.\n  Without a path, the current folder is looked through.\n`,
    );
  });

  test('outside of any repository are looked through, with the repositories that are there', async () => {
    await using it = await tree(
      { 'notes.txt': KEY, '.env': 'A=1', 'node_modules/a.js': KEY, 'repo/a.ts': OTHER, 'repo/b.log': KEY },
      { isRepository: false },
    );
    await gitIn(it.home, join(it.path, 'repo'), ['init', '-q']);
    await writeIn(it.path, { 'repo/.gitignore': '*.log' });
    await symlink('/', join(it.path, 'up'));
    expect(await scan(it)).toMatchObject({
      code: 11,
      found: ['notes.txt:1 mira untracked', 'repo/a.ts:1 github untracked'],
      files: 4,
    });
  });

  test('of several repositories are asked of each', async () => {
    await using it = await tree({ 'a.ts': KEY });
    const other = join(it.home.path, 'other');
    await writeIn(other, { 'b.ts': OTHER });
    await gitIn(it.home, other, ['init', '-q']);
    await gitIn(it.home, other, ['add', '-A']);
    expect((await scan(it, ['.', '../other'])).found).toEqual([
      '../other/b.ts:1 github',
      'a.ts:1 mira untracked',
    ]);
  });

  test('without git are looked through in whole, and it is said', async () => {
    await using it = await tree({ 'a.ts': KEY, 'b.log': KEY, '.gitignore': '*.log' });
    const env = { PATH: dirname(process.execPath) };
    const { found, stderr } = await scan(it, [], { env });
    expect(found).toEqual(['a.ts:1 mira untracked', 'b.log:1 mira untracked']);
    expect(stderr).toContain(
      'There is no git on this machine: files that it would ignore were looked at as well.',
    );
    expect(await runMira(['scan', '--staged'], { home: it.home, cwd: it.path, env })).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('There is no git on this machine, so nothing is staged.'),
    });
  });
});

describe.concurrent('before a commit', () => {
  test('what is staged counts, and not what is in the work tree', async () => {
    await using it = await tree({ 'a.ts': 'x', 'old.ts': KEY });
    await it.git('add', '-A');
    expect((await scan(it, ['--staged'])).found).toEqual(['old.ts:1 mira']);
    await it.git('commit', '-qm', 'one');
    expect(await scan(it, ['--staged'])).toMatchObject({ code: 0, files: 0 });

    await it.write({ 'a.ts': `1\n2\n${KEY}` });
    expect((await scan(it, ['--staged'])).code).toBe(0);
    await it.git('add', 'a.ts');
    await it.write({ 'a.ts': 'clean again', '.env': 'A=1' });
    expect((await scan(it, ['--staged'])).found).toEqual(['a.ts:3 mira']);
    await it.git('add', '.env');
    await it.git('rm', '-q', '--cached', 'old.ts');
    expect((await scan(it, ['--staged'])).found).toEqual(['.env:1 env_file', 'a.ts:3 mira']);
    expect((await scan(it, ['--staged', '.env'])).found).toEqual(['.env:1 env_file']);
    await mkdir(join(it.path, 'deep'));
    expect((await scan(it, ['--staged'], { cwd: join(it.path, 'deep') })).found).toEqual([
      '../.env:1 env_file',
      '../a.ts:3 mira',
    ]);
  });

  test('a hook refuses a key, however it is committed', async () => {
    await using it = await tree({ 'a.ts': 'x', 'b.ts': 'x' });
    await it.git('add', '-A');
    await it.git('commit', '-qm', 'one');
    const hook = join(it.path, '.git/hooks/pre-commit');
    await mkdir(dirname(hook), { recursive: true });
    await writeFile(hook, `#!/bin/sh\nexec '${process.execPath}' '${MIRA}' scan --staged\n`, { mode: 0o755 });
    await it.write({ 'a.ts': KEY });
    const refused = { code: 1, stdout: '', stderr: expect.stringContaining('a Mira platform key') };
    // Git lets a hook write to its standard error only.
    await expect(it.git('commit', '-am', 'two')).rejects.toMatchObject(refused);
    await expect(it.git('commit', '-m', 'two', 'a.ts')).rejects.toMatchObject(refused);
    await it.git('add', 'a.ts');
    await expect(it.git('commit', '-m', 'two')).rejects.toMatchObject(refused);
    // What is staged is not part of this commit.
    await it.write({ 'b.ts': 'y' });
    await it.git('commit', '-qm', 'three', 'b.ts');
    expect(await it.git('log', '--format=%s')).toBe('three\none\n');
    await it.git('commit', '-qm', 'four', '--no-verify');
    expect(await it.git('log', '--format=%s')).toBe('four\nthree\none\n');
  });

  test('outside of a repository there is nothing staged', async () => {
    await using it = await tree({ 'a.ts': KEY }, { isRepository: false });
    expect(await runMira(['scan', '--staged'], { home: it.home, cwd: it.path })).toMatchObject({
      code: 3,
      stderr:
        'mira: This folder is not in a git repository.\n  Without --staged, its files are looked at as they are: mira scan\n',
    });
  });
});

describe.concurrent('stored values', () => {
  const VALUE = 'a value of no format';

  test('are found in files by their labels, whatever their format', async () => {
    await using it = await tree({ 'a.ts': `x\ny ${VALUE}`, 'b.ts': `${KEY}` });
    const env = { MIRA_STORAGE: 'file', MIRA_PASSPHRASE: 'open sesame, please' };
    const add = (label: string, value: string) =>
      runMira(['tokens', 'add', '--label', label, '--env', label.toUpperCase()], {
        home: it.home,
        env,
        stdin: value,
      });
    expect(await add('db', VALUE)).toMatchObject({ code: 0 });
    expect(await add('mira', KEY)).toMatchObject({ code: 0 });
    const { stdout, stderr, code } = await runMira(['scan', '--json'], { home: it.home, cwd: it.path, env });
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({
      code: 11,
      stored_values: 'looked_for',
      findings: [
        { file: 'a.ts', line: 2, column: 3, kind: 'stored', label: 'db', tracked: false },
        { file: 'b.ts', line: 1, column: 1, kind: 'mira', label: 'mira', tracked: false },
      ],
    });
    expect(stdout + stderr).not.toContain(VALUE);

    const locked = await scan(it, [], { env: { MIRA_STORAGE: 'file' } });
    expect(locked).toMatchObject({
      code: 11,
      found: ['b.ts:1 mira untracked'],
      stored_values: 'unavailable',
    });
    expect(locked.stderr).toContain('Stored values were not looked for, only keys by their format:');
  });
});

describe.concurrent('the history of a shell', () => {
  test('is looked through when it is asked for', async () => {
    await using it = await tree({ 'a.ts': KEY });
    await writeIn(it.home.path, {
      '.bash_history': `ls\nexport MIRA_API_KEY=${KEY}\n`,
      '.zsh_history': `: 1700000000:0;curl -H 'x: ${OTHER}'\n`,
      '.local/share/fish/fish_history': `- cmd: export K=${KEY}\n  when: 1\n`,
      mine: `echo ${KEY}\n`,
    });
    expect(
      (await scan(it, ['--shell-history'], { env: { HISTFILE: join(it.home.path, 'mine') } })).found,
    ).toEqual([
      '../.bash_history:2 mira untracked',
      '../.local/share/fish/fish_history:1 mira untracked',
      '../.zsh_history:1 github untracked',
      '../mine:1 mira untracked',
    ]);
    expect((await scan(it, ['--shell-history', 'a.ts'])).found).toHaveLength(4);
    expect((await scan(it)).found).toEqual(['a.ts:1 mira untracked']);
  });

  test('may not be there', async () => {
    await using it = await tree({ 'a.ts': KEY });
    expect(await runMira(['scan', '--shell-history'], { home: it.home, cwd: it.path })).toMatchObject({
      code: 0,
      stdout: 'There is no file to look at.\n',
    });
    expect(
      await runMira(['scan', '--shell-history', '--staged'], { home: it.home, cwd: it.path }),
    ).toMatchObject({
      code: 2,
    });
  });
});

const nobody = canBecomeNobody();

describe.skipIf(nobody.isMissing)(`files of other users${nobody.note}`, () => {
  test('in a repository that git does not trust are not looked at, and the way to trust it is told', async () => {
    await using it = await tree({ 'a.ts': KEY });
    await chown(it.path, NOBODY, NOBODY);
    await chown(join(it.path, '.git'), NOBODY, NOBODY);
    const { code, stderr } = await runMira(['scan'], { home: it.home, cwd: it.path });
    expect({ code, stderr }).toEqual({
      code: 11,
      stderr:
        `mira: git does not read ${it.path}, because it belongs to another user.\n` +
        `  If you trust its owner: git config --global --add safe.directory ${it.path}\n`,
    });
  });
});

test('a file that cannot be read is said to be left out', async () => {
  await using it = await tree({ 'a.ts': KEY, 'big/b.ts': KEY });
  await chmod(join(it.path, 'a.ts'), 0);
  // Root reads it all the same; then it is found.
  const { found, skipped } = await scan(it);
  const isRead = found.includes('a.ts:1 mira untracked');
  expect({ isRead, skipped }).toEqual(
    process.geteuid?.() === 0
      ? { isRead: true, skipped: [] }
      : { isRead: false, skipped: [{ file: 'a.ts', reason: 'unreadable' }] },
  );
  // Who asks for that file is not told that there is no find.
  const named = await runMira(['scan', 'a.ts'], { home: it.home, cwd: it.path });
  expect([named.code, named.stderr.split('\n')[0]]).toEqual(
    isRead
      ? [11, 'mira: 1 find; nothing of it should be shared.']
      : [10, 'mira: a.ts cannot be looked at (EACCES).'],
  );
  await chmod(join(it.path, 'a.ts'), 0o600);
  expect(await readFile(join(it.path, 'a.ts'), 'utf8')).toBe(KEY);
});
