/** The platform as it is (platforms.md A.6 to A.10): its refusals in every form, its two lists of models, what it is sent. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { answerWith, startChatServer } from '../support/chat-server.ts';
import { whole } from '../support/raw-server.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const TEXT = { 'content-type': 'text/plain; charset=utf-8' };

interface Refusal {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly exit: number;
  readonly message: string;
  readonly hint?: string;
}

const detail = (value: unknown): string => JSON.stringify({ detail: value });
const ACCOUNT = 'Check the balance and the plan in the account; waiting a moment does not help.';
const PLAN = 'The plan, or the rights of the key, do not cover this; another model may.';
const AGAIN = 'Try again in a moment.';

const REFUSALS: readonly Refusal[] = [
  {
    status: 400,
    body: detail('messages is required'),
    exit: 2,
    message: 'HOST does not accept the request: messages is required.',
  },
  {
    status: 400,
    body: detail('Invalid model. Must be one of: mira, mira-thinking, mira-pro, mira-max'),
    exit: 3,
    message:
      'HOST does not have this model: Invalid model. Must be one of: mira, mira-thinking, mira-pro, mira-max.',
    hint: 'List the models with: mira models',
  },
  {
    status: 400,
    body: 'Failed to parse the request body as JSON',
    headers: TEXT,
    exit: 2,
    message: 'HOST does not accept the request: Failed to parse the request body as JSON.',
  },
  {
    status: 401,
    body: detail('Invalid API key'),
    exit: 4,
    message: 'HOST refused the credential from MIRA_API_KEY: Invalid API key.',
    hint: 'Mend it with: unset MIRA_API_KEY && mira auth login',
  },
  {
    status: 402,
    body: detail('Insufficient balance. Please top up your account.'),
    exit: 7,
    message: 'HOST has nothing left for this account: Insufficient balance. Please top up your account.',
    hint: ACCOUNT,
  },
  {
    status: 403,
    body: detail('Model mira-max requires max plan or higher'),
    exit: 5,
    message: 'HOST does not allow this: Model mira-max requires max plan or higher.',
    hint: PLAN,
  },
  {
    status: 403,
    body: detail('Forbidden'),
    exit: 5,
    message: 'HOST does not allow this: Forbidden.',
    hint: PLAN,
  },
  {
    status: 404,
    body: detail('Not Found'),
    exit: 3,
    message: 'HOST has nothing at /v1/chat/completions: Not Found.',
    hint: 'Check the address of the service (MIRA_API_URL).',
  },
  {
    status: 410,
    body: detail('This version of the API is retired'),
    headers: { sunset: 'Sat, 01 Jan 2028 00:00:00 GMT' },
    exit: 3,
    message: 'HOST has nothing at /v1/chat/completions: This version of the API is retired.',
    hint: 'Check the address of the service (MIRA_API_URL).',
  },
  { status: 408, body: '', exit: 9, message: 'HOST failed (status 408).', hint: AGAIN },
  {
    status: 413,
    body: 'Request body too large',
    headers: TEXT,
    exit: 2,
    message: 'HOST finds the question too large: Request body too large.',
    hint: 'Ask with less text or fewer files.',
  },
  {
    status: 415,
    body: 'Expected request with `Content-Type: application/json`',
    headers: TEXT,
    exit: 2,
    message: 'HOST does not accept the request: Expected request with `Content-Type: application/json`.',
  },
  {
    status: 422,
    body: detail([
      { loc: ['body', 'messages', 0, 'content'], msg: 'str type expected', type: 'type_error.str' },
      { loc: ['body', 'model'], msg: 'field required' },
    ]),
    exit: 2,
    message:
      'HOST does not accept the request: body.messages.0.content: str type expected; body.model: field required.',
  },
  {
    status: 422,
    body: detail('{"error":"content_blocked","category":"prompt_injection"}'),
    exit: 8,
    message: 'The content filter of HOST stopped this (prompt_injection).',
    hint: 'Ask in other words; files that are sent along are checked too.',
  },
  {
    status: 422,
    body: detail({ error: 'content_blocked', category: 'violence' }),
    exit: 8,
    message: 'The content filter of HOST stopped this (violence).',
    hint: 'Ask in other words; files that are sent along are checked too.',
  },
  {
    status: 422,
    body: 'Failed to deserialize the JSON body into the target type: missing field `model`',
    headers: TEXT,
    exit: 2,
    message:
      'HOST does not accept the request: Failed to deserialize the JSON body into the target type: missing field `model`.',
  },
  {
    status: 429,
    body: detail('Rate limit exceeded, retry after 60 seconds'),
    headers: { 'retry-after': '60' },
    exit: 7,
    message:
      'HOST limits how often it may be asked: Rate limit exceeded, retry after 60 seconds; it answers again in 60 s (TIME).',
    hint: 'Try again in 60 s.',
  },
  {
    status: 429,
    body: detail('Daily limit exceeded'),
    headers: { 'retry-after': '3600' },
    exit: 7,
    message:
      'HOST has nothing left for this account: Daily limit exceeded; it answers again in 1 h 00 min (TIME).',
    hint: ACCOUNT,
  },
  {
    status: 429,
    body: '',
    exit: 7,
    message: 'HOST limits how often it may be asked.',
    hint: 'Wait a minute and try again.',
  },
  {
    status: 500,
    body: detail('Internal Server Error'),
    exit: 9,
    message: 'HOST failed (status 500): Internal Server Error.',
    hint: AGAIN,
  },
  {
    status: 502,
    body: detail('Backend unavailable'),
    exit: 9,
    message: 'HOST failed (status 502): Backend unavailable.',
    hint: AGAIN,
  },
  {
    status: 502,
    body: '<html><head><title>502 Bad Gateway</title></head></html>',
    headers: { 'content-type': 'text/html' },
    exit: 9,
    message: 'HOST failed (status 502): it answered with a web page.',
    hint: AGAIN,
  },
  {
    status: 503,
    body: '{"status":"degraded","db":true,"redis":false}',
    exit: 9,
    message: 'HOST failed (status 503).',
    hint: AGAIN,
  },
  {
    status: 504,
    body: detail('Backend timeout'),
    exit: 9,
    message: 'HOST failed (status 504): Backend timeout.',
    hint: AGAIN,
  },
  // An earlier generation of the platform.
  {
    status: 400,
    body: '{"error":{"type":"invalid_request_error","message":"no messages","code":"missing_field"}}',
    exit: 2,
    message: 'HOST does not accept the request: no messages.',
  },
  { status: 400, body: detail(null), exit: 2, message: 'HOST does not accept the request (status 400).' },
  {
    status: 400,
    body: detail('\u001b]0;x\u0007a\u202eb\nc'),
    exit: 2,
    message: 'HOST does not accept the request: ]0;x ab c.',
  },
];

describe.concurrent('the platform refuses with', () => {
  test.each(REFUSALS)('$status $body', async ({ status, body, headers = {}, exit, message, hint }) => {
    const id = 'req-0123';
    await using server = await startChatServer(({ write }) =>
      write(whole(status, body, { ...JSON_TYPE, 'x-request-id': id, ...headers })),
    );
    const { code, stdout, stderr } = await runMira(['chat', 'x', '--json', '--retries', '0'], {
      env: server.env,
    });

    const host = `127.0.0.1:${server.port}`;
    const { error } = JSON.parse(stdout);
    const said = error.message.replace(/\(\d\d:\d\d\)/, '(TIME)');
    expect({ code, said, hint: error.hint, status: error.status, id: error.request_id }).toEqual({
      code: exit,
      said: message.replace('HOST', host),
      hint,
      status,
      id,
    });
    expect(stderr).toBe(`mira: ${error.message}\n${hint === undefined ? '' : `  ${hint}\n`}`);
    expect(server.requests).toHaveLength(1);
  });
});

describe.concurrent('the list of models', () => {
  const now = { object: 'list', data: [{ id: 'mira', object: 'model', created: 1, owned_by: 'vmira' }] };
  const earlier = {
    default: 'mira',
    models: [
      { id: 'mira', name: 'Mira', description: 'x', context_window: 32_768, max_output_tokens: 4_096 },
      { id: 'mira-max', name: 'Mira Max', context_window: 131_072, requires_plan: 'max' },
    ],
  };
  test.each<[string, Readonly<Record<string, object>>, readonly object[]]>([
    ['as it is now', { '/v1/models': now }, [{ id: 'mira', owned_by: 'vmira' }]],
    [
      'as it was, at its other place',
      { '/api/v1/models': earlier },
      [
        { id: 'mira', context: 32_768, max_output: 4_096 },
        { id: 'mira-max', context: 131_072 },
      ],
    ],
  ])('is read %s', async (_name, places, models) => {
    await using server = await startChatServer(({ request, write }) => {
      const list = places[request.path];
      return write(
        list === undefined
          ? whole(403, detail('Forbidden'), JSON_TYPE)
          : whole(200, JSON.stringify(list), JSON_TYPE),
      );
    });
    const { code, stdout, stderr } = await runMira(['models', '--json'], { env: server.env });

    expect({ code, stderr, list: JSON.parse(stdout) }).toEqual({
      code: 0,
      stderr: '',
      list: { schema: 'mira.models/1', provider: 'mira', models },
    });
  });

  test('is public where the platform says so, and asked for without a credential where there is none', async () => {
    await using server = await startChatServer(({ request, write }) =>
      write(
        request.path === '/api/v1/models'
          ? whole(200, JSON.stringify(earlier), JSON_TYPE)
          : whole(401, detail('API key required'), JSON_TYPE),
      ),
    );
    const env = { ...server.env, MIRA_API_KEY: undefined };
    expect(await runMira(['models'], { env })).toMatchObject({ code: 0, stderr: '' });
    expect(server.requests.map(({ headers }) => headers['authorization'])).toEqual([undefined, undefined]);
  });

  test('that is not public wants a credential, which nobody has who is not signed in', async () => {
    await using server = await startChatServer(({ write }) =>
      write(whole(401, detail('API key required'), JSON_TYPE)),
    );
    const env = { ...server.env, MIRA_API_KEY: undefined };
    expect(await runMira(['models'], { env })).toMatchObject({
      code: 4,
      stdout: '',
      stderr: `mira: 127.0.0.1:${server.port} wants a credential: API key required.\n  Sign in with: mira auth login\n`,
    });
  });
});

test('a question is sent with what is documented and nothing else, whatever is asked for', async () => {
  await using server = await startChatServer((exchange) => answerWith(exchange, '{"a":1}'));
  await using home = await isolatedHome();
  const schema = { type: 'object', properties: { a: { type: 'number' } } };
  await writeFile(join(home.path, 's.json'), JSON.stringify(schema));
  const line = ['chat', 'hi', '-s', 'Be brief.', '--max-tokens', '9', '--temperature', '0'];
  await runMira(line, { home, env: server.env });
  await runMira([...line, '--schema', 's.json', '-m', 'mira-pro'], {
    home,
    cwd: home.path,
    env: server.env,
  });

  const told = (system: string): object => ({
    messages: [
      { role: 'system', content: system },
      { role: 'user', content: 'hi' },
    ],
    stream: true,
    temperature: 0,
    max_tokens: 9,
  });
  expect(server.requests.map(({ body }) => JSON.parse(body))).toEqual([
    { model: 'mira', ...told('Be brief.') },
    {
      model: 'mira-pro',
      ...told(
        `Be brief.\n\nAnswer with one JSON value that is valid against the JSON Schema below, and with nothing else: no explanation, no Markdown.\n\n${JSON.stringify(schema)}`,
      ),
    },
  ]);
  const names = Object.keys(server.requests[0]?.headers ?? {});
  expect(names.toSorted()).toEqual([
    'accept',
    'accept-encoding',
    'authorization',
    'connection',
    'content-length',
    'content-type',
    'host',
    'user-agent',
  ]);
});
