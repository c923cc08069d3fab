/** The person's half of signing in, in a real browser. */
import { describe, expect, test } from 'vitest';
import { approveInBrowser, findChromium } from '../support/approve-in-browser.ts';
import { discover, oauthError, poll, requestCode } from '../support/platform/openid-sign-in.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import { isolatedHome, runMira, startMira } from '../support/run-mira.ts';
import { parseLines } from '../support/sign-in.ts';
import { openTerminal } from '../support/terminal.ts';

const PASSPHRASE = { MIRA_PASSPHRASE: 'correct horse battery staple' };
const executablePath = findChromium(process.env) ?? '';
const missing = executablePath === '';
const ci = process.env.MIRA_TEST_CI ?? process.env.CI ?? '';
const inCi = !['', '0', 'false'].includes(ci);
if (missing) process.stderr.write('browser approval: 6 tests skipped: no chromium found\n');

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

  test('`mira auth login` on a terminal is approved by typing the code that it shows', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const args = ['auth', 'login', '--issuer', platform.issuer, '--api-url', platform.apiUrl];
    await using terminal = await openTerminal({
      args: [...args, '--storage', 'file'],
      home,
      env: PASSPHRASE,
    });
    await terminal.waitFor(/enter the code\s+[A-Z]{4}-[A-Z]{4}/);
    const shown = terminal.scrollback().map((line) => line.trim());
    const headline = await approveInBrowser({
      executablePath,
      verificationUri: shown.find((line) => line.startsWith('http')) ?? '',
      userCode: shown.find((line) => /^[A-Z]{4}-[A-Z]{4}$/.test(line)) ?? '',
    });

    expect(headline).toBe('You are signed in');
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.scrollback().join('\n')).toContain('✓ Signed in as Ada Example (ada@example.test)');
    expect(await runMira(['chat', 'hi'], { home, env: PASSPHRASE })).toMatchObject({ code: 0, stderr: '' });
  });

  test('`mira auth login --json` on a platform without an issuer is approved at the address it gives', async () => {
    await using platform = await startPlatform({ metadata: 'off' });
    await using home = await isolatedHome();
    const login = await startMira(
      ['auth', 'login', '--json', '--api-url', platform.apiUrl, '--storage', 'file'],
      { home },
    );
    await login.waitFor(/\n/);
    const [first] = parseLines(login.stdout());
    const headline = await approveInBrowser({
      executablePath,
      verificationUri: String(first?.['verification_uri_complete']),
    });

    expect(headline).toBe('You are signed in');
    const { code, stdout } = await login.finished;
    expect({ code, last: parseLines(stdout).at(-1) }).toMatchObject({
      code: 0,
      last: { event: 'authorized', account: { id: 'ada' } },
    });
    expect(await runMira(['auth', 'logout'], { home })).toMatchObject({ code: 0 });
    expect(platform.keyNames()).toEqual([]);
  });
});
