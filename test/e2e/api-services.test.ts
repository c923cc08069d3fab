/** `mira api --service`: each service gets its own key in its own header, and nobody else does. */
import { describe, expect, test } from 'vitest';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import { startAnthropicKeys, startMeetings, startMirra, startOpenAiKeys } from '../support/key-services.ts';
import type { KeyService } from '../support/key-services.ts';
import { startRawServer, whole } from '../support/raw-server.ts';

const STARTS = {
  meetings: { start: () => startMeetings(), path: 'meetings', at: '/api/v1/meetings' },
  mirra: { start: startMirra, path: 'resources', at: '/api/sdk/v1/resources' },
  openai: { start: startOpenAiKeys, path: 'models', at: '/v1/models' },
  anthropic: { start: startAnthropicKeys, path: 'models', at: '/v1/models' },
} as const;
const KEY_HEADERS = ['authorization', 'x-api-key'] as const;

/** Everything that a key may stand in. */
const sentHeaders = (service: Pick<KeyService, 'requests'>) =>
  service.requests.map(({ headers }) => KEY_HEADERS.map((name) => headers[name]));

describe.concurrent('a request to a service', () => {
  test.each([
    ['meetings', (key: string) => [`Bearer ${key}`, undefined]],
    ['mirra', (key: string) => [undefined, key]],
    ['openai', (key: string) => [`Bearer ${key}`, undefined]],
    ['anthropic', (key: string) => [undefined, key]],
  ] as const)('carries the key of %s in its header', async (name, headersOf) => {
    const { start, path, at } = STARTS[name];
    await using service = await start();
    const { code, stdout, stderr } = await runMira(['api', path, '--service', name], { env: service.env });

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toHaveProperty('data');
    expect(service.requests.map((request) => `${request.method} ${request.path}`)).toEqual([`GET ${at}`]);
    expect(sentHeaders(service)).toEqual([headersOf(service.key)]);
  });

  test('begins at its origin with a slash, and goes nowhere else', async () => {
    await using mirra = await startMirra();
    await using other = await startMirra();
    const { env } = mirra;
    await runMira(['api', 'POST', '/api/sdk/v2/resources/call', '--service', 'mirra'], { env });
    const elsewhere = await runMira(['api', `${other.origin}/api/sdk/v1/resources`, '--service', 'mirra'], {
      env,
    });

    expect(mirra.requests.map(({ method, path }) => [method, path])).toEqual([
      ['POST', '/api/sdk/v2/resources/call'],
    ]);
    expect(elsewhere).toMatchObject({
      code: 11,
      stdout: '',
      stderr:
        `mira: The credential belongs to 127.0.0.1:${mirra.port}; it was not sent to 127.0.0.1:${other.port}.\n` +
        '  Give a path alone; MIRRA_BASE_URL says where it goes.\n',
    });
    expect(other.requests).toEqual([]);
  });

  test('to Ollama carries no key at all', async () => {
    await using server = await startAgreeable();
    const env = { OLLAMA_HOST: `127.0.0.1:${server.port}`, MIRA_API_KEY: `sk-mira-${'0d'.repeat(20)}` };

    expect(await runMira(['api', 'api/tags', '--service', 'ollama'], { env })).toMatchObject({
      code: 0,
      stdout: '{}\n',
    });
    expect(sentHeaders(server)).toEqual([[undefined, undefined]]);
    expect(server.requests.map(({ path }) => path)).toEqual(['/api/tags']);
  });

  test('to a provider of one’s own carries the key of its variable', async () => {
    await using openai = await startOpenAiKeys();
    await using home = await isolatedHome();
    const env = { LOCAL_KEY: openai.key, OPENAI_API_KEY: `sk-proj-${'b2'.repeat(20)}` };
    await runMira(['config', 'set', 'providers.local.base_url', `${openai.origin}/v1`], { home });
    await runMira(['config', 'set', 'providers.local.env', 'LOCAL_KEY'], { home });

    expect(await runMira(['api', 'models', '--service', 'local'], { home, env })).toMatchObject({ code: 0 });
    expect(sentHeaders(openai)).toEqual([[`Bearer ${openai.key}`, undefined]]);
  });

  test.each([
    [
      ['--service', 'nobody'],
      {},
      2,
      /^mira: There is no service of that name\.\n {2}The services are: mira, meetings, mirra, openai, anthropic, bedrock, ollama\.\n$/,
    ],
    [
      ['--service', 'bedrock'],
      {},
      2,
      /^mira: Amazon Bedrock takes signed requests, and no key as it is\.\n {2}Test it with `mira aws test --bedrock`/,
    ],
    [
      ['--service', 'meetings'],
      {},
      2,
      /^mira: Nothing says where Mira meetings is: MIRA_MEETINGS_URL is not set\.\n/,
    ],
    [
      ['--service', 'mirra'],
      {},
      4,
      /^mira: There is no key for api\.fxn\.world: MIRRA_API_KEY is not set\.\n {2}Make a key at https:\/\/store\.getmirra\.app\/developer\/api-keys, then:/,
    ],
    [
      ['--service', 'mirra'],
      { MIRRA_BASE_URL: 'http://mirra.example' },
      2,
      /^mira: MIRRA_BASE_URL would be used without encryption/,
    ],
  ] as const)('that cannot be made says so: %j', async (args, env, code, sentence) => {
    const result = await runMira(['api', 'x', ...args], { env });

    expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: '' });
    expect(result.stderr).toMatch(sentence);
  });
});

