/** Six servers that are not to be trusted, in four environments that ask for less: nothing is sent to any, in none. */
import { createServer } from 'node:tls';
import type { SecureVersion, TlsOptions } from 'node:tls';
import { afterAll, describe, expect, test } from 'vitest';
import { selfSigned } from '../support/platform/self-signed.ts';
import { whole } from '../support/raw-server.ts';
import { runMira } from '../support/run-mira.ts';
import type { Environment } from '../support/run-mira.ts';
import { createAuthority } from '../support/tls-certificates.ts';

const authority = createAuthority();
const stranger = createAuthority();
afterAll(() => {
  authority.remove();
  stranger.remove();
});

const WEAKER = '--tls-min-v1.0 --tls-cipher-list=DEFAULT@SECLEVEL=0';
const UNCHECKED = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
const ENVIRONMENTS: readonly (readonly [string, Environment])[] = [
  ['as it is', {}],
  ['with NODE_TLS_REJECT_UNAUTHORIZED=0', UNCHECKED],
  ['with weaker NODE_OPTIONS', { NODE_OPTIONS: WEAKER }],
  ['with both', { ...UNCHECKED, NODE_OPTIONS: WEAKER }],
];
const IGNORED =
  'mira: NODE_TLS_REJECT_UNAUTHORIZED=0 is ignored: certificates are always checked. Trust one of your own with MIRA_CA_FILE.\n';

interface TlsServer extends AsyncDisposable {
  readonly port: number;
  /** What came through the handshake. */
  received(): string;
}

async function startTls(options: TlsOptions): Promise<TlsServer> {
  let received = '';
  const server = createServer(
    { minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0', ...options },
    (socket) => {
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        received += bytes.toString();
        socket.end(whole(200, '{"data":[]}', { 'content-type': 'application/json' }));
      });
    },
  );
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    received: () => received,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

const at = (version: SecureVersion): TlsOptions => ({ ...authority.issue('localhost'), maxVersion: version });

const BAD: readonly (readonly [string, () => TlsOptions, string])[] = [
  ['expired', () => authority.issue('localhost', { expired: true }), 'its certificate has expired'],
  ['another host’s', () => authority.issue('other.example'), 'its certificate is for another host'],
  ['self-signed', () => selfSigned(), 'its certificate is signed by itself'],
  ['a stranger’s', () => stranger.issue('localhost'), 'its certificate is signed by an unknown authority'],
  ['at TLS 1.0', () => at('TLSv1'), 'it offers only TLS versions older than 1.2'],
  ['at TLS 1.1', () => at('TLSv1.1'), 'it offers only TLS versions older than 1.2'],
];

const GOOD: readonly (readonly [string, () => TlsOptions])[] = [
  ['at TLS 1.2', () => at('TLSv1.2')],
  ['at TLS 1.3', () => ({ ...authority.issue('localhost'), minVersion: 'TLSv1.3' })],
];

function list({ port }: TlsServer, env: Environment) {
  const service = {
    MIRA_API_URL: `https://localhost:${port}/v1`,
    MIRA_API_KEY: `sk-mira-${'0d'.repeat(20)}`,
  };
  return runMira(['models', '--json'], { env: { ...service, MIRA_CA_FILE: authority.caFile, ...env } });
}

describe.each(ENVIRONMENTS)('%s', (_environment, env) => {
  const warning = 'NODE_TLS_REJECT_UNAUTHORIZED' in env ? IGNORED : '';

  test.each(BAD)('a server that is %s is refused, and gets nothing', async (_name, options, reason) => {
    await using server = await startTls(options());
    const { code, stdout, stderr } = await list(server, env);
    const message = `Cannot trust localhost:${server.port}: ${reason} (also trusted: the certificates in ${JSON.stringify(authority.caFile)}).`;
    expect({ code, error: JSON.parse(stdout).error }).toMatchObject({
      code: 6,
      error: { code: 'tls_failed', exit_code: 6, message },
    });
    expect(stderr.startsWith(`${warning}mira: ${message}\n`)).toBe(true);
    expect(server.received()).toBe('');
  });

  test.each(GOOD)('a server that is trusted, %s, is spoken to', async (_name, options) => {
    await using server = await startTls(options());
    expect(await list(server, env)).toMatchObject({ code: 0, stderr: warning });
    expect(server.received()).toMatch(/^GET \/v1\/models /);
  });
});

test('certificates of NODE_EXTRA_CA_CERTS are trusted as well', async () => {
  await using server = await startTls(authority.issue('localhost'));
  const env = { MIRA_CA_FILE: undefined, NODE_EXTRA_CA_CERTS: authority.caFile };
  expect(await list(server, env)).toMatchObject({ code: 0, stderr: '' });
  expect((await list(server, { MIRA_CA_FILE: undefined })).code).toBe(6);
});
