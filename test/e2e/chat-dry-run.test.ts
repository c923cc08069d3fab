/** `mira chat --dry-run`: what would be sent, of every provider, and nothing that is. */
import { describe, expect, test } from 'vitest';
import { answerWith, startChatServer } from '../support/chat-server.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import { expireTokens } from '../support/expired-session.ts';
import { parseLines, signIn } from '../support/sign-in.ts';

const startServer = () => startChatServer((exchange) => answerWith(exchange, 'Fine.'));

describe.concurrent('a dry run', () => {
  test('prints method, address, headers and body, without the credential', async () => {
    await using server = await startServer();
    const { env } = server;
    const args = ['chat', 'hi \u001b[2J\u202e', '-s', 'Be brief.', '--temperature', '0.5', '--dry-run'];

    expect(await runMira(args, { env })).toEqual({
      code: 0,
      signal: null,
      stdout: `POST ${server.origin}/v1/chat/completions
authorization: Bearer [hidden]
content-type: application/json
accept: text/event-stream

{
  "model": "mira",
  "messages": [
    {
      "role": "system",
      "content": "Be brief."
    },
    {
      "role": "user",
      "content": "hi \\u001b[2J\\u202e"
    }
  ],
  "stream": true,
  "temperature": 0.5
}
`,
      stderr: '',
    });
    expect(server.requests).toEqual([]);
  });

  test('is one object under --json, also with --stream, and saves nothing', async () => {
    await using server = await startServer();
    await using home = await isolatedHome();
    const { env } = server;
    for (const args of [['--json'], ['--json', '--stream']]) {
      const { code, stdout, stderr } = await runMira(['chat', 'hi', '--dry-run', ...args], { home, env });
      expect({ code, stderr, objects: parseLines(stdout) }).toEqual({
        code: 0,
        stderr: '',
        objects: [
          {
            schema: 'mira.chat.request/1',
            provider: 'mira',
            model: 'mira',
            method: 'POST',
            url: `${server.origin}/v1/chat/completions`,
            headers: {
              authorization: 'Bearer [hidden]',
              'content-type': 'application/json',
              accept: 'text/event-stream',
            },
            body: { model: 'mira', messages: [{ role: 'user', content: 'hi' }], stream: true },
          },
        ],
      });
    }
    const history = await runMira(['history', 'list', '--json'], { home });
    expect(JSON.parse(history.stdout)).toMatchObject({ conversations: [] });
    expect(server.requests).toEqual([]);
  });

  test('hides keys that are allowed in the question', async () => {
    await using server = await startServer();
    const own = server.env['MIRA_API_KEY'];
    const args = ['chat', `${own} and ghp_${'aB'.repeat(12)}`, '--dry-run', '--json'];
    const { stdout } = await runMira([...args, '--allow-secrets'], { env: server.env });

    expect(JSON.parse(stdout).body.messages).toEqual([
      { role: 'user', content: '[hidden] and [key removed]' },
    ]);
    expect(await runMira(args, { env: server.env })).toMatchObject({ code: 11 });
  });

  test('does not renew a session', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    expireTokens(platform);
    await signIn(platform, { home });
    const before = platform.requests.length;
    const { code, stdout } = await runMira(['chat', 'hi', '--dry-run'], { home });

    expect({ code, first: stdout.split('\n').slice(0, 2) }).toEqual({
      code: 0,
      first: [`POST ${platform.apiUrl}/chat/completions`, 'authorization: Bearer [hidden]'],
    });
    expect(platform.requests).toHaveLength(before);
  });

  test('of Ollama has no credential, and needs to be told the model', async () => {
    await using server = await startServer();
    const env = { OLLAMA_BASE_URL: server.origin };
    const { stdout } = await runMira(['chat', 'hi', '-m', 'ollama/small', '--dry-run', '--json'], { env });

    expect(JSON.parse(stdout)).toMatchObject({
      provider: 'ollama',
      model: 'small',
      url: `${server.origin}/api/chat`,
      headers: { 'content-type': 'application/json', accept: 'application/x-ndjson' },
    });
    expect(await runMira(['chat', 'hi', '-p', 'ollama', '--dry-run'], { env })).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        'mira: Which model answers is not known without asking the service.\n  Name one with --model.\n',
    });
    expect(server.requests).toEqual([]);
  });

  test.each([
    ['openai', { OPENAI_API_KEY: `sk-${'x1'.repeat(20)}` }, { authorization: 'Bearer [hidden]' }],
    ['anthropic', { ANTHROPIC_API_KEY: `sk-ant-${'x1'.repeat(20)}` }, { 'x-api-key': '[hidden]' }],
  ])('of %s hides its key', async (provider, env, headers) => {
    await using server = await startServer();
    const base = { OPENAI_BASE_URL: server.origin, ANTHROPIC_BASE_URL: server.origin };
    const { code, stdout, stderr } = await runMira(
      ['chat', 'hi', '-m', `${provider}/large`, '--dry-run', '--json'],
      { env: { ...env, ...base } },
    );

    expect({ code, stderr, request: JSON.parse(stdout) }).toMatchObject({
      code: 0,
      stderr: '',
      request: { provider, model: 'large', method: 'POST', headers, body: { model: 'large' } },
    });
    expect(server.requests).toEqual([]);
  });

  test('says what keeps the question from being sent', async () => {
    const key = `sk-ant-${'x1'.repeat(20)}`;

    expect(await runMira(['chat', 'hi', '--dry-run'])).toMatchObject({ code: 4, stdout: '' });
    expect(await runMira(['chat', 'hi', '--dry-run'], { env: { MIRA_API_KEY: key } })).toMatchObject({
      code: 11,
      stdout: '',
    });
    expect(await runMira(['chat', '--dry-run'])).toMatchObject({ code: 2, stdout: '' });
  });
});
