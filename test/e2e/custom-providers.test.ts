/** Providers of one's own: added by the configuration, reached as it says, and given the one credential it names. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startAnthropic, startOpenAi } from '../support/chat-services.ts';
import { startOllama } from '../support/ollama.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import type { Environment, IsolatedHome } from '../support/run-mira.ts';

const KEY = `own-${randomBytes(20).toString('hex')}`;
const PLATFORM_KEY = `sk-${'mira'}-${randomBytes(20).toString('hex')}`;

async function homeWith(providers: object): Promise<IsolatedHome> {
  const home = await isolatedHome();
  await mkdir(home.configDir, { recursive: true });
  await writeFile(join(home.configDir, 'config.json'), JSON.stringify({ providers }));
  return home;
}

describe('a provider of one’s own', () => {
  test('is set, shown, used and taken away again', async () => {
    await using server = await startOpenAi(['first', 'second']);
    await using home = await isolatedHome();
    const mira = (line: string, env: Environment = {}) => runMira(line.split(' '), { home, env });

    const set = await mira(`config set providers.work.base_url ${server.origin}/v1`);
    expect(set).toMatchObject({
      code: 0,
      stdout: `providers.work.base_url is now ${server.origin}/v1.\n`,
    });
    expect(await mira('config set providers.work.env WORK_KEY')).toMatchObject({ code: 0 });
    expect(await mira('config set providers.work.models second,third --json')).toMatchObject({
      code: 0,
      stdout: `${JSON.stringify({ schema: 'mira.config/1', key: 'providers.work.models', value: 'second,third', origin: 'config', from: 'config.json', path: join(home.configDir, 'config.json') })}\n`,
    });
    expect(JSON.parse(await readFile(join(home.configDir, 'config.json'), 'utf8'))).toEqual({
      providers: {
        work: { base_url: `${server.origin}/v1`, env: 'WORK_KEY', models: ['second', 'third'] },
      },
    });
    expect(await mira('config get providers.work.models')).toMatchObject({
      code: 0,
      stdout: 'second,third\n',
    });
    expect((await mira('config list')).stdout).toMatch(/^providers\.work\.env +WORK_KEY {2}config\.json$/m);

    const env = { WORK_KEY: KEY, MIRA_API_KEY: PLATFORM_KEY };
    expect(await mira('chat hi -p work', env)).toMatchObject({
      code: 0,
      stdout: 'second heard you.\n',
      stderr: '',
    });
    expect(await mira('chat hi -m work/other', env)).toMatchObject({ code: 0, stdout: 'other heard you.\n' });
    expect(await mira('chat hi', { ...env, MIRA_PROVIDER: 'work' })).toMatchObject({
      code: 0,
      stdout: 'second heard you.\n',
    });
    expect(server.requests.map(({ headers }) => headers['authorization'])).toEqual(
      server.requests.map(() => `Bearer ${KEY}`),
    );
    expect(await mira('models -p work', env)).toMatchObject({ code: 0, stdout: 'second\nthird\n' });

    for (const key of ['base_url', 'env', 'models'])
      expect(await mira(`config set providers.work.${key} --unset`)).toMatchObject({ code: 0 });
    expect(await mira('chat hi -p work', env)).toMatchObject({
      code: 2,
      stderr:
        'mira: There is no provider of that name.\n  The providers are: mira, openai, anthropic, bedrock, ollama.\n',
    });
  });

  test('speaks what it is said to speak, and gets no credential where none is named', async () => {
    await using openai = await startOpenAi(['only']);
    await using anthropic = await startAnthropic(['only']);
    await using ollama = await startOllama(['newest', 'older']);
    await using home = await homeWith({
      a: { base_url: openai.origin },
      b: { base_url: anthropic.origin, kind: 'anthropic' },
      c: { base_url: ollama.origin, kind: 'ollama' },
    });
    const env = { MIRA_API_KEY: PLATFORM_KEY, OPENAI_API_KEY: openai.key, ANTHROPIC_API_KEY: anthropic.key };
    const answers: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      const run = await runMira(['chat', 'hi', '-p', name], { home, env });
      expect(run).toMatchObject({ code: 0, stderr: '' });
      answers.push(run.stdout);
    }
    expect(answers).toEqual(['only heard you.\n', 'only heard you.\n', 'newest heard you.\n']);
    for (const { headers } of [...openai.requests, ...anthropic.requests, ...ollama.requests]) {
      expect(headers).not.toHaveProperty('authorization');
      expect(headers).not.toHaveProperty('x-api-key');
    }
  });

  test('takes the place of none that mira knows', async () => {
    await using server = await startOpenAi();
    await using home = await homeWith({ openai: { base_url: server.origin } });
    const said =
      'mira: providers.openai in config.json is not used: mira knows openai itself, and its own variables say where it is. A provider of your own needs another name.';
    const chat = await runMira(['chat', 'hi', '-m', 'openai/x'], { home });
    expect([chat.code, chat.stderr.split('\n')[0], server.requests]).toEqual([4, said, []]);
    const models = await runMira(['models', '-p', 'openai'], { home, env: server.env });
    expect([models.code, models.stderr]).toEqual([0, `${said}\n`]);
    const list = await runMira(['config', 'list'], { home });
    expect([list.code, list.stdout.includes('providers.')]).toEqual([0, false]);
  });

  test('that lists many models wants to be told which', async () => {
    await using server = await startOpenAi(['first', 'second']);
    await using home = await homeWith({ work: { base_url: server.origin } });
    expect(await runMira(['chat', 'hi', '-p', 'work'], { home })).toMatchObject({
      code: 2,
      stderr:
        'mira: Which model of work is to answer?\n  Say it with -m MODEL (mira models -p work lists them), or once for all: mira config set providers.work.models MODEL\n',
    });
  });

  test.each<[string, object, Environment, number, string]>([
    [
      'has no address',
      { env: 'WORK_KEY' },
      { WORK_KEY: KEY },
      2,
      'The provider work has no address.\n  Give it one: mira config set providers.work.base_url https://api.example/v1',
    ],
    [
      'has a key, and an address without encryption',
      { base_url: 'http://gpu.example:9', env: 'WORK_KEY' },
      { WORK_KEY: KEY },
      2,
      'providers.work.base_url would be used without encryption (http to gpu.example).\n  Use https://.',
    ],
    [
      'has a key that is not set',
      { base_url: 'https://gpu.example', env: 'WORK_KEY' },
      {},
      4,
      'There is no key for gpu.example: WORK_KEY is not set.\n  Set it: read -rs WORK_KEY && export WORK_KEY',
    ],
    [
      'has a key of the platform',
      { base_url: 'https://gpu.example', env: 'WORK_KEY' },
      { WORK_KEY: PLATFORM_KEY },
      11,
      'The key from WORK_KEY looks like a Mira platform key; it was not sent to gpu.example.\n  Set an OpenAI key in WORK_KEY, or add --force if you are sure.',
    ],
  ])('that %s is not asked', async (_, config, env, code, said) => {
    await using home = await homeWith({ work: config });
    const run = await runMira(['chat', 'hi', '-m', 'work/x'], { home, env });
    expect(run).toMatchObject({ code, stdout: '', stderr: `mira: ${said}\n` });
  });
});

describe('a setting of a provider', () => {
  test.each([
    ['providers.work', 'x', 'There is no setting of that name.'],
    ['providers.work.url', 'x', 'There is no setting of that name.'],
    ['providers.work.env.x', 'x', 'There is no setting of that name.'],
    ['providers.Work.env', 'X', 'That is no name for a provider.'],
    ['providers.__proto__.env', 'X', 'That is no name for a provider.'],
    ['providers.openai.env', 'X', 'mira knows openai already; a provider of your own needs another name.'],
    ['providers.bedrock.env', 'X', 'mira knows bedrock already; a provider of your own needs another name.'],
    ['providers.work.kind', 'gemini', 'providers.work.kind takes one of: openai, anthropic, ollama.'],
    [
      'providers.work.env',
      'MIRA_TOKEN',
      'providers.work.env takes the name of a variable, and none of mira itself (MIRA_…).',
    ],
    [
      'providers.work.env',
      'not-a-name',
      'providers.work.env takes the name of a variable, and none of mira itself (MIRA_…).',
    ],
    ['providers.work.models', ' , ', 'providers.work.models takes names, separated by commas.'],
    ['providers.work.base_url', 'llm', 'providers.work.base_url does not start with https:// and a host.'],
  ])('%s = %s is refused', async (key, value, message) => {
    const run = await runMira(['config', 'set', key, value]);
    expect([run.code, run.stderr.split('\n')[0]]).toEqual([2, `mira: ${message}`]);
  });

  test.each([
    [[], 'providers must be an object'],
    [{ work: 'x' }, 'providers.work must be an object'],
    [{ work: { base_url: 7 } }, 'providers.work.base_url must be a string'],
    [{ work: { kind: 'gemini' } }, 'providers.work.kind must be one of openai, anthropic, ollama'],
    [
      { work: { env: 'MIRA_API_KEY' } },
      'providers.work.env must be the name of a variable, and none of mira itself (MIRA_…)',
    ],
    [{ work: { models: 'x' } }, 'providers.work.models must be a list of names'],
    [{ work: { models: ['x', ''] } }, 'providers.work.models must be a list of names'],
  ])('in the file, %j is a fault that is named', async (providers, fault) => {
    await using home = await homeWith(providers);
    const run = await runMira(['config', 'list'], { home });
    expect([run.code, run.stderr.split('\n')[0]]).toEqual([
      2,
      `mira: ${join(home.configDir, 'config.json')} is not valid: ${fault}.`,
    ]);
  });
});
