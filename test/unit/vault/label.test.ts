import { describe, expect, test } from 'vitest';
import { findSimilarLabel, requireLabel } from '../../../src/vault/label.ts';
import { drawnKey } from '../../support/drawn-key.ts';

describe('a label', () => {
  test.each([
    'a',
    'github',
    'OpenAI API Key',
    'work.prod_2',
    '7',
    'x'.repeat(64),
    '123e4567-e89b-12d3-a456-426614174000',
  ])('can be %s', (label) => {
    expect(requireLabel(label)).toBe(label);
  });

  test.each([
    '',
    ' a',
    'a ',
    'a  b',
    '-a',
    '.a',
    'a/b',
    'a,b',
    'a=b',
    'a\nb',
    'é',
    'a\u202eb',
    'x'.repeat(65),
    '../x',
  ])('cannot be what a command line or a terminal could take for something else (%#)', (label) => {
    expect(() => requireLabel(label)).toThrow(
      expect.objectContaining({ exitCode: 2, message: 'That is no label for a token.' }),
    );
  });

  test.each([drawnKey.mira('x'), drawnKey.openai('x'), drawnKey.github('x'), drawnKey.mirra('x')])(
    'that is a key is not repeated (%#)',
    (key) => {
      expect(() => requireLabel(key)).toThrow(
        expect.objectContaining({ message: 'That looks like a key, not like the label of one.' }),
      );
    },
  );

  test.each([
    ['githb', 'github'],
    ['GITHUB', 'github'],
    ['gihtub', 'github'],
    ['openai', 'OpenAI API Key'],
    ['x', undefined],
    ['aws', undefined],
  ])('that is not there may have been meant as another: %s', (typed, meant) => {
    expect(findSimilarLabel(typed, ['github', 'OpenAI API Key'])).toBe(meant);
  });
});
