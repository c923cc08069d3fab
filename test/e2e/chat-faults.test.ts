/** `mira chat` against services that are busy, broken or cut off, and through the networks in between. */
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { answerWith, begin, finish, say, startChatServer } from '../support/chat-server.ts';
import { selfSigned } from '../support/platform/self-signed.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import { whole } from '../support/raw-server.ts';
import type { RawExchange } from '../support/raw-server.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import { parseLines } from '../support/sign-in.ts';

const ASK = ['chat', 'x', '--json'];

describe.concurrent('a service that is busy', () => {
  test('and names a short wait is asked again after it', async () => {
    await using server = await startChatServer((exchange) =>
      exchange.index === 0 ? exchange.write(limited('1')) : answerWith(exchange, 'Now.'),
    );
    const { code, stdout, stderr } = await runMira([...ASK, '--stream'], { env: server.env });

    expect({ code, stderr, events: parseLines(stdout) }).toMatchObject({
      code: 0,
      stderr: '',
      events: [
        { event: 'start' },
        { event: 'retry', seq: 1, attempt: 1, after_ms: 1_000, reason: expect.stringContaining('slow down') },
        { event: 'delta', text: 'Now.' },
        { event: 'end', text: 'Now.' },
      ],
    });
  });

  test('is waited for aloud in plain text, and silently with --quiet', async () => {
    const busyOnce = (exchange: RawExchange) =>
      exchange.index % 2 === 0 ? exchange.write(limited('1')) : answerWith(exchange, 'Now.');
    await using server = await startChatServer(busyOnce);
    const { host } = new URL(server.origin);

    expect(await runMira(['chat', 'x'], { env: server.env })).toEqual({
      code: 0,
      signal: null,
      stdout: 'Now.\n',
      stderr: `mira: ${host} limits how often it may be asked: slow down; it answers again in 1 s. Trying again in 1 s (attempt 1).\n`,
    });
    expect(await runMira(['chat', 'x', '--quiet'], { env: server.env })).toEqual({
      code: 0,
      signal: null,
      stdout: 'Now.\n',
      stderr: '',
    });
  });

  test('and names a long wait is left at once: exit 7 with retry_after', async () => {
    await using server = await startChatServer((exchange) => exchange.write(limited('120')));
    const { code, stdout } = await runMira(ASK, { env: server.env });

    expect({ code, error: JSON.parse(stdout).error }).toMatchObject({
      code: 7,
      error: { code: 'rate_limited', exit_code: 7, retryable: true, status: 429, retry_after: 120 },
    });
    expect(server.requests).toHaveLength(1);
  });

  test('or fails, is asked as often as --retries says, and its failure is exit 9', async () => {
    await using server = await startChatServer((exchange) =>
      exchange.write(whole(500, JSON.stringify({ detail: 'boom' }), { 'content-type': 'application/json' })),
    );
    const { code, stdout, stderr } = await runMira([...ASK, '--retries', '1'], { env: server.env });

    const message = `${new URL(server.origin).host} failed (status 500): boom.`;
    expect({ code, stderr, object: JSON.parse(stdout) }).toEqual({
      code: 9,
      stderr: `mira: ${message}\n  Try again in a moment.\n`,
      object: {
        schema: 'mira.error/1',
        error: {
          code: 'server_error',
          message,
          exit_code: 9,
          retryable: true,
          hint: 'Try again in a moment.',
          status: 500,
        },
      },
    });
    expect(server.requests).toHaveLength(2);
  });
});

