/** Keys in a question: it does not leave, unless that is what was asked for. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { answerWith, startChatServer } from '../support/chat-server.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import { openTerminal } from '../support/terminal.ts';

const KEY = `sk-ant-${'x1'.repeat(20)}`;
const HINT = '  Take it out, or start again with --allow-secrets if it is meant to go.\n';
const startServer = () => startChatServer((exchange) => answerWith(exchange, 'Fine.'));

describe.concurrent('a key in a question', () => {
  test('keeps it here, and is named by its kind alone', async () => {
    await using server = await startServer();
    const { env } = server;

    expect(await runMira(['chat', `What is ${KEY}?`], { env })).toEqual({
      code: 11,
      signal: null,
      stdout: '',
      stderr: `mira: The question holds an Anthropic key; it was not sent.\n${HINT}`,
    });
    const piped = await runMira(['chat', 'Explain', '-'], { env, stdin: `export KEY=AKIA${'A1'.repeat(8)}` });
    expect(piped.stderr).toContain('The question holds an AWS access key id; it was not sent.');
    const told = await runMira(['chat', 'hi', '-s', `Use ${KEY}`, '--json'], { env });
    expect(JSON.parse(told.stdout)).toMatchObject({
      error: {
        code: 'secret_found',
        exit_code: 11,
        message: expect.stringMatching(/^What the model is told holds/),
      },
    });
    expect(told.stdout + told.stderr).not.toContain(KEY);
    expect(server.requests).toEqual([]);
  });

  test('is found in a file that goes along', async () => {
    await using server = await startServer();
    await using home = await isolatedHome();
    const file = join(home.path, 'id_rsa');
    await writeFile(file, `-----BEGIN RSA ${'PRIVATE'} KEY-----\n${'MIIE'.repeat(16)}\n`);

    expect(await runMira(['chat', 'Explain', '-f', file], { home, env: server.env })).toMatchObject({
      code: 11,
      stderr: `mira: The question holds a private key; it was not sent.\n${HINT}`,
    });
    expect(server.requests).toEqual([]);
  });

  test('goes with --allow-secrets', async () => {
    await using server = await startServer();

    expect(await runMira(['chat', `What is ${KEY}?`, '--allow-secrets'], { env: server.env })).toMatchObject({
      code: 0,
      stdout: 'Fine.\n',
      stderr: '',
    });
    expect(server.requests[0]?.body).toContain(KEY);
  });

  test('that is the very credential is found whatever it looks like', async () => {
    await using server = await startServer();
    const env = { ...server.env, MIRA_API_KEY: undefined, MIRA_TOKEN: `opaque/"${'token'.repeat(4)}` };

    expect(await runMira(['chat', `Is ${env.MIRA_TOKEN} valid?`], { env })).toMatchObject({
      code: 11,
      stdout: '',
      stderr: `mira: The question holds the credential that it would be sent with; it was not sent.\n${HINT}`,
    });
    expect(server.requests).toEqual([]);
  });

  test('is refused in the chat in one line, and the next question goes without it', async () => {
    await using server = await startServer();
    await using home = await isolatedHome();
    await using terminal = await openTerminal({ args: ['chat'], env: server.env, home, cwd: home.path });
    await terminal.waitFor('/help');
    terminal.write(`What is ${KEY}?\r`);
    await terminal.waitFor('The question holds an Anthropic key; it was not sent.');
    terminal.write('What is it then?\r');
    await terminal.waitFor('Fine.');

    expect(server.requests.map(({ body }) => JSON.parse(body).messages)).toEqual([
      [{ role: 'user', content: 'What is it then?' }],
    ]);
  });

  test('that was never sent does not keep the next question out of the history', async () => {
    await using server = await startServer();
    await using home = await isolatedHome();
    const token = `opaque/${'token'.repeat(4)}`;
    const env = { ...server.env, MIRA_API_KEY: undefined, MIRA_TOKEN: token };
    await using terminal = await openTerminal({ args: ['chat'], env, home, cwd: home.path });
    await terminal.waitFor('/help');
    terminal.write(`Is ${token} valid?\r`);
    await terminal.waitFor('the credential that it would be sent with');
    terminal.write('Is it?\r');
    await terminal.waitFor('Fine.');
    terminal.write('/quit\r');
    await terminal.exit;

    expect(JSON.parse((await runMira(['history', 'list', '--json'], { home })).stdout)).toMatchObject({
      conversations: [{ title: 'Is it?', messages: 2 }],
    });
  });
});
