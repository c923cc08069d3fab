/** Which service is asked, with which key, and what stops a key from going where it does not belong. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { startAnthropic, startOpenAi } from '../support/chat-services.ts';
import type { ChatService } from '../support/chat-services.ts';
import { runMira } from '../support/run-mira.ts';
import type { Environment } from '../support/run-mira.ts';

const PLATFORM_KEY = `sk-${'mira'}-${randomBytes(20).toString('hex')}`;
const OTHERS: Environment = { MIRA_API_KEY: PLATFORM_KEY };

interface Case {
  readonly name: string;
  readonly start: () => Promise<ChatService>;
  readonly variable: string;
  readonly address: string;
  readonly credential: (key: string) => Readonly<Record<string, string>>;
  readonly label: string;
  readonly keysPage: string;
  readonly host: string;
  /** In the format of another vendor. */
  readonly foreign: string;
  readonly foreignLabel: string;
}

const CASES: readonly Case[] = [
  {
    name: 'openai',
    start: () => startOpenAi(['small', 'large']),
    variable: 'OPENAI_API_KEY',
    address: 'OPENAI_BASE_URL',
    credential: (key) => ({ authorization: `Bearer ${key}` }),
    label: 'an OpenAI key',
    keysPage: 'https://platform.openai.com/api-keys',
    host: 'api.openai.com',
    foreign: `sk-${'ant'}-${randomBytes(20).toString('hex')}`,
    foreignLabel: 'an Anthropic key',
  },
  {
    name: 'anthropic',
    start: () => startAnthropic(['small', 'large']),
    variable: 'ANTHROPIC_API_KEY',
    address: 'ANTHROPIC_BASE_URL',
    credential: (key) => ({ 'x-api-key': key }),
    label: 'an Anthropic key',
    keysPage: 'https://platform.claude.com/settings/keys',
    host: 'api.anthropic.com',
    foreign: `sk-${'proj'}-${randomBytes(20).toString('hex')}`,
    foreignLabel: 'an OpenAI key',
  },
];

describe.each(CASES)('$name', (service) => {
  test.each<[string, readonly string[], Environment]>([
    ['option', ['-p', service.name, '-m', 'small'], {}],
    ['provider/model', ['-m', `${service.name}/small`], {}],
    ['variables', [], { MIRA_PROVIDER: service.name, MIRA_MODEL: 'small' }],
    ['one variable', [], { MIRA_MODEL: `${service.name}/small` }],
  ])('is chosen by %s, and gets its own key and no other', async (_, args, env) => {
    await using server = await service.start();
    const run = await runMira(['chat', 'hi', '--json', ...args], {
      env: { ...OTHERS, ...server.env, ...env },
    });
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(run.stdout)).toMatchObject({
      provider: service.name,
      model: 'small',
      text: 'small heard you.',
      finish_reason: 'stop',
    });
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.headers).toMatchObject(service.credential(server.key));
    expect(JSON.stringify(server.requests)).not.toContain(PLATFORM_KEY);
  });

  test('lists its models', async () => {
    await using server = await service.start();
    const run = await runMira(['models', '-p', service.name, '--json'], { env: server.env });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(run.stdout)).toMatchObject({
      provider: service.name,
      models: [{ id: 'small' }, { id: 'large' }],
    });
    expect(server.requests[0]?.headers).toMatchObject(service.credential(server.key));
  });

  test('asks which model, since none goes without saying', async () => {
    await using server = await service.start();
    const run = await runMira(['chat', 'hi', '-p', service.name], { env: server.env });
    expect(run).toMatchObject({
      code: 2,
      stdout: '',
      stderr: `mira: Which model of ${service.name} is to answer?\n  Say it with -m MODEL (mira models -p ${service.name} lists them), or once for all: mira config set model ${service.name}/MODEL\n`,
    });
    expect(server.requests).toEqual([]);
  });

  test.each(['', `${service.name}/`])('is asked nothing in the name of no model (-m %j)', async (model) => {
    await using server = await service.start();
    const run = await runMira(['chat', 'hi', '-p', service.name, '-m', model], { env: server.env });
    expect(run).toMatchObject({
      code: 2,
      stderr: `mira: --model names no model.\n  Say which of ${service.name} is to answer, or leave it out; mira models -p ${service.name} lists them.\n`,
    });
    expect(server.requests).toEqual([]);
  });

  test('misses its key by name', async () => {
    const run = await runMira(['chat', 'hi', '-m', `${service.name}/small`], { env: OTHERS });
    expect(run).toMatchObject({
      code: 4,
      stdout: '',
      stderr: `mira: There is no key for ${service.host}: ${service.variable} is not set.\n  Make a key at ${service.keysPage}, then: read -rs ${service.variable} && export ${service.variable}\n`,
    });
  });

  test.each(['chat', 'models'])(
    '%s: is sent no key of another vendor, unless it is forced',
    async (command) => {
      await using server = await service.start();
      const args =
        command === 'chat' ? ['chat', 'hi', '-m', `${service.name}/small`] : ['models', '-p', service.name];
      const env = { ...server.env, [service.variable]: service.foreign };
      const refused = await runMira(args, { env });
      expect(refused).toMatchObject({
        code: 11,
        stdout: '',
        stderr: `mira: The key from ${service.variable} looks like ${service.foreignLabel}; it was not sent to 127.0.0.1:${server.port}.\n  Set ${service.label} in ${service.variable}, or add --force if you are sure.\n`,
      });
      expect(server.requests).toEqual([]);

      const forced = await runMira([...args, '--force'], { env });
      expect(forced).toMatchObject({ code: 0, stderr: '' });
      expect(server.requests[0]?.headers).toMatchObject(service.credential(service.foreign));
    },
  );

  test('is not asked without encryption on another machine', async () => {
    await using server = await service.start();
    const env = { ...server.env, [service.address]: 'http://gpu.example:9' };
    const run = await runMira(['chat', 'hi', '-m', `${service.name}/small`], { env });
    expect(run).toMatchObject({
      code: 2,
      stdout: '',
      stderr: `mira: ${service.address} would be used without encryption (http to gpu.example).\n  Use https://.\n`,
    });
  });
});