describe.concurrent('an answer that is no answer', () => {
  const answers: readonly (readonly [string, Buffer, number, string])[] = [
    ['403', refusal(403, 'not in your plan'), 5, 'forbidden'],
    ['404', refusal(404, 'Not Found'), 3, 'not_found'],
    ['404 about the model', refusal(404, 'There is no model of that name'), 3, 'model_not_found'],
    ['402', refusal(402, 'Insufficient balance'), 7, 'quota_exceeded'],
    [
      'a web page',
      whole(200, '<!doctype html><title>Hello', { 'content-type': 'text/html' }),
      9,
      'malformed_response',
    ],
    [
      'JSON that is something else',
      whole(200, '{"hello":1}', { 'content-type': 'application/json' }),
      9,
      'malformed_response',
    ],
    ['an empty stream', whole(200, '', { 'content-type': 'text/event-stream' }), 9, 'stream_cut'],
    ['comments alone', whole(200, ': ping\n\n', { 'content-type': 'text/event-stream' }), 9, 'stream_cut'],
    ['bytes that are no HTTP', Buffer.from('SSH-2.0-OpenSSH\r\n'), 9, 'malformed_response'],
    ['a redirect', whole(307, '', { location: 'https://elsewhere.invalid/v1' }), 9, 'redirect_refused'],
  ];
  test.each(answers)('(%s) has its own code', async (_name, answer, exit, code) => {
    await using server = await startChatServer(async (exchange) => {
      await exchange.write(answer);
      exchange.end();
    });
    const result = await runMira([...ASK, '--retries', '0'], { env: server.env });

    expect({ exit: result.code, error: JSON.parse(result.stdout).error }).toMatchObject({
      exit,
      error: { code, exit_code: exit },
    });
    const { message, hint } = JSON.parse(result.stdout).error;
    expect(result.stderr).toBe(`mira: ${message}\n${hint === undefined ? '' : `  ${hint}\n`}`);
    expect(server.requests).toHaveLength(1);
  });
});

test('an answer that has not begun within --timeout is not asked for again', async () => {
  await using server = await startChatServer((exchange) => exchange.gone);
  const result = await runMira(['chat', 'x', '--timeout', '0.5', '--json', '--stream'], { env: server.env });

  expect(parseLines(result.stdout).map(({ event }) => event)).toEqual(['start', 'error']);
  expect({ code: result.code, stderr: result.stderr }).toEqual({
    code: 6,
    stderr: 'mira: The answer was not whole after 0.5 s (--timeout).\n',
  });
  expect(server.requests).toHaveLength(1);
});

describe.concurrent('an answer that breaks off', () => {
  const ends: readonly (readonly [
    string,
    (exchange: RawExchange) => unknown,
    readonly string[],
    number,
    string,
  ])[] = [
    ['ends early', (exchange) => exchange.write('0\r\n\r\n'), [], 9, 'stream_cut'],
    ['is not whole after --timeout', () => undefined, ['--timeout', '1'], 6, 'timeout'],
    [
      'is stopped by a content filter',
      (exchange) => finish(exchange, 'content_filter'),
      [],
      8,
      'content_filtered',
    ],
  ];
  test.each(ends)('(%s) keeps what came, on stdout and in JSON', async (_name, end, more, exit, code) => {
    await using server = await startChatServer(async (exchange) => {
      await begin(exchange);
      await say(exchange, 'Half of ');
      await say(exchange, 'it');
      await end(exchange);
    });
    const run = (...args: string[]) => runMira(['chat', 'x', ...more, ...args], { env: server.env });
    const plain = await run();
    const json = await run('--json');
    const stream = await run('--json', '--stream');

    expect({ exit: plain.code, stdout: plain.stdout }).toEqual({ exit, stdout: 'Half of it\n' });
    expect({ exit: json.code, object: JSON.parse(json.stdout) }).toMatchObject({
      exit,
      object: { schema: 'mira.error/1', error: { code, exit_code: exit, partial: { text: 'Half of it' } } },
    });
    const events = parseLines(stream.stdout);
    expect({ exit: stream.code, last: events.at(-1) }).toMatchObject({
      exit,
      last: { event: 'error', error: { code, partial: { text: 'Half of it' } } },
    });
    expect(events.filter(({ event }) => event === 'error' || event === 'end')).toHaveLength(1);
    // Each is a conversation of its own, which the hint names.
    const [said, ...others] = [plain, json, stream].map(({ stderr }) => stderr.replace(/-r \w+/, '-r ID'));
    expect(others).toEqual([said, said]);
    expect(server.requests).toHaveLength(3);
  });

  test('after its finish reason is whole without [DONE]', async () => {
    await using server = await startChatServer(async (exchange) => {
      const end = { choices: [{ index: 0, delta: { content: 'All.' }, finish_reason: 'stop' }] };
      await exchange.write(
        whole(200, `data: ${JSON.stringify(end)}\n\n`, { 'content-type': 'text/event-stream' }),
      );
    });

    expect(await runMira(['chat', 'x'], { env: server.env })).toEqual({
      code: 0,
      signal: null,
      stdout: 'All.\n',
      stderr: '',
    });
  });
});

