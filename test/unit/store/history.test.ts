import { existsSync } from 'node:fs';
import {
  mkdir,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newConversationId, parseIdPrefix } from '../../../src/store/history/conversation-id.ts';
import { filesWith, openHistory, WHO } from '../../support/open-history.ts';
import type { OpenHistory } from '../../support/open-history.ts';
import { startScript } from '../../support/script.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import type { TemporaryFolder } from '../../support/temporary-folder.ts';

const NOW = Date.UTC(2026, 0, 1);

describe('an id', () => {
  test('is ten characters that sort by time and are typed without doubt', () => {
    const ids = [0, 999, 1000, 86_400_000, 40 * 365 * 86_400_000].map((ms) =>
      newConversationId({ now: NOW + ms, random: 0.5 }),
    );
    expect(ids).toEqual(['0y2cw0g000', '0y2cw0g000', '0y2cw1g000', '0y5180g000', 'zzzzzzg000']);
    expect(newConversationId({ now: 0, random: 0 })).toBe('0000000000');
    expect(newConversationId({ now: NOW, random: 0.999999999 })).toBe('0y2cw0zzzz');
  });

  test.each([
    ['0y2cw0g000', '0y2cw0g000'],
    ['0Y2', '0y2'],
    ['oil', '011'],
    ['', undefined],
    ['u', undefined],
    ['0y2cw0g0000', undefined],
    ['%', undefined],
    ["0' OR 1=1", undefined],
  ])('is read as it is typed: %j', (typed, prefix) => {
    expect(parseIdPrefix(typed)).toBe(prefix);
  });
});

