/** Keys in a question: it does not leave, unless that is what was asked for. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { drawnKey, drawnPrivateKey } from '../support/drawn-key.ts';
import { answerWith, startChatServer } from '../support/chat-server.ts';
import { keepToken, KEY_FILE } from '../support/keep-token.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import { openTerminal } from '../support/terminal.ts';

const KEY = drawnKey.anthropic('chat');
const AWS_KEY = drawnKey.aws('chat');
/** Ctrl-U */
const CLEAR_LINE = '\u0015';
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
    const piped = await runMira(['chat', 'Explain', '-'], { env, stdin: `# mine\nexport KEY=${AWS_KEY}\n` });
    expect(piped.stderr).toContain('Standard input, line 2, holds an AWS access key id; it was not sent.');
    const lines = await runMira(['chat', `What is\n\n${KEY}?`], { env });
    expect(lines.stderr).toContain('The question, line 3, holds an Anthropic key; it was not sent.');
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
    await writeFile(file, `For the\nserver:\n${drawnPrivateKey('ec')}\n`);
    const told = join(home.path, 'told.md');
    await writeFile(told, `Be brief.\nUse ${KEY}.\n`);

    for (const stdin of [undefined, 'Two\nlines']) {
      expect(await runMira(['chat', 'Explain', '-f', file], { home, env: server.env, stdin })).toMatchObject({
        code: 11,
        stderr: `mira: ${file}, line 3, holds a private key; it was not sent.\n${HINT}`,
      });
    }
    expect(await runMira(['chat', 'hi', '--system-file', told], { home, env: server.env })).toMatchObject({
      code: 11,
      stderr: `mira: ${told}, line 2, holds an Anthropic key; it was not sent.\n${HINT}`,
    });
    expect(await runMira(['chat', 'hi', '-f', file, '--dry-run'], { home, env: server.env })).toMatchObject({
      code: 11,
      stdout: '',
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
    // It stands there once more, to be changed.
    terminal.write(`${CLEAR_LINE}What is it then?\r`);
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
    terminal.write(`${CLEAR_LINE}Is it?\r`);
    await terminal.waitFor('Fine.');
    terminal.write('/quit\r');
    await terminal.exit;

    expect(JSON.parse((await runMira(['history', 'list', '--json'], { home })).stdout)).toMatchObject({
      conversations: [{ title: 'Is it?', messages: 2 }],
    });
  });
});