describe.concurrent('an error', () => {
  test.each([
    [
      'meetings',
      'revoked',
      4,
      'HOST refused the credential from MIRA_MEETINGS_API_KEY: Invalid or revoked API key.\n  It is revoked or mistyped; keys are managed at Settings → API Keys in Mira meetings. Mend it with: read -rs MIRA_MEETINGS_API_KEY && export MIRA_MEETINGS_API_KEY\n',
    ],
    [
      'meetings',
      'lacking',
      5,
      'HOST does not allow this with the credential from MIRA_MEETINGS_API_KEY, which lacks the permission read: Missing required permission: read.\n  The plan, or the rights of the key, do not cover this; keys are managed at Settings → API Keys in Mira meetings.\n',
    ],
    [
      'mirra',
      'revoked',
      4,
      'HOST refused the credential from MIRRA_API_KEY: Invalid API key.\n  It is revoked or mistyped; keys are managed at https://store.getmirra.app/developer/api-keys. Mend it with: read -rs MIRRA_API_KEY && export MIRRA_API_KEY\n',
    ],
    [
      'mirra',
      'lacking',
      5,
      'HOST does not allow this with the credential from MIRRA_API_KEY: The key may not do this.\n  The plan, or the rights of the key, do not cover this; keys are managed at https://store.getmirra.app/developer/api-keys.\n',
    ],
    [
      'openai',
      'lacking',
      5,
      'HOST does not allow this with the credential from OPENAI_API_KEY, which lacks the permission api.model.read: You have insufficient permissions for this operation. Missing scopes: api.model.read. Check your key.\n  The plan, or the rights of the key, do not cover this; keys are managed at https://platform.openai.com/api-keys.\n',
    ],
    [
      'anthropic',
      'revoked',
      4,
      'HOST refused the credential from ANTHROPIC_API_KEY: invalid x-api-key.\n  It is revoked or mistyped; keys are managed at https://platform.claude.com/settings/keys. Mend it with: read -rs ANTHROPIC_API_KEY && export ANTHROPIC_API_KEY\n',
    ],
  ] as const)(
    'of %s that is %s names the source of the key, and where keys are managed',
    async (name, mood, code, said) => {
      const { start, path } = STARTS[name];
      await using service = await start();
      service.answer(mood);
      const result = await runMira(['api', path, '--service', name], { env: service.env });

      expect({ code: result.code, stderr: result.stderr }).toEqual({
        code,
        stderr: `mira: ${said.replace('HOST', `127.0.0.1:${service.port}`)}`,
      });
      expect(result.stdout + result.stderr).not.toContain(service.key);
    },
  );

  test.each([
    ['meetings', 'MIRA_MEETINGS_URL'],
    ['mirra', 'MIRRA_BASE_URL'],
    ['openai', 'OPENAI_BASE_URL'],
  ] as const)('404 of %s names the variable that says where it is', async (name, variable) => {
    await using service = await STARTS[name].start();
    const { code, stderr } = await runMira(['api', 'nowhere', '--service', name], { env: service.env });

    expect(code).toBe(3);
    expect(stderr).toContain(`  Check the path, and the address of the service (${variable}).\n`);
  });

  test('429 of meetings says to wait a minute although the answer does not', async () => {
    await using meetings = await startMeetings();
    meetings.answer('limited');
    const { code, stderr } = await runMira(['api', 'meetings', '--service', 'meetings', '--json'], {
      env: meetings.env,
    });

    expect(code).toBe(7);
    expect(stderr).toContain('Too many requests. Please retry after 60 seconds; it answers again in 60 s');
  });

  test('in an answer that calls itself a success ends with its own exit status, and is printed', async () => {
    await using mirra = await startMirra();
    const { code, stdout, stderr } = await runMira(['api', '/api/sdk/v2/x', '--service', 'mirra'], {
      env: mirra.env,
    });

    expect({ code, stdout }).toEqual({
      code: 5,
      stdout: '{"success":false,"error":{"code":"PERMISSION_DENIED","message":"No."}}\n',
    });
    expect(stderr).toContain('does not allow this with the credential from MIRRA_API_KEY: No.');
  });

  test.each([403, 500])(
    '%i of what needs another right names the right that the documents name',
    async (status) => {
      await using server = await startAgreeable(status, '{"data":null,"error":"Forbidden","meta":null}');
      const env = { MIRA_MEETINGS_URL: server.origin, MIRA_MEETINGS_API_KEY: `mira_live_${'a1'.repeat(16)}` };
      const { stderr } = await runMira(['api', 'DELETE', 'templates/1', '--service', 'meetings'], { env });

      expect(stderr.includes('which needs the permission write: Forbidden.')).toBe(status === 403);
      expect(server.requests.map(({ path }) => path)).toEqual(['/api/v1/templates/1']);
    },
  );
});

