/** A real nginx between mira and the service: what it answers by itself, and what it does to an answer on its way. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { begin, say, startChatServer } from '../support/chat-server.ts';
import { hasNginx, startNginx } from '../support/nginx.ts';
import type { Nginx, NginxOptions } from '../support/nginx.ts';
import { selfSigned } from '../support/platform/self-signed.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import type { Platform } from '../support/platform/start-platform.ts';
import { startRawServer } from '../support/raw-server.ts';
import { isolatedHome, runMira, startMira } from '../support/run-mira.ts';
import type { RunResult } from '../support/run-mira.ts';
import { parseLines } from '../support/sign-in.ts';

const nginx = hasNginx();
const ASK = ['chat', 'What is a device code?', '--json'];

/** Asks the platform through nginx. */
function ask(
  platform: Platform,
  { origin }: Pick<Nginx, 'origin'>,
  args: readonly string[] = ASK,
): Promise<RunResult> {
  return runMira(args, { env: { MIRA_API_URL: `${origin}/v1`, MIRA_API_KEY: platform.mintKey() } });
}

function errorOf({ stdout }: RunResult) {
  const { code, message, exit_code: exit, status, retry_after: retryAfter } = JSON.parse(stdout).error;
  return { code, message, exit, status, retryAfter };
}

