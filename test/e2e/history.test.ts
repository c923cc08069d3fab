/** Conversations that are kept: saved while they are had, gone on with, found again, deleted for good. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { answerWith, begin, finish, say, startChatServer } from '../support/chat-server.ts';
import type { RawExchange } from '../support/raw-server.ts';
import { isolatedHome, runMira, startMira } from '../support/run-mira.ts';
import type { IsolatedHome } from '../support/run-mira.ts';
import { filesWith } from '../support/open-history.ts';
import { parseLines } from '../support/sign-in.ts';
import { openTerminal } from '../support/terminal.ts';

const ID = /^[0-9a-hjkmnp-tv-z]{10}$/;

interface Message {
  readonly role: string;
  readonly content: string;
}

/** Answers with how many messages it was sent and the last of them, so that what is kept tells what was sent. */
const ECHO = (exchange: RawExchange) => {
  const messages = sent(exchange.request.body);
  return answerWith(exchange, `${messages.length}: `, messages.at(-1)?.content ?? '');
};

function sent(body: string): readonly Message[] {
  return JSON.parse(body).messages;
}

const databaseOf = (home: IsolatedHome): string => join(home.dataDir, 'mira.db');

async function json(args: readonly string[], home: IsolatedHome) {
  const { stdout, code, stderr } = await runMira([...args, '--json'], { home });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

async function latest(home: IsolatedHome) {
  const { conversations } = await json(['history', 'list', '--limit', '1'], home);
  return json(['history', 'show', conversations[0].id], home);
}

describe.concurrent('a conversation', () => {
  test('is kept with its id, and goes on with what was said before', async () => {
    await using server = await startChatServer(ECHO);
    await using home = await isolatedHome();
    const chat = (...args: readonly string[]) => runMira(['chat', ...args], { home, env: server.env });
    const first = await chat('one', '-s', 'Be brief.', '-m', 'mira-pro', '--json');
    const { conversation_id: id } = JSON.parse(first.stdout);
    expect(id).toMatch(ID);
    const other = await chat('other');
    expect(other).toMatchObject({ code: 0, stdout: '1: other\n', stderr: '' });

    const resumed = await chat('two', '-r', id.slice(0, 9), '--json', '--stream');
    expect(parseLines(resumed.stdout)[0]).toMatchObject({
      event: 'start',
      conversation_id: id,
      model: 'mira-pro',
    });
    expect(await chat('-c', 'three')).toMatchObject({ stdout: '6: three\n' });
    expect(sent(server.requests.at(-1)?.body ?? '')).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'one' },
      { role: 'assistant', content: '2: one' },
      { role: 'user', content: 'two' },
      { role: 'assistant', content: '4: two' },
      { role: 'user', content: 'three' },
    ]);
    expect(await latest(home)).toMatchObject({
      id,
      title: 'one',
      model: 'mira-pro',
      system: 'Be brief.',
      messages: [
        { number: 1, role: 'user', text: 'one' },
        { role: 'assistant', text: '2: one', model: 'mira-pro' },
        { text: 'two' },
        { text: '4: two' },
        { text: 'three' },
        { number: 6, role: 'assistant', text: '6: three' },
      ],
    });
    const list = await json(['history', 'list'], home);
    expect(list.conversations).toMatchObject([
      { id, messages: 6 },
      { title: 'other', messages: 2 },
    ]);
  });

  test('goes on only within its profile, unless it is named', async () => {
    await using server = await startChatServer(ECHO);
    await using home = await isolatedHome();
    const env = server.env;
    const { conversation_id: id } = JSON.parse(
      (await runMira(['chat', 'private', '--json'], { home, env })).stdout,
    );
    const work = { home, env: { ...env, MIRA_PROFILE: 'work' } };

    expect(await runMira(['chat', '-c', 'x'], work)).toMatchObject({ code: 3 });
    expect(await runMira(['chat', '-r', id, 'x'], work)).toMatchObject({ code: 0, stdout: '3: x\n' });
  });

  test('that is not there is exit 3, before anything is asked', async () => {
    await using server = await startChatServer(ECHO);
    await using home = await isolatedHome();
    const chat = (...args: readonly string[]) => runMira(['chat', ...args], { home, env: server.env });

    expect(await chat('-c', 'x')).toEqual({
      code: 3,
      signal: null,
      stdout: '',
      stderr:
        'mira: There is no conversation to go on with.\n  Begin one: mira chat "What is a device code?"\n',
    });
    for (const id of ['zz', 'not an id', '']) {
      expect(await chat('-r', id, 'x')).toMatchObject({ code: 3, stdout: '' });
    }
    expect(await chat('-c', '-r', 'zz', 'x')).toMatchObject({ code: 2, stdout: '' });
    expect(server.requests).toEqual([]);
    await expect(stat(databaseOf(home))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('is not kept with --no-save or with history off, and what was kept can still be gone on with', async () => {
    await using server = await startChatServer(ECHO);
    await using home = await isolatedHome();
    const chat = (...args: readonly string[]) => runMira(['chat', ...args], { home, env: server.env });
    const unsaved = await chat('canaryword', '--no-save', '--json');

    expect(JSON.parse(unsaved.stdout)).not.toHaveProperty('conversation_id');
    expect(await filesWith(home.path, 'canaryword')).toEqual([]);
    await expect(stat(databaseOf(home))).rejects.toMatchObject({ code: 'ENOENT' });
    await chat('kept');
    expect(await chat('-c', 'canaryword', '--no-save')).toMatchObject({ stdout: '3: canaryword\n' });
    expect(await runMira(['config', 'set', 'history', 'off'], { home })).toMatchObject({ code: 0 });
    expect(await chat('-c', 'canaryword')).toMatchObject({ stdout: '3: canaryword\n' });
    expect((await latest(home)).messages).toHaveLength(2);
    expect(await filesWith(home.path, 'canaryword')).toEqual([]);
    expect(await runMira(['config', 'set', 'history', 'maybe'], { home })).toMatchObject({ code: 2 });
  });

  test('that was cut keeps what came, marked, tells its id, and counts when it goes on', async () => {
    await using server = await startChatServer(async (exchange) => {
      if (exchange.index > 0) return ECHO(exchange);
      await begin(exchange);
      await say(exchange, 'half an ans');
      exchange.end();
      return undefined;
    });
    await using home = await isolatedHome();
    const { code, stdout } = await runMira(['chat', 'x', '--json'], { home, env: server.env });
    const { error } = JSON.parse(stdout);

    expect(code).toBe(9);
    expect(error.partial).toEqual({ text: 'half an ans', conversation_id: expect.stringMatching(ID) });
    expect(await json(['history', 'show', error.partial.conversation_id], home)).toMatchObject({
      messages: [{ text: 'x' }, { text: 'half an ans', stopped: true }],
    });
    expect(await runMira(['chat', '-c', 'go on'], { home, env: server.env })).toMatchObject({
      stdout: '3: go on\n',
    });
  });

  test('keeps a question that got no answer, and sends it to nobody again', async () => {
    await using server = await startChatServer(async (exchange) => {
      if (exchange.index > 0) return ECHO(exchange);
      exchange.reset();
      return undefined;
    });
    await using home = await isolatedHome();
    expect(await runMira(['chat', 'lost', '--retries', '0'], { home, env: server.env })).toMatchObject({
      code: 6,
    });
    expect(await runMira(['chat', '-c', 'again'], { home, env: server.env })).toMatchObject({
      stdout: '1: again\n',
    });
    expect((await latest(home)).messages).toMatchObject([
      { text: 'lost' },
      { text: '', stopped: true },
      { text: 'again' },
      { text: '1: again' },
    ]);
  });

  test('is on the disk within a second, so that a killed process loses no more', async () => {
    const { promise: mayEnd, resolve: goOn } = Promise.withResolvers<void>();
    await using server = await startChatServer(async (exchange) => {
      await begin(exchange);
      await say(exchange, 'the first words');
      await mayEnd;
    });
    await using home = await isolatedHome();
    const chat = await startMira(['chat', 'question'], { home, env: server.env });
    await chat.waitFor('the first words');
    while ((await filesWith(home.dataDir, 'the first words')).length === 0) {
      await new Promise((resume) => setImmediate(resume));
    }
    chat.signal('SIGKILL');
    expect(await chat.finished).toMatchObject({ signal: 'SIGKILL' });
    goOn();

    expect(await latest(home)).toMatchObject({
      messages: [
        { role: 'user', text: 'question' },
        { role: 'assistant', text: 'the first words', stopped: true },
      ],
    });
  });

  test('that Ctrl-C stops is kept as stopped, with all that was shown', async () => {
    await using server = await startChatServer(async (exchange) => {
      await begin(exchange);
      await say(exchange, 'the first words');
      await exchange.gone;
    });
    await using home = await isolatedHome();
    const chat = await startMira(['chat', 'question'], { home, env: server.env });
    await chat.waitFor('the first words');
    chat.signal('SIGINT');

    expect(await chat.finished).toMatchObject({ code: 130, stdout: 'the first words\n' });
    expect((await latest(home)).messages[1]).toMatchObject({ text: 'the first words', stopped: true });
  });

  test('whose reader goes away keeps what had come', async () => {
    const { promise: mayEnd, resolve: goOn } = Promise.withResolvers<void>();
    await using server = await startChatServer(async (exchange) => {
      await begin(exchange);
      await say(exchange, 'first line\n');
      await mayEnd;
      for (let line = 0; line < 50; line += 1) await say(exchange, `line ${line}\n`);
      await finish(exchange);
    });
    await using home = await isolatedHome();
    const chat = await startMira(['chat', 'x'], { home, env: server.env });
    await chat.waitFor('first line');
    chat.closeOutput();
    goOn();

    expect(await chat.finished).toMatchObject({ code: 0, stderr: '' });
    expect((await latest(home)).messages[1]).toMatchObject({
      text: expect.stringMatching(/^first line\n/),
      stopped: true,
    });
  });

  test('is kept without keys that were in it', async () => {
    const key = `sk-mira-${'7e'.repeat(20)}`;
    await using server = await startChatServer((exchange) =>
      answerWith(exchange, `It was ${key.slice(0, 20)}`, key.slice(20)),
    );
    await using home = await isolatedHome();
    const { stdout } = await runMira(['chat', `What is ${key}?`, '--allow-secrets'], {
      home,
      env: server.env,
    });

    expect(stdout).toBe(`It was ${key}\n`);
    expect(await filesWith(home.path, key)).toEqual([]);
    expect((await latest(home)).messages).toMatchObject([
      { text: 'What is [key removed]?' },
      { text: 'It was [key removed]' },
    ]);
  });

  test('of many that speak at once is kept whole', async () => {
    await using server = await startChatServer(ECHO);
    await using home = await isolatedHome();
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        runMira(['chat', `question ${index}`], { home, env: server.env }),
      ),
    );

    expect(outcomes.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      outcomes.map(() => ({ code: 0, stderr: '' })),
    );
    const { conversations } = await json(['history', 'list'], home);
    expect(
      conversations.map(({ title, messages }: Record<string, unknown>) => [title, messages]).toSorted(),
    ).toEqual(outcomes.map((_, index) => [`question ${index}`, 2]));
  });
});

