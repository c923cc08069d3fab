import { expect, it } from 'vitest';
import { parseSlash, slashHelp } from '../../../../src/ui/chat/slash.ts';

const own = (name: string, argument?: string) => ({ kind: 'own', name, argument });
const errand = (name: string, argument?: string) => ({ kind: 'errand', errand: { name, argument } });

it.each([
  ['/help', own('help')],
  ['/?', own('help')],
  [' /QUIT ', own('quit')],
  ['/exit', own('quit')],
  ['/new', own('new')],
  ['/model', own('model')],
  ['/model  mira-large ', own('model', 'mira-large')],
  ['/system be\nbrief', own('system', 'be\nbrief')],
  ['/models', errand('models')],
  ['/attach my notes.md', errand('attach', 'my notes.md')],
  ['/modle x', { kind: 'unknown', message: 'There is no command /modle. Did you mean /model?' }],
  ['/qu', { kind: 'unknown', message: 'There is no command /qu. Did you mean /quit?' }],
  [
    '/frobnicate',
    { kind: 'unknown', message: 'There is no command /frobnicate. /help lists what there is.' },
  ],
  ['/usr/bin/env is a path', undefined],
  ['/', undefined],
  ['what is /help', undefined],
])('%j', (text, expected) => {
  expect(parseSlash(text)).toEqual(expected);
});

it('lists every command in the help, each with what it does', () => {
  const help = slashHelp();
  expect(help[0]).toMatch(/^\/help +this list/u);
  for (const line of help) expect(line).toMatch(/^\/[a-z]+( \S+)? +\S/u);
  for (const line of help) expect(parseSlash(line.split(' ')[0] ?? '')?.kind).toMatch(/own|errand/u);
});
