import { stat, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { ensurePrivateDir } from '../../../src/store/private-dir.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('a folder of our own', () => {
  test('is made with those above it, private, also by several at once', async () => {
    await using parent = await temporaryFolder();
    const folder = parent.in('a', 'b', 'c');
    await Promise.all([ensurePrivateDir(folder), ensurePrivateDir(folder), ensurePrivateDir(folder)]);

    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(parent.in('a', 'b'))).mode & 0o777).toBe(0o700);
  });

  test('is refused where a file stands in its place or above it', async () => {
    await using parent = await temporaryFolder();
    const file = parent.in('file');
    await writeFile(file, '');

    await expect(ensurePrivateDir(file)).rejects.toMatchObject({
      exitCode: 10,
      message: `Cannot make the folder ${file}: a file of that name is in the way.`,
    });
    await expect(ensurePrivateDir(parent.in('file', 'below'))).rejects.toMatchObject({ exitCode: 10 });
  });

  test('is refused, at once, where none can be made', async () => {
    await expect(ensurePrivateDir('/proc/mira/data')).rejects.toMatchObject({ exitCode: 10 });
  });
});