describe.concurrent('what cannot be saved', () => {
  test('costs one line, and the answer comes', async () => {
    await using server = await startChatServer(ECHO);
    for (const args of [['x'], ['x', '-q']]) {
      await using home = await isolatedHome();
      await mkdir(join(home.dataDir, 'mira.db'), { recursive: true });
      expect(await runMira(['chat', ...args], { home, env: server.env })).toEqual({
        code: 0,
        signal: null,
        stdout: '1: x\n',
        stderr: `mira: ${databaseOf(home)} is not a regular file. This conversation is not saved.\n`,
      });
      const { stdout } = await runMira(['chat', 'x', '--json'], { home, env: server.env });
      expect(JSON.parse(stdout)).not.toHaveProperty('conversation_id');
    }
  });

  test('because the database is broken is saved in a new one, and one line names the old', async () => {
    await using server = await startChatServer(ECHO);
    await using home = await isolatedHome();
    await mkdir(home.dataDir);
    await writeFile(databaseOf(home), 'garbage '.repeat(500), { mode: 0o600 });
    const { code, stdout, stderr } = await runMira(['chat', 'x'], { home, env: server.env });

    expect({ code, stdout }).toEqual({ code: 0, stdout: '1: x\n' });
    const [, aside = ''] =
      /^mira: The history was damaged and is now (.+\/mira\.db\.broken-\d{8}T\d{6}Z); a new one was begun\.\n$/.exec(
        stderr,
      ) ?? [];
    expect(await readFile(aside, 'utf8')).toBe('garbage '.repeat(500));
    expect((await latest(home)).title).toBe('x');
  });
});

