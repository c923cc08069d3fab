import { expect, it } from 'vitest';
import { parseSlash } from '../../../../src/ui/chat/slash.ts';

it.each([
  ['/help', { kind: 'help' }],
  [' /QUIT ', { kind: 'quit' }],
  ['/new', { kind: 'new' }],
  ['/model', { kind: 'model', name: undefined }],
  ['/model mira-large', { kind: 'model', name: 'mira-large' }],
  ['/modle x', { kind: 'unknown', message: 'There is no command /modle. Did you mean /model?' }],
  ['/q', { kind: 'unknown', message: 'There is no command /q. Did you mean /quit?' }],
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
