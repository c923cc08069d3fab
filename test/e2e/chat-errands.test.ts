/** Slash commands that reach files, the clipboard and the server, typed into the chat on a terminal. */
import { execFileSync } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { answerWith, startChatServer } from '../support/chat-server.ts';
import { isolatedHome } from '../support/run-mira.ts';
import type { Environment } from '../support/run-mira.ts';
import { head, type RawExchange } from '../support/raw-server.ts';
import { openTerminal } from '../support/terminal.ts';
import type { Terminal } from '../support/terminal.ts';

const ANSWER = 'Do this:\n\n```sh\necho done\n```\nThat is all.';

/** What the chat asks: a question, the list of models, or who the key belongs to. */
async function serve(exchange: RawExchange): Promise<void> {
  if (exchange.request.path.endsWith('/chat/completions')) return answerWith(exchange, ANSWER);
  const body = exchange.request.path.endsWith('/models')
    ? '{"data":[{"id":"mira"},{"id":"large\\u001b[2J"}]}'
    : '{}';
  await exchange.write(
    head(exchange.request.path.endsWith('/models') ? 200 : 404, {
      'content-type': 'application/json',
      'content-length': String(body.length),
    }) + body,
  );
  return undefined;
}

/** As kitty's protocol tells it. */
const ESCAPE = '\x1b[27u';

/** A notice of the command before may still be there. */
const WAIT = { timeout: 30_000 };

interface Chat extends AsyncDisposable {
  readonly terminal: Terminal;
  readonly home: string;
  readonly requests: readonly { readonly body: string }[];
  /** Types a line and waits for what it shows. */
  type(line: string, shown: string): Promise<void>;
}

async function openChat(env: Environment = {}): Promise<Chat> {
  const server = await startChatServer(serve);
  const home = await isolatedHome();
  const terminal = await openTerminal({
    args: ['chat'],
    env: { ...server.env, ...env },
    home,
    cwd: home.path,
  });
  await terminal.waitFor('/help');
  return {
    terminal,
    home: home.path,
    requests: server.requests,
    async type(line, shown) {
      terminal.write(line);
      await terminal.waitFor(`› ${line}`);
      terminal.write('\r');
      await terminal.waitFor(shown);
    },
    async [Symbol.asyncDispose]() {
      await terminal[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await home.cleanup();
    },
  };
}

describe.concurrent('slash commands', () => {
  test('attach a file to the next question, once', async () => {
    await using chat = await openChat();
    await writeFile(join(chat.home, 'a.c'), 'int a;\n');
    await chat.type('/attach a.c', 'goes along: a.c');
    await chat.type('explain', 'That is all.');
    await chat.type('again', '› again');
    await vi.waitFor(() => expect(chat.requests).toHaveLength(2), WAIT);
    const asked = chat.requests.map(({ body }) => JSON.parse(body).messages.at(-1).content);
    expect(asked).toEqual(['explain\n\na.c:\nint a;', 'again']);
    await chat.type('/attach nowhere.txt', 'there is no such file');
  });

  test('let go of a pipe that gives nothing', async () => {
    await using chat = await openChat();
    execFileSync('mkfifo', [join(chat.home, 'pipe')]);
    await chat.type('/attach pipe', 'Esc stops');
    chat.terminal.write(ESCAPE);
    await chat.terminal.waitFor((screen) => !screen.join('\n').includes('Esc stops'));
    chat.terminal.write('\x04');
    expect(await chat.terminal.exit).toEqual({ code: 0, signal: 0 });
  });

  test('save the answer and the conversation, and write over nothing', async () => {
    await using chat = await openChat();
    await chat.type('/save answer.md', 'There is no answer to save yet.');
    await chat.type('how', 'That is all.');
    await chat.type('/save answer.md', 'Written to answer.md.');
    expect(await readFile(join(chat.home, 'answer.md'), 'utf8')).toBe(`${ANSWER}\n`);
    expect((await stat(join(chat.home, 'answer.md'))).mode & 0o777).toBe(0o600);
    await chat.type('/save answer.md', 'exists already');
    await chat.type('/export talk.md', 'Written to talk.md.');
    expect(await readFile(join(chat.home, 'talk.md'), 'utf8')).toBe(
      `## You\n\nhow\n\n## mira\n\n${ANSWER}\n`,
    );
    await chat.type('/export talk.json', 'Written to talk.json.');
    expect(JSON.parse(await readFile(join(chat.home, 'talk.json'), 'utf8'))).toEqual({
      schema: 'mira.conversation/1',
      model: 'mira',
      messages: [
        { role: 'user', text: 'how' },
        { role: 'assistant', text: ANSWER },
      ],
    });
    await chat.type('/export no/where.md', 'there is no such folder');
    await chat.type('/save notes/', 'notes/ names a folder.');
  });

  test('copy through the terminal', async () => {
    await using chat = await openChat();
    await chat.type('/copy', 'There is no answer to copy yet.');
    await chat.type('how', 'That is all.');
    const copied = (text: string) => `\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`;
    await chat.type('/copy', 'handed to the clipboard of your terminal');
    await vi.waitFor(() => expect(chat.terminal.output()).toContain(copied(ANSWER)), WAIT);
    await chat.type('/copy code', '10 characters were handed');
    await vi.waitFor(() => expect(chat.terminal.output()).toContain(copied('echo done\n')), WAIT);
    await chat.type('/copy all', 'characters were handed');
    await vi.waitFor(
      () => expect(chat.terminal.output()).toContain(copied(`## You\n\nhow\n\n## mira\n\n${ANSWER}\n`)),
      WAIT,
    );
  });

  test('list the models, made safe, and switch between them', async () => {
    await using chat = await openChat();
    await chat.type('/models', '/model NAME switches to another.');
    expect(chat.terminal.scrollback()).toEqual(
      expect.arrayContaining(['* mira', '  large', '/model NAME switches to another.']),
    );
    await chat.type('/model large', 'The model is large from now on.');
    await chat.type('how', 'That is all.');
    expect(JSON.parse(chat.requests.at(-1)?.body ?? '').model).toBe('large');
  });

  test('say which credential is used, and that the platform takes no pictures', async () => {
    await using chat = await openChat();
    await chat.type('/status', 'checked');
    expect(chat.terminal.scrollback().join('\n')).toContain('MIRA_API_KEY in the environment');
    await chat.type('/image cat.png', 'The models of mira take no pictures.');
    await chat.type('/usage', 'No tokens were counted yet.');
  });
});
