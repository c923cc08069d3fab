import * as client from 'openid-client';
import { Agent, fetch as undiciFetch } from 'undici';
import { expect, test } from 'vitest';
import { poll, requestCode } from '../../support/platform/openid-sign-in.ts';
import { selfSigned } from '../../support/platform/self-signed.ts';
import { startPlatform } from '../../support/platform/start-platform.ts';

test('over https everything works, and every address the platform names is https', async () => {
  const tls = selfSigned();
  await using platform = await startPlatform({ tls, host: 'localhost' });
  const dispatcher = new Agent({ connect: { ca: tls.cert } });
  const trusting = (url: string, init: object) => undiciFetch(url, { ...init, dispatcher });
  const config = await client.discovery(new URL(platform.issuer), platform.clientId, {}, client.None(), {
    execute: [client.enableNonRepudiationChecks],
    [client.customFetch]: trusting as unknown as client.CustomFetch,
  });
  const code = await requestCode(platform, config);
  await platform.approve(code.user_code);
  const tokens = await poll(config, code.device_code);
  const authorization = `Bearer ${tokens.access_token}`;
  const me = await trusting(`${platform.apiOrigin}/api/v1/auth/me`, { headers: { authorization } });
  await dispatcher.close();

  expect(platform.issuer).toMatch(/^https:\/\/localhost:\d+$/);
  expect(JSON.stringify(config.serverMetadata())).not.toContain('http://');
  expect(code.verification_uri).toBe(`${platform.issuer}/device`);
  expect(me.status).toBe(200);
});

test('a client that was not told to trust the certificate refuses it', async () => {
  await using platform = await startPlatform({ tls: selfSigned() });

  await expect(fetch(platform.apiUrl)).rejects.toMatchObject({
    cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
  });
});

test('an expired certificate is refused even by a client that trusts its maker', async () => {
  const tls = selfSigned({ from: new Date('2020-01-01'), until: new Date('2020-02-01') });
  await using platform = await startPlatform({ tls });
  const dispatcher = new Agent({ connect: { ca: tls.cert } });

  await expect(undiciFetch(platform.apiUrl, { dispatcher })).rejects.toMatchObject({
    cause: { code: 'CERT_HAS_EXPIRED' },
  });
  await dispatcher.close();
});