describe('a conversation', () => {
  test('comes back as it was said, with what was used', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    const { history, clock } = open;
    const id = await open.begin('\n  What is   a device code?\nmore');
    const question = '\n  What is   a device code?\nmore\u0000 \u001b[31m👩‍💻 今天';
    const answer = await history.addTurn(id, { ...WHO, system: 'brief', question, at: clock.now() });
    clock.advance(700);
    await answer.grow({ text: 'A code ', reasoning: 'Let me', at: clock.now() });
    clock.advance(600);
    await answer.grow({ text: 'you ', reasoning: ' see.', at: clock.now() });
    clock.advance(100);
    const usage = { inputTokens: 3, outputTokens: 5, reasoningTokens: 2 };
    await answer.end({ text: 'type.', reasoning: '', stopped: false, usage, at: clock.now() });

    expect(await history.find(id)).toEqual({
      id,
      title: 'What is a device code?',
      provider: 'mira',
      model: 'mira',
      profile: 'default',
      system: 'brief',
      messageCount: 2,
      startedAt: NOW,
      updatedAt: NOW + 1400,
      forkedFrom: undefined,
      messages: [
        {
          number: 1,
          role: 'user',
          text: question,
          reasoning: '',
          at: NOW,
          model: undefined,
          usage: undefined,
          stopped: false,
          replaced: false,
        },
        {
          number: 2,
          role: 'assistant',
          text: 'A code you type.',
          reasoning: 'Let me see.',
          at: NOW + 1400,
          model: 'mira',
          usage,
          stopped: false,
          replaced: false,
        },
      ],
    });
  });

  test('has a title of one line that is not too long', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    await open.begin('👩‍💻'.repeat(100));
    await open.begin('  \n\t\n');

    const titles = (await open.history.list({ limit: 9 })).map(({ title }) => title);
    expect(titles[0]).toBe('');
    expect([...(titles[1] ?? '')]).toHaveLength(80);
    expect(titles[1]).toMatch(/…$/u);
  });

  test('is found by the beginning of its id, when no other begins so', async () => {
    await using folder = await temporaryFolder();
    let chance = 0;
    using open = openHistory(folder, { random: () => chance });
    const ids: string[] = [];
    for (chance of [0, 0.2, 0.4, 0.6, 0.8]) ids.push(await open.begin('x'));
    const found = async (typed: string): Promise<string> => (await open.history.find(typed)).id;

    expect(await found(ids[1] ?? '')).toBe(ids[1]);
    expect(await found(ids[1]?.slice(0, 7).toUpperCase() ?? '')).toBe(ids[1]);
    await expect(found('0y2cw0')).rejects.toMatchObject({
      code: 'invalid_input',
      message: 'More than one conversation begins with 0y2cw0.',
      hint: 'Type more of the id: 0y2cw00000, 0y2cw06csk, 0y2cw0csk6, 0y2cw0k6cs, …',
    });
    for (const typed of ['0y2cw01', 'z', "x' OR '1'='1", '%', '']) {
      await expect(found(typed)).rejects.toMatchObject({ code: 'not_found', exitCode: 3 });
    }
  });

  test('gets another id where that one is taken', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder, { random: () => 0.5 });

    expect([await open.begin('one'), await open.begin('two'), await open.begin('three')]).toEqual([
      '0y2cw0g000',
      '0y2cw1g000',
      '0y2cw2g000',
    ]);
  });

  test('can be forked, whole or up to a message, and goes its own way', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    const { history, clock } = open;
    const id = await open.converse('one', 'first', 'two', 'second');
    const whole = await history.fork(id.slice(0, 8), { at: clock.now() });
    const half = await history.fork(id, { at: clock.now(), upTo: 2 });
    const answer = await history.addTurn(half.id, { ...WHO, question: 'three', at: clock.now() });
    await answer.end({ text: 'third', reasoning: '', stopped: false, at: clock.now() });

    const texts = async (one: string) => (await history.find(one)).messages.map(({ text }) => text);
    expect(whole).toMatchObject({ forkedFrom: id, title: 'one', startedAt: clock.now() });
    expect(await texts(whole.id)).toEqual(['one', 'first', 'two', 'second']);
    expect(await texts(half.id)).toEqual(['one', 'first', 'three', 'third']);
    expect(await texts(id)).toEqual(['one', 'first', 'two', 'second']);
    const hits = await history.search({ text: 'first', limit: 9 });
    expect(hits.map(({ conversationId }) => conversationId)).toEqual([half.id, whole.id, id]);
    await history.remove(id);
    expect(await texts(whole.id)).toEqual(['one', 'first', 'two', 'second']);
  });

  test('keeps what was replaced, marked', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    const id = await open.converse('one', 'first', 'two', 'second');
    const turn = { ...WHO, question: 'two again', after: 2, at: open.clock.now() };
    const answer = await open.history.addTurn(id, turn);
    await answer.end({ text: 'better', reasoning: '', stopped: false, at: open.clock.now() });

    const { messages } = await open.history.find(id);
    expect(messages.map(({ text, replaced }) => [text, replaced])).toEqual([
      ['one', false],
      ['first', false],
      ['two', true],
      ['second', true],
      ['two again', false],
      ['better', false],
    ]);
  });

  test('that is deleted while an answer is written takes nothing more', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    const id = await open.begin('x');
    const answer = await open.history.addTurn(id, { ...WHO, question: 'x', at: NOW });
    await open.history.remove(id);

    const piece = { text: 'y', reasoning: '', at: NOW };
    await expect(answer.grow(piece)).rejects.toMatchObject({ code: 'not_found' });
    await expect(answer.end({ ...piece, stopped: false })).rejects.toMatchObject({ code: 'not_found' });
    await expect(open.history.addTurn(id, { ...WHO, question: 'z', at: NOW })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  test('is saved without what the mask takes out, also where a piece ended in the middle of it', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder, { mask: (text) => text.replaceAll('secretword', '[gone]') });
    const id = await open.converse('my secretword', 'x');
    const answer = await open.history.addTurn(id, { ...WHO, question: 'secretword?', at: NOW });
    await answer.grow({ text: 'your secret', reasoning: 'a secretw', at: NOW });
    await answer.end({ text: 'word', reasoning: 'ord', stopped: false, at: NOW });

    const { title, messages } = await open.history.find(id);
    expect([title, ...messages.map(({ text }) => text), messages[3]?.reasoning]).toEqual([
      'my [gone]',
      'my [gone]',
      'x',
      '[gone]?',
      'your [gone]',
      'a [gone]',
    ]);
    open.history.close();
    expect(await filesWith(folder.path, 'secretword')).toEqual([]);
  });
});

test('what was asked last is there to be recalled, oldest first, without what is very long', async () => {
  await using folder = await temporaryFolder();
  using open = openHistory(folder);
  expect(await open.history.recentQuestions(10)).toEqual([]);
  await open.converse('one', '1', 'two', '2');
  await open.converse('x'.repeat(4_001), '3', 'three', '3');
  expect(await open.history.recentQuestions(10)).toEqual(['one', 'two', 'three']);
  expect(await open.history.recentQuestions(1)).toEqual(['three']);
});

