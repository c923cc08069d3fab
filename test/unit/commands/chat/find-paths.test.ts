import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createPathFinder } from '../../../../src/commands/chat/find-paths.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const signal = new AbortController().signal;

/** A finder in the folder `here` of a new home with these files. */
async function finder(files: readonly string[], elapsed = () => 0) {
  const home = await temporaryFolder();
  onTestFinished(() => home[Symbol.asyncDispose]());
  await mkdir(home.in('here'));
  for (const file of files) {
    await mkdir(dirname(home.in(file)), { recursive: true });
    await writeFile(home.in(file), '');
  }
  const find = createPathFinder({ cwd: home.in('here'), home: home.path, elapsed });
  return { home, find: (typed: string) => find(typed, signal) };
}

it('finds files and folders below the current one, but no hidden and no made ones', async () => {
  const { find } = await finder([
    'here/a.md',
    'here/src/main.ts',
    'here/.git/config',
    'here/.env',
    'here/node_modules/x/main.ts',
  ]);
  expect(await find('')).toEqual(['a.md', 'src/', 'src/main.ts']);
  expect(await find('main')).toEqual(['src/main.ts']);
});

it('finds what is hidden or made once it is named', async () => {
  const { find } = await finder(['here/.env', 'here/.github/ci.yml', 'here/node_modules/x/main.ts']);
  expect(await find('.e')).toEqual(['.env']);
  expect(await find('.github/')).toEqual(['.github/ci.yml']);
  expect(await find('node_modules/')).toEqual(['node_modules/x/']);
});

it('leaves the current folder only where that is typed', async () => {
  const { home, find } = await finder(['here/a.md', 'other.md', 'docs/b.md']);
  expect(await find('other')).toEqual([]);
  expect(await find('../o')).toEqual(['../other.md', '../docs/']);
  expect(await find('../docs/')).toEqual(['../docs/b.md']);
  expect(await find('~/ot')).toEqual(['~/other.md']);
  expect(await find(`${home.path}/other`)).toEqual([`${home.path}/other.md`]);
  expect(await find('./a')).toEqual(['./a.md']);
});

it('does not follow links around, and offers no name that cannot be shown', async () => {
  const { home, find } = await finder([
    'here/a/b.md',
    'here/evil\x1b[2J.md',
    'here/two\nlines.md',
    'here/rtl\u202e.md',
  ]);
  await symlink(home.path, home.in('here/a/loop'));
  expect(await find('')).toEqual(['a/', 'a/b.md', 'a/loop']);
});

it('finds nothing in a folder that is not there, and nothing after it was told to stop', async () => {
  const { find, home } = await finder(['here/a.md']);
  expect(await find('nowhere/x')).toEqual([]);
  const stopped = createPathFinder({ cwd: home.in('here'), home: undefined, elapsed: () => 0 });
  expect(await stopped('a', AbortSignal.abort())).toEqual([]);
  expect(await stopped('~/a', signal)).toEqual([]);
});

it('stops looking after a while, and looks again later', async () => {
  let now = 0;
  const files = Array.from({ length: 5 }, (_, index) => `here/${'d/'.repeat(index)}x.md`);
  const { find, home } = await finder(files, () => (now += 150));
  const early = await find('x.md');
  expect(early.length).toBeGreaterThan(0);
  expect(early.length).toBeLessThan(5);
  await writeFile(home.in('here/x.md2'), '');
  now += 10_000;
  expect(await find('x.md2')).toEqual(['x.md2']);
});

it('is bounded in a folder of many files', async () => {
  const { find } = await finder(Array.from({ length: 200 }, (_, index) => `here/file${index}`));
  expect(await find('file')).toHaveLength(50);
});
