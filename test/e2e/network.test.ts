/** The hosts that a configuration names: what is listed, what of it was contacted, and that no other is. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startOpenAi } from '../support/chat-services.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import { startRawServer } from '../support/raw-server.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import type { Environment, IsolatedHome } from '../support/run-mira.ts';
import { signIn } from '../support/sign-in.ts';

const DEFAULTS = [
  ['api.vmira.ai', 'Mira API (default)'],
  ['api.fxn.world', 'the Mirra SDK (default)'],
  ['api.openai.com', 'OpenAI (default)'],
  ['api.anthropic.com', 'Anthropic (default)'],
  ['localhost:11434', 'Ollama (default)'],
] as const;

interface Listed {
  readonly host: string;
  readonly why: string;
  readonly configured: boolean;
  readonly first_seen?: string;
  readonly last_seen?: string;
}

async function listed(home: IsolatedHome, env: Environment = {}): Promise<readonly Listed[]> {
  const { code, stdout, stderr } = await runMira(['network', '--json'], { home, env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout).hosts;
}

describe('mira network', () => {
  test('lists the documented hosts where nothing is set, without a key and without asking anyone', async () => {
    await using home = await isolatedHome();
    expect(await listed(home)).toEqual(DEFAULTS.map(([host, why]) => ({ host, why, configured: true })));
  });

  test('names what each host is for, and when it was contacted', async () => {
    await using platform = await startPlatform();
    await using openai = await startOpenAi();
    await using home = await isolatedHome();
    const startedAt = Date.now();
    const env = {
      OPENAI_BASE_URL: openai.env['OPENAI_BASE_URL'],
      HTTPS_PROXY: 'http://me:pw@proxy.example:3128',
    };
    await signIn(platform, { home });
    expect(await runMira(['chat', 'hi', '-m', 'openai/gpt'], { home, env: openai.env })).toMatchObject({
      code: 0,
    });

    const hosts = await listed(home, env);

    const [issuer, api, other] = [platform.issuer, platform.apiOrigin, openai.origin].map(
      (one) => new URL(one).host,
    );
    expect(hosts.map(({ host, why }) => [host, why])).toEqual([
      ['api.vmira.ai', 'Mira API (default)'],
      DEFAULTS[1],
      [other, 'OpenAI (OPENAI_BASE_URL)'],
      ...DEFAULTS.slice(3),
      [issuer, 'session of profile default'],
      [api, 'session of profile default'],
      ['proxy.example:3128', 'proxy (HTTPS_PROXY)'],
    ]);
    const seen = hosts.filter(({ first_seen: first }) => first !== undefined);
    expect(seen.map(({ host }) => host)).toEqual([other, issuer, api]);
    for (const { first_seen: first = '', last_seen: last = '' } of seen) {
      expect(Date.parse(first)).toBeGreaterThanOrEqual(startedAt - 1_000);
      expect(Date.parse(last)).toBeGreaterThanOrEqual(Date.parse(first));
      expect(Date.parse(last)).toBeLessThanOrEqual(Date.now() + 1_000);
    }
  });

  test('marks what was contacted and is named no longer', async () => {
    await using openai = await startOpenAi();
    await using home = await isolatedHome();
    await runMira(['chat', 'hi', '-m', 'openai/gpt'], { home, env: openai.env });
    const { host } = new URL(openai.origin);
    expect((await listed(home)).at(-1)).toEqual({
      host,
      why: 'no longer configured, refused',
      configured: false,
      first_seen: expect.any(String),
      last_seen: expect.any(String),
    });
    const { stdout } = await runMira(['network'], { home });
    expect(stdout.split('\n')).toEqual([
      ...DEFAULTS.map(([name, why]) => `${name.padEnd(17)}  ${why.padEnd(29)}  never contacted`),
      `${host.padEnd(17)}  no longer configured, refused  contacted just now`,
      '',
      `Contacts are noted in ${join(home.dataDir, 'state', 'hosts')}; remove it to forget them.`,
      '',
    ]);
  });

  test('keeps of a contact nothing but the host', async () => {
    await using openai = await startOpenAi();
    await using home = await isolatedHome();
    const marker = randomBytes(12).toString('hex');
    await runMira(['chat', marker, '-m', `openai/${marker}`], { home, env: openai.env });
    const name = encodeURIComponent(new URL(openai.origin).host);
    const text = await readFile(join(home.dataDir, 'state', 'hosts', name), 'utf8');
    expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\n$/);
  });

  test('leaves out an address that cannot be used, and says so', async () => {
    await using home = await isolatedHome();
    const { code, stdout, stderr } = await runMira(['network', '--json'], {
      home,
      env: { OPENAI_BASE_URL: 'http://openai.example' },
    });
    expect(code).toBe(0);
    expect(stderr).toBe(
      'mira: Left out: OPENAI_BASE_URL would be used without encryption (http to openai.example).\n',
    );
    expect(JSON.parse(stdout).hosts.map(({ host }: Listed) => host)).not.toContain('openai.example');
  });
});

test('a host that nothing names is not contacted, though the list of sessions was made to point there', async () => {
  await using platform = await startPlatform();
  await using home = await isolatedHome();
  const stranger = await startRawServer(() => {});
  await signIn(platform, { home });
  const file = join(home.dataDir, 'sessions.json');
  const sessions = JSON.parse(await readFile(file, 'utf8'));
  sessions.sessions.default.issuer = `http://localhost:${stranger.port}`;
  await writeFile(file, JSON.stringify(sessions));

  const { code, stdout } = await runMira(['auth', 'refresh', '--json'], { home });

  expect(JSON.parse(stdout)).toEqual({
    schema: 'mira.error/1',
    error: {
      code: 'host_not_configured',
      message: `mira does not contact localhost:${stranger.port}: nothing in the configuration names it.`,
      exit_code: 11,
      retryable: false,
      hint: expect.any(String),
      next: [{ command: 'mira network', why: 'lists every host that may be contacted' }],
    },
  });
  expect(code).toBe(11);
  expect(stranger.connections).toBe(0);
  await stranger.close();
});
