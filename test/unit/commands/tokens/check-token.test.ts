/** What the services say of a token, each played as its documents describe it. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkToken } from '../../../../src/commands/tokens/check-token.ts';
import type { TokenCheck } from '../../../../src/commands/tokens/check-token.ts';
import { resolveSettings } from '../../../../src/settings.ts';
import type { Config } from '../../../../src/store/config-file.ts';
import {
  startAnthropicKeys,
  startMeetings,
  startMirra,
  startOpenAiKeys,
} from '../../../support/key-services.ts';
import type { KeyService, Mood } from '../../../support/key-services.ts';
import { whole } from '../../../support/raw-server.ts';
import type { RawExchange } from '../../../support/raw-server.ts';
import { drawnKey } from '../../../support/drawn-key.ts';
import { openHttp, serve } from '../../api/open-http.ts';

type Token = Parameters<typeof checkToken>[1];

interface World {
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly config?: Config;
}

async function check(token: Token, { env = {}, config = {} }: World = {}): Promise<TokenCheck> {
  const http = openHttp();
  let moment = 0;
  return checkToken(
    {
      env,
      settings: async () => resolveSettings({ profile: 'default', profileGiven: false, env, config }),
      http: async () => http,
      elapsed: () => (moment += 7),
      now: () => Date.UTC(2026, 0, 2),
      signal: new AbortController().signal,
      keepOut: () => {},
    },
    token,
  );
}

async function started(service: Promise<KeyService>): Promise<KeyService> {
  const one = await service;
  onTestFinished(() => one[Symbol.asyncDispose]());
  return one;
}

const SERVICES = {
  meetings: { start: () => startMeetings(), variable: 'MIRA_MEETINGS_API_KEY' },
  mirra: { start: startMirra, variable: 'MIRRA_API_KEY' },
  openai: { start: startOpenAiKeys, variable: 'OPENAI_API_KEY' },
  anthropic: { start: startAnthropicKeys, variable: 'ANTHROPIC_API_KEY' },
} as const;

describe('a token', () => {
  it.each([
    ['meetings', '/api/v1/meetings?limit=1'],
    ['mirra', '/api/sdk/v1/resources'],
    ['openai', '/v1/models'],
    ['anthropic', '/v1/models?limit=1'],
  ] as const)('of %s is valid when one cheap request is answered', async (kind, path) => {
    const service = await started(SERVICES[kind].start());
    const token = { env: SERVICES[kind].variable, kind, value: service.key };

    expect(await check(token, service)).toEqual({ service: kind, outcome: 'valid', latencyMs: 7 });
    expect(service.requests.map((request) => [request.method, request.path])).toEqual([['GET', path]]);
  });

  const MOODS: readonly (readonly [keyof typeof SERVICES, Mood, string, string])[] = [
    [
      'meetings',
      'revoked',
      'revoked',
      'HOST refused the credential from MIRA_MEETINGS_API_KEY: Invalid or revoked API key; the key is revoked or mistyped; keys are managed at Settings → API Keys in Mira meetings',
    ],
    [
      'meetings',
      'lacking',
      'wrong_scope',
      'HOST does not allow this with the credential from MIRA_MEETINGS_API_KEY, which lacks the permission read: Missing required permission: read; keys are managed at Settings → API Keys in Mira meetings',
    ],
    [
      'meetings',
      'limited',
      'rate_limited',
      'HOST limits how often it may be asked: Too many requests. Please retry after 60 seconds; it answers again in 60 s (00:01)',
    ],
    ['meetings', 'broken', 'failed', 'HOST failed (status 500): Internal server error'],
    [
      'mirra',
      'revoked',
      'revoked',
      'HOST refused the credential from MIRRA_API_KEY: Invalid API key; the key is revoked or mistyped; keys are managed at https://store.getmirra.app/developer/api-keys',
    ],
    [
      'mirra',
      'lacking',
      'wrong_scope',
      'HOST does not allow this with the credential from MIRRA_API_KEY: The key may not do this; keys are managed at https://store.getmirra.app/developer/api-keys',
    ],
    ['mirra', 'limited', 'rate_limited', 'HOST limits how often it may be asked: Slow down'],
    [
      'openai',
      'revoked',
      'revoked',
      'HOST refused the credential from OPENAI_API_KEY: Incorrect API key provided; the key is revoked or mistyped; keys are managed at https://platform.openai.com/api-keys',
    ],
    [
      'openai',
      'lacking',
      'wrong_scope',
      'HOST does not allow this with the credential from OPENAI_API_KEY, which lacks the permission api.model.read: You have insufficient permissions for this operation. Missing scopes: api.model.read. Check your key; keys are managed at https://platform.openai.com/api-keys',
    ],
    [
      'anthropic',
      'revoked',
      'revoked',
      'HOST refused the credential from ANTHROPIC_API_KEY: invalid x-api-key; the key is revoked or mistyped; keys are managed at https://platform.claude.com/settings/keys',
    ],
    [
      'anthropic',
      'lacking',
      'wrong_scope',
      'HOST does not allow this with the credential from ANTHROPIC_API_KEY: Your API key does not have permission to use the specified resource; keys are managed at https://platform.claude.com/settings/keys',
    ],
  ];
  it.each(MOODS)('of %s at a service that is %s is %s', async (kind, mood, outcome, detail) => {
    const service = await started(SERVICES[kind].start());
    service.answer(mood);
    const said = await check({ env: SERVICES[kind].variable, kind, value: service.key }, service);

    expect(said).toEqual({
      service: kind,
      outcome,
      detail: detail.replace('HOST', `127.0.0.1:${service.port}`),
      latencyMs: 7,
    });
  });

  it.each([
    ['a page to sign in at a network', '<html>Sign in</html>', 'text/html', 'a web page'],
    ['a page that says it is text', '<!doctype html>', 'text/plain', 'a web page'],
    ['nothing', '', 'application/json', 'nothing'],
    ['a word', 'OK', 'text/plain', 'something else'],
    ['half a list', '{"data":[', 'application/json', 'something else'],
    ['a number', '1', 'application/json', 'something else'],
  ])('is not proven by %s', async (_, body, type, what) => {
    const server = await serve((exchange) => exchange.write(whole(200, body, { 'content-type': type })));
    for (const kind of ['meetings', 'mirra', 'openai', 'anthropic'] as const) {
      const service = await started(SERVICES[kind].start());
      const [address = ''] = Object.keys(service.env).filter((name) => name.endsWith('_URL'));
      const token = { env: SERVICES[kind].variable, kind, value: service.key };

      expect(await check(token, { env: { [address]: server.origin } })).toEqual({
        service: kind,
        outcome: 'failed',
        detail: `127.0.0.1:${server.port} does not answer as this service, but with ${what}`,
        latencyMs: 7,
      });
    }
  });

  it.each([
    ['meetings', { data: null, error: 'Invalid API key', meta: null }, 'revoked'],
    ['meetings', { data: [], error: 'API key has been revoked', meta: null }, 'revoked'],
    ['meetings', { data: null, error: 'Missing permission: read', meta: null }, 'wrong_scope'],
    ['meetings', { data: null, error: 'Too many requests', meta: null }, 'rate_limited'],
    ['meetings', { data: null, error: 'No', meta: null }, 'failed'],
    ['mirra', { success: false, error: { code: 'UNAUTHORIZED', message: 'No' } }, 'revoked'],
    ['mirra', { success: false, error: { code: 'INVALID_API_KEY', message: 'No' } }, 'revoked'],
    ['mirra', { success: false, error: { code: 'FORBIDDEN', message: 'No' } }, 'wrong_scope'],
    ['mirra', { success: false, error: { code: 'RATE_LIMIT_EXCEEDED', message: 'No' } }, 'rate_limited'],
    ['mirra', { success: false, error: 'Invalid API key' }, 'revoked'],
    ['mirra', { success: false }, 'failed'],
    ['mirra', { success: true, data: [] }, 'valid'],
    ['meetings', { data: [], error: '', meta: null }, 'valid'],
  ] as const)('of %s is judged by what the envelope says: %j', async (kind, body, outcome) => {
    const server = await serve((exchange) => exchange.write(whole(200, JSON.stringify(body))));
    const service = await started(SERVICES[kind].start());
    const env = { MIRA_MEETINGS_URL: server.origin, MIRRA_BASE_URL: server.origin };

    expect(await check({ env: SERVICES[kind].variable, kind, value: service.key }, { env })).toMatchObject({
      service: kind,
      outcome,
    });
  });

  it('that works lacks a right also where OpenAI says so as of an unknown key', async () => {
    const message = 'You have insufficient permissions for this operation. Missing scopes: api.model.read.';
    const server = await serve((exchange) =>
      exchange.write(whole(401, JSON.stringify({ error: { message, type: 'invalid_request_error' } }))),
    );
    const { key } = await started(startOpenAiKeys());

    expect(
      await check(
        { env: 'OPENAI_API_KEY', kind: 'openai', value: key },
        { env: { OPENAI_BASE_URL: server.origin } },
      ),
    ).toMatchObject({ outcome: 'wrong_scope', detail: expect.stringContaining('permission api.model.read') });
  });

  it.each([
    ['API key does not have the "read" permission', 'which lacks the permission read'],
    ['read permission required', 'which lacks the permission read'],
    ["Forbidden: requires 'write' permission", 'which lacks the permission write'],
    ['Missing scope: write', 'which lacks the permission write'],
    ['permission_denied: admin', 'which lacks the permission admin'],
    ['This endpoint requires admin access', 'which lacks the permission admin'],
    ['You need `write` to do this', 'which lacks the permission write'],
    ['You have no permission. Read the documents', 'which needs the permission read'],
    ['Forbidden', 'which needs the permission read'],
    ['An active Business or Enterprise subscription is required', undefined],
  ])('of meetings that is told “%s” lacks that right', async (error, lacks) => {
    const server = await serve((exchange) =>
      exchange.write(whole(403, JSON.stringify({ data: null, error, meta: null }))),
    );
    const { key } = await started(startMeetings());
    const token = { env: 'MIRA_MEETINGS_API_KEY', kind: 'meetings', value: key };
    const { outcome, detail = '' } = await check(token, { env: { MIRA_MEETINGS_URL: server.origin } });

    expect([outcome, /which \w+ the permission \w+/.exec(detail)?.[0]]).toEqual(['wrong_scope', lacks]);
  });

  it('at an address where nobody listens is unreachable', async () => {
    const service = await startMirra();
    await service[Symbol.asyncDispose]();

    expect(await check({ env: 'MIRRA_API_KEY', kind: 'mirra', value: service.key }, service)).toMatchObject({
      service: 'mirra',
      outcome: 'unreachable',
    });
  });

  it('does not follow a redirect', async () => {
    const other = await started(startMirra());
    const service = await started(startMirra());
    service.answer({ redirectTo: `${other.origin}/api/sdk/v1/resources`, status: 307 });

    expect(await check({ env: 'MIRRA_API_KEY', kind: 'mirra', value: service.key }, service)).toMatchObject({
      outcome: 'failed',
      detail: `127.0.0.1:${service.port} redirects to ${other.origin}; mira does not follow with a credential`,
    });
    expect(other.requests).toEqual([]);
  });
});

describe('a token of the platform', () => {
  const value = `sk-${'mira'}-${'0d'.repeat(20)}`;
  const token = { env: 'MIRA_API_KEY', kind: 'mira', value } as const;
  const platform = async (answers: Readonly<Record<string, number>>) => {
    const server = await serve((exchange: RawExchange) =>
      exchange.write(whole(answers[exchange.request.path] ?? 403, '{"detail":"Forbidden"}')),
    );
    return { server, env: { MIRA_API_URL: `${server.origin}/v1` } };
  };
  const paths = (server: Awaited<ReturnType<typeof serve>>) =>
    server.requests.map(({ path, headers }) => [path, headers['authorization'] !== undefined]);

  it('is asked for at the account, and elsewhere where that is absent', async () => {
    const { server, env } = await platform({ '/v1/quota': 200 });

    expect(await check(token, { env })).toEqual({ service: 'mira', outcome: 'valid', latencyMs: 7 });
    expect(paths(server)).toEqual([
      ['/api/v1/auth/me', true],
      ['/v1/quota', true],
    ]);
  });

  it('that the account refuses is revoked', async () => {
    const { server, env } = await platform({ '/api/v1/auth/me': 401 });

    expect(await check(token, { env })).toMatchObject({ service: 'mira', outcome: 'revoked' });
    expect(paths(server)).toEqual([['/api/v1/auth/me', true]]);
  });

  it('is not verified by a list that everybody may read', async () => {
    const { server, env } = await platform({ '/v1/models': 200 });

    expect(await check(token, { env })).toEqual({
      service: 'mira',
      outcome: 'unverified',
      detail: 'nothing there tells a working key from another',
      latencyMs: 7,
    });
    expect(paths(server).slice(2)).toEqual([
      ['/v1/models', true],
      ['/v1/models', false],
    ]);
  });

  it('in the format of meetings goes to meetings', async () => {
    const meetings = await started(startMeetings());
    const env = { ...meetings.env, MIRA_API_URL: 'http://127.0.0.1:1/v1' };

    expect(
      await check({ env: 'MIRA_API_KEY', kind: 'meetings', value: meetings.key }, { env }),
    ).toMatchObject({
      service: 'meetings',
      outcome: 'valid',
    });
  });
});

describe('a token that is not sent', () => {
  it.each([
    [
      'GITHUB_TOKEN',
      'github',
      `ghp_${'a1'.repeat(18)}`,
      undefined,
      'unknown_service',
      'no service is known whose key is in GITHUB_TOKEN',
    ],
    [
      'DEEPSEEK_API_KEY',
      'openai',
      `sk-${'a1'.repeat(16)}`,
      undefined,
      'unknown_service',
      'no service is known whose key is in DEEPSEEK_API_KEY',
    ],
    [
      'AWS_ACCESS_KEY_ID',
      'aws',
      `AKIA${'A2'.repeat(8)}`,
      undefined,
      'unknown_service',
      'AWS credentials are tested with `mira aws test`',
    ],
    [
      'OPENAI_API_KEY',
      'anthropic',
      `sk-${'ant'}-${'a1'.repeat(20)}`,
      'openai',
      'misplaced',
      'The key from OPENAI_API_KEY looks like an Anthropic key; it was not sent to HOST',
    ],
    [
      'MIRA_API_KEY',
      'mirra',
      `mirra_${'a1'.repeat(20)}`,
      'mira',
      'misplaced',
      'The key from MIRA_API_KEY looks like a Mirra SDK key; it was not sent to the Mira platform',
    ],
    [
      'OPENAI_API_KEY',
      'other',
      'two words',
      'openai',
      'malformed',
      'The key from OPENAI_API_KEY has spaces or line breaks in it',
    ],
    [
      'OLLAMA_BASE_URL',
      'other',
      'no address',
      'ollama',
      'malformed',
      'OLLAMA_BASE_URL contains a space, a backslash or a control character',
    ],
    [
      'MIRA_MEETINGS_API_KEY',
      'meetings',
      `mira_${'live'}_${'a1'.repeat(16)}`,
      'meetings',
      'not_configured',
      'Nothing says where Mira meetings is: MIRA_MEETINGS_URL is not set',
    ],
  ] as const)('%s in the format %s says why', async (env, kind, value, service, outcome, detail) => {
    const server = await serve(() => {});
    const world = { env: { OPENAI_BASE_URL: `${server.origin}/v1`, MIRA_API_URL: server.origin } };

    expect(await check({ env, kind, value }, world)).toEqual({
      service,
      outcome,
      detail: detail.replace('HOST', `127.0.0.1:${server.port}`),
    });
    expect(server.connections).toBe(0);
  });
});

describe('a token that belongs to a vendor', () => {
  it.each([
    ['MIRA_API_KEY', 'mira', drawnKey.mira('home'), 'MIRA_API_URL', 'api.vmira.ai'],
    ['MIRRA_API_KEY', 'mirra', drawnKey.mirra('home'), 'MIRRA_BASE_URL', 'api.fxn.world'],
    ['OPENAI_API_KEY', 'openai', drawnKey.openaiProject('home'), 'OPENAI_BASE_URL', 'api.openai.com'],
    ['ANTHROPIC_API_KEY', 'anthropic', drawnKey.anthropic('home'), 'ANTHROPIC_BASE_URL', 'api.anthropic.com'],
  ] as const)('is not sent where the shell says its service is: %s', async (env, kind, value, name, home) => {
    expect(await check({ env, kind, value }, { env: { [name]: 'https://elsewhere.example' } })).toEqual({
      service: kind,
      outcome: 'misplaced',
      detail: `The key from ${env} belongs to ${home}; it was not sent to elsewhere.example (${name})`,
    });
  });
});

describe('a token for something of one’s own', () => {
  it('is sent to the provider that was added with its variable', async () => {
    const openai = await started(startOpenAiKeys());
    const config = { providers: { local: { base_url: `${openai.origin}/v1`, env: 'LOCAL_KEY' } } };

    expect(await check({ env: 'LOCAL_KEY', kind: 'openai', value: openai.key }, { config })).toMatchObject({
      service: 'local',
      outcome: 'valid',
    });
    expect(openai.requests.map(({ headers }) => headers['authorization'])).toEqual([
      `Bearer ${openai.key}`,
      undefined,
    ]);
  });

  it('that is the address of an Ollama is asked there, without a credential', async () => {
    const server = await serve((exchange) => exchange.write(whole(200, '{"version":"1"}')));

    expect(await check({ env: 'OLLAMA_BASE_URL', kind: 'other', value: server.origin })).toEqual({
      service: 'ollama',
      outcome: 'valid',
      latencyMs: 7,
    });
    expect(
      server.requests.map(({ path, headers }) => [path, headers['authorization'], headers['x-api-key']]),
    ).toEqual([['/api/version', undefined, undefined]]);
  });
});