describe('the list', () => {
  test('begins with what was last spoken in, and ends where it is told to', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    const ids = [
      await open.converse('one', 'a'),
      await open.converse('two', 'b'),
      await open.begin('three', 'work'),
    ];
    open.clock.advance(5000);
    await open.history.addTurn(ids[0] ?? '', { ...WHO, question: 'again', at: open.clock.now() });
    const titles = async (filter: { limit: number; profile?: string }) =>
      (await open.history.list(filter)).map(({ title, messageCount }) => [title, messageCount]);

    expect(await titles({ limit: 9 })).toEqual([
      ['one', 4],
      ['three', 0],
      ['two', 2],
    ]);
    expect(await titles({ limit: 1 })).toEqual([['one', 4]]);
    expect(await titles({ limit: 9, profile: 'work' })).toEqual([['three', 0]]);
    expect(await open.history.findLatest({ profile: 'work' })).toMatchObject({ id: ids[2], messages: [] });
    expect(await open.history.findLatest({ profile: 'default' })).toMatchObject({ id: ids[0] });
    expect(await open.history.findLatest({ profile: 'other' })).toBeUndefined();
  });

  test('of nothing is empty, and reading makes no file', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    const { history } = open;

    expect(await history.list({ limit: 9 })).toEqual([]);
    expect(await history.search({ text: 'x', limit: 9 })).toEqual([]);
    expect(await history.findLatest({ profile: 'default' })).toBeUndefined();
    expect(await history.prune({ before: NOW })).toBe(0);
    expect(await history.countOlder({ before: NOW })).toBe(0);
    await expect(history.find('0y')).rejects.toMatchObject({ code: 'not_found' });
    await expect(history.remove('0y')).rejects.toMatchObject({ code: 'not_found' });
    expect(await readdir(folder.path)).toEqual([]);
  });
});

describe('the search', () => {
  const TEXTS = [
    'How do I sign in with a device code?',
    'Ärger mit der Größe von naïve Straße',
    '我今天想登录平台，但是密码错了。',
    '今日は東京タワーに行きます',
    '한국어로 대답해 주세요',
    'สวัสดีครับ ผมชื่อมิรา',
    'Thanks 👩‍💻👍🏽 see 🇩🇪!',
    'foo_bar.baz(qux) => c++ && "quoted" x-api-key',
    'Приве́т, мир',
    'tokens and tokenizers',
  ];
  const ids: string[] = [];
  let folder: TemporaryFolder;
  let texts: OpenHistory;

  beforeAll(async () => {
    folder = await temporaryFolder();
    texts = openHistory(folder);
    for (const text of TEXTS) ids.push(await texts.converse(text, 'ok'));
  });
  afterAll(async () => {
    texts[Symbol.dispose]();
    await folder[Symbol.asyncDispose]();
  });

  test.each<[string, readonly number[]]>([
    ['device', [0]],
    ['DEVICE Sign', [0]],
    ['code device', [0]],
    ['"device code"', [0]],
    ['"code device"', []],
    ['"device code', [0]],
    ['missing', []],
    ['device missing', []],
    ['arger', [1]],
    ['groẞe', [1]],
    ['GRÖSSE', []],
    ['Größe NAIVE', [1]],
    ['登录', [2]],
    ['录登', []],
    ['密码 登录', [2]],
    ['我', [2]],
    ['東京', [3]],
    ['타워', []],
    ['한국', [4]],
    ['대답', [4]],
    ['สวัสดี', [5]],
    ['ชื่อ', [5]],
    ['👩‍💻', [6]],
    ['💻', [6]],
    ['👍', [6]],
    ['🇩🇪', [6]],
    ['🤖', []],
    ['foo_bar', [7]],
    ['bar', [7]],
    ['x-api-key', [7]],
    ['=>', [7]],
    ['++', [7]],
    ['привет', [8]],
    ['tokens', [9]],
    ['toke', [9]],
    ['tok', []],
    ['', []],
    ['   ', []],
    ['"', [7]],
    ['""', []],
    ["'", []],
    ['*', []],
    ['(', [7]],
    ['device OR missing', []],
    ['NEAR(device code)', []],
    ['text:device', []],
    ['^device', [0]],
    ['device*', [0]],
    ['device -code', [0]],
    ["'; DROP TABLE message;--", []],
    ['\u0000', []],
    ['\ud83d', []],
    ['% _', []],
  ])('for %j finds %j', async (typed, found) => {
    const hits = await texts.history.search({ text: typed, limit: 9 });
    expect(hits.map(({ conversationId }) => ids.indexOf(conversationId))).toEqual(found);
  });

  test('gives the newest first, no more than are wanted, the words themselves before those that begin so', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    for (const text of ['deploy one', 'deployment two', 'deploy three', 'redeploy four']) {
      await open.converse(text, 'ok');
    }
    const search = async (limit: number) =>
      (await open.history.search({ text: 'deploy', limit })).map(({ title }) => title);

    expect(await search(9)).toEqual(['deploy three', 'deploy one', 'deployment two']);
    expect(await search(2)).toEqual(['deploy three', 'deploy one']);
  });

  test('shows where it was found', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    const long = `${'before '.repeat(20)}\nthe  device\ncode ${'after '.repeat(40)}`;
    const id = await open.converse('What?', long);

    expect(await open.history.search({ text: '"device code"', limit: 9 })).toEqual([
      {
        conversationId: id,
        title: 'What?',
        message: 2,
        role: 'assistant',
        at: NOW + 1000,
        snippet: {
          before: '…before before before before the ',
          match: 'device code',
          after: ` ${'after '.repeat(16).trimEnd()}…`,
        },
      },
    ]);
  });

  test('finds what a killed process left, once it has been silent for a minute', async () => {
    await using folder = await temporaryFolder();
    using writer = openHistory(folder);
    const id = await writer.begin('x');
    const answer = await writer.history.addTurn(id, { ...WHO, question: 'x', at: NOW });
    await answer.grow({ text: 'half an ans', reasoning: '', at: NOW });
    const search = async () => {
      using reader = openHistory(folder, { clock: writer.clock });
      return (await reader.history.search({ text: 'half', limit: 9 })).length;
    };

    expect(await search()).toBe(0);
    writer.clock.advance(60_001);
    expect(await search()).toBe(1);
    // The one that was only slow goes on where it was.
    await answer.grow({ text: 'wer', reasoning: '', at: writer.clock.now() });
    await answer.end({ text: '.', reasoning: '', stopped: false, at: writer.clock.now() });
    expect((await writer.history.find(id)).messages[1]).toMatchObject({
      text: 'half an answer.',
      stopped: false,
    });
    expect(await search()).toBe(1);
  });
});

