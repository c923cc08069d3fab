import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/store/config-file.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('readConfig', () => {
  test.each([
    ['an empty file', '', {}],
    ['white space', ' \n', {}],
    ['a byte order mark', '\uFEFF{"default_profile":"work"}', { default_profile: 'work' }],
    ['keys it does not know', '{"theme":{"dark":true}}', { theme: { dark: true } }],
    [
      'a profile',
      '{"profiles":{"work":{"model":"m","storage":"file"}}}',
      { profiles: { work: { model: 'm', storage: 'file' } } },
    ],
  ])('takes %s', async (_, text, expected) => {
    await using folder = await temporaryFolder();
    await writeFile(folder.in('config.json'), text);
    expect(await readConfig(folder.in('config.json'))).toEqual(expected);
  });

  test('takes an absent file for an empty one', async () => {
    await using folder = await temporaryFolder();
    expect(await readConfig(folder.in('config.json'))).toEqual({});
  });

  test.each([
    ['{"a":1,\n  "b" 2}', 'is not valid JSON at line 2, column 7.'],
    ['{"a":', 'is not valid JSON at line 1, column 6.'],
    ['{"a":1}x', 'is not valid JSON at line 1, column 8.'],
    ['{"a":1,}', 'is not valid JSON at line 1, column 8.'],
    ["{'a':1}", 'is not valid JSON at line 1, column 2.'],
    ['// comment\n{}', 'is not valid JSON at line 1, column 1.'],
    ['{"a":[1,2\n}', 'is not valid JSON at line 2, column 1.'],
    ['[]', 'is not valid: its content must be an object.'],
    ['{"default_profile":1}', 'is not valid: default_profile must be a string.'],
    ['{"profiles":[]}', 'is not valid: profiles must be an object.'],
    ['{"profiles":{"work":1}}', 'is not valid: profiles.work must be an object.'],
    ['{"profiles":{"work":{"issuer":1}}}', 'is not valid: profiles.work.issuer must be a string.'],
    [
      '{"profiles":{"work":{"storage":"disk"}}}',
      'is not valid: profiles.work.storage must be one of auto, keychain, file.',
    ],
  ])('refuses %s', async (text, message) => {
    await using folder = await temporaryFolder();
    const file = folder.in('config.json');
    await writeFile(file, text);
    await expect(readConfig(file)).rejects.toMatchObject({
      code: 'invalid_config',
      exitCode: 2,
      message: `${file} ${message}`,
      hint: `Correct it in an editor, or move it aside: mv ${file} ${file}.aside`,
    });
  });

  test('names the cause when the file cannot be read', async () => {
    await using folder = await temporaryFolder();
    await expect(readConfig(folder.path)).rejects.toMatchObject({
      code: 'storage_failed',
      message: `Cannot read ${folder.path}: it is a folder.`,
    });
  });
});
