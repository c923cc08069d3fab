import { writeFile } from 'node:fs/promises';
import { expect, it, onTestFinished } from 'vitest';
import { createMentionReader } from '../../../../src/commands/chat/read-mention.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

async function reader() {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  await writeFile(folder.in('a.md'), 'text\n');
  await writeFile(folder.in('logo.png'), Buffer.from([0x89, 0x50, 0]));
  return { folder, read: createMentionReader({ cwd: folder.path, home: folder.path }) };
}

it('reads a text file under the name it was given', async () => {
  const { folder, read } = await reader();
  for (const name of ['a.md', '~/a.md', `${folder.path}/a.md`, './a.md']) {
    expect(await read(name)).toEqual({ attachment: { kind: 'text', name, text: 'text' } });
  }
});

it('takes the punctuation of the sentence off', async () => {
  const { read } = await reader();
  for (const written of ['a.md,', 'a.md.', 'a.md).', 'a.md"?']) {
    expect(await read(written)).toEqual({ attachment: { kind: 'text', name: 'a.md', text: 'text' } });
  }
});

it('takes what is no file for words', async () => {
  const { read } = await reader();
  for (const words of ['ada', '', '.', '/dev/zero', 'nowhere/a.md'])
    expect(await read(words)).toBeUndefined();
});

it('says why a file does not go along', async () => {
  const { folder, read } = await reader();
  expect(await read('logo.png')).toEqual({
    refusal: `Not sent along: ${folder.in('logo.png')} is not a text file.`,
  });
});
