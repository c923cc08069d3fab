/** `mira api`: one request with the credential, what of the answer is printed where, and what is refused. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RawExchange } from '../support/raw-server.ts';
import { head, whole } from '../support/raw-server.ts';
import { startChatServer } from '../support/chat-server.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import { signIn } from '../support/sign-in.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

/** A service that always answers the same. */
function answering(
  status: number,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
) {
  return startChatServer((exchange) => exchange.write(whole(status, body, headers)));
}

describe.concurrent('the answer', () => {
  test('is printed as it came, with the credential sent to a path of the origin', async () => {
    await using server = await answering(200, '{ "used": 1e2,\n  "big": 12345678901234567890 }', JSON_TYPE);

    expect(await runMira(['api', '/v1/quota'], { env: server.env })).toEqual({
      code: 0,
      signal: null,
      stdout: '{ "used": 1e2,\n  "big": 12345678901234567890 }\n',
      stderr: '',
    });
    expect(server.requests.map(({ method, path, body }) => ({ method, path, body }))).toEqual([
      { method: 'GET', path: '/v1/quota', body: '' },
    ]);
    expect(server.requests[0]?.headers['authorization']).toBe(`Bearer ${server.env['MIRA_API_KEY']}`);
  });

  test('is the same under --json, and control characters in it are escapes', async () => {
    await using server = await answering(200, '{"a":"x\u009b2J\u202ey\u200b","b":[1]}\r\n', JSON_TYPE);

    for (const args of [[], ['--json']]) {
      const { code, stdout, stderr } = await runMira(['api', 'x', ...args], { env: server.env });
      expect({ code, stdout, stderr }).toEqual({
        code: 0,
        stdout: '{"a":"x\\u009b2J\\u202ey\\u200b","b":[1]}\n',
        stderr: '',
      });
    }
  });

  test('of text has control sequences taken out, and is an object under --json', async () => {
    await using server = await answering(200, 'one\u001b[2J\r\ntwo\n', { 'content-type': 'text/plain' });

    expect(await runMira(['api', 'x'], { env: server.env })).toMatchObject({ stdout: 'one\ntwo\n' });
    const { stdout } = await runMira(['api', 'x', '--json'], { env: server.env });
    expect(JSON.parse(stdout)).toEqual({
      schema: 'mira.api/1',
      status: 200,
      content_type: 'text/plain',
      text: 'one\u001b[2J\r\ntwo',
    });
  });

  test('that is no text is given in base64 under --json and refused without it', async () => {
    const bytes = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 255);
    await using server = await answering(200, bytes, { 'content-type': 'image/png' });
    const { stdout } = await runMira(['api', 'x', '--json'], { env: server.env });

    expect(JSON.parse(stdout)).toEqual({
      schema: 'mira.api/1',
      status: 200,
      content_type: 'image/png',
      bytes: Buffer.from(bytes).toString('base64'),
    });
    expect(await runMira(['api', 'x'], { env: server.env })).toMatchObject({
      code: 9,
      stdout: '',
      stderr: expect.stringContaining('mira: The answer is no text, so it is not printed.'),
    });
  });

  test('without a body prints nothing, and an object with its status under --json', async () => {
    await using server = await startChatServer((exchange) =>
      exchange.write('HTTP/1.1 204 No Content\r\n\r\n'),
    );

    expect(await runMira(['api', 'DELETE', 'x'], { env: server.env })).toMatchObject({ code: 0, stdout: '' });
    expect(await runMira(['api', 'delete', 'x', '--json'], { env: server.env })).toMatchObject({
      code: 0,
      stdout: '{"schema":"mira.api/1","status":204}\n',
    });
  });

  test('comes with status and headers if it is asked for', async () => {
    await using server = await answering(200, '{"a":1}', { ...JSON_TYPE, 'x-odd': 'a b' });
    const { stdout } = await runMira(['api', 'x', '-i'], { env: server.env });
    const object = await runMira(['api', 'x', '-i', '--json'], { env: server.env });

    expect(stdout).toBe(
      'HTTP/1.1 200 OK\ncontent-type: application/json\nx-odd: a b\ncontent-length: 7\n\n{"a":1}\n',
    );
    expect(JSON.parse(object.stdout)).toEqual({
      schema: 'mira.api/1',
      status: 200,
      headers: { 'content-type': 'application/json', 'x-odd': 'a b', 'content-length': '7' },
      body: { a: 1 },
    });
  });

  test('does not repeat the credential, not even in --debug', async () => {
    await using server = await startChatServer((exchange) => exchange.write(whole(200, quoted(exchange))));
    const { stdout, stderr } = await runMira(['api', 'x', '-i', '--debug'], { env: server.env });

    expect(stdout).toContain('{"sent":"Bearer [redacted]"}');
    expect(stdout + stderr).not.toContain(server.env['MIRA_API_KEY']);
  });
});