describe('what was deleted', () => {
  test('has left no byte in the files', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    const kept = await open.converse('keepsake', 'sunflower');
    const id = await open.converse('canaryquestion', 'canaryanswer', 'more', 'canarypieces');
    const answer = await open.history.addTurn(id, { ...WHO, question: 'x', at: NOW });
    await answer.grow({ text: 'canarypiece', reasoning: 'canarythought', at: NOW });

    expect(await filesWith(folder.path, 'canary')).not.toEqual([]);
    expect(await open.history.remove(id)).toMatchObject({ id, title: 'canaryquestion', messageCount: 6 });
    expect(await filesWith(folder.path, 'canary')).toEqual([]);
    expect(await open.history.search({ text: 'canaryquestion', limit: 9 })).toEqual([]);
    expect(await open.history.search({ text: 'sunflower', limit: 9 })).toHaveLength(1);
    expect(await open.history.list({ limit: 9 })).toMatchObject([{ id: kept }]);
  });

  test('in large numbers has left none either, and the rest is still found', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    for (let index = 0; index < 150; index += 1)
      await open.converse(`canary${index} old`, `canaryanswer ${index}`);
    open.clock.advance(10_000);
    const before = open.clock.now();
    for (let index = 0; index < 5; index += 1) await open.converse(`fresh ${index}`, 'sunflower old');

    expect(await open.history.countOlder({ before })).toBe(150);
    expect(await open.history.prune({ before })).toBe(150);
    expect(await filesWith(folder.path, 'canary')).toEqual([]);
    expect((await open.history.list({ limit: 999 })).map(({ title }) => title)).toEqual(
      [4, 3, 2, 1, 0].map((index) => `fresh ${index}`),
    );
    expect(await open.history.search({ text: 'old', limit: 99 })).toHaveLength(5);
    expect(await open.history.prune({ before })).toBe(0);
    // And one at a time again.
    const [newest] = await open.history.list({ limit: 1 });
    await open.history.remove(newest?.id ?? '');
    expect(await filesWith(folder.path, 'fresh 4')).toEqual([]);
  });

  test('is not left in the room between the rows of a page either', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    const kept = await open.converse('keepsake', 'sunflower');
    const id = await open.begin('canaryword');
    open.history.close();
    // Rows of which a connection that does not overwrite what it frees has left copies.
    const database = new DatabaseSync(open.file);
    database.exec('BEGIN');
    const insert = database.prepare(
      "INSERT INTO message (conversation, number, role, at, stopped, text) VALUES (?, ?, 'user', 0, 0, ?)",
    );
    for (let number = 1; number <= 400; number += 1) {
      insert.run(2, number, `canaryword ${'x'.repeat((number * 7919) % 300)}`);
    }
    database.exec("UPDATE message SET text = 'short' WHERE number % 3 = 0 AND conversation = 2; COMMIT");
    database.close();
    await open.history.remove(id);

    expect(await filesWith(folder.path, 'canaryword')).toEqual([]);
    expect(await open.history.list({ limit: 9 })).toMatchObject([{ id: kept }]);
  });

  test('leaves the last of the work to the next deletion where another mira is reading', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    const kept = await open.converse('keepsake', 'sunflower');
    const id = await open.converse('canaryword', 'ok');
    const reader = new DatabaseSync(open.file);
    reader.exec('BEGIN; SELECT * FROM message');
    expect(await open.history.remove(id)).toMatchObject({ id });
    expect(await open.history.list({ limit: 9 })).toMatchObject([{ id: kept }]);
    reader.close();

    expect(await open.history.prune({ before: 0 })).toBe(0);
    expect(await filesWith(folder.path, 'canaryword')).toEqual([]);
  });

  test('is gone although another mira has the database open', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    using other = openHistory(folder);
    const id = await open.converse('canaryquestion', 'canaryanswer');
    expect(await other.history.list({ limit: 1 })).toHaveLength(1);
    await open.history.remove(id);

    expect(await filesWith(folder.path, 'canary')).toEqual([]);
    expect(await other.history.list({ limit: 1 })).toEqual([]);
  });
});

