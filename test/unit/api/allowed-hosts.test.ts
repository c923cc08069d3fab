import { describe, expect, it } from 'vitest';

import { createHostGuard } from '../../../src/api/allowed-hosts.ts';
import type { AllowedHost } from '../../../src/api/allowed-hosts.ts';
import { MiraError } from '../../../src/errors.ts';
import { whole } from '../../support/raw-server.ts';
import { facts, failureOf, openHttp, serve } from './open-http.ts';

const NAMED: readonly AllowedHost[] = [
  { host: 'api.example', origin: 'https://api.example', why: 'Mira API (default)' },
  { host: 'localhost:11434', origin: 'http://localhost:11434', why: 'Ollama (default)' },
  { host: 'gpu.example:1', origin: 'http://gpu.example:1', why: 'provider gpu' },
  { host: 'id.example', why: 'session of profile default' },
  { host: 'id.example:8443', why: 'session of profile default' },
  { host: '127.0.0.1:3000', why: 'session of profile dev' },
];

function openGuard() {
  let asked = 0;
  const guard = createHostGuard({
    usual: () => new URL('https://api.example/v1'),
    all: async () => {
      asked += 1;
      return NAMED;
    },
  });
  return { guard, asked: () => asked };
}

describe('a host', () => {
  it.each(['https://api.example/v1/models', 'https://api.example:443/'])(
    'that is asked most is let through, and nothing is looked up for it: %s',
    async (url) => {
      const { guard, asked } = openGuard();
      await guard.require(new URL(url));
      expect(asked()).toBe(0);
    },
  );

  it.each(['http://localhost:11434/api/tags', 'http://gpu.example:1/'])(
    'that the configuration names is let through, and looked up once: %s',
    async (url) => {
      const { guard, asked } = openGuard();
      await guard.require(new URL(url));
      await guard.require(new URL(url));
      expect(asked()).toBe(1);
    },
  );

  it.each([
    'https://id.example/token',
    'https://id.example:8443/token',
    // On this machine a development server has another port each time (decisions.md 13).
    'http://127.0.0.1:4000/token',
    'https://127.0.0.1/token',
  ])('that a session remembers is let through: %s', async (url) => {
    await expect(openGuard().guard.require(new URL(url))).resolves.toBeUndefined();
  });

  it('does not depend on an address that cannot be used', async () => {
    const usual = (): URL => {
      throw new MiraError('invalid_url', 'MIRA_API_URL is not an address.');
    };
    const guard = createHostGuard({ usual, all: async () => NAMED });
    await guard.require(new URL('http://localhost:11434/'));
    expect((await failureOf(guard.require(new URL('https://evil.example/')))).code).toBe(
      'host_not_configured',
    );
  });

  it.each([
    'https://evil.example/',
    'https://api.example.evil.example/',
    'https://sub.api.example/',
    'https://api.example:8443/',
    'http://api.example/',
    'https://api.example./',
    'http://localhost:11435/',
    'https://localhost:11434/',
    'http://[::1]:11434/',
    'https://gpu.example:1/',
    'https://id.example:9443/',
    'http://id.example/',
    'http://127.0.0.2:3000/',
  ])('that nothing names is refused: %s', async (text) => {
    const url = new URL(text);
    const error = await failureOf(openGuard().guard.require(url));
    expect(facts(error)).toEqual({
      code: 'host_not_configured',
      exit: 11,
      message: `mira does not contact ${url.host}: nothing in the configuration names it.`,
    });
    expect(error.next.map(({ command }) => command)).toEqual(['mira network']);
  });

  it('that is named in this run is let through from then on, an address as it is', async () => {
    const { guard } = openGuard();
    const address = new URL('http://localhost:5000/v1');
    expect((await failureOf(guard.require(address))).code).toBe('host_not_configured');
    guard.allow([address]);
    await guard.require(new URL('http://localhost:5000/other'));
    expect((await failureOf(guard.require(new URL('http://localhost:5001/')))).code).toBe(
      'host_not_configured',
    );
  });

  it('that a server named in this run is asked by https, or is this machine at any port', async () => {
    const { guard } = openGuard();
    guard.allow(['keys.example', '127.0.0.9:1']);
    await guard.require(new URL('https://keys.example/jwks'));
    await guard.require(new URL('http://127.0.0.9:2/jwks'));
    expect((await failureOf(guard.require(new URL('http://keys.example/jwks')))).code).toBe(
      'host_not_configured',
    );
  });
});

describe('the dispatcher', () => {
  it('makes no connection to a host that is refused, and tells nobody that it did', async () => {
    const server = await serve(() => {});
    const contacted: string[] = [];
    const { guard } = openGuard();
    const http = openHttp({ hosts: guard, onContact: (host) => contacted.push(host) });
    const error = await failureOf(
      http.request({ url: new URL(server.origin.replace('127.0.0.1', 'localhost')) }),
    );
    expect(error.code).toBe('host_not_configured');
    expect(server.connections).toBe(0);
    expect(contacted).toEqual([]);
  });

  it('refuses it behind a proxy too, and tells of the proxy as of the host', async () => {
    const proxy = await serve(({ write }) => write(whole(502)));
    const contacted: string[] = [];
    const http = openHttp({
      hosts: openGuard().guard,
      proxies: { https: proxy.origin },
      onContact: (host) => contacted.push(host),
    });
    expect((await failureOf(http.request({ url: new URL('https://evil.example/') }))).code).toBe(
      'host_not_configured',
    );
    expect(
      (await failureOf(http.request({ url: new URL(`${proxy.origin.replace('127.0.0.1', 'localhost')}/`) })))
        .code,
    ).toBe('host_not_configured');
    expect(proxy.connections).toBe(0);
    expect((await failureOf(http.request({ url: new URL('https://api.example/') }))).code).toBe(
      'proxy_failed',
    );
    expect(contacted).toEqual(['api.example', new URL(proxy.origin).host]);
  });
});
