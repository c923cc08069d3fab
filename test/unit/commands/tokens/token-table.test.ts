import { expect, test } from 'vitest';
import { tokenTable } from '../../../../src/commands/tokens/token-table.ts';
import { plainStyle } from '../../../../src/ui/plain-style.ts';
import type { Token } from '../../../../src/vault/vault.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const DAY = 86_400_000;

const TOKENS: readonly Token[] = [
  {
    label: 'OpenAI API Key',
    env: 'OPENAI_API_KEY',
    kind: 'openai',
    addedAt: NOW - 40 * DAY,
    lastUsedAt: NOW - DAY,
    expiresAt: NOW + 90 * DAY,
  },
  { label: 'db', env: 'DATABASE_URL', kind: 'other', addedAt: NOW, expiresAt: NOW - 3 * DAY },
  { label: 'github', env: 'GITHUB_TOKEN', kind: 'github', addedAt: NOW, rotatedAt: NOW },
];

const marked = { ...plainStyle, bad: (text: string) => `!${text}`, warn: (text: string) => `?${text}` };
const tableAt = (width: number | undefined, tokens = TOKENS) =>
  tokenTable(tokens, { now: NOW, width, style: marked }).split('\n');

test('a table has all there is to know where nothing has to fit', () => {
  expect(tableAt(undefined)).toEqual([
    'LABEL           VARIABLE        KIND    ADDED        LAST USED  EXPIRES',
    'OpenAI API Key  OPENAI_API_KEY  openai  1 month ago  1 day ago  in 3 months',
    '!db              DATABASE_URL    other   just now     never      expired 3 days ago',
    'github          GITHUB_TOKEN    github  just now     never      old value kept',
  ]);
});

test('what expires within a week is pointed out', () => {
  const soon = { label: 'a', env: 'A', kind: 'other', addedAt: NOW, expiresAt: NOW + 6 * DAY };
  expect(tableAt(undefined, [soon])[1]).toBe('?a      A         other  just now  never      in 6 days');
});

test('columns go one after the other where the terminal is narrow, and no line is wider than it', () => {
  expect(tableAt(78)[1]).toBe('OpenAI API Key  OPENAI_API_KEY  1 month ago  1 day ago  in 3 months');
  expect(tableAt(70)[1]).toBe('OpenAI API Key  OPENAI_API_KEY  1 day ago  in 3 months');
  expect(tableAt(60)[1]).toBe('OpenAI API Key  OPENAI_API_KEY  in 3 months');
  expect(tableAt(40)).toEqual([
    'OpenAI API Key',
    '  OPENAI_API_KEY',
    '  in 3 months',
    '!db',
    '  DATABASE_URL',
    '  expired 3 days ago',
    'github',
    '  GITHUB_TOKEN',
    '  old value kept',
  ]);
  for (let width = 24; width < 120; width += 1) {
    for (const line of tableAt(width)) expect(line.replace(/^[!?]/, '').length).toBeLessThanOrEqual(width);
  }
});
