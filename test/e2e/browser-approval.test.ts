/** The person's half of signing in, in a real browser. */
import { describe, expect, test } from 'vitest';
import { approveInBrowser, findChromium } from '../support/approve-in-browser.ts';
import { discover, oauthError, poll, requestCode } from '../support/platform/openid-sign-in.ts';
import { startPlatform } from '../support/platform/start-platform.ts';

const executablePath = findChromium(process.env) ?? '';
const missing = executablePath === '';
const ci = process.env.MIRA_TEST_CI ?? process.env.CI ?? '';
const inCi = !['', '0', 'false'].includes(ci);
if (missing) process.stderr.write('browser approval: 4 tests skipped: no chromium found\n');

// In CI a machine without Chromium is a mistake of the set-up and must show.
describe.skipIf(missing && !inCi)('in Chromium', { timeout: 60_000 }, () => {
  test('typing the code and approving signs in', async () => {
    await using platform = await startPlatform();
    const config = await discover(platform);
    const code = await requestCode(platform, config);
    const headline = await approveInBrowser({
      executablePath,
      verificationUri: code.verification_uri,
      userCode: code.user_code,
    });

    expect(headline).toBe('You are signed in');
    expect((await poll(config, code.device_code)).claims()).toMatchObject({ sub: 'ada' });
    expect(platform.problems).toEqual([]);
  });

  test('the complete address carries the code, so that approving is one click', async () => {
    await using platform = await startPlatform();
    const config = await discover(platform);
    const code = await requestCode(platform, config);
    await approveInBrowser({ executablePath, verificationUri: code.verification_uri_complete ?? '' });

    expect((await poll(config, code.device_code)).claims()).toMatchObject({ sub: 'ada' });
  });

  test('denying ends the sign-in', async () => {
    await using platform = await startPlatform();
    const config = await discover(platform);
    const code = await requestCode(platform, config);
    const headline = await approveInBrowser({
      executablePath,
      verificationUri: code.verification_uri,
      userCode: code.user_code.toLowerCase(),
      decision: 'Deny',
    });

    expect(headline).toBe('Sign-in denied');
    expect(await oauthError(poll(config, code.device_code))).toBe('access_denied');
  });

  test("the platform's own device login is approved with its code in the address", async () => {
    await using platform = await startPlatform();
    const base = `${platform.apiOrigin}/api/v1/auth/device`;
    const code = (await (await fetch(`${base}/code`, { method: 'POST' })).json()) as Record<string, string>;
    const headline = await approveInBrowser({
      executablePath,
      verificationUri: `${code.verification_uri}?code=${code.user_code}`,
    });
    const answer = await fetch(`${base}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ device_code: code.device_code }),
    });

    expect(headline).toBe('You are signed in');
    expect(await answer.json()).toMatchObject({ status: 'approved' });
  });
});
