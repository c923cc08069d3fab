import { getEventListeners, once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { gzipSync, brotliCompressSync, deflateRawSync, deflateSync } from 'node:zlib';

import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { pinnedLookup } from '../../../src/api/http/dispatchers.ts';
import { readServiceError } from '../../../src/api/service-error.ts';
import { MiraError } from '../../../src/errors.ts';
import type { LogFields } from '../../../src/log.ts';
import { chunk, head, whole } from '../../support/raw-server.ts';
import type { RawExchange } from '../../support/raw-server.ts';
import { facts, failureOf, openHttp, serve } from './open-http.ts';

describe('a request', () => {
  it('is sent as it was given, with our name and no compression asked for', async () => {
    const server = await serve(({ write }) => write(whole(201, '{"ok":true}', { 'X-Two': 'a', Date: 'x' })));
    const http = openHttp();
    const response = await http.request({
      url: new URL(`${server.origin}/v1/x?q=1#part`),
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"a":"é"}',
    });
    expect(response.status).toBe(201);
    expect(response.headers['x-two']).toBe('a');
    expect(await response.json()).toEqual({ ok: true });
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({ method: 'POST', path: '/v1/x?q=1', body: '{"a":"é"}' });
    expect(server.requests[0]?.headers).toMatchObject({
      'user-agent': 'mira-test',
      'accept-encoding': 'identity',
      'content-type': 'application/json',
      'content-length': '10',
    });
  });

  it('is logged without its query', async () => {
    const server = await serve(({ write }) => write(whole(200)));
    const lines: [string, LogFields | undefined][] = [];
    let time = 0;
    const http = openHttp({ log: (event, fields) => lines.push([event, fields]), now: () => (time += 5) });
    await http.request({ url: new URL(`${server.origin}/a?secret=1`) });
    expect(lines).toEqual([
      [
        'http',
        { method: 'GET', host: `127.0.0.1:${server.port}`, path: '/a', proxy: undefined, status: 200, ms: 5 },
      ],
    ]);
  });

  it('tells when it is on its way, before an answer comes, and not where nobody takes it', async () => {
    const { promise: isSent, resolve: onSent } = Promise.withResolvers<void>();
    const server = await serve(async ({ write }) => {
      await isSent;
      await write(whole(200));
    });
    const http = openHttp();
    expect(await http.request({ url: new URL(server.origin), onSent })).toMatchObject({ status: 200 });

    let told = 0;
    const nobody = new URL('http://127.0.0.1:1/');
    await failureOf(http.request({ url: nobody, onSent: () => (told += 1) }));
    expect(told).toBe(0);
  });

  it('uses a connection again once an answer was read or given up', async () => {
    const server = await serve(({ write }) => write(whole(200, 'x'.repeat(1000))));
    const http = openHttp();
    const url = new URL(server.origin);
    await (await http.request({ url })).text();
    const second = await http.request({ url });
    second.discard();
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    await (await http.request({ url })).text();
    expect(server.requests).toHaveLength(3);
    expect(server.connections).toBe(1);
  });

  it('finds localhost on this machine without asking anyone', async () => {
    const server = await serve(({ write }) => write(whole(200, 'here')));
    const response = await openHttp().request({ url: new URL(`http://localhost:${server.port}/`) });
    expect(await response.text()).toBe('here');
  });

  it('asks no one what localhost means, and the name server about every other name', () => {
    const asked: string[] = [];
    const answers: unknown[] = [];
    const lookup = pinnedLookup((hostname) => asked.push(hostname));
    lookup('localhost', { all: true }, (_error, addresses) => answers.push(addresses));
    lookup('localhost', { family: 6 }, (_error, address, family) => answers.push([address, family]));
    lookup('localhost.example', { all: true }, () => {});
    expect(asked).toEqual(['localhost.example']);
    expect(answers).toEqual([
      [
        { address: '127.0.0.1', family: 4 },
        { address: '::1', family: 6 },
      ],
      ['::1', 6],
    ]);
  });

  it.each([301, 302, 303, 307, 308])('does not follow a %d', async (status) => {
    const other = await serve(({ write }) => write(whole(200, 'other')));
    const server = await serve(({ write }) => write(whole(status, '', { location: `${other.origin}/x` })));
    const http = openHttp();
    for (const method of ['GET', 'POST']) {
      const response = await http.request({
        url: new URL(server.origin),
        method,
        headers: { authorization: 'Bearer x', 'x-api-key': 'y' },
        body: method === 'POST' ? 'refresh_token=z' : undefined,
      });
      expect(response.status).toBe(status);
      const error = await readServiceError(response, { now: 0 });
      expect(error).toMatchObject({ code: 'redirect_refused', exitCode: 9, status });
      expect(error.message).toContain(other.origin);
    }
    expect(other.connections).toBe(0);
  });

  it.each([
    ['100', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['100 of HTTP/1.0 with headers', 'HTTP/1.0 100 Go on\r\nX-A: b\r\n\r\n'],
    ['several', 'HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 100\r\n\r\nHTTP/1.1 102 P\r\n\r\n'],
    ['none', ''],
  ])('is answered after news on the way: %s', async (_name, news) => {
    // What looks like news within an answer is part of it.
    const body = 'HTTP/1.1 100 Continue\r\n\r\nend';
    const server = await serve(async ({ write }) => {
      for (const character of news) await write(character);
      await write(head(200, { 'Content-Length': String(body.length) }));
      await write(body);
    });
    const http = openHttp();
    for (const _time of [1, 2]) {
      const response = await http.request({ url: new URL(server.origin), method: 'POST', body: 'x' });
      expect([response.status, await response.text()]).toEqual([200, body]);
    }
    expect(server.connections).toBe(1);
  });

  it('is not answered by news alone', async () => {
    const server = await serve(async ({ write, end }) => {
      await write('HTTP/1.1 100 Continue\r\n\r\n');
      end();
    });
    const error = await failureOf(openHttp().request({ url: new URL(server.origin) }));
    expect(error).toMatchObject({ code: 'connection_reset' });
  });

  it.each<[string, (exchange: RawExchange) => void]>([
    ['reset', ({ reset }) => reset()],
    ['cut', ({ end }) => end()],
  ])('that is an error is the same error when its body is %s', async (_how, stop) => {
    const { promise: hasBegun, resolve: onBegin } = Promise.withResolvers<void>();
    const server = await serve(async (exchange) => {
      await exchange.write(head(401, { 'Content-Length': '500', 'X-Request-Id': 'req-1' }) + '{"detail":');
      await hasBegun;
      stop(exchange);
    });
    const response = await openHttp().request({ url: new URL(server.origin) });
    onBegin();
    expect(await readServiceError(response, { now: 0 })).toMatchObject({
      code: 'credential_rejected',
      status: 401,
      requestId: 'req-1',
    });
  });

  it('that is an error is not waited for when its body does not come', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { promise: text, reject } = Promise.withResolvers<string>();
    const response = {
      status: 503,
      headers: {},
      url: new URL('https://api.example/'),
      bytes: () => [],
      text: () => text,
      json: () => text,
      discard: () => reject(new MiraError('interrupted', 'Stopped reading the answer.')),
    };
    const error = readServiceError(response as never, { now: 0 });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await error).toMatchObject({ code: 'server_error', status: 503 });
  });

  it.each(['key\r\nX-Other: 1', 'key\u0000', 'kéy…'])(
    'refuses a credential that cannot be sent, without quoting it: %j',
    async (value) => {
      const server = await serve(({ write }) => write(whole(200)));
      const error = await failureOf(
        openHttp().request({ url: new URL(server.origin), headers: { Authorization: `Bearer ${value}` } }),
      );
      expect(facts(error)).toEqual({
        code: 'malformed_key',
        exit: 2,
        message: 'The credential contains characters that no key has.',
      });
      expect(server.connections).toBe(0);
    },
  );

  it('sends no credential over plain http to another machine', async () => {
    const error = await failureOf(
      openHttp().request({ url: new URL('http://192.0.2.1/'), headers: { 'X-Api-Key': 'k' } }),
    );
    expect(error).toMatchObject({ code: 'unsafe_url', exitCode: 11 });
    const scheme = await failureOf(openHttp().request({ url: new URL('ftp://127.0.0.1/') }));
    expect(scheme.code).toBe('unsafe_url');
  });
});

