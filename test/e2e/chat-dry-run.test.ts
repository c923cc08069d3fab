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
authorization: Bearer [redacted]
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
              authorization: 'Bearer [redacted]',
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
      { role: 'user', content: '[redacted] and [key removed]' },
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
      first: [`POST ${platform.apiUrl}/chat/completions`, 'authorization: Bearer [redacted]'],
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
    ['openai', { OPENAI_API_KEY: `sk-${'x1'.repeat(20)}` }, { authorization: 'Bearer [redacted]' }],
    ['anthropic', { ANTHROPIC_API_KEY: `sk-ant-${'x1'.repeat(20)}` }, { 'x-api-key': '[redacted]' }],
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

  test.each<[string, string, Readonly<Record<string, string>>, object]>([
    ['mira', 'https://api.vmira.ai/v1/chat/completions', { authorization: 'Bearer <no credential>' }, {}],
    [
      'openai',
      'https://api.openai.com/v1/chat/completions',
      { authorization: 'Bearer <no credential>' },
      { stream_options: { include_usage: true } },
    ],
    [
      'anthropic',
      'https://api.anthropic.com/v1/messages',
      { 'x-api-key': '<no credential>', 'anthropic-version': '2026-10-21' },
      { max_tokens: 8_192 },
    ],
    ['ollama', 'http://localhost:11434/api/chat', {}, {}],
  ])(
    'of %s wants no credential to be there, and sends this and no more',
    async (provider, url, head, more) => {
      const { code, stdout, stderr } = await runMira([
        'chat',
        'hi',
        '-m',
        `${provider}/m`,
        '--dry-run',
        '--json',
      ]);

      expect({ code, stderr, request: JSON.parse(stdout) }).toEqual({
        code: 0,
        stderr: '',
        request: {
          schema: 'mira.chat.request/1',
          provider,
          model: 'm',
          method: 'POST',
          url,
          headers: {
            ...head,
            'content-type': 'application/json',
            accept: provider === 'ollama' ? 'application/x-ndjson' : 'text/event-stream',
          },
          body: { model: 'm', messages: [{ role: 'user', content: 'hi' }], stream: true, ...more },
        },
      });
    },
  );

  test('of a provider of one’s own shows that its key is not there', async () => {
    await using home = await isolatedHome();
    for (const [key, value] of [
      ['base_url', 'https://llm.example/v1'],
      ['env', 'WORK_LLM_KEY'],
    ])
      await runMira(['config', 'set', `providers.work.${key}`, value ?? ''], { home });
    const { code, stdout } = await runMira(['chat', 'hi', '-m', 'work/m', '--dry-run'], { home });

    expect({ code, head: stdout.split('\n').slice(0, 2) }).toEqual({
      code: 0,
      head: ['POST https://llm.example/v1/chat/completions', 'authorization: Bearer <no credential>'],
    });
  });

  test('says what keeps the question from being sent', async () => {
    const key = `sk-ant-${'x1'.repeat(20)}`;

    expect(await runMira(['chat', 'hi', '--dry-run'], { env: { MIRA_API_KEY: key } })).toMatchObject({
      code: 11,
      stdout: '',
    });
    expect(await runMira(['chat', '--dry-run'])).toMatchObject({ code: 2, stdout: '' });
  });
});