describe('a database', () => {
  test('is private from its first moment, and so is its log', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    await open.begin('x');

    const files = await readdir(folder.in('data'));
    expect(files.toSorted()).toEqual(['mira.db', 'mira.db-shm', 'mira.db-wal']);
    for (const file of files) expect((await stat(folder.in('data', file))).mode & 0o777).toBe(0o600);
    expect((await stat(folder.in('data'))).mode & 0o777).toBe(0o700);
  });

  test('that others can read, or that is a link or a folder, is not used', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    await mkdir(folder.in('data', 'mira.db'), { recursive: true });
    await expect(open.begin('x')).rejects.toMatchObject({ code: 'unsafe_file' });
    await rename(open.file, folder.in('elsewhere'));
    await symlink(folder.in('elsewhere'), open.file);
    await expect(open.begin('x')).rejects.toMatchObject({ code: 'unsafe_file' });
    await rename(open.file, folder.in('link'));
    await writeFile(open.file, '', { mode: 0o644 });
    await expect(open.begin('x')).rejects.toMatchObject({
      code: 'unsafe_file',
      message: `${open.file} can be read or written by other users.`,
    });
  });

  test.each<[string, (file: string) => Promise<void>]>([
    ['garbage', (file) => writeFile(file, 'garbage '.repeat(4000), { mode: 0o600 })],
    ['another program’s', (file) => replaceBy(file, 'CREATE TABLE theirs (x)')],
    ['ours by name alone', (file) => replaceBy(file, 'PRAGMA application_id = 0x4d495241')],
    ['zeros after its head', (file) => overwrite(file, { from: 4096, byte: 0 })],
    ['noise after its head', (file) => overwrite(file, { from: 100, byte: 0xa5 })],
    ['cut off', (file) => truncate(file, 8192)],
  ])('that is broken (%s) is set aside with one line, and the chat goes on', async (_, damage) => {
    await using folder = await temporaryFolder();
    {
      using before = openHistory(folder);
      for (let index = 0; index < 50; index += 1)
        await before.converse(`question ${index}`, 'answer '.repeat(50));
    }
    const { file } = openHistory(folder);
    await damage(file);
    using after = openHistory(folder);
    const damaged = await readFile(file);
    const id = await after.converse('new question', 'new answer');

    const aside = `${file}.broken-20260101T000000Z`;
    expect(after.said).toEqual([`The history was damaged and is now ${aside}; a new one was begun.`]);
    expect((await readFile(aside)).equals(damaged)).toBe(true);
    expect(await after.history.list({ limit: 9 })).toMatchObject([{ id, title: 'new question' }]);
    expect(await after.history.search({ text: 'question', limit: 9 })).toHaveLength(1);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('whose damage shows while it is read is set aside then', async () => {
    await using folder = await temporaryFolder();
    {
      using before = openHistory(folder);
      for (let index = 0; index < 50; index += 1)
        await before.converse(`question ${index}`, 'answer '.repeat(50));
    }
    using after = openHistory(folder);
    await overwrite(after.file, { from: 8192, byte: 0xa5 });

    expect(await after.history.search({ text: 'question', limit: 99 })).toEqual([]);
    expect(after.said).toHaveLength(1);
    expect(await after.history.list({ limit: 9 })).toEqual([]);
  });

  test('is set aside once, by however many processes it is found broken', async () => {
    await using folder = await temporaryFolder();
    using one = openHistory(folder);
    await one.begin('x');
    one.history.close();
    await writeFile(one.file, 'garbage '.repeat(1000));
    const code = script(folder, "await converse(history, 'hello'); console.log(String(said.length))");
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => startScript(code).ended));

    expect(outcomes.map(({ stderr }) => stderr)).toEqual(outcomes.map(() => ''));
    expect(outcomes.map(({ stdout }) => stdout.trim()).toSorted()).toEqual(['0', '0', '0', '0', '0', '1']);
    expect(await one.history.list({ limit: 99 })).toHaveLength(6);
    expect((await readdir(folder.in('data'))).filter((name) => /broken-[^-]*$/.test(name))).toHaveLength(1);
  });

  test('whose index alone is damaged gets a new one and keeps what was said', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    await open.converse('device code', 'ok');
    open.history.close();
    const database = new DatabaseSync(open.file);
    database.enableDefensive?.(false);
    database.exec("UPDATE words_data SET block = x'00ff00ff00ff' WHERE id > 10");
    database.close();

    expect(await open.history.search({ text: 'device', limit: 9 })).toHaveLength(1);
    expect(open.said).toEqual([]);
  });

  test('of a newer mira is left alone', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    await open.begin('x');
    open.history.close();
    alter(open.file, 'PRAGMA user_version = 2; CREATE TABLE more (x)');
    const before = await readFile(open.file);
    const failure = {
      code: 'storage_failed',
      exitCode: 10,
      message: `${open.file} was written by a newer mira.`,
      hint: 'Use that version, or give this one a folder of its own with MIRA_DATA_DIR.',
    };

    await expect(open.begin('y')).rejects.toMatchObject(failure);
    await expect(open.history.list({ limit: 1 })).rejects.toMatchObject(failure);
    expect((await readFile(open.file)).equals(before)).toBe(true);
    expect(await readdir(folder.in('data'))).toEqual(['mira.db']);
  });

  test('that is an empty file is filled', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    await mkdir(folder.in('data'));
    await writeFile(open.file, '', { mode: 0o600 });
    await open.begin('x');

    expect(await open.history.list({ limit: 9 })).toHaveLength(1);
    expect(open.said).toEqual([]);
  });

  test('that cannot be made is a failure with the reason', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.in('data'), '');
    using open = openHistory(folder);

    await expect(open.begin('x')).rejects.toMatchObject({
      code: 'storage_failed',
      message: expect.stringMatching(/^Cannot make the folder /),
    });
  });

  test('on a full disk says so, and keeps what it had', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    await open.converse('before', 'ok');
    open.history.close();
    const code = script(
      folder,
      `try { for (let i = 0; i < 200; i += 1) await converse(history, 'word '.repeat(2000)); }
       catch (error) { console.log(error.code); }`,
    );
    const { stdout, stderr } = await startScript(code, { before: 'ulimit -f 200' }).ended;

    expect({ stdout, stderr }).toEqual({
      stdout: expect.stringMatching(/^(disk_full|storage_failed)\n$/),
      stderr: '',
    });
    const list = await open.history.list({ limit: 999 });
    expect(list.at(-1)).toMatchObject({ title: 'before' });
    expect(open.said).toEqual([]);
  });

  test('takes what many processes write at once', async () => {
    await using folder = await temporaryFolder();
    const code = script(
      folder,
      "for (let i = 0; i < 10; i += 1) await converse(history, 'hello ' + process.pid + ' ' + i);",
    );
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => startScript(code).ended));

    expect(outcomes).toEqual(outcomes.map(() => ({ code: 0, signal: null, stdout: '', stderr: '' })));
    using open = openHistory(folder);
    expect(await open.history.list({ limit: 999 })).toHaveLength(60);
    expect(await open.history.search({ text: 'hello', limit: 999 })).toHaveLength(60);
  });

  test('keeps answers beside their questions when two speak in one conversation', async () => {
    await using folder = await temporaryFolder();
    using one = openHistory(folder);
    using other = openHistory(folder);
    const id = await one.begin('x');
    const first = await one.history.addTurn(id, { ...WHO, question: 'one', at: NOW });
    const second = await other.history.addTurn(id, { ...WHO, question: 'two', at: NOW });
    await second.end({ text: 'second', reasoning: '', stopped: false, at: NOW });
    await first.end({ text: 'first', reasoning: '', stopped: true, at: NOW });

    const { messages } = await one.history.find(id);
    expect(messages.map(({ text }) => text)).toEqual(['one', 'first', 'two', 'second']);
    expect([first.number, second.number]).toEqual([2, 4]);
  });

  test('has all that was written when the process is killed in the middle of an answer', async () => {
    await using folder = await temporaryFolder();
    const running = startScript(
      script(
        folder,
        `const answer = await begin(history, 'question');
         for (let i = 0; i < 40; i += 1) await answer.grow({ text: 'piece ' + i + ' ', reasoning: '', at: 0 });
         console.log('written');
         await new Promise((resolve) => setTimeout(resolve, 60_000));`,
      ),
    );
    await running.started;
    running.child.kill('SIGKILL');
    await running.ended;
    using open = openHistory(folder);
    const [summary] = await open.history.list({ limit: 1 });

    expect((await open.history.find(summary?.id ?? '')).messages).toMatchObject([
      { text: 'question', stopped: false },
      { text: Array.from({ length: 40 }, (_, i) => `piece ${i} `).join(''), stopped: true },
    ]);
    expect(await open.history.search({ text: 'piece', limit: 9 })).toHaveLength(1);
    expect(open.said).toEqual([]);
    expect(existsSync(`${open.file}.broken`)).toBe(false);
  });

  test('passes SQLite’s own check after all of this', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    const id = await open.converse('one', 'first', 'two', 'second');
    await open.history.fork(id, { at: NOW });
    await open.history.remove(id);
    open.history.close();
    const database = new DatabaseSync(open.file);
    database.exec("INSERT INTO words (words) VALUES ('integrity-check')");
    const [row] = database.prepare('PRAGMA integrity_check').all();
    const keys = database.prepare('PRAGMA foreign_key_check').all();
    database.close();

    expect({ row: { ...row }, keys }).toEqual({ row: { integrity_check: 'ok' }, keys: [] });
  });
});

