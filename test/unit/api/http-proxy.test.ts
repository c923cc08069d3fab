import { connect } from 'node:net';
import { createServer } from 'node:tls';

import { afterAll, describe, expect, it, onTestFinished } from 'vitest';

import { findProxy } from '../../../src/api/http/proxy.ts';
import { whole } from '../../support/raw-server.ts';
import { createAuthority } from '../../support/tls-certificates.ts';
import { facts, failureOf, openHttp, serve } from './open-http.ts';

const authority = createAuthority();
afterAll(() => authority.remove());

async function serveTls(name: string): Promise<number> {
  const server = createServer(authority.issue(name), (socket) => {
    socket.on('error', () => {});
    socket.on('data', () =>
      socket.end('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret'),
    );
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A proxy that tunnels every CONNECT to one local port. */
async function proxyTo(port: number, answer = 'HTTP/1.1 200 Connected\r\n\r\n') {
  return serve(({ request, socket }) => {
    if (request.method !== 'CONNECT' || !answer.includes('200')) {
      socket.end(answer);
      return;
    }
    socket.removeAllListeners('data');
    socket.write(answer);
    const target = connect(port, '127.0.0.1');
    target.on('error', () => socket.destroy());
    socket.pipe(target).pipe(socket);
  });
}

describe('a proxy', () => {
  it.each(['https', 'all'] as const)(
    'from the %s variable tunnels to a secure host, whose certificate is checked',
    async (kind) => {
      const proxy = await proxyTo(await serveTls('api.example'));
      const http = openHttp({ proxies: { [kind]: proxy.origin }, caFiles: [authority.caFile] });
      const response = await http.request({ url: new URL('https://api.example/x') });
      expect(await response.text()).toBe('secret');
      expect(proxy.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
        'CONNECT api.example:443',
      ]);
    },
  );

  it('does not weaken the check of the host behind it', async () => {
    const proxy = await proxyTo(await serveTls('other.example'));
    const http = openHttp({ proxies: { https: proxy.origin }, caFiles: [authority.caFile] });
    const error = await failureOf(http.request({ url: new URL('https://api.example/x') }));
    expect(error).toMatchObject({ code: 'tls_failed' });
    expect(error.message).toContain('Cannot trust api.example: its certificate is for another host');
  });

  it('is told its password and no one else is', async () => {
    const proxy = await proxyTo(await serveTls('api.example'));
    const user = new URL(proxy.origin);
    user.username = 'me';
    user.password = 'p:w';
    const http = openHttp({ proxies: { https: user.href }, caFiles: [authority.caFile] });
    await (await http.request({ url: new URL('https://api.example/x') })).text();
    const expected = `Basic ${Buffer.from('me:p:w').toString('base64')}`;
    expect(proxy.requests[0]?.headers['proxy-authorization']).toBe(expected);
  });

  it.each([
    [
      'HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n',
      'wants a user name and password',
    ],
    ['HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n', 'did not make the connection'],
  ])('that answers %j is named', async (answer, reason) => {
    const proxy = await proxyTo(0, answer);
    const withPassword = proxy.origin.replace('http://', `http://me:${'pw'.repeat(4)}@`);
    const http = openHttp({ proxies: { https: withPassword } });
    const error = await failureOf(http.request({ url: new URL('https://api.example/x') }));
    expect(facts(error)).toEqual({
      code: 'proxy_failed',
      exit: 6,
      message: `The proxy 127.0.0.1:${proxy.port} ${reason}.`,
    });
  });

  it('that is not there is named', async () => {
    const proxy = await serve(() => {});
    await proxy.close();
    const http = openHttp({ proxies: { https: proxy.origin } });
    const error = await failureOf(http.request({ url: new URL('https://api.example/x') }));
    expect(error.message).toBe(`The proxy 127.0.0.1:${proxy.port} did not make the connection.`);
  });

  it('that says nothing is not waited for', async () => {
    const proxy = await serve(() => {});
    const http = openHttp({ proxies: { https: proxy.origin }, connectMs: 60 });
    const error = await failureOf(http.request({ url: new URL('https://api.example/x') }));
    expect(error.message).toBe(`The proxy 127.0.0.1:${proxy.port} did not answer within 0.06 s.`);
  });

  it('forwards plain http, and asks for a password there too', async () => {
    const proxy = await serve(({ write, request }) =>
      write(request.path.endsWith('/no') ? whole(407, '') : whole(200, 'forwarded')),
    );
    const http = openHttp({ proxies: { http: proxy.origin } });
    const response = await http.request({ url: new URL('http://ollama.example:11434/api') });
    expect(await response.text()).toBe('forwarded');
    expect(proxy.requests[0]).toMatchObject({ method: 'GET', path: 'http://ollama.example:11434/api' });
    const error = await failureOf(http.request({ url: new URL('http://ollama.example:11434/no') }));
    expect(error.message).toBe(`The proxy 127.0.0.1:${proxy.port} wants a user name and password.`);
  });

  it('is never used for this machine', async () => {
    const proxy = await serve(({ write }) => write(whole(200, 'proxy')));
    const server = await serve(({ write }) => write(whole(200, 'direct')));
    const http = openHttp({ proxies: { http: proxy.origin, https: proxy.origin, all: proxy.origin } });
    for (const host of ['localhost', '127.0.0.1']) {
      const response = await http.request({ url: new URL(`http://${host}:${server.port}/`) });
      expect(await response.text()).toBe('direct');
    }
    expect(proxy.connections).toBe(0);
  });
});

describe('which proxy', () => {
  const https = 'http://proxy.example:3128';
  it.each<[string, string, boolean]>([
    ['', 'https://api.example', true],
    ['api.example', 'https://api.example', false],
    ['example', 'https://api.example', false],
    ['.example', 'https://api.example', false],
    ['*.example', 'https://api.example', false],
    ['API.EXAMPLE', 'https://api.example', false],
    ['pi.example', 'https://api.example', true],
    ['other.example, api.example', 'https://api.example', false],
    ['other.example api.example:443', 'https://api.example', false],
    ['api.example:8443', 'https://api.example', true],
    ['api.example:8443', 'https://api.example:8443', false],
    ['*', 'https://api.example', false],
    ['2001:db8::1', 'https://[2001:db8::1]', false],
    ['[2001:db8::1]:443', 'https://[2001:db8::1]', false],
    ['2001:db8::1', 'https://[2001:db8::2]', true],
    ['', 'https://localhost:1', false],
    ['', 'https://[::1]:1', false],
  ])('NO_PROXY=%j and %s: %s', (no, url, used) => {
    expect(findProxy(new URL(url), { https, no })?.host).toBe(used ? 'proxy.example:3128' : undefined);
  });

  it('is chosen by scheme, and needs none', () => {
    const url = new URL('https://api.example');
    expect(findProxy(url, { http: 'http://a.example' })).toBeUndefined();
    expect(findProxy(url, { https: 'b.example:1', all: 'http://c.example' })?.href).toBe(
      'http://b.example:1/',
    );
    expect(findProxy(url, { https: '', all: 'socks5h://c.example:1080' })?.href).toBe(
      'socks5://c.example:1080',
    );
  });

  it('that cannot be read is refused without its text', () => {
    const password = 'pw'.repeat(4);
    expect(() => findProxy(new URL('https://api.example'), { https: `ftp://me:${password}@x` })).toThrow(
      'The proxy address in the environment is not one mira can use.',
    );
  });
});