const quoted = ({ request }: RawExchange): string =>
  JSON.stringify({ sent: request.headers['authorization'] });

describe.concurrent('an HTTP error', () => {
  test.each([
    [400, 2],
    [401, 4],
    [402, 7],
    [403, 5],
    [404, 3],
    [429, 7],
    [500, 9],
    [302, 9],
  ])('%i prints its body and exits %i', async (status, code) => {
    await using server = await answering(status, '{"detail":"No."}', JSON_TYPE);

    for (const args of [[], ['--json']]) {
      const result = await runMira(['api', 'x', ...args], { env: server.env });
      expect(result).toMatchObject({ code, stdout: '{"detail":"No."}\n' });
      expect(result.stderr).toMatch(/^mira: /);
    }
    expect(server.requests).toHaveLength(2);
  });

  test('without a body is an error object under --json', async () => {
    await using server = await answering(503, '', { 'x-request-id': 'r1' });
    const { code, stdout } = await runMira(['api', 'x', '--json'], { env: server.env });

    expect({ code, object: JSON.parse(stdout) }).toMatchObject({
      code: 9,
      object: { schema: 'mira.error/1', error: { code: 'server_error', status: 503, request_id: 'r1' } },
    });
  });

  test('401 renews a session once and asks once more', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    await signIn(platform, { home });
    platform.refuseAccessTokens();
    const { code, stdout, stderr } = await runMira(['api', '/api/v1/auth/me'], { home });

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ email: expect.stringContaining('@') });
    expect(platform.requests.filter(({ path }) => path === '/api/v1/auth/me').slice(-2)).toMatchObject([
      { status: 401 },
      { status: 200 },
    ]);
  });

  test('401 for good names where the credential came from', async () => {
    await using server = await answering(401, '{"detail":"Invalid API key"}', JSON_TYPE);
    const { stderr } = await runMira(['api', 'x'], { env: server.env });

    expect(stderr).toBe(
      `mira: 127.0.0.1:${server.port} refused the credential from MIRA_API_KEY: Invalid API key.\n` +
        '  It is revoked or mistyped; keys are managed at https://platform.vmira.ai/api-keys. Mend it with: unset MIRA_API_KEY && mira auth login\n',
    );
  });
});