describe.concurrent('a proxy', () => {
  test('is asked for what is far away, and never for this machine', async () => {
    await using server = await startChatServer((exchange) => answerWith(exchange, 'Near.'));
    await using proxy = await startProxy();
    for (const name of ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY']) {
      const env = { ...server.env, [name]: proxy.url, HTTP_PROXY: proxy.url };
      expect(await runMira(['chat', 'x'], { env })).toMatchObject({ code: 0, stdout: 'Near.\n' });
      expect(proxy.asked()).toEqual([]);
      const far = { ...env, MIRA_API_URL: 'https://api.far.invalid/v1' };
      const result = await runMira([...ASK, '--retries', '0'], { env: far });
      expect(proxy.takeAsked()).toEqual(['CONNECT api.far.invalid:443']);
      expect(result).toMatchObject({
        code: 6,
        stderr: expect.stringContaining(`The proxy ${new URL(proxy.url).host} did not make the connection.`),
      });
      const exempt = await runMira([...ASK, '--retries', '0'], { env: { ...far, NO_PROXY: 'far.invalid' } });
      expect(proxy.asked()).toEqual([]);
      expect(exempt.code).toBe(6);
    }
  });

  test('whose address is no address is named without its password', async () => {
    await using server = await startChatServer((exchange) => answerWith(exchange, 'Near.'));
    const env = {
      ...server.env,
      MIRA_API_URL: 'https://api.far.invalid/v1',
      HTTPS_PROXY: 'ftp://ada:geheim@p',
    };
    const result = await runMira(ASK, { env });

    expect(result.code).toBe(6);
    expect(result.stdout + result.stderr).not.toContain('geheim');
  });
});

describe.concurrent('certificates', () => {
  test('that nobody trusts are refused whatever NODE_TLS_REJECT_UNAUTHORIZED says; MIRA_CA_FILE adds one', async () => {
    const tls = selfSigned();
    await using platform = await startPlatform({ tls });
    await using home = await isolatedHome();
    const caFile = join(home.path, 'ca.pem');
    await writeFile(caFile, tls.cert);
    const env = { MIRA_API_URL: platform.apiUrl, MIRA_API_KEY: platform.mintKey() };
    const { host } = new URL(platform.apiUrl);
    const untrusted = 'its certificate is signed by itself';
    const sentence =
      `mira: Cannot trust ${host}: ${untrusted}.\n` +
      '  If your network has its own certificate authority, set MIRA_CA_FILE to its certificate (PEM).\n';

    expect(await runMira(['chat', 'x'], { home, env })).toEqual({
      code: 6,
      signal: null,
      stdout: '',
      stderr: sentence,
    });
    expect(
      await runMira(['chat', 'x'], { home, env: { ...env, NODE_TLS_REJECT_UNAUTHORIZED: '0' } }),
    ).toEqual({
      code: 6,
      signal: null,
      stdout: '',
      stderr:
        'mira: NODE_TLS_REJECT_UNAUTHORIZED=0 is ignored: certificates are always checked. Trust one of your own with MIRA_CA_FILE.\n' +
        sentence,
    });
    expect(platform.requests).toEqual([]);
    expect(await runMira(['chat', 'x'], { home, env: { ...env, MIRA_CA_FILE: caFile } })).toMatchObject({
      code: 0,
      stderr: '',
    });
    const missing = await runMira(['chat', 'x'], {
      home,
      env: { ...env, MIRA_CA_FILE: join(home.path, 'none') },
    });
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be read') });
  });
});

function limited(seconds: string): Buffer {
  return whole(429, JSON.stringify({ detail: 'slow down' }), {
    'content-type': 'application/json',
    'retry-after': seconds,
  });
}

function refusal(status: number, detail: string): Buffer {
  return whole(status, JSON.stringify({ detail }), { 'content-type': 'application/json' });
}

interface RecordingProxy extends AsyncDisposable {
  readonly url: string;
  asked(): readonly string[];
  takeAsked(): readonly string[];
}

/** A forward proxy that writes down what it is asked for and leads nowhere. */
async function startProxy(): Promise<RecordingProxy> {
  const sockets = new Set<Socket>();
  let asked: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('data', (bytes) => {
      asked.push(bytes.toString('latin1').split(' HTTP/')[0] ?? '');
      socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    takeAsked() {
      const taken = asked;
      asked = [];
      return taken;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
