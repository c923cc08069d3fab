/** One answer on a terminal: its markdown rendered as it streams, or as it is written where that is wanted. */
import { expect, test } from 'vitest';
import { answerWith, startChatServer, type ChatServer } from '../support/chat-server.ts';
import { runMira } from '../support/run-mira.ts';
import { openTerminal } from '../support/terminal.ts';

const PIECES = [
  '# Ti',
  'tle\n\nSome **bo',
  'ld** and [a li',
  'nk](https://x.exa',
  'mple)\n\n| a | b |\n|--',
  '-|---|\n| 1 | 2 |\n',
];
const PLAIN = PIECES.join('');

const serve = (): Promise<ChatServer> => startChatServer((exchange) => answerWith(exchange, ...PIECES));

test.concurrent('markdown is rendered on a terminal', async () => {
  await using server = await serve();
  await using terminal = await openTerminal({ args: ['chat', 'hi'], env: server.env });
  expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
  expect(terminal.scrollback()).toEqual([
    'Title',
    '',
    'Some bold and a link (https://x.example)',
    '',
    'a │ b',
    '──┼──',
    '1 │ 2',
  ]);
});

test.concurrent.each(['--raw', '--plain'])('it is not with %s', async (option) => {
  await using server = await serve();
  await using terminal = await openTerminal({ args: ['chat', 'hi', option], env: server.env });
  expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
  expect(terminal.scrollback()).toEqual(PLAIN.trimEnd().split('\n'));
});

test.concurrent('it is not into a pipe', async () => {
  await using server = await serve();
  expect(await runMira(['chat', 'hi'], { env: server.env })).toMatchObject({ stdout: PLAIN, code: 0 });
});