describe.concurrent('mira history', () => {
  test('of nothing says so', async () => {
    await using home = await isolatedHome();
    const history = (...args: readonly string[]) => runMira(['history', ...args], { home });
    const said = (stdout: string) => ({ code: 0, signal: null, stdout, stderr: '' });

    expect(await history('list')).toEqual(said('No conversation is saved yet. Begin one: mira chat\n'));
    expect(await history('list', '--json')).toEqual(
      said('{"schema":"mira.history.list/1","conversations":[]}\n'),
    );
    expect(await history('search', 'x')).toEqual(said('No message holds that.\n'));
    expect(await history('search', 'x', '--json')).toEqual(
      said('{"schema":"mira.history.search/1","hits":[]}\n'),
    );
    expect(await history('prune', '--older-than', '1d', '--json')).toMatchObject({ code: 0 });
    for (const command of ['show', 'export', 'delete']) {
      expect(await history(command, 'zz')).toMatchObject({
        code: 3,
        stdout: '',
        stderr: 'mira: There is no conversation zz.\n  See which there are: mira history list\n',
      });
    }
    await expect(stat(databaseOf(home))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('reaches no network, and shows what came from outside as text', async () => {
    const hostile = 'a\u001b]52;c;ZXZpbA==\u0007b\u001b[2Jc\u009b31md\u202ee';
    await using server = await startChatServer((exchange) => answerWith(exchange, hostile));
    await using home = await isolatedHome();
    await runMira(['chat', `title ${hostile}`], { home, env: server.env });
    const { id } = await latest(home);

    for (const args of [['list'], ['show', id], ['search', 'title'], ['export', id]]) {
      const { code, stdout, stderr } = await runMira(['history', ...args], { home, env: server.env });
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
      expect(stdout).toContain('abcde');
      expect(stdout).not.toMatch(/[^\n -~·…]/u);
    }
    for (const args of [
      ['list'],
      ['show', id],
      ['search', 'title'],
      ['export', id],
      ['export', id, '--format', 'json'],
    ]) {
      const { stdout } = await runMira(['history', ...args, '--json'], { home, env: server.env });
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/u);
      expect(JSON.stringify(JSON.parse(stdout))).toContain('title a');
    }
    expect(server.requests).toHaveLength(1);
  });

  test('exports a conversation as Markdown, and as JSON without losing a character', async () => {
    const odd = 'a\u001b[31mb\u202e👩‍💻 今天\u0000 é';
    await using server = await startChatServer((exchange) => answerWith(exchange, '# Yes\n\n', odd));
    await using home = await isolatedHome();
    await runMira(['chat', 'What?', '-s', 'Be brief.'], { home, env: server.env });
    const { id, started_at: startedAt } = await latest(home);
    const exported = (...args: readonly string[]) =>
      runMira(['history', 'export', id.slice(0, 9), ...args], { home });

    expect(await exported()).toEqual({
      code: 0,
      signal: null,
      stdout: `# What?\n\nmira/mira · ${startedAt} · ${id}\n\n## System\n\nBe brief.\n\n## You\n\nWhat?\n\n## mira\n\n# Yes\n\nab👩‍💻 今天 é\n`,
      stderr: '',
    });
    const { stdout } = await exported('--format', 'json');
    expect(stdout).toContain('今天');
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'mira.history.export/1',
      conversation: { id, messages: [{ text: 'What?' }, { text: `# Yes\n\n${odd}` }] },
    });
    expect(await exported('--format', 'html')).toMatchObject({ code: 2 });
  });

  test('deletes for good: with --yes, or when a person agrees', async () => {
    await using server = await startChatServer(ECHO);
    await using home = await isolatedHome();
    await runMira(['chat', 'keepsake'], { home, env: server.env });
    await runMira(['chat', 'canaryword'], { home, env: server.env });
    const { id } = await latest(home);

    expect(await runMira(['history', 'delete', id], { home })).toEqual({
      code: 11,
      signal: null,
      stdout: '',
      stderr: `mira: Deleting has to be confirmed, and nobody can be asked.\n  If you are sure: mira history delete ${id} --yes\n`,
    });
    {
      await using terminal = await openTerminal({ args: ['history', 'delete', id], home });
      await terminal.waitFor('Delete “canaryword” (2 messages) for good? [y/N]');
      terminal.write('n');
      expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
      expect(terminal.scrollback().at(-1)).toBe('Nothing was deleted.');
    }
    expect(await filesWith(home.path, 'canaryword')).not.toEqual([]);
    {
      await using terminal = await openTerminal({ args: ['history', 'delete', id], home });
      await terminal.waitFor('[y/N]');
      terminal.write('y');
      expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
      expect(terminal.scrollback().at(-1)).toBe(`Deleted ${id}: canaryword`);
    }
    expect(await filesWith(home.path, 'canaryword')).toEqual([]);
    expect(await json(['history', 'list'], home)).toMatchObject({ conversations: [{ title: 'keepsake' }] });
    const kept = await latest(home);
    expect(await json(['history', 'delete', kept.id, '--yes'], home)).toEqual({
      schema: 'mira.history.delete/1',
      id: kept.id,
      title: 'keepsake',
      messages: 2,
      deleted: true,
    });
  });

  test('prunes what is old: first says how many, asks like delete, and refuses what is no age', async () => {
    await using server = await startChatServer(ECHO);
    await using home = await isolatedHome();
    for (const word of ['canaryone', 'canarytwo']) await runMira(['chat', word], { home, env: server.env });
    const prune = (...args: readonly string[]) => runMira(['history', 'prune', ...args], { home });

    for (const age of ['', 'x', '30', '-1d', '1.5d', '30 days', '999999d']) {
      expect(await prune('--older-than', age)).toMatchObject({ code: 2, stdout: '' });
    }
    expect(await prune()).toMatchObject({ code: 2, stdout: '' });
    expect(await json(['history', 'prune', '--older-than', '1D'], home)).toMatchObject({
      schema: 'mira.history.prune/1',
      older_than: '1d',
      conversations: 0,
      deleted: false,
    });
    expect(await prune('--older-than', '0h', '--dry-run')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^2 conversations last spoken in before .+; nothing was deleted\.\n$/),
    });
    expect(await prune('--older-than', '0h')).toMatchObject({
      code: 11,
      stderr: expect.stringContaining('If you are sure: mira history prune --older-than 0h --yes'),
    });
    expect(await prune('--older-than', '0h', '--yes')).toMatchObject({
      code: 0,
      stdout: 'Deleted 2 conversations.\n',
    });
    expect(await filesWith(home.path, 'canary')).toEqual([]);
  });

  test('lists no more than is asked for, and those of a profile that is named', async () => {
    await using server = await startChatServer(ECHO);
    await using home = await isolatedHome();
    await runMira(['chat', 'one'], { home, env: server.env });
    await runMira(['chat', 'two'], { home, env: { ...server.env, MIRA_PROFILE: 'work' } });
    await runMira(['chat', 'three'], { home, env: server.env });
    const titles = async (...args: readonly string[]) => {
      const { conversations } = await json(['history', 'list', ...args], home);
      return conversations.map(({ title }: { readonly title: string }) => title);
    };

    expect(await titles()).toEqual(['three', 'two', 'one']);
    expect(await titles('--limit', '2')).toEqual(['three', 'two']);
    expect(await titles('--profile', 'work')).toEqual(['two']);
    const { stdout } = await runMira(['history', 'list', '--limit', '1'], { home });
    expect(stdout).toMatch(
      /^\S{10}  just now {8}three \(2 messages\)\nThere are more: --limit shows them\.\n$/,
    );
    expect(await runMira(['history', 'list', '--limit', '0'], { home })).toMatchObject({ code: 2 });
  });
});