describe.concurrent('a key', () => {
  test.each([
    ...[301, 302, 303, 307, 308].map((status) => ['mirra', status] as const),
    ...(['meetings', 'openai', 'anthropic'] as const).map((name) => [name, 307] as const),
  ])('of %s never follows a redirect (%i), to another origin or the same one', async (name, status) => {
    const { start, path } = STARTS[name];
    await using other = await startAgreeable();
    await using service = await start();
    for (const target of [`${other.origin}/api/sdk/v1/resources`, `${service.origin}/elsewhere`]) {
      service.answer({ redirectTo: target, status });
      for (const method of ['GET', 'POST']) {
        const { code, stderr } = await runMira(['api', method, path, '--service', name], {
          env: service.env,
        });
        expect([code, stderr]).toEqual([
          9,
          expect.stringContaining('mira does not follow with a credential.'),
        ]);
      }
    }
    expect(other.requests).toEqual([]);
    expect(service.requests).toHaveLength(4);
  });

  test('of meetings in the variable of the platform is not sent to the platform, and goes to meetings', async () => {
    await using meetings = await startMeetings();
    const env = {
      ...meetings.env,
      MIRA_MEETINGS_API_KEY: undefined,
      MIRA_API_KEY: meetings.key,
      MIRA_API_URL: `${meetings.origin}/v1`,
    };
    const wrong = await runMira(['api', 'models'], { env });

    expect({ code: wrong.code, stderr: wrong.stderr }).toEqual({
      code: 11,
      stderr:
        'mira: The key from MIRA_API_KEY looks like a Mira meetings key; it was not sent to the Mira platform.\n' +
        '  It belongs in MIRA_MEETINGS_API_KEY, and goes to your meetings with: mira api --service meetings PATH. ' +
        'Use a Mira platform key (https://platform.vmira.ai/api-keys), or add --force if you are sure.\n',
    });
    expect(meetings.requests).toEqual([]);
    expect(await runMira(['api', 'meetings', '--service', 'meetings'], { env })).toMatchObject({ code: 0 });
  });

  test('of the platform is not one of meetings', async () => {
    await using meetings = await startMeetings();
    const env = {
      ...meetings.env,
      MIRA_MEETINGS_API_KEY: undefined,
      MIRA_API_KEY: `sk-mira-${'0d'.repeat(20)}`,
    };

    expect(await runMira(['api', 'meetings', '--service', 'meetings'], { env })).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('MIRA_MEETINGS_API_KEY is not set.'),
    });
    expect(meetings.requests).toEqual([]);
  });

  test('of another vendor is not sent, unless it is forced', async () => {
    await using openai = await startOpenAiKeys();
    const env = { ...openai.env, OPENAI_API_KEY: `mirra_${'a1'.repeat(20)}` };

    expect(await runMira(['api', 'models', '--service', 'openai'], { env })).toMatchObject({
      code: 11,
      stderr: expect.stringContaining(
        'The key from OPENAI_API_KEY looks like a Mirra SDK key; it was not sent to',
      ),
    });
    expect(openai.requests).toEqual([]);
    expect(await runMira(['api', 'models', '--service', 'openai', '--force'], { env })).toMatchObject({
      code: 4,
    });
    expect(openai.requests).toHaveLength(1);
  });
});

describe.concurrent('pages', () => {
  test('of meetings are counted, and end where one is not full', async () => {
    await using meetings = await startMeetings(5);
    const args = ['api', 'meetings?limit=2', '--service', 'meetings', '--paginate', '--json'];
    const { stdout } = await runMira(args, { env: meetings.env });

    expect(JSON.parse(stdout).pages.map(({ body }: { body: { data: unknown } }) => body.data)).toEqual([
      [{ id: 'm0' }, { id: 'm1' }],
      [{ id: 'm2' }, { id: 'm3' }],
      [{ id: 'm4' }],
    ]);
    expect(meetings.requests.map(({ path }) => path)).toEqual([
      '/api/v1/meetings?limit=2',
      '/api/v1/meetings?limit=2&page=2',
      '/api/v1/meetings?limit=2&page=3',
    ]);
  });

  test('of Anthropic go on after the last id', async () => {
    await using anthropic = await startAnthropicKeys();
    await runMira(['api', 'models?limit=2', '--service', 'anthropic', '--paginate'], { env: anthropic.env });

    expect(anthropic.requests.map(({ path }) => path)).toEqual([
      '/v1/models?limit=2',
      '/v1/models?limit=2&after_id=b',
    ]);
  });
});

/** Answers everybody alike. */
async function startAgreeable(status = 200, body = '{}') {
  const server = await startRawServer((exchange) => exchange.write(whole(status, body)));
  return {
    origin: server.origin,
    port: server.port,
    requests: server.requests,
    [Symbol.asyncDispose]: () => server.close(),
  };
}