describe('a failure of the connection', () => {
  const local = (port: number, path = '/'): URL => new URL(`http://127.0.0.1:${port}${path}`);

  it('refused', async () => {
    const server = await serve(() => {});
    await server.close();
    expect(facts(await failureOf(openHttp().request({ url: local(server.port) })))).toEqual({
      code: 'connection_refused',
      exit: 6,
      message: `Cannot reach 127.0.0.1:${server.port}: connection refused.`,
    });
  });

  it('refused at every address of localhost', async () => {
    const server = await serve(() => {});
    await server.close();
    const error = await failureOf(openHttp().request({ url: new URL(`http://localhost:${server.port}/`) }));
    expect(error.code).toBe('connection_refused');
  });

  it('a name that does not exist', async () => {
    const error = await failureOf(openHttp().request({ url: new URL('https://nowhere.invalid/') }));
    expect(facts(error)).toEqual({
      code: 'dns_failed',
      exit: 6,
      message: 'Cannot reach nowhere.invalid: the name could not be looked up.',
    });
  });

  it('reset before the answer', async () => {
    const server = await serve(({ reset }) => reset());
    expect(facts(await failureOf(openHttp().request({ url: local(server.port) })))).toEqual({
      code: 'connection_reset',
      exit: 6,
      message: `Cannot reach 127.0.0.1:${server.port}: the connection was reset.`,
    });
  });

  it('closed before the answer', async () => {
    const server = await serve(({ end }) => end());
    expect(
      facts(await failureOf(openHttp().request({ url: local(server.port), method: 'POST', body: 'x' }))),
    ).toEqual({
      code: 'connection_reset',
      exit: 6,
      message: `Cannot reach 127.0.0.1:${server.port}: it closed the connection without an answer.`,
    });
  });

  it('reset during the answer', async () => {
    // A reset may overtake what nobody has read yet.
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    const server = await serve(async ({ write, reset }) => {
      await write(head(200, { 'content-length': '100' }) + 'partial');
      await begun;
      reset();
    });
    const response = await openHttp().request({ url: local(server.port) });
    resolve();
    expect(facts(await failureOf(response.text()))).toEqual({
      code: 'connection_reset',
      exit: 6,
      message: `Cannot reach 127.0.0.1:${server.port}: the connection was reset during the answer.`,
    });
  });

  it.each([
    ['a length', `${head(200, { 'content-length': '100' })}partial`],
    ['chunks', head(200, { 'transfer-encoding': 'chunked' }) + chunk('partial')],
  ])('an answer with %s that ends too early keeps what came', async (_name, bytes) => {
    const server = await serve(async ({ write, end }) => {
      await write(bytes);
      end();
    });
    const response = await openHttp().request({ url: local(server.port) });
    let received = '';
    const reading = (async () => {
      for await (const piece of response.bytes()) received += Buffer.from(piece).toString();
    })();
    expect(facts(await failureOf(reading))).toEqual({
      code: 'stream_cut',
      exit: 9,
      message: `The answer of 127.0.0.1:${server.port} ended too early.`,
    });
    expect(received).toBe('partial');
  });

  it('something that is not HTTP', async () => {
    const server = await serve(({ write }) => write('SSH-2.0-OpenSSH_9.2\r\n\r\n'));
    expect(facts(await failureOf(openHttp().request({ url: local(server.port) })))).toEqual({
      code: 'malformed_response',
      exit: 9,
      message: `127.0.0.1:${server.port} answered with something that is not HTTP.`,
    });
  });

  it('no TLS on the port', async () => {
    const { createServer } = await import('node:net');
    const plain = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad\r\n\r\n'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const address = plain.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const error = await failureOf(openHttp().request({ url: new URL(`https://127.0.0.1:${port}/`) }));
    plain.close();
    expect(facts(error)).toEqual({
      code: 'tls_failed',
      exit: 6,
      message: `Cannot trust 127.0.0.1:${port}: it does not speak TLS on this port.`,
    });
  });
});

