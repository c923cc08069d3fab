import { expect, it } from 'vitest';
import { rankPaths } from '../../../../src/commands/chat/rank-paths.ts';

const PATHS = [
  'README.md',
  'docs/',
  'docs/main.md',
  'src/',
  'src/main.ts',
  'src/domain.ts',
  'src/mini/',
  'test/main.test.ts',
];

it.each([
  [
    '',
    [
      'src/',
      'docs/',
      'README.md',
      'src/mini/',
      'src/main.ts',
      'docs/main.md',
      'src/domain.ts',
      'test/main.test.ts',
    ],
  ],
  ['src/main.ts', ['src/main.ts', 'src/domain.ts']],
  ['main.ts', ['src/main.ts', 'src/domain.ts', 'test/main.test.ts']],
  ['main', ['src/main.ts', 'docs/main.md', 'test/main.test.ts', 'src/domain.ts']],
  ['MAIN.M', ['docs/main.md']],
  ['src/', ['src/', 'src/mini/', 'src/main.ts', 'src/domain.ts']],
  ['smt', ['src/main.ts', 'src/domain.ts', 'test/main.test.ts']],
  ['xyz', []],
])('%j means %j', (typed, expected) => {
  expect(rankPaths(PATHS, { typed, most: 20 })).toEqual(expected);
});

it('gives no more than are asked for', () => {
  expect(rankPaths(PATHS, { typed: 'main', most: 1 })).toEqual(['src/main.ts']);
});
