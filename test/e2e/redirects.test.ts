/** A service that points somewhere else: nobody is sent there with the credential, whatever the status, method and target. */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { selfSigned } from '../support/platform/self-signed.ts';
import { startRawServer, whole } from '../support/raw-server.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';

const TARGETS = ['another port', 'http', 'the same host'] as const;
const cases = [301, 302, 303, 307, 308].flatMap((status) =>
  (['GET', 'POST'] as const).flatMap((method) => TARGETS.map((target) => ({ status, method, target }))),
);

/** Over TLS, and says of every request where it should have gone. */
async function startRedirecting(status: number, location: (origin: string) => string) {
  const tls = selfSigned();
  const requests: string[] = [];
  const server = createServer(tls, (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    request.resume();
    const origin = `https://127.0.0.1:${port()}`;
    response.writeHead(status, { location: location(origin), 'content-length': '0' }).end();
  });
  const port = (): number => (server.address() as AddressInfo).port;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `https://127.0.0.1:${port()}`,
    certificate: tls.cert,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

describe.concurrent('a redirect', () => {
  test.each(cases)('$status after $method to $target is not followed', async ({ status, method, target }) => {
    const other = await startRawServer(({ write }) => write(whole(200, 'other')));
    const targetOf = (origin: string): string => {
      if (target === 'the same host') return `${origin}/elsewhere`;
      return `${target === 'http' ? 'http' : 'https'}://127.0.0.1:${other.port}/elsewhere`;
    };
    await using server = await startRedirecting(status, targetOf);
    await using home = await isolatedHome();
    const caFile = join(home.path, 'ca.pem');
    await writeFile(caFile, server.certificate);
    const env = {
      MIRA_API_URL: `${server.origin}/v1`,
      MIRA_API_KEY: `sk-mira-${'0d'.repeat(20)}`,
      MIRA_CA_FILE: caFile,
    };
    const args = method === 'GET' ? ['models', '--json'] : ['chat', 'x', '--json', '--no-save'];

    const { code, stdout } = await runMira(args, { home, env });
    await other.close();

    expect({ code, error: JSON.parse(stdout).error }).toMatchObject({
      code: 9,
      error: { code: 'redirect_refused', status, exit_code: 9, retryable: false },
    });
    const shown = new URL(targetOf(server.origin));
    expect(JSON.parse(stdout).error.message).toContain(
      target === 'the same host' ? shown.host : shown.origin,
    );
    expect(other.connections).toBe(0);
    expect(server.requests).toEqual([method === 'GET' ? 'GET /v1/models' : 'POST /v1/chat/completions']);
  });
});