describe('a limit', () => {
  it('on the first byte', async () => {
    const server = await serve(() => {});
    const error = await failureOf(openHttp().request({ url: new URL(server.origin), firstByteMs: 50 }));
    expect(facts(error)).toEqual({
      code: 'timeout',
      exit: 6,
      message: `127.0.0.1:${server.port} did not begin to answer within 0.05 s.`,
    });
  });

  it('on silence during the answer', async () => {
    const server = await serve(({ write }) => write(head(200) + 'a'));
    const response = await openHttp().request({ url: new URL(server.origin), idleMs: 50 });
    expect(facts(await failureOf(response.text()))).toEqual({
      code: 'timeout',
      exit: 6,
      message: `127.0.0.1:${server.port} fell silent for 0.05 s.`,
    });
  });

  it('on the whole exchange, however lively it is', async () => {
    const server = await serve(async ({ write, gone }) => {
      let open = true;
      void gone.then(() => (open = false));
      await write(head(200));
      while (open) await write('drip');
    });
    const response = await openHttp().request({ url: new URL(server.origin), totalMs: 80 });
    const error = await failureOf(
      (async () => {
        for await (const piece of response.bytes()) expect(piece.length).toBeGreaterThan(0);
      })(),
    );
    expect(error).toMatchObject({
      code: 'timeout',
      message: `127.0.0.1:${server.port} did not finish its answer within 0.08 s.`,
    });
  });

  it('is not up for an answer that came while this process was stopped', async () => {
    // Another thread, which goes on while this one stands still.
    const answered = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
      const server = require('node:http').createServer((_, response) => {
        response.end('in time', () => {
          Atomics.store(workerData, 0, 1);
          Atomics.notify(workerData, 0);
        });
      });
      server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`,
      { eval: true, workerData: answered },
    );
    onTestFinished(async () => void (await worker.terminate()));
    const [port]: number[] = await once(worker, 'message');
    const totalMs = 100;
    const response = await openHttp().request({
      url: new URL(`http://127.0.0.1:${port}`),
      totalMs,
      onSent: () => {
        const overAt = performance.now() + totalMs;
        Atomics.wait(answered, 0, 0, 10_000);
        while (performance.now() <= overAt);
      },
    });
    expect(await response.text()).toBe('in time');
  });

  it('on the size of a text', async () => {
    const server = await serve(({ write }) => write(whole(200, 'x'.repeat(2 * 1024 * 1024 + 1))));
    const response = await openHttp().request({ url: new URL(server.origin) });
    expect(facts(await failureOf(response.text(2 * 1024 * 1024)))).toEqual({
      code: 'response_too_large',
      exit: 9,
      message: `The answer of 127.0.0.1:${server.port} is larger than 2 MiB.`,
    });
  });

  it('on what a small compressed answer may become', async () => {
    const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024));
    const server = await serve(({ write }) => write(whole(200, bomb, { 'content-encoding': 'gzip' })));
    const response = await openHttp().request({ url: new URL(server.origin) });
    let most = 0;
    const reading = (async () => {
      for await (const piece of response.bytes(4 * 1024 * 1024)) most += piece.length;
    })();
    expect((await failureOf(reading)).code).toBe('response_too_large');
    expect(most).toBeLessThanOrEqual(4 * 1024 * 1024);
  });
});

