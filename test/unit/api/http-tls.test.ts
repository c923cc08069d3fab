import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import type { SecureVersion } from 'node:tls';
import { promisify } from 'node:util';

import { afterAll, describe, expect, it, onTestFinished } from 'vitest';

import { createAuthority } from '../../support/tls-certificates.ts';
import type { ServerCertificate } from '../../support/tls-certificates.ts';
import { facts, failureOf, openHttp } from './open-http.ts';

const authority = createAuthority();
const stranger = createAuthority();
afterAll(() => {
  authority.remove();
  stranger.remove();
});

/** A TLS server that counts what was sent to it after the handshake. */
async function serveTls(options: ServerCertificate & { readonly maxVersion?: SecureVersion }) {
  let received = '';
  const server = createServer(
    { minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0', ...options },
    (socket) => {
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        received += bytes.toString();
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nsafe');
      });
    },
  );
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { port, url: new URL(`https://localhost:${port}/`), received: () => received };
}

describe('a server with a certificate', () => {
  it('of a trusted authority is spoken to', async () => {
    const server = await serveTls(authority.issue('localhost'));
    const response = await openHttp({ caFiles: [authority.caFile] }).request({ url: server.url });
    expect(await response.text()).toBe('safe');
  });

  it.each([
    ['expired', () => authority.issue('localhost', { expired: true }), 'its certificate has expired'],
    ['for another host', () => authority.issue('other.example'), 'its certificate is for another host'],
    [
      'of an unknown authority',
      () => stranger.issue('localhost'),
      'its certificate is signed by an unknown authority',
    ],
  ])('that is %s is refused before anything is sent', async (_name, issue, reason) => {
    const server = await serveTls(issue());
    const request = openHttp({ caFiles: [authority.caFile] }).request({ url: server.url });
    expect(facts(await failureOf(request))).toEqual({
      code: 'tls_failed',
      exit: 6,
      message: `Cannot trust localhost:${server.port}: ${reason} (also trusted: the certificates in ${JSON.stringify(authority.caFile)}).`,
    });
    expect(server.received()).toBe('');
  });

  it('of an unknown authority: the hint names MIRA_CA_FILE', async () => {
    const server = await serveTls(stranger.issue('localhost'));
    const error = await failureOf(openHttp().request({ url: server.url }));
    expect(error.message).toBe(
      `Cannot trust localhost:${server.port}: its certificate is signed by an unknown authority.`,
    );
    expect(error.hint).toContain('MIRA_CA_FILE');
  });

  it.each<SecureVersion>(['TLSv1', 'TLSv1.1'])('that speaks only %s is refused', async (maxVersion) => {
    const server = await serveTls({ ...authority.issue('localhost'), maxVersion });
    const error = await failureOf(openHttp({ caFiles: [authority.caFile] }).request({ url: server.url }));
    expect(error).toMatchObject({ code: 'tls_failed', exitCode: 6 });
    expect(server.received()).toBe('');
  });
});

describe('no environment variable lowers this', () => {
  const run = promisify(execFile);
  const program = `
    import { createHttp } from './src/api/http.ts';
    const http = createHttp({ hosts: { async require() {}, allow() {} }, proxies: {}, caFiles: [], userAgent: 'x', log() {}, now: Date.now });
    try {
      await http.request({ url: new URL(process.argv[1]) });
      console.log('accepted');
    } catch (error) {
      console.log(error.code);
    }
    await http.close();
  `;
  const weak = '--tls-min-v1.0 --tls-cipher-list=DEFAULT@SECLEVEL=0';

  it.each([
    ['a stranger', () => stranger.issue('localhost'), undefined],
    ['an expired certificate', () => authority.issue('localhost', { expired: true }), undefined],
    ['another host', () => authority.issue('other.example'), undefined],
    ['TLS 1.1', () => authority.issue('localhost'), 'TLSv1.1' as const],
  ])('%s stays refused', async (_name, issue, maxVersion) => {
    const certificate = issue();
    const server = await serveTls(maxVersion === undefined ? certificate : { ...certificate, maxVersion });
    const child = await run(process.execPath, ['--input-type=module', '-e', program, server.url.href], {
      env: {
        PATH: process.env['PATH'],
        NODE_TLS_REJECT_UNAUTHORIZED: '0',
        NODE_OPTIONS: weak,
        NODE_EXTRA_CA_CERTS: authority.caFile,
      },
    });
    expect(child.stdout).toBe('tls_failed\n');
    expect(server.received()).toBe('');
  });
});

describe('a file of certificates', () => {
  const damaged = join(authority.caFile, '..', 'damaged.pem');
  const empty = join(authority.caFile, '..', 'empty.pem');
  writeFileSync(damaged, `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`);
  writeFileSync(empty, 'nothing here');

  it.each([
    [damaged, 'holds a damaged certificate'],
    [empty, 'holds no certificate'],
    [`${empty}.missing`, 'cannot be read'],
  ])('that is unusable is named: %s', async (file, reason) => {
    const error = await failureOf(
      openHttp({ caFiles: [file] }).request({ url: new URL('https://localhost:1/') }),
    );
    expect(facts(error)).toEqual({
      code: 'invalid_config',
      exit: 2,
      message: `The certificate file ${JSON.stringify(file)} ${reason}.`,
    });
  });
});
