/** Prompts and the waiting screen in a real pseudo-terminal: what is seen, and that the terminal comes back. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTerminal } from '../../support/terminal.ts';
import { buildProgram, type BuiltProgram } from './support/build-program.ts';

let program: BuiltProgram;
beforeAll(async () => {
  program = await buildProgram('./screens-program.ts');
});
afterAll(() => program[Symbol.asyncDispose]());

it('asks, waits and gives the terminal back with its echo, to a chat too', async () => {
  await using terminal = await openTerminal({ command: [process.execPath, program.path] });
  await terminal.waitFor('API key:', 10_000);
  terminal.write('not-to-be-seen\r');
  await terminal.waitFor('14 characters', 10_000);
  await terminal.waitFor('Keep it? [y/N]', 10_000);
  terminal.write('y');
  await terminal.waitFor('kept: true', 10_000);
  await terminal.waitFor(/waiting for approval — (10:00|9:\d\d) left/, 10_000);
  await terminal.waitFor(/waiting for approval — 9:5\d left/, 10_000);
  expect(terminal.output()).toContain('\x1b]52;c;V0RKQi1NSkhU\x07');
  terminal.write('\x1b');
  await terminal.waitFor('type a line', 10_000);
  terminal.write('echoed\r');
  await terminal.waitFor('/help', 10_000);
  terminal.write('hi\r');
  await terminal.waitFor(answered('hi'), 10_000);
  terminal.write('/status\r');
  await terminal.waitFor('Sure? [y/N]', 10_000);
  terminal.write('y');
  await terminal.waitFor((rows) => rows.some((row) => row.startsWith('waiting for approval')), 10_000);
  terminal.write('c\x1b');
  await terminal.waitFor('back in the chat', 10_000);
  terminal.write('again\r');
  await terminal.waitFor(answered('again'), 10_000);
  terminal.write('/quit\r');
  expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
  expect(terminal.output()).not.toContain('not-to-be-seen');
  const waiting = [
    'Asked for by',
    '  id.example',
    'scopes: openid',
    'You started this on laptop; never type a code someone sent you.',
    '',
    'To sign in, open this address',
    '',
    '  https://id.example/device',
    '',
    'and enter the code',
    '',
    '  WDJB-MJHT',
    '',
    'sign-in: interrupted',
  ];
  expect(terminal.scrollback()).toEqual([
    'API key:',
    '14 characters',
    'Keep it? [y/N] yes',
    'kept: true',
    ...waiting,
    'type a line',
    'echoed',
    'read: "echoed\\n"',
    '› hi',
    '',
    'Hello.',
    '',
    'Sure? [y/N] yes',
    'sure: true',
    ...waiting,
    'back in the chat',
    '',
    '› again',
    '',
    'Hello.',
    '',
    'left',
  ]);
  const output = terminal.output();
  expect(output.lastIndexOf('\x1b[?25h')).toBeGreaterThan(output.lastIndexOf('\x1b[?25l'));
});

/** The question with its answer, and a status line that offers to stop nothing any more. */
function answered(question: string): (rows: readonly string[]) => boolean {
  return (rows) => {
    const asked = rows.indexOf(`› ${question}`);
    return asked >= 0 && rows[asked + 2] === 'Hello.' && rows.findLast((row) => row !== '') === 'mira';
  };
}