describe('an abort', () => {
  const reason = new MiraError('terminated', 'Stopped by SIGTERM.');

  it('before the request sends nothing', async () => {
    const server = await serve(() => {});
    const signal = AbortSignal.abort(reason);
    expect(await failureOf(openHttp().request({ url: new URL(server.origin), signal }))).toBe(reason);
    expect(server.requests).toHaveLength(0);
  });

  it('while waiting ends the request with its reason', async () => {
    const controller = new AbortController();
    const server = await serve(() => controller.abort(reason));
    const request = openHttp().request({ url: new URL(server.origin), signal: controller.signal });
    expect(await failureOf(request)).toBe(reason);
  });

  it('during the answer ends it, and the server sees the connection go', async () => {
    const controller = new AbortController();
    const { promise: gone, resolve } = Promise.withResolvers<void>();
    const server = await serve(async (exchange) => {
      await exchange.write(head(200) + 'a');
      await exchange.gone;
      resolve();
    });
    const response = await openHttp().request({ url: new URL(server.origin), signal: controller.signal });
    const reading = response.text();
    controller.abort();
    expect(facts(await failureOf(reading))).toEqual({ code: 'interrupted', exit: 130, message: 'Stopped.' });
    await gone;
  });

  it('leaves no clock running behind an answer that is complete', async () => {
    const server = await serve(({ write }) => write(whole(200, 'done')));
    const http = openHttp();
    const clocks = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    await (await http.request({ url: new URL(server.origin) })).text();
    const before = clocks();
    (await http.request({ url: new URL(server.origin), totalMs: 60_000 })).discard();
    expect(clocks()).toBeLessThanOrEqual(before);
  });

  it('is listened for no longer than the exchange lasts', async () => {
    const server = await serve(({ write, request, reset }) =>
      request.path === '/reset' ? reset() : write(whole(200, 'done')),
    );
    const { signal } = new AbortController();
    const http = openHttp();
    await (await http.request({ url: new URL(server.origin), signal })).text();
    await failureOf(http.request({ url: new URL(`${server.origin}/reset`), signal }));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('by a time limit is a timeout', async () => {
    const server = await serve(() => {});
    const error = await failureOf(
      openHttp().request({ url: new URL(server.origin), signal: AbortSignal.timeout(30) }),
    );
    expect(error.code).toBe('timeout');
  });
});

describe('a compressed answer', () => {
  const text = 'grüße '.repeat(1000);
  it.each([
    ['gzip', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    ['br', brotliCompressSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['identity', Buffer.from(text)],
    ['deflate, gzip', gzipSync(deflateSync(text))],
  ])('in %s is decoded, though none was asked for', async (encoding, body) => {
    const server = await serve(({ write }) => write(whole(200, body, { 'content-encoding': encoding })));
    const response = await openHttp().request({ url: new URL(server.origin) });
    expect(await response.text()).toBe(text);
  });

  it('that is damaged, or in a way nobody asked for, is an error', async () => {
    const server = await serve(({ write, request }) =>
      write(whole(200, 'not compressed', { 'content-encoding': request.path.slice(1) })),
    );
    for (const encoding of ['gzip', 'br', 'deflate', 'compress']) {
      const response = await openHttp().request({ url: new URL(`${server.origin}/${encoding}`) });
      expect((await failureOf(response.text())).code).toBe('malformed_response');
    }
  });

  it('is decoded as it arrives', async () => {
    const { promise: seen, resolve } = Promise.withResolvers<void>();
    const { createGzip } = await import('node:zlib');
    const server = await serve(async ({ write, end }) => {
      await write(head(200, { 'content-encoding': 'gzip' }));
      const gzip = createGzip();
      gzip.on('data', (bytes: Buffer) => void write(bytes));
      gzip.write('first');
      gzip.flush();
      await seen;
      gzip.end('second');
      gzip.once('end', end);
    });
    const response = await openHttp().request({ url: new URL(server.origin) });
    let received = '';
    for await (const piece of response.bytes()) {
      received += Buffer.from(piece).toString();
      if (received === 'first') resolve();
    }
    expect(received).toBe('firstsecond');
  });
});

describe('an answer that should be JSON', () => {
  it.each([
    ['<html>Log in</html>', 'a web page'],
    ['', 'nothing'],
    ['{"access_token":"cut', 'no valid JSON'],
  ])('%j', async (body, what) => {
    const server = await serve(({ write }) => write(whole(200, body)));
    const response = await openHttp().request({ url: new URL(server.origin) });
    const error = await failureOf(response.json());
    expect(facts(error)).toEqual({
      code: 'malformed_response',
      exit: 9,
      message: `127.0.0.1:${server.port} answered with ${what} where JSON was expected.`,
    });
    expect(error.cause).toBeUndefined();
  });
});