describe.concurrent('a request', () => {
  test('makes JSON of its fields and is POST then', async () => {
    await using server = await answering(200, '{}');
    await using home = await isolatedHome();
    await writeFile(join(home.path, 'note.txt'), 'two\nlines\n');
    const fields = [
      'model=mira',
      'n=-1.5e3',
      'id=12345678901234567890',
      'stream=false',
      'stop=null',
      'note=@note.txt',
    ];
    const messages = ['role=user', 'content=hi', 'role=assistant'].map(
      (text) => `messages[][${text.replace('=', ']=')}`,
    );
    const all = [...fields, ...messages, 'tags[]=1', 'tags[]=b', 'o[deep][er]=true', '__proto__=x'];
    await runMira(['api', 'chat', ...all.flatMap((field) => ['-f', field]), '--raw-field', 'text=true'], {
      home,
      env: server.env,
    });

    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/v1/chat' });
    expect(request?.headers['content-type']).toBe('application/json');
    expect(request?.body).toBe(
      '{"model":"mira","n":-1500,"id":"12345678901234567890","stream":false,"stop":null,"note":"two\\nlines\\n",' +
        '"messages":[{"role":"user","content":"hi"},{"role":"assistant"}],"tags":[1,"b"],"o":{"deep":{"er":true}},' +
        '"__proto__":"x","text":"true"}',
    );
  });

  test('puts its fields into the query for GET, and beside --input', async () => {
    await using server = await answering(200, '{}');
    const { env } = server;
    await runMira(['api', 'GET', 'x?a=1', '-f', 'b=2 3', '-f', 'c[]=true'], { env });
    await runMira(['api', 'x', '-f', 'b=2', '--input', '-'], { env, stdin: '{"whole":"body"}' });

    expect(server.requests).toMatchObject([
      { method: 'GET', path: '/v1/x?a=1&b=2+3&c%5B%5D=true', body: '' },
      { method: 'POST', path: '/v1/x?b=2', body: '{"whole":"body"}' },
    ]);
    expect(server.requests[1]?.headers['content-type']).toBe('application/json');
  });

  test('sends a file as it is', async () => {
    await using server = await answering(200, '{}');
    await using home = await isolatedHome();
    const file = join(home.path, 'body.bin');
    await writeFile(file, 'no JSON {');
    await runMira(['api', 'PUT', 'x', '--input', file], { home, env: server.env });

    expect(server.requests).toMatchObject([{ method: 'PUT', body: await readFile(file, 'utf8') }]);
    expect(server.requests[0]?.headers['content-type']).toBe('application/octet-stream');
  });

  test('takes headers of one’s own, which go before those of mira', async () => {
    await using server = await answering(200, '{}');
    const { env } = server;
    const own = ['-H', 'X-Trace:  a b ', '-H', 'x-trace: c', '-H', 'Accept: text/plain', '-H', 'X-Empty:'];
    const { code, stderr } = await runMira(['api', 'x', ...own], { env });

    expect({ code, stderr, headers: server.requests[0]?.headers }).toMatchObject({
      code: 0,
      stderr: '',
      headers: {
        'x-trace': 'a b, c',
        accept: 'text/plain',
        'x-empty': '',
        authorization: `Bearer ${env['MIRA_API_KEY']}`,
      },
    });
  });

  test('is given up after --timeout', async () => {
    await using server = await startChatServer(async ({ write, gone }) => {
      await write(head(200, { 'content-type': 'application/json' }) + '{"a":');
      await gone;
    });

    expect(await runMira(['api', 'x', '--timeout', '0.5'], { env: server.env })).toMatchObject({
      code: 6,
      stdout: '',
      stderr: `mira: 127.0.0.1:${server.port} did not finish its answer within 0.5 s.\n  Check the connection and try again.\n`,
    });
    expect(server.requests).toHaveLength(1);
  });

  test.each<[readonly string[], number, string]>([
    [['api', 'TRACE', 'x'], 2, 'That is no method of HTTP.'],
    [['api', 'GET', 'x', 'y'], 2, 'There are more words on the line than a method and a path.'],
    [['api'], 2, 'Something is missing: request.'],
    [['api', 'x y'], 2, 'The path is empty, or has a space, a backslash or a control character in it.'],
    [['api', 'x', '-f', '=1'], 2, 'A field has no name, or no = after it.'],
    [
      ['api', 'x', '-f', 'a=1', '-f', 'a[b]=2'],
      2,
      'The field a[b] is given twice, or as two different things.',
    ],
    ...['nothing', ': x', 'a b: c', 'x: a\r\nb: c', 'x: 🙂'].map(
      (header): [readonly string[], number, string] => [
        ['api', 'x', '-H', header],
        2,
        'A header has no name, no : after it, or what no header can hold.',
      ],
    ),
    ...[
      'Authorization: Basic x',
      'X-API-Key:x',
      'cookie : a=b',
      'Proxy-Authorization: x',
      'X-Goog-Api-Key: x',
      'X-Auth-Token: x',
      `X-Note: sk-${'mira'}-${'0d'.repeat(20)}`,
    ].map((header): [readonly string[], number, string] => [
      ['api', 'x', '-H', header],
      2,
      'A credential is no argument, so it is not taken as a header.',
    ]),
    [['api', 'x', '-H', 'Host: other.example'], 2, 'The header host is written by mira itself.'],
    [['api', 'x', '-H', 'Content-Length: 5'], 2, 'The header content-length is written by mira itself.'],
    [['api', 'x', '-f', 'a[b=2'], 2, 'The name of a field has brackets that do not match.'],
    [['api', 'GET', 'x', '--input', '-'], 2, 'GET takes no body, so --input does not go with it.'],
    [['api', 'POST', 'x', '--paginate'], 2, '--paginate goes with GET.'],
    [['api', 'x', '--paginate', '-i'], 2, '--include shows one answer, so it does not go with --paginate.'],
    [['api', 'x', '--input', 'absent'], 2, '--input: absent cannot be read (there is no such file).'],
    [
      ['api', 'https://api.example/v1/x'],
      11,
      'The credential belongs to HOST; it was not sent to api.example.',
    ],
    [
      ['api', 'http://api.example/v1/x'],
      11,
      'The credential belongs to HOST; it was not sent to api.example.',
    ],
    [['api', 'file:///etc/hosts'], 11, 'The credential belongs to HOST; it was not sent to another address.'],
  ])('that cannot be sent says so: %j', async (args, code, message) => {
    await using server = await answering(200, '{}');
    const result = await runMira(args, { env: server.env });

    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr.split('\n')[0]).toBe(`mira: ${message.replace('HOST', `127.0.0.1:${server.port}`)}`);
    expect(server.requests).toEqual([]);
  });

  test('needs somebody who is signed in', async () => {
    expect(await runMira(['api', '/v1/quota'])).toMatchObject({ code: 4, stdout: '' });
  });

  test('takes a whole address of its own origin, and no other for one', async () => {
    await using server = await answering(200, '{}');
    const { env } = server;
    await runMira(['api', `${server.origin}/a?b#c`], { env });
    await runMira(['api', '//other.example/a'], { env });
    await runMira(['api', 'mailto:a'], { env });

    expect(server.requests.map(({ path }) => path)).toEqual(['/a?b', '//other.example/a', '/v1/mailto:a']);
  });
});

