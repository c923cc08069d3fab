/** Ollama as a provider: chosen by option, variable or the model's name; without a model, without a server. */
import { expect, test } from 'vitest';
import { startOllama } from '../support/ollama.ts';
import { runMira } from '../support/run-mira.ts';
import type { Environment } from '../support/run-mira.ts';

test.each<[string, readonly string[], Environment, string]>([
  ['-p ollama: its first model', ['-p', 'ollama'], {}, 'llama3.2:3b'],
  ['-p ollama with a model', ['-p', 'ollama', '-m', 'qwen3'], {}, 'qwen3'],
  ['a model whose own name has a slash', ['-p', 'ollama', '-m', 'mira/tiny'], {}, 'mira/tiny'],
  ['ollama/model', ['-m', 'ollama/qwen3'], {}, 'qwen3'],
  ['variables', [], { MIRA_PROVIDER: 'ollama', MIRA_MODEL: 'qwen3' }, 'qwen3'],
  [
    'a model set for the platform is not asked of it',
    ['-p', 'ollama'],
    { MIRA_MODEL: 'mira-pro' },
    'llama3.2:3b',
  ],
])('%s', async (_, args, env, model) => {
  await using ollama = await startOllama(['llama3.2:3b', 'qwen3']);
  const run = await runMira(['chat', 'hi', '--json', ...args], { env: { ...ollama.env, ...env } });

  expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(run.stdout)).toMatchObject({ provider: 'ollama', model, text: `${model} heard you.` });
  for (const { headers } of ollama.requests) expect(headers).not.toHaveProperty('authorization');
});

test('its models are listed, without a credential being looked for', async () => {
  await using ollama = await startOllama(['llama3.2:3b', 'qwen3']);
  const run = await runMira(['models', '-p', 'ollama', '--json'], { env: ollama.env });

  expect(JSON.parse(run.stdout)).toEqual({
    schema: 'mira.models/1',
    provider: 'ollama',
    models: [
      { id: 'llama3.2:3b', owned_by: 'library' },
      { id: 'qwen3', owned_by: 'library' },
    ],
  });
  expect(run.code).toBe(0);
});

test('without a model it names the command that gets one', async () => {
  await using ollama = await startOllama([]);
  const run = await runMira(['chat', 'hi', '-p', 'ollama'], { env: ollama.env });

  expect(run).toMatchObject({
    code: 3,
    stdout: '',
    stderr: 'mira: Ollama has no model yet.\n  Get one, for example: ollama pull llama3.2\n',
  });
});

test('where none runs it names the address and the command that starts it', async () => {
  const ollama = await startOllama([]);
  await ollama[Symbol.asyncDispose]();
  const run = await runMira(['chat', 'hi', '-p', 'ollama', '-m', 'qwen3'], { env: ollama.env });

  expect(run).toMatchObject({
    code: 6,
    stdout: '',
    stderr: `mira: Ollama does not answer at ${ollama.origin}.\n  Start it: ollama serve (OLLAMA_BASE_URL says where it is).\n`,
  });
});

test('a provider that does not exist is refused with those that do', async () => {
  const run = await runMira(['chat', 'hi', '-p', 'olama']);
  expect(run).toMatchObject({
    code: 2,
    stderr:
      'mira: There is no provider of that name.\n  Did you mean ollama? The providers are: mira, openai, anthropic, bedrock, ollama.\n',
  });
});