describe.skipIf(nginx.isMissing)(`through nginx${nginx.note}`, () => {
  describe.concurrent('an answer of the platform is whole', () => {
    const forms: readonly (readonly [string, Partial<NginxOptions>])[] = [
      ['buffered', { location: 'proxy_buffering on;' }],
      ['not buffered', { location: 'proxy_buffering off;' }],
      [
        'in HTTP/1.0, until the connection ends',
        { upstreamVersion: '1.0', location: 'chunked_transfer_encoding off;' },
      ],
    ];
    test.each(forms)('%s', async (_name, form) => {
      await using platform = await startPlatform();
      await using server = await startNginx({ upstream: platform.apiOrigin, ...form });
      const direct = await ask(platform, { origin: platform.apiOrigin });
      const through = await ask(platform, server);
      expect(through).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(through.stdout).text).toBe(JSON.parse(direct.stdout).text);
      expect(JSON.parse(through.stdout).text.length).toBeGreaterThan(100);
    });

    test('compressed, although mira asks for none', async () => {
      await using platform = await startPlatform();
      const location = 'gzip on; gzip_types text/event-stream application/json; gzip_min_length 1;';
      await using compressing = await startNginx({ upstream: platform.apiOrigin, location });
      // One that compresses for everybody, as caches do.
      await using server = await startNginx({
        upstream: compressing.origin,
        location: 'proxy_set_header Accept-Encoding gzip;',
      });
      const key = platform.mintKey();
      const env = { MIRA_API_URL: `${server.origin}/v1`, MIRA_API_KEY: key };
      const { code, stdout } = await runMira(ASK, { env });
      const direct = await ask(platform, { origin: platform.apiOrigin });
      expect(code).toBe(0);
      expect(JSON.parse(stdout).text).toBe(JSON.parse(direct.stdout).text);
      const models = await runMira(['api', 'models', '-i', '--json'], { env });
      expect(JSON.parse(models.stdout).headers['content-encoding']).toBe('gzip');
    });

    test('over TLS that nginx ends', async () => {
      await using platform = await startPlatform();
      await using home = await isolatedHome();
      const tls = selfSigned();
      const caFile = join(home.path, 'ca.pem');
      await writeFile(caFile, tls.cert);
      await using server = await startNginx({ upstream: platform.apiOrigin, tls });
      const env = { MIRA_API_URL: `${server.origin}/v1`, MIRA_API_KEY: platform.mintKey() };

      expect(await runMira(ASK, { home, env: { ...env, MIRA_CA_FILE: caFile } })).toMatchObject({ code: 0 });
      const { code, stderr } = await runMira(ASK, { home, env });
      expect({ code, stderr: stderr.split('\n')[0] }).toEqual({
        code: 6,
        stderr: `mira: Cannot trust 127.0.0.1:${server.port}: its certificate is signed by itself.`,
      });
    });

    test('word by word where nothing is buffered', async () => {
      await using server = await startChatServer(async (exchange) => {
        await begin(exchange);
        await say(exchange, 'first');
        await exchange.gone;
      });
      await using proxy = await startNginx({ upstream: server.origin, location: 'proxy_buffering off;' });
      const running = await startMira(['chat', 'x'], {
        env: { ...server.env, MIRA_API_URL: `${proxy.origin}/v1` },
      });
      await running.waitFor('first');
      running.signal('SIGINT');
      expect(await running.finished).toMatchObject({ code: 130, stdout: 'first\n' });
    });
  });

  describe.concurrent('what nginx answers by itself is one sentence without its page', () => {
    test('429 that names no time is asked again, and is exit 7 in the end', async () => {
      await using platform = await startPlatform();
      await using server = await startNginx({
        upstream: platform.apiOrigin,
        http: 'limit_req_zone $binary_remote_addr zone=one:1m rate=1r/m; limit_req_status 429;',
        location: 'limit_req zone=one;',
      });
      expect(await ask(platform, server)).toMatchObject({ code: 0 });
      const limited = await ask(platform, server, [...ASK, '--retries', '1']);
      expect({ code: limited.code, error: errorOf(limited) }).toEqual({
        code: 7,
        error: {
          code: 'rate_limited',
          message: `127.0.0.1:${server.port} limits how often it may be asked: it answered with a web page.`,
          exit: 7,
          status: 429,
        },
      });
      expect(limited.stdout + limited.stderr).not.toMatch(/<|nginx/);
    });

    test('429 that names a long time is left at once', async () => {
      await using platform = await startPlatform();
      await using server = await startNginx({
        upstream: platform.apiOrigin,
        http: 'limit_req_zone $binary_remote_addr zone=one:1m rate=1r/m; limit_req_status 429;',
        location: 'limit_req zone=one; add_header Retry-After 120 always;',
      });
      expect(await ask(platform, server)).toMatchObject({ code: 0 });
      const limited = await ask(platform, server);
      expect({ code: limited.code, error: errorOf(limited) }).toEqual({
        code: 7,
        error: {
          code: 'rate_limited',
          message: expect.stringMatching(
            /^127\.0\.0\.1:\d+ limits how often it may be asked: it answered with a web page; it answers again in 2 min \(\d\d:\d\d\)\.$/,
          ),
          exit: 7,
          status: 429,
          retryAfter: 120,
        },
      });
    });

    test('429 that names a short time is waited for', async () => {
      await using platform = await startPlatform();
      await using server = await startNginx({
        upstream: platform.apiOrigin,
        http: 'limit_req_zone $binary_remote_addr zone=one:1m rate=1r/s; limit_req_status 429;',
        location: 'limit_req zone=one; add_header Retry-After 1 always;',
      });
      const [one, other] = await Promise.all([0, 1].map(() => ask(platform, server, [...ASK, '--stream'])));
      const events = [one, other].flatMap((run) => parseLines(run?.stdout ?? ''));
      expect([one?.code, other?.code]).toEqual([0, 0]);
      expect(events.filter(({ event }) => event === 'retry')).toEqual([
        expect.objectContaining({ attempt: 1, after_ms: 1_000 }),
      ]);
    });

    test('502 where the service is down', async () => {
      await using platform = await startPlatform();
      const gone = await startRawServer(() => {});
      await gone.close();
      await using server = await startNginx({ upstream: gone.origin });
      const failed = await ask(platform, server, [...ASK, '--retries', '0']);
      expect({ code: failed.code, error: errorOf(failed) }).toEqual({
        code: 9,
        error: {
          code: 'server_error',
          message: `127.0.0.1:${server.port} failed (status 502): it answered with a web page.`,
          exit: 9,
          status: 502,
        },
      });
      expect(failed.stdout + failed.stderr).not.toMatch(/<|nginx|Bad Gateway/);
    });

    test('413 where the question is too large', async () => {
      await using platform = await startPlatform();
      await using server = await startNginx({
        upstream: platform.apiOrigin,
        location: 'client_max_body_size 1k;',
      });
      const failed = await ask(platform, server, ['chat', 'x'.repeat(2_000), '--json']);
      expect({ code: failed.code, error: errorOf(failed) }).toEqual({
        code: 2,
        error: {
          code: 'input_too_large',
          message: `127.0.0.1:${server.port} finds the question too large: it answered with a web page.`,
          exit: 2,
          status: 413,
        },
      });
      expect(failed.stdout + failed.stderr).not.toMatch(/<|nginx/);
    });

    test('504 where the service says nothing', async () => {
      await using platform = await startPlatform();
      const silent = await startRawServer(() => {});
      await using server = await startNginx({ upstream: silent.origin, location: 'proxy_read_timeout 1s;' });
      const failed = await ask(platform, server, [...ASK, '--retries', '0']);
      await silent.close();
      expect({ code: failed.code, error: errorOf(failed) }).toEqual({
        code: 9,
        error: {
          code: 'server_error',
          message: `127.0.0.1:${server.port} failed (status 504): it answered with a web page.`,
          exit: 9,
          status: 504,
        },
      });
      expect(failed.stdout + failed.stderr).not.toMatch(/<|nginx|Time-out/);
    });
  });

  describe.concurrent('an answer that the service cuts', () => {
    test.each([
      ['buffered', 'proxy_buffering on;'],
      ['not buffered', 'proxy_buffering off;'],
    ])('%s is kept as far as it came: exit 9', async (_name, location) => {
      await using server = await startChatServer(async (exchange) => {
        await begin(exchange);
        await say(exchange, 'as far as it came');
        exchange.end();
      });
      await using proxy = await startNginx({ upstream: server.origin, location });
      const run = await runMira(['chat', 'x', '--json'], {
        env: { ...server.env, MIRA_API_URL: `${proxy.origin}/v1` },
      });
      expect({ code: run.code, error: JSON.parse(run.stdout).error }).toMatchObject({
        code: 9,
        error: { code: 'stream_cut', exit_code: 9, partial: { text: 'as far as it came' } },
      });
    });

    test('by falling silent is ended by nginx', async () => {
      await using server = await startChatServer(async (exchange) => {
        await begin(exchange);
        await say(exchange, 'and then');
        await exchange.gone;
      });
      await using proxy = await startNginx({
        upstream: server.origin,
        location: 'proxy_buffering off; proxy_read_timeout 1s;',
      });
      const run = await runMira(['chat', 'x', '--json'], {
        env: { ...server.env, MIRA_API_URL: `${proxy.origin}/v1` },
      });
      expect({ code: run.code, error: JSON.parse(run.stdout).error }).toMatchObject({
        code: 9,
        error: { code: 'stream_cut', partial: { text: 'and then' } },
      });
    });
  });
});