describe.concurrent('a stored value in a question', () => {
  const VALUE = 'correct horse battery';

  test.each([
    ['as it is', VALUE],
    ['as base64', Buffer.from(VALUE).toString('base64')],
    ['as base64 within a longer text', Buffer.from(`a:${VALUE}!`).toString('base64')],
    ['as base64url within a longer text', Buffer.from(`ab:${VALUE}?>`).toString('base64url')],
  ])('stays here %s', async (_, written) => {
    await using server = await startServer();
    await using home = await isolatedHome();
    await keepToken(home, { label: 'work', env: 'SOME_TOKEN', value: VALUE });
    const file = join(home.path, 'notes.txt');
    await writeFile(file, `Grüße\n\n  token: ${written}\n`);
    const env = { ...server.env, ...KEY_FILE };

    expect(await runMira(['chat', 'Explain', '-f', file], { home, env })).toEqual({
      code: 11,
      signal: null,
      stdout: '',
      stderr: `mira: ${file}, line 3, holds the stored value of work; it was not sent.\n${HINT}`,
    });
    expect(server.requests).toEqual([]);
    expect(await runMira(['chat', 'Explain', '-f', file, '--allow-secrets'], { home, env })).toMatchObject({
      code: 0,
      stderr: '',
    });
  });

  test('is looked for when there is a passphrase, and told of when there is none', async () => {
    await using server = await startServer();
    await using home = await isolatedHome();
    const passphrase = { ...KEY_FILE, MIRA_PASSPHRASE: 'a passphrase' };
    await keepToken(home, { label: 'work', env: 'SOME_TOKEN', value: VALUE }, passphrase);

    expect(
      await runMira(['chat', `Is ${VALUE}?`], { home, env: { ...server.env, ...passphrase } }),
    ).toMatchObject({
      code: 11,
      stderr: `mira: The question holds the stored value of work; it was not sent.\n${HINT}`,
    });
    expect(await runMira(['chat', 'hi'], { home, env: { ...server.env, ...KEY_FILE } })).toEqual({
      code: 0,
      signal: null,
      stdout: 'Fine.\n',
      stderr:
        'mira: Stored values are not looked for in what you send, only keys by their format: their passphrase is not in MIRA_PASSPHRASE.\n',
    });
  });

  test('is no address, and nothing of a few characters', async () => {
    await using server = await startServer();
    await using home = await isolatedHome();
    await keepToken(home, { label: 'ollama', env: 'OLLAMA_BASE_URL', value: 'http://localhost:11434' });
    await keepToken(home, { label: 'short', env: 'SHORT', value: 'abcdefg' });
    const env = { ...server.env, ...KEY_FILE };

    expect(
      await runMira(['chat', 'Why does http://localhost:11434 say abcdefg?'], { home, env }),
    ).toMatchObject({ code: 0, stderr: '' });
  });

  test('stays in the chat, where it can be taken out, with what was attached', async () => {
    await using server = await startServer();
    await using home = await isolatedHome();
    await keepToken(home, { label: 'work', env: 'SOME_TOKEN', value: VALUE });
    await writeFile(join(home.path, 'notes.txt'), `one\n${VALUE}\n`);
    await writeFile(join(home.path, 'other.txt'), 'two\n');
    const env = { ...server.env, ...KEY_FILE };
    await using terminal = await openTerminal({ args: ['chat'], env, home, cwd: home.path });
    await terminal.waitFor('/help');
    terminal.write('/attach other.txt\r');
    await terminal.waitFor('other.txt');
    terminal.write('What is in @notes.txt');
    await terminal.waitFor('What is in @notes.txt');
    terminal.write('\r');
    await terminal.waitFor('notes.txt, line 2, holds the stored value of work; it was not sent.');
    await terminal.waitFor(/goes along: other\.txt\n› What is in @notes\.txt/);
    await writeFile(join(home.path, 'notes.txt'), 'one\n');
    terminal.write('\r');
    await terminal.waitFor('Fine.');

    expect(server.requests.map(({ body }) => JSON.parse(body).messages)).toEqual([
      [{ role: 'user', content: 'What is in @notes.txt\n\nother.txt:\ntwo\n\nnotes.txt:\none' }],
    ]);
  });

  test('holds up no other question when the attached file is taken back', async () => {
    await using server = await startServer();
    await using home = await isolatedHome();
    await keepToken(home, { label: 'work', env: 'SOME_TOKEN', value: VALUE });
    await writeFile(join(home.path, 'notes.txt'), `one\n${VALUE}\n`);
    const env = { ...server.env, ...KEY_FILE };
    await using terminal = await openTerminal({ args: ['chat'], env, home, cwd: home.path });
    await terminal.waitFor('/help');
    terminal.write('/attach notes.txt\r');
    await terminal.waitFor('goes along: notes.txt');
    terminal.write('Hello\r');
    await terminal.waitFor('notes.txt, line 2, holds the stored value of work; it was not sent.');
    await terminal.waitFor(/goes along: notes\.txt\n› Hello/);
    terminal.write('\x15/attach -\r');
    await terminal.waitFor('Nothing goes along with the next question.');
    terminal.write('Hello again\r');
    await terminal.waitFor('Fine.');

    expect(server.requests.map(({ body }) => JSON.parse(body).messages)).toEqual([
      [{ role: 'user', content: 'Hello again' }],
    ]);
  });
});