describe.concurrent('pages', () => {
  test('are read one after the other, as the body or a header names them', async () => {
    await using server = await startChatServer((exchange) => {
      const body = (more: object) => JSON.stringify({ n: exchange.index, ...more });
      switch (exchange.request.path) {
        case '/v1/list?limit=2':
          return exchange.write(whole(200, body({ page: 1, total_pages: 2 }), JSON_TYPE));
        case '/v1/list?limit=2&page=2':
          return exchange.write(whole(200, body({ links: { next: '/v1/third' } }), JSON_TYPE));
        case '/v1/third':
          return exchange.write(
            whole(200, body({}), { ...JSON_TYPE, link: '</v1/a>; rel="prev", <?p=4>; rel="next last"' }),
          );
        default:
          return exchange.write(whole(200, body({ next: null }), JSON_TYPE));
      }
    });
    const { stdout } = await runMira(['api', 'list?limit=2', '--paginate'], { env: server.env });
    const object = await runMira(['api', 'list?limit=2', '--paginate', '--json'], { env: server.env });

    expect(stdout).toBe(
      '{"n":0,"page":1,"total_pages":2}\n{"n":1,"links":{"next":"/v1/third"}}\n{"n":2}\n{"n":3,"next":null}\n',
    );
    expect(JSON.parse(object.stdout)).toEqual({
      schema: 'mira.api/1',
      pages: [
        { body: { n: 4, page: 1, total_pages: 2 } },
        { body: { n: 5, links: { next: '/v1/third' } } },
        { body: { n: 6 } },
        { body: { n: 7, next: null } },
      ],
    });
  });

  test.each([
    [
      'https://other.example/2',
      11,
      /says that the next page is at other\.example; the credential was not sent there\.$/,
    ],
    ['/v1/list', 9, /names a page as the next one that was read already\.$/],
  ])('end where the next one is not to be read: %s', async (next, code, message) => {
    await using server = await answering(200, JSON.stringify({ next }), JSON_TYPE);
    const result = await runMira(['api', 'list', '--paginate'], { env: server.env });

    expect(result).toMatchObject({ code, stdout: `${JSON.stringify({ next })}\n` });
    expect(result.stderr.split('\n')[0]).toMatch(message);
    expect(server.requests).toHaveLength(1);
  });

  test('without an end are a hundred, and the error says how to go on', async () => {
    await using server = await startChatServer((exchange) =>
      exchange.write(whole(200, JSON.stringify({ next: `/v1/list?page=${exchange.index + 1}` }), JSON_TYPE)),
    );
    const { code, stdout, stderr } = await runMira(['api', 'list', '--paginate'], { env: server.env });

    expect({ code, pages: stdout.trimEnd().split('\n').length, stderr }).toEqual({
      code: 9,
      pages: 100,
      stderr:
        'mira: There are more than 100 pages; that many were printed.\n' +
        "  Go on from there: mira api --paginate '/v1/list?page=100'\n",
    });
  });

  test('before one that fails are printed with it', async () => {
    await using server = await startChatServer((exchange) =>
      exchange.write(
        exchange.index === 0
          ? whole(200, '{"next":"/v1/2"}', JSON_TYPE)
          : whole(500, '{"detail":"broken"}', JSON_TYPE),
      ),
    );

    expect(await runMira(['api', 'list', '--paginate'], { env: server.env })).toMatchObject({
      code: 9,
      stdout: '{"next":"/v1/2"}\n{"detail":"broken"}\n',
    });
  });
});
