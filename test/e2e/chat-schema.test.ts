/** `mira chat --schema`: JSON of the shape that was asked for, or an error. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { answerWith, startChatServer } from '../support/chat-server.ts';
import type { ChatServer } from '../support/chat-server.ts';
import { startOllama } from '../support/ollama.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import type { RunResult } from '../support/run-mira.ts';
import { parseLines } from '../support/sign-in.ts';

const SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer' } },
  required: ['name'],
  additionalProperties: false,
};
const TOLD = `Answer with one JSON value that is valid against the JSON Schema below, and with nothing else: no explanation, no Markdown.\n\n${JSON.stringify(SCHEMA)}`;

interface Asked extends RunResult {
  readonly server: ChatServer;
}

interface Asking {
  /** What the model says, one text a request. */
  readonly answers: readonly string[];
  readonly args?: readonly string[];
  readonly schema?: string;
}

async function ask({ answers, args = [], schema = JSON.stringify(SCHEMA) }: Asking): Promise<Asked> {
  await using server = await startChatServer((exchange) =>
    answerWith(exchange, ...(answers[exchange.index] ?? '').split('|')),
  );
  await using home = await isolatedHome();
  await writeFile(join(home.path, 's.json'), schema);
  const line = ['chat', 'Who?', '--schema', 's.json', ...args];
  return { server, ...(await runMira(line, { home, cwd: home.path, env: server.env })) };
}

const bodies = ({ server }: Asked) => server.requests.map(({ body }) => JSON.parse(body));

describe.concurrent('an answer of a given shape', () => {
  test('is the JSON alone, and the model was told the schema', async () => {
    const asked = await ask({ answers: [' {"name": |"Ada"}\n'], args: ['-s', 'Be brief.'] });

    expect(asked).toMatchObject({ code: 0, stdout: '{"name": "Ada"}\n', stderr: '' });
    expect(bodies(asked)).toEqual([
      {
        model: 'mira',
        messages: [
          { role: 'system', content: `Be brief.\n\n${TOLD}` },
          { role: 'user', content: 'Who?' },
        ],
        stream: true,
      },
    ]);
  });

  test.each([
    ['```json\n{"name":"Ada"}\n```', '{"name":"Ada"}'],
    ['Here it is:\n```\n{"name":"Ada"}\n```\nThat is all.', '{"name":"Ada"}'],
    ['<think>hm</think>{"name":"A\u009b2J\u202e"}', '{"name":"A\\u009b2J\\u202e"}'],
  ])('is taken out of what stands around it: %j', async (answer, json) => {
    expect(await ask({ answers: [answer] })).toMatchObject({ code: 0, stdout: `${json}\n`, stderr: '' });
  });

  test('may be mended once', async () => {
    const asked = await ask({ answers: ['{"age":1.5,"x":1}', '{"name":"Ada","age":36}'] });

    expect(asked).toMatchObject({ code: 0, stdout: '{"name":"Ada","age":36}\n' });
    expect(asked.stderr).toBe('mira: The answer does not match the schema. Asking once more.\n');
    expect(bodies(asked)[1].messages.slice(1)).toEqual([
      { role: 'user', content: 'Who?' },
      { role: 'assistant', content: '{"age":1.5,"x":1}' },
      {
        role: 'user',
        content:
          "That does not match the schema: the answer must have required property 'name'; " +
          `the answer must NOT have additional properties ("x"); /age must be integer. ${TOLD}`,
      },
    ]);
  });

  test('that is wrong twice is an error with what was said', async () => {
    const asked = await ask({ answers: ['I do not know.', '{"name":1}'], args: ['--json'] });

    expect(asked.code).toBe(9);
    expect(JSON.parse(asked.stdout)).toMatchObject({
      schema: 'mira.error/1',
      error: {
        code: 'schema_mismatch',
        message: 'The answer does not match the schema: /name must be string.',
        exit_code: 9,
        partial: { text: '{"name":1}' },
      },
    });
    expect(asked.server.requests).toHaveLength(2);
    expect(await ask({ answers: ['no', 'no'] })).toMatchObject({ code: 9, stdout: '' });
  });

  test('comes whole in JSON and in events, and is saved as it was given', async () => {
    const one = await ask({ answers: ['x', '```\n{"name":"Ada"}\n```'], args: ['--json'] });
    const lines = await ask({ answers: ['{"na|me":"Ada"}'], args: ['--json', '--stream'] });

    expect(JSON.parse(one.stdout)).toMatchObject({
      schema: 'mira.chat/1',
      text: '{"name":"Ada"}',
      retries: 1,
    });
    expect(parseLines(lines.stdout)).toMatchObject([
      { event: 'start' },
      { event: 'delta', text: '{"name":"Ada"}' },
      { event: 'end', text: '{"name":"Ada"}' },
    ]);
  });

  test('is asked for in the request where the service takes a schema, and in words where it refuses', async () => {
    await using home = await isolatedHome();
    await writeFile(join(home.path, 's.json'), JSON.stringify(SCHEMA));
    const line = ['chat', 'Who?', '--schema', 's.json', '-m', 'ollama/small'];
    for (const [takesFormat, formats] of [
      [true, [SCHEMA]],
      [false, [SCHEMA, undefined]],
    ] as const) {
      await using server = await startOllama(['small'], { answer: () => '{"name":"Ada"}', takesFormat });
      expect(await runMira(line, { home, cwd: home.path, env: server.env })).toMatchObject({
        code: 0,
        stdout: '{"name":"Ada"}\n',
      });
      expect(server.requests.map(({ body }) => JSON.parse(body).format)).toEqual(formats);
    }
  });

  test('is shown by --dry-run with the schema in it', async () => {
    const asked = await ask({ answers: [], args: ['--dry-run', '--json'] });

    expect(JSON.parse(asked.stdout).body.messages[0]).toEqual({ role: 'system', content: TOLD });
    expect(asked.server.requests).toEqual([]);
  });
});

describe.concurrent('a schema', () => {
  test.each([
    ['{"type":', 'mira: --schema: s.json is no JSON (line 1, column 9).\n'],
    ['[1]', 'mira: --schema: s.json holds no JSON Schema, which is an object.\n'],
    [
      '{"type":"text"}',
      /^mira: --schema: s\.json holds no JSON Schema that mira can use: schema is invalid: /,
    ],
    ['{"$ref":"https://other.example/s"}', /can use: can't resolve reference https:\/\/other\.example\/s/],
    ['{"pattern":"("}', /holds no JSON Schema that mira can use: /],
  ])('that cannot be used says so before anything is asked: %s', async (schema, message) => {
    const asked = await ask({ answers: ['{}'], schema });

    expect(asked).toMatchObject({ code: 2, stdout: '' });
    expect(asked.stderr).toMatch(message);
    expect(asked.server.requests).toEqual([]);
  });

  test('that is not there says so', async () => {
    await using home = await isolatedHome();

    expect(await runMira(['chat', 'hi', '--schema', 'none.json'], { home, cwd: home.path })).toMatchObject({
      code: 2,
      stderr: 'mira: --schema: none.json cannot be read (there is no such file).\n',
    });
  });
});