/** A process with a history in the same folder. */
function script(folder: TemporaryFolder, code: string): string {
  return `const { createHistory } = await store('history.ts');
    const { newConversationId } = await store('history/conversation-id.ts');
    const said = [];
    const history = createHistory({
      file: ${JSON.stringify(folder.in('data', 'mira.db'))},
      locksDir: ${JSON.stringify(folder.in('locks'))},
      uid: process.geteuid?.(), now: Date.now, random: Math.random, mask: (text) => text, say: (line) => said.push(line),
    });
    const who = { provider: 'mira', model: 'mira', system: undefined };
    async function begin(history, question) {
      const at = Date.now();
      const id = await history.create({ ...who, id: newConversationId({ now: at, random: Math.random() }), question, profile: 'default', at });
      return history.addTurn(id, { ...who, question, at });
    }
    async function converse(history, question) {
      const answer = await begin(history, question);
      await answer.end({ text: 'ok', reasoning: '', stopped: false, at: Date.now() });
    }
    ${code}`;
}

async function replaceBy(file: string, sql: string): Promise<void> {
  await rm(file);
  await writeFile(file, '', { mode: 0o600 });
  alter(file, sql);
}

function alter(file: string, sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

async function overwrite(file: string, { from, byte }: { from: number; byte: number }): Promise<void> {
  const handle = await open(file, 'r+');
  const { size } = await handle.stat();
  await handle.write(Buffer.alloc(size - from, byte), 0, size - from, from);
  await handle.close();
}
