/** `mira usage`, and `/usage` in the chat: what the platform tells of an account, in parts of which any may be missing. */
import { describe, expect, test } from 'vitest';
import { startChatServer } from '../support/chat-server.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import { whole } from '../support/raw-server.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import { signIn } from '../support/sign-in.ts';
import { openTerminal } from '../support/terminal.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

const QUOTA = {
  status: 'allowed_warning',
  rate_limit_type: 'five_hour',
  utilization: 0.85,
  resets_at: inSeconds(7200),
  is_using_overage: false,
  plan: 'pro\u001b[2J',
  buckets: {
    five_hour: { used: 85, limit: 100, utilization: 0.85, resets_at: inSeconds(7200) },
    seven_day: { used: 1234, limit: -1, utilization: 0, resets_at: 0 },
    seven_day_thinking: { used: 5, resets_at: inSeconds(3 * 86_400 + 600) },
  },
};
const USE = {
  today: { total_requests: 14, total_tokens: 12345, total_cost_microcents: 5 },
  month: { total_requests: 120, total_tokens: 1_000_000, daily_breakdown: [] },
  quota: { daily_limit: 500, remaining_today: 486, plan: 'pro' },
};
const BALANCE = {
  balance_kopecks: 12345,
  balance_rubles: '123.45',
  spending: { today_kopecks: 50, week_kopecks: 200, month_kopecks: 1000, by_model: [] },
};

type Parts = Readonly<Record<string, object | number>>;
const ALL: Parts = { '/v1/quota': QUOTA, '/api/v1/auth/me/usage': USE, '/api/v1/billing/balance': BALANCE };

/** The parts by their path; a number is the status of a refusal. */
function startAccount(parts: Parts) {
  return startChatServer((exchange) => {
    const part = parts[exchange.request.path] ?? 404;
    return exchange.write(
      typeof part === 'number'
        ? whole(part, '{"detail":"Forbidden"}', JSON_TYPE)
        : whole(200, JSON.stringify(part), JSON_TYPE),
    );
  });
}

describe.concurrent('mira usage', () => {
  test('counts what was asked: a key is told all of it, a session what is not for keys alone', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const env = { MIRA_API_URL: platform.apiUrl, MIRA_API_KEY: platform.mintKey() };
    await runMira(['chat', 'What is a device code?'], { home, env });
    const byKey = await runMira(['usage', '--json'], { home, env });
    await signIn(platform, { home });
    const bySession = await runMira(['usage', '--json'], { home });

    const known = {
      today: { requests: 1, tokens: expect.any(Number) },
      daily: { limit: 500, remaining: 499 },
      balance: { currency: 'RUB', amount: 123.45 },
    };
    expect({ code: byKey.code, told: JSON.parse(byKey.stdout) }).toMatchObject({
      code: 0,
      told: { plan: 'pro', quota: { status: 'allowed', utilization: 0.01 }, ...known },
    });
    expect({ code: bySession.code, told: JSON.parse(bySession.stdout) }).toMatchObject({
      code: 0,
      told: { plan: 'pro', ...known },
    });
    expect(JSON.parse(bySession.stdout)).not.toHaveProperty('quota');
  });

  test('tells quota, use and balance to a person', async () => {
    await using server = await startAccount(ALL);
    const { code, stdout, stderr } = await runMira(['usage'], { env: server.env });

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.replaceAll(/\b(?:120 min|1 h 60 min|2 h 00 min)/g, 'SOON')).toBe(
      `Plan             pro
Quota            85 % used, new in SOON
5 hours          85 of 100 used (85 %), new in SOON
7 days           1,234 used, without a limit
7 days thinking  5 used, new in 3 days
Today            14 requests, 12,345 tokens, 486 of 500 requests left
This month       120 requests, 1,000,000 tokens
Balance          123.45 RUB, spent today 0.50, this week 2.00, this month 10.00
`,
    );
  });

  test('tells them to a script', async () => {
    await using server = await startAccount(ALL);
    const { stdout } = await runMira(['usage', '--json'], { env: server.env });

    const resets = {
      resets_at: new Date(QUOTA.resets_at * 1000).toISOString(),
      resets_in: expect.any(Number),
    };
    expect(JSON.parse(stdout)).toEqual({
      schema: 'mira.usage/1',
      plan: 'pro\u001b[2J',
      quota: {
        status: 'allowed_warning',
        utilization: 0.85,
        ...resets,
        using_overage: false,
        windows: [
          { name: 'five_hour', used: 85, limit: 100, utilization: 0.85, ...resets },
          { name: 'seven_day', used: 1234, limit: null, utilization: 0 },
          {
            name: 'seven_day_thinking',
            used: 5,
            resets_at: new Date(QUOTA.buckets.seven_day_thinking.resets_at * 1000).toISOString(),
            resets_in: expect.any(Number),
          },
        ],
      },
      today: { requests: 14, tokens: 12345 },
      month: { requests: 120, tokens: 1_000_000 },
      daily: { limit: 500, remaining: 486 },
      balance: { currency: 'RUB', amount: 123.45, spent: { today: 0.5, week: 2, month: 10 } },
    });
  });

  test.each([401, 403, 404])('leaves out what is answered with %i', async (status) => {
    await using server = await startAccount({ '/v1/quota': status, '/api/v1/billing/balance': BALANCE });
    const { code, stdout, stderr } = await runMira(['usage', '--json'], { env: server.env });

    expect({ code, stderr, usage: JSON.parse(stdout) }).toEqual({
      code: 0,
      stderr: '',
      usage: {
        schema: 'mira.usage/1',
        balance: { currency: 'RUB', amount: 123.45, spent: { today: 0.5, week: 2, month: 10 } },
      },
    });
  });

  test.each<[string, Parts, number, RegExp]>([
    ['nothing is told', {}, 3, /tells nothing about use and quota\.$/],
    [
      'what is told is something else',
      { '/v1/quota': [1], '/api/v1/auth/me/usage': { today: null } },
      3,
      /tells nothing/,
    ],
    [
      'the key is refused',
      { '/v1/quota': 401, '/api/v1/auth/me/usage': 401 },
      4,
      /refused the credential from MIRA_API_KEY/,
    ],
    ['a part fails', { ...ALL, '/v1/quota': 500 }, 9, /failed \(status 500\)/],
  ])('fails where %s', async (_name, parts, code, message) => {
    await using server = await startAccount(parts);
    const result = await runMira(['usage'], { env: server.env });

    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr.split('\n')[0]).toMatch(message);
  });
});

describe.concurrent('/usage in the chat', () => {
  test('shows what the server counts besides the tokens of the chat', async () => {
    await using server = await startAccount(ALL);
    await using home = await isolatedHome();
    await using terminal = await openTerminal({ args: ['chat'], env: server.env, home, cwd: home.path });
    await terminal.waitFor('/help');
    terminal.write('/usage\r');
    await terminal.waitFor('Balance          123.45 RUB');

    expect(terminal.screen().join('\n')).toContain('No tokens were counted yet.');
  });

  test('waits no longer than it is worth', async () => {
    await using server = await startChatServer(() => {});
    await using home = await isolatedHome();
    await using terminal = await openTerminal({ args: ['chat'], env: server.env, home, cwd: home.path });
    await terminal.waitFor('/help');
    terminal.write('/usage\r');
    await terminal.waitFor('No tokens were counted yet.');
  });
});
