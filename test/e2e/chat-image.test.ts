/** `mira chat -i`: pictures go along where they are taken, each in the form of its service. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startAws } from '../support/aws/start-aws.ts';
import { startAnthropic, startOpenAi } from '../support/chat-services.ts';
import { answerWith, startChatServer } from '../support/chat-server.ts';
import { startOllama } from '../support/ollama.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import type { IsolatedHome } from '../support/run-mira.ts';
import { openTerminal } from '../support/terminal.ts';

const PNG = Buffer.from('\x89PNG\r\n\x1a\nrest', 'latin1');
const JPEG = Buffer.from('\xff\xd8\xffrest', 'latin1');

async function homeWithPictures(): Promise<IsolatedHome> {
  const home = await isolatedHome();
  // The name tells nothing: the bytes do.
  await writeFile(join(home.path, 'a.txt'), PNG);
  await writeFile(join(home.path, 'b'), JPEG);
  await writeFile(join(home.path, 'c.png'), 'no picture');
  return home;
}

const png = PNG.toString('base64');
const jpeg = JPEG.toString('base64');
const url = (data: string): object => ({ type: 'image_url', image_url: { url: data } });
const block = (media: string, data: string): object => ({
  type: 'image',
  source: { type: 'base64', media_type: media, data },
});

test.each([
  [
    'openai',
    startOpenAi,
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What?' },
        url(`data:image/png;base64,${png}`),
        url(`data:image/jpeg;base64,${jpeg}`),
      ],
    },
  ],
  [
    'anthropic',
    startAnthropic,
    {
      role: 'user',
      content: [block('image/png', png), block('image/jpeg', jpeg), { type: 'text', text: 'What?' }],
    },
  ],
  [
    'bedrock',
    startAws,
    {
      role: 'user',
      content: [
        { image: { format: 'png', source: { bytes: png } } },
        { image: { format: 'jpeg', source: { bytes: jpeg } } },
        { text: 'What?' },
      ],
    },
  ],
  ['ollama', () => startOllama([]), { role: 'user', content: 'What?', images: [png, jpeg] }],
] as const)('%s is shown them with the question', async (name, start, message) => {
  await using home = await homeWithPictures();
  await using server = await start();
  const line = ['chat', 'What?', '-i', 'a.txt', '--image', 'b', '-m', `${name}/eye`];
  const options = { home, cwd: home.path, env: server.env };

  expect(await runMira(line, options)).toMatchObject({ code: 0, stdout: 'eye heard you.\n', stderr: '' });
  expect(JSON.parse(server.requests[0]?.body ?? '').messages).toEqual([message]);
  const dry = await runMira([...line, '--dry-run', '--json'], options);
  expect(JSON.parse(dry.stdout).body.messages).toEqual([message]);
  expect(server.requests).toHaveLength(1);
});

test('the platform takes none, and is not asked', async () => {
  await using home = await homeWithPictures();
  await using server = await startChatServer((exchange) => answerWith(exchange, 'hello'));
  const options = { home, cwd: home.path, env: server.env };
  const line = ['chat', 'What?', '-i', 'a.txt'];

  for (const more of [[], ['--dry-run']]) {
    expect(await runMira([...line, ...more], options)).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        'mira: The models of mira take no pictures.\n  Describe it in words, or ask a provider that takes pictures: openai, anthropic, bedrock, ollama.\n',
    });
  }
  expect(server.requests).toEqual([]);
});

test.each([
  ['c.png', '--image: c.png is no PNG, JPEG, GIF or WebP picture.'],
  ['none.png', '--image: none.png cannot be read (there is no such file).'],
])('%s is refused before anything is asked', async (path, said) => {
  await using home = await homeWithPictures();
  await using server = await startOpenAi();
  const line = ['chat', 'What?', '-i', path, '-m', 'openai/eye'];
  const run = await runMira(line, { home, cwd: home.path, env: server.env });

  expect(run).toMatchObject({ code: 2, stdout: '', stderr: `mira: ${said}\n` });
  expect(server.requests).toEqual([]);
});

test.each([
  ['', 'goes along: a.txt, b'],
  ['--plain', '+ b'],
])(
  'a picture alone opens the chat on a terminal, and goes along with its first question %s',
  async (mode, shown) => {
    await using home = await homeWithPictures();
    await using server = await startOpenAi();
    const args = ['chat', '-i', 'a.txt', '-i', 'b', '-m', 'openai/eye', ...(mode === '' ? [] : [mode])];
    await using terminal = await openTerminal({ args, home, cwd: home.path, env: server.env });
    await terminal.waitFor(shown);
    for (const question of ['What?', 'Sure?']) {
      const asked = server.requests.length;
      terminal.write(`${question}\r`);
      await terminal.waitFor(
        (screen) => screen.filter((line) => line.includes('eye heard you.')).length > asked,
      );
    }

    const last = JSON.parse(server.requests[1]?.body ?? '').messages;
    expect(last).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What?' },
          url(`data:image/png;base64,${png}`),
          url(`data:image/jpeg;base64,${jpeg}`),
        ],
      },
      { role: 'assistant', content: 'eye heard you.' },
      { role: 'user', content: 'Sure?' },
    ]);
  },
);

test('a picture alone opens no chat where it is not taken, or is none', async () => {
  await using home = await homeWithPictures();
  await using server = await startChatServer((exchange) => answerWith(exchange, 'hello'));
  for (const [path, said] of [
    ['a.txt', 'mira: The models of mira take no pictures.'],
    ['c.png', 'mira: --image: c.png is no PNG, JPEG, GIF or WebP picture.'],
  ] as const) {
    const options = { args: ['chat', '-i', path], home, cwd: home.path, env: server.env };
    await using terminal = await openTerminal(options);
    expect(await terminal.exit).toEqual({ code: 2, signal: 0 });
    expect(terminal.scrollback()[0]).toBe(said);
  }
});

test('a picture alone is no question where nothing can be typed', async () => {
  await using home = await homeWithPictures();
  const run = await runMira(['chat', '-i', 'a.txt'], { home, cwd: home.path });
  expect([run.code, run.stderr.split('\n')[0]]).toEqual([2, 'mira: There is nothing to ask.']);
});
