import { describe, expect, test } from 'vitest';
import { baseVariables } from '../../../src/vault/child-variables.ts';
import type { ChildVariables } from '../../../src/vault/child-variables.ts';

const names = (given: Partial<ChildVariables>): readonly string[] =>
  [
    ...baseVariables({ parent: {}, clean: false, preserved: [], platform: 'linux', ...given }).keys(),
  ].toSorted();

const of = (...all: readonly string[]) => Object.fromEntries(all.map((name) => [name, `value of ${name}`]));

describe('what a child has without the vault', () => {
  test('is all but the credentials of mira itself', () => {
    const parent = of(
      ...[
        'MIRA_TOKEN',
        'MIRA_API_KEY',
        'MIRA_PASSPHRASE',
        'MIRA_MEETINGS_API_KEY',
        'MIRA_NEW_SECRET',
        'MIRA_TOKEN_2',
      ],
      ...['MIRA_PROFILE', 'MIRA_DATA_DIR', 'MIRA_TOKENIZER', 'OPENAI_API_KEY', 'MIRRA_API_KEY', 'PATH'],
    );
    const kept = [
      'MIRA_DATA_DIR',
      'MIRA_PROFILE',
      'MIRA_TOKENIZER',
      'MIRRA_API_KEY',
      'OPENAI_API_KEY',
      'PATH',
    ];
    expect(names({ parent })).toEqual(kept);
    expect(names({ parent, preserved: ['MIRA_API_KEY'] })).toEqual(['MIRA_API_KEY', ...kept].toSorted());
  });

  test('keeps values as they are, empty ones too', () => {
    expect(
      baseVariables({
        parent: { A: '', B: undefined, C: 'x=y' },
        clean: false,
        preserved: [],
        platform: 'linux',
      }),
    ).toEqual(
      new Map([
        ['A', ''],
        ['C', 'x=y'],
      ]),
    );
  });

  test('is little where a clean environment is asked for', () => {
    const parent = of(
      'PATH',
      'HOME',
      'TERM',
      'LANG',
      'LC_ALL',
      'TZ',
      'SECRET',
      'LD_PRELOAD',
      'HTTP_PROXY',
      'Path',
    );
    expect(names({ parent, clean: true })).toEqual(['HOME', 'LANG', 'LC_ALL', 'PATH', 'TERM', 'TZ']);
    expect(names({ parent, clean: true, preserved: ['SECRET', 'NONE'] })).toContain('SECRET');
  });

  test('knows the variables that Windows cannot do without, in any case', () => {
    const parent = of('Path', 'SystemRoot', 'ComSpec', 'USERPROFILE', 'SECRET', 'mira_token');
    expect(names({ parent, clean: true, platform: 'win32' })).toEqual([
      'ComSpec',
      'Path',
      'SystemRoot',
      'USERPROFILE',
    ]);
    expect(names({ parent, platform: 'win32', preserved: ['secret'] })).toEqual([
      ...['ComSpec', 'Path', 'SECRET', 'SystemRoot', 'USERPROFILE'],
    ]);
  });
});
