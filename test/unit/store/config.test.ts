import { lstat, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/store/config-file.ts';
import { editConfig, type ConfigChange } from '../../../src/store/config.ts';
import { startScript } from '../../support/script.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

function edit(folder: TemporaryFolder, ...changes: readonly ConfigChange[]): ReturnType<typeof editConfig> {
  return editConfig({
    configFile: folder.in('config', 'config.json'),
    storeLockFile: folder.in('locks', 'store.db'),
    uid: process.geteuid?.(),
    changes,
  });
}

describe('editConfig', () => {
  test('makes a private file where it was told to, and nothing else', async () => {
    await using folder = await temporaryFolder();
    const changed = await edit(folder, { profile: 'work', key: 'model', value: 'mira-large' });
    expect(changed).toEqual({ profiles: { work: { model: 'mira-large' } } });
    expect(await readConfig(folder.in('config', 'config.json'))).toEqual(changed);
    expect(await readdir(folder.in('config'))).toEqual(['config.json']);
    expect((await stat(folder.in('config', 'config.json'))).mode & 0o777).toBe(0o600);
  });

  test('takes any name of a profile as a name', async () => {
    await using folder = await temporaryFolder();
    for (const profile of ['a.b', '1', 'a[0]', String.raw`back\slash`]) {
      await edit(folder, { profile, key: 'model', value: profile });
      const { profiles = {} } = await readConfig(folder.in('config', 'config.json'));
      expect(profiles[profile]).toEqual({ model: profile });
    }
  });

  test('removes settings, and keeps what it does not know', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.in('config'));
    const before = { theme: 'dark', default_profile: 'work', profiles: { work: { model: 'm', later: [1] } } };
    await writeFile(folder.in('config', 'config.json'), JSON.stringify(before));
    const changed = await edit(
      folder,
      { key: 'default_profile', value: undefined },
      { profile: 'work', key: 'model', value: undefined },
      { profile: 'nobody', key: 'model', value: undefined },
    );
    expect(changed).toEqual({ theme: 'dark', profiles: { work: { later: [1] } } });
    expect(JSON.parse(await readFile(folder.in('config', 'config.json'), 'utf8'))).toEqual(changed);
  });

  test('leaves a file that is not valid alone', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.in('config'));
    await writeFile(folder.in('config', 'config.json'), '{"profiles":');
    await expect(edit(folder, { key: 'default_profile', value: 'work' })).rejects.toMatchObject({
      code: 'invalid_config',
    });
    expect(await readFile(folder.in('config', 'config.json'), 'utf8')).toBe('{"profiles":');
  });

  test('changes the file behind a link, and the link stays', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.in('config'));
    await writeFile(folder.in('dotfile.json'), '{}');
    await symlink(folder.in('dotfile.json'), folder.in('config', 'config.json'));
    await edit(folder, { key: 'default_profile', value: 'work' });
    expect((await lstat(folder.in('config', 'config.json'))).isSymbolicLink()).toBe(true);
    expect(await readConfig(folder.in('dotfile.json'))).toEqual({ default_profile: 'work' });
  });

  test('removes what killed changes left long ago, and nothing else', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.in('config'));
    const old = ['.config.json.1234.tmp', 'config.json.tmp-0123456789abcdef', 'config.json.tmp-mine'];
    const recent = ['.config.json.5678.tmp', 'config.json.tmp-9876543210abcdef'];
    for (const name of [...old, ...recent]) await writeFile(folder.in('config', name), '{}');
    for (const name of old) await utimes(folder.in('config', name), 0, 0);
    await edit(folder, { key: 'default_profile', value: 'work' });
    expect((await readdir(folder.in('config'))).sort()).toEqual(
      ['config.json', 'config.json.tmp-mine', ...recent].sort(),
    );
  });

  test.each([
    ['a part of the new one', 8],
    ['nothing at all', 0],
  ])('puts the previous file back when the disk takes only %s', async (_, blocks) => {
    await using folder = await temporaryFolder();
    await edit(folder, { key: 'default_profile', value: 'work' });
    const options = {
      configFile: folder.in('config', 'config.json'),
      storeLockFile: folder.in('locks', 'store.db'),
    };
    const code = `const { editConfig } = await store('config.ts');
      await editConfig({ ...${JSON.stringify(options)}, uid: process.geteuid?.(),
        changes: [{ profile: 'work', key: 'scopes', value: 'x '.repeat(50_000) }],
      }).catch((error) => process.stdout.write(error.code + ' ' + error.exitCode));`;
    expect(await startScript(code, { before: `ulimit -f ${blocks}` }).ended).toMatchObject({
      stdout: 'disk_full 10',
      stderr: '',
    });
    expect(await readConfig(options.configFile)).toEqual({ default_profile: 'work' });
    expect(await readdir(folder.in('config'))).toEqual(['config.json']);
  });

  test('leaves signals to the program', async () => {
    await using folder = await temporaryFolder();
    const options = {
      configFile: folder.in('config', 'config.json'),
      storeLockFile: folder.in('locks', 'store.db'),
    };
    const code = `const { editConfig } = await store('config.ts');
      await editConfig({ ...${JSON.stringify(options)}, uid: process.geteuid?.(),
        changes: [{ key: 'default_profile', value: 'work' }],
      });
      const signals = process.eventNames().filter((name) => String(name).startsWith('SIG'));
      process.stdout.write(JSON.stringify(signals));`;
    expect(await startScript(code).ended).toMatchObject({ stdout: '[]', stderr: '' });
  });

  test('loses no change when several processes make one each', { timeout: 60_000 }, async () => {
    await using folder = await temporaryFolder();
    const options = {
      configFile: folder.in('config', 'config.json'),
      storeLockFile: folder.in('locks', 'store.db'),
    };
    const outcomes = await Promise.all(
      Array.from({ length: 6 }, (_, i) => {
        const changes = [{ profile: `p${i}`, key: 'model', value: 'm' }];
        return startScript(`const { editConfig } = await store('config.ts');
          await editConfig({ ...${JSON.stringify({ ...options, changes })}, uid: process.geteuid?.() });`)
          .ended;
      }),
    );
    expect(outcomes.map(({ stderr }) => stderr).join('')).toBe('');
    expect(Object.keys((await readConfig(options.configFile)).profiles ?? {})).toHaveLength(6);
  });
});
