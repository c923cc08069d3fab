import { describe, expect, test } from 'vitest';
import { chooseVariables } from '../../../src/vault/choose-variables.ts';
import type { Wish } from '../../../src/vault/choose-variables.ts';
import { parseEnvFile } from '../../../src/vault/env-file.ts';

const NOW = Date.UTC(2026, 0, 2);

const WISH: Wish = {
  sources: [
    { label: 'work', variables: ['OPENAI_API_KEY'] },
    { label: 'home', variables: ['OPENAI_API_KEY'] },
    { label: 'git', variables: ['GITHUB_TOKEN'], expiresAt: NOW + 1 },
    { label: 'aws', variables: ['AWS_ACCESS_KEY_ID', 'AWS_REGION'] },
  ],
  only: ['work'],
  renamed: [],
  entries: [],
  present: new Set(['PATH', 'AWS_REGION']),
  preserved: [],
  allowed: [],
  allowExpired: false,
  now: NOW,
  platform: 'linux',
};

/** One line a variable. */
function choose(wish: Partial<Wish>): readonly string[] {
  return chooseVariables({ ...WISH, ...wish }).variables.map(({ env = '?', label = '-', status }) =>
    [env, label, status].join(' '),
  );
}

const entries = (text: string) => parseEnvFile({ text, file: 'x.env' });

describe('the choice of variables', () => {
  test('is all that is stored, or what is asked for', () => {
    expect(choose({ only: undefined })).toEqual([
      'AWS_ACCESS_KEY_ID aws ok',
      'AWS_REGION aws ok',
      'GITHUB_TOKEN git ok',
      'OPENAI_API_KEY home conflict',
      'OPENAI_API_KEY work conflict',
    ]);
    expect(choose({ only: ['work', 'work', 'aws'] })).toEqual([
      'AWS_ACCESS_KEY_ID aws ok',
      'AWS_REGION aws ok',
      'OPENAI_API_KEY work ok',
    ]);
    expect(choose({ only: [] })).toEqual([]);
  });

  test('takes a new name in place of the own one, and the more explicit of two wishes', () => {
    expect(choose({ only: undefined, renamed: [{ name: 'X', label: 'home' }] })).toContain(
      'OPENAI_API_KEY work ok',
    );
    expect(choose({ only: ['work', 'home'], renamed: [{ name: 'OPENAI_API_KEY', label: 'home' }] })).toEqual([
      'OPENAI_API_KEY home ok',
    ]);
    const file = entries('OPENAI_API_KEY=mira://home');
    expect(choose({ only: undefined, sources: WISH.sources.slice(0, 2), entries: file })).toEqual([
      'OPENAI_API_KEY home ok',
    ]);
    expect(choose({ only: ['work'], entries: file })).toEqual(
      ['OPENAI_API_KEY work conflict', 'OPENAI_API_KEY home conflict'].toSorted(),
    );
    expect(choose({ entries: file, renamed: [{ name: 'OPENAI_API_KEY', label: 'work' }] })).toEqual([
      'OPENAI_API_KEY work ok',
    ]);
  });

  test('takes the last line of a name, and lets a token win over a text', () => {
    const choice = chooseVariables({
      ...WISH,
      entries: entries('A=mira://git\nA=text\nB=text\nB=mira://git\nOPENAI_API_KEY=old\n'),
    });
    expect(choice.texts).toEqual(
      new Map([
        ['A', 'text'],
        ['OPENAI_API_KEY', 'old'],
      ]),
    );
    expect(choice.variables.map(({ env, label }) => [env, label])).toEqual([
      ['B', 'git'],
      ['OPENAI_API_KEY', 'work'],
    ]);
  });

  test('keeps what is to stay, if it is there', () => {
    expect(choose({ only: ['aws'], preserved: ['AWS_REGION', 'AWS_ACCESS_KEY_ID'] })).toEqual([
      'AWS_ACCESS_KEY_ID aws ok',
      'AWS_REGION aws preserved',
    ]);
    expect(
      choose({ only: undefined, present: new Set(['OPENAI_API_KEY']), preserved: ['OPENAI_API_KEY'] }),
    ).toContain('OPENAI_API_KEY work preserved');
    expect(choose({ entries: entries('OPENAI_API_KEY=mine'), preserved: ['OPENAI_API_KEY'] })).toEqual([
      'OPENAI_API_KEY work preserved',
    ]);
  });

  test('tells what is missing, expired or refused', () => {
    expect(choose({ only: ['gone', 'git'], now: NOW + 1, renamed: [{ name: 'X', label: 'lost' }] })).toEqual([
      '? gone missing',
      'GITHUB_TOKEN git expired',
      'X lost missing',
    ]);
    expect(choose({ only: ['git'], now: NOW + 1, allowExpired: true })).toEqual(['GITHUB_TOKEN git ok']);
    const dangerous = {
      renamed: [{ name: 'LD_PRELOAD', label: 'work' }],
      entries: entries('NODE_OPTIONS=--x\nPATH=mira://git'),
    };
    expect(choose(dangerous)).toEqual([
      'LD_PRELOAD work refused',
      'NODE_OPTIONS - refused',
      'PATH git refused',
    ]);
    expect(choose({ ...dangerous, allowed: ['LD_PRELOAD', 'NODE_OPTIONS', 'PATH'] })).toEqual([
      'LD_PRELOAD work ok',
      'PATH git ok',
    ]);
  });

  test('does not mind the case of names on Windows', () => {
    const sources = [
      { label: 'one', variables: ['Token'] },
      { label: 'two', variables: ['TOKEN'] },
    ];
    expect(choose({ sources, only: undefined })).toEqual(['TOKEN two ok', 'Token one ok']);
    expect(choose({ sources, only: undefined, platform: 'win32' })).toEqual([
      'TOKEN two conflict',
      'Token one conflict',
    ]);
    expect(
      choose({
        sources,
        only: ['one'],
        platform: 'win32',
        present: new Set(['token']),
        preserved: ['tOKEN'],
      }),
    ).toEqual(['Token one preserved']);
  });
});