describe.concurrent('the chat that is open', () => {
  test('saves what is said, goes on with it, and prints it again', async () => {
    await using server = await startChatServer(ECHO);
    await using home = await isolatedHome();
    const env = server.env;
    {
      await using terminal = await openTerminal({ args: ['chat'], home, env });
      await terminal.waitFor('›');
      terminal.write('hello\r');
      await terminal.waitFor('1: hello');
      terminal.write('more\r');
      await terminal.waitFor('3: more');
      terminal.write('/quit\r');
      expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    }
    const { id, messages } = await latest(home);
    expect(messages.map(({ text }: { readonly text: string }) => text)).toEqual([
      'hello',
      '1: hello',
      'more',
      '3: more',
    ]);
    for (const args of [
      ['chat', '-c'],
      ['chat', '-r', id, '--plain'],
    ]) {
      await using terminal = await openTerminal({ args, home, env });
      await terminal.waitFor('3: more');
      expect(terminal.scrollback().join('\n')).toContain('1: hello');
      terminal.write('again\r');
      await terminal.waitFor(args.length > 2 ? '7: again' : '5: again');
      terminal.write('/quit\r');
      expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    }
    expect((await latest(home)).messages).toHaveLength(8);
  });

  test('saves all of an answer that somebody leaves in the middle of, and closes the database', async () => {
    await using server = await startChatServer(async (exchange) => {
      await begin(exchange);
      await say(exchange, 'the first words');
      await exchange.gone;
    });
    await using home = await isolatedHome();
    await using terminal = await openTerminal({ args: ['chat'], home, env: server.env });
    await terminal.waitFor('›');
    terminal.write('hello\r');
    await terminal.waitFor('the first words');
    terminal.write('\x03\x03');
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });

    expect(await filesWith(home.dataDir, 'the first words')).toEqual(['mira.db']);
    expect((await latest(home)).messages[1]).toMatchObject({ text: 'the first words', stopped: true });
  });

  test('keeps what a new try replaced, marked', async () => {
    await using server = await startChatServer((exchange) =>
      answerWith(exchange, `answer ${exchange.index}`),
    );
    await using home = await isolatedHome();
    await using terminal = await openTerminal({ args: ['chat'], home, env: server.env });
    await terminal.waitFor('›');
    for (const [typed, answer] of [
      ['one', 'answer 0'],
      ['two', 'answer 1'],
      ['/retry', 'answer 2'],
    ] as const) {
      terminal.write(`${typed}\r`);
      await terminal.waitFor(answer);
    }
    terminal.write('/quit\r');
    await terminal.exit;

    const { messages } = await latest(home);
    expect(
      messages.map(({ text, replaced }: { readonly text: string; readonly replaced?: boolean }) => [
        text,
        replaced,
      ]),
    ).toEqual([
      ['one', undefined],
      ['answer 0', undefined],
      ['two', true],
      ['answer 1', true],
      ['two', undefined],
      ['answer 2', undefined],
    ]);
  });

  test('with --no-save keeps nothing', async () => {
    await using server = await startChatServer(ECHO);
    await using home = await isolatedHome();
    await using terminal = await openTerminal({ args: ['chat', '--no-save'], home, env: server.env });
    await terminal.waitFor('›');
    terminal.write('hello\r');
    await terminal.waitFor('1: hello');
    terminal.write('/quit\r');
    await terminal.exit;

    await expect(stat(databaseOf(home))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
