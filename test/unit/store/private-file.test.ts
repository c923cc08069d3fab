import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readPrivateFile } from '../../../src/store/private-file.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const uid = process.geteuid?.();

describe('readPrivateFile', () => {
  test('reads a file that is the user’s alone, also through a linked folder', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.in('real'));
    await writeFile(folder.in('real', 'file'), 'secret', { mode: 0o600 });
    await symlink(folder.in('real'), folder.in('linked'));
    const content = await readPrivateFile({ file: folder.in('linked', 'file'), maxBytes: 100, uid });
    expect(content?.toString()).toBe('secret');
  });

  test('has nothing to read where there is no file', async () => {
    await using folder = await temporaryFolder();
    expect(await readPrivateFile({ file: folder.in('no', 'file'), maxBytes: 100, uid })).toBeUndefined();
  });

  test.each([0o640, 0o604, 0o620, 0o602])('refuses mode %o with the command that mends it', async (mode) => {
    await using folder = await temporaryFolder();
    const file = folder.in('file');
    await writeFile(file, 'secret');
    execFileSync('chmod', [mode.toString(8), file]);
    await expect(readPrivateFile({ file, maxBytes: 100, uid })).rejects.toMatchObject({
      code: 'unsafe_file',
      exitCode: 11,
      hint: `Run: chmod 600 ${file}`,
    });
  });

  test('refuses a link, a file of another user and what is no file', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.in('file'), 'secret', { mode: 0o600 });
    await symlink(folder.in('file'), folder.in('link'));
    execFileSync('mkfifo', ['-m', '600', folder.in('pipe')]);
    const refusal = { code: 'unsafe_file', exitCode: 11 };
    await expect(readPrivateFile({ file: folder.in('link'), maxBytes: 100, uid })).rejects.toMatchObject(
      refusal,
    );
    await expect(readPrivateFile({ file: folder.in('pipe'), maxBytes: 100, uid })).rejects.toMatchObject(
      refusal,
    );
    await expect(readPrivateFile({ file: folder.path, maxBytes: 100, uid })).rejects.toMatchObject(refusal);
    await expect(
      readPrivateFile({ file: folder.in('file'), maxBytes: 100, uid: (uid ?? 0) + 1 }),
    ).rejects.toMatchObject({ ...refusal, message: expect.stringContaining('belongs to another user') });
  });

  test('looks at no mode where files have none', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.in('file'), 'secret', { mode: 0o644 });
    const content = await readPrivateFile({ file: folder.in('file'), maxBytes: 100, uid: undefined });
    expect(content?.toString()).toBe('secret');
  });

  test('refuses a file larger than it may be, and takes one of exactly that size', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.in('file'), 'x'.repeat(100_000), { mode: 0o600 });
    await expect(readPrivateFile({ file: folder.in('file'), maxBytes: 99_999, uid })).rejects.toMatchObject({
      code: 'storage_failed',
    });
    expect(await readPrivateFile({ file: folder.in('file'), maxBytes: 100_000, uid })).toHaveLength(100_000);
  });

  test('names the cause when a part of the path is a file', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.in('data'), '');
    const file = folder.in('data', 'file');
    await expect(readPrivateFile({ file, maxBytes: 100, uid })).rejects.toMatchObject({
      code: 'storage_failed',
      message: `Cannot read ${file}: a part of its path is a file, not a folder.`,
    });
  });
});
