import { lstat, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { writeFileAtomically } from '../../../src/store/atomic-file.ts';
import { startScript } from '../../support/script.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('writeFileAtomically', () => {
  test('makes file and folders for the user alone, whatever the umask', async () => {
    await using folder = await temporaryFolder();
    const file = folder.in('a', 'b', 'file.json');
    const code = `process.umask(0); await (await store('atomic-file.ts')).writeFileAtomically(${JSON.stringify({ file, data: 'new' })});`;
    expect(await startScript(code).ended).toMatchObject({ code: 0, stderr: '' });
    expect(await readFile(file, 'utf8')).toBe('new');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(folder.in('a'))).mode & 0o777).toBe(0o700);
    expect((await stat(folder.in('a', 'b'))).mode & 0o777).toBe(0o700);
  });

  test('replaces a file that others could read by one they cannot', async () => {
    await using folder = await temporaryFolder();
    const file = folder.in('file');
    await writeFile(file, 'old', { mode: 0o644 });
    await writeFileAtomically({ file, data: 'new' });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('replaces a link, not what it points to', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.in('victim'), 'untouched');
    await symlink(folder.in('victim'), folder.in('file'));
    await writeFileAtomically({ file: folder.in('file'), data: 'new' });
    expect(await readFile(folder.in('victim'), 'utf8')).toBe('untouched');
    expect((await lstat(folder.in('file'))).isSymbolicLink()).toBe(false);
  });

  test('keeps the old file when the disk takes only a part of the new one', async () => {
    await using folder = await temporaryFolder();
    const file = folder.in('file');
    await writeFile(file, 'old');
    const code = `const { writeFileAtomically } = await store('atomic-file.ts');
      await writeFileAtomically({ file: ${JSON.stringify(file)}, data: 'x'.repeat(300_000) })
        .catch((error) => process.stdout.write([error.code, error.exitCode, error.message].join(' ')));`;
    // One or eight blocks, by the shell's count: far less than the file either way.
    const { stdout } = await startScript(code, { before: 'ulimit -f 8' }).ended;
    expect(stdout).toBe(`disk_full 10 Cannot write ${file}: the limit for the size of a file is reached.`);
    expect(await readFile(file, 'utf8')).toBe('old');
    expect(await readdir(folder.path)).toEqual(['file']);
  });

  test.each([
    [
      'a folder below a regular file',
      ['file', 'sub', 'target'],
      /a part of its path is a file, not a folder/,
    ],
    ['a folder of that name', ['folder'], /it is a folder/],
  ])('refuses %s and leaves nothing behind', async (_, path, cause) => {
    await using folder = await temporaryFolder();
    await writeFile(folder.in('file'), 'old');
    await mkdir(folder.in('folder'));
    const writing = writeFileAtomically({ file: folder.in(...path), data: 'new' });
    await expect(writing).rejects.toMatchObject({
      code: 'storage_failed',
      message: expect.stringMatching(cause),
    });
    expect((await readdir(folder.path)).sort()).toEqual(['file', 'folder']);
  });

  test('removes what killed writers of the same file left, and nothing else', async () => {
    await using folder = await temporaryFolder();
    const names = ['.file.old.tmp', '.file.new.tmp', '.other.old.tmp'];
    for (const name of names) await writeFile(folder.in(name), '');
    const longAgo = new Date(Date.now() - 3_600_000);
    for (const name of ['.file.old.tmp', '.other.old.tmp']) await utimes(folder.in(name), longAgo, longAgo);
    await writeFileAtomically({ file: folder.in('file'), data: 'new' });
    expect((await readdir(folder.path)).sort()).toEqual(['.file.new.tmp', '.other.old.tmp', 'file']);
  });

  test('makes room by removing it before it writes', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.in('.file.old.tmp'), '');
    await utimes(folder.in('.file.old.tmp'), 0, 0);
    const code = `const { writeFileAtomically } = await store('atomic-file.ts');
      await writeFileAtomically({ file: ${JSON.stringify(folder.in('file'))}, data: 'new' })
        .catch((error) => process.stdout.write(error.code));`;
    expect(await startScript(code, { before: 'ulimit -f 0' }).ended).toMatchObject({ stdout: 'disk_full' });
    expect(await readdir(folder.path)).toEqual([]);
  });

  test(
    'leaves the old or the new content, whole, when its process is killed',
    { timeout: 60_000 },
    async () => {
      await using folder = await temporaryFolder();
      const file = folder.in('file');
      const code = `const { writeFileAtomically } = await store('atomic-file.ts');
      for (let i = 0; ; i += 1) {
        await writeFileAtomically({ file: ${JSON.stringify(file)}, data: String(i % 10).repeat(200_000) });
        if (i === 0) console.log('writing');
      }`;
      for (let round = 0; round < 12; round += 1) {
        const { child, started, ended } = startScript(code);
        await started;
        // A random moment of a write is the point here; nothing is waited for.
        await delay(Math.random() * 20);
        child.kill('SIGKILL');
        await ended;
        const text = await readFile(file, 'utf8');
        expect(text.length).toBe(200_000);
        expect(new Set(text).size).toBe(1);
      }
    },
  );
});
