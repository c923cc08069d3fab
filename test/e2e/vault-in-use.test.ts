/** The vault's tokens in use: for the chat, for `mira api`, tested, and told by `auth explain` and `auth status`. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startAnthropic, startOpenAi } from '../support/chat-services.ts';
import { answerWith, startChatServer } from '../support/chat-server.ts';
import { drawnKey } from '../support/drawn-key.ts';
import { keepToken, KEY_FILE } from '../support/keep-token.ts';
import { startMeetings, startMirra, startOpenAiKeys } from '../support/key-services.ts';
import { startKeyring } from '../support/keyring.ts';
import { startOllama } from '../support/ollama.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import type { Environment } from '../support/run-mira.ts';

const PLATFORM_KEY = `sk-${'mira'}-${'0d'.repeat(20)}`;

describe.concurrent('the chat', () => {
  test('takes the key of a provider from the vault where the variable is not set', async () => {
    await using openai = await startOpenAi();
    await using home = await isolatedHome();
    await keepToken(home, { label: 'work', env: 'OPENAI_API_KEY', value: openai.key });
    const env = { ...KEY_FILE, ...openai.env, OPENAI_API_KEY: undefined };

    expect(await runMira(['chat', 'hi', '-m', 'openai/gpt'], { home, env })).toMatchObject({
      code: 0,
      stdout: 'gpt heard you.\n',
      stderr: '',
    });
    expect(openai.requests.map(({ headers }) => headers['authorization'])).toEqual([`Bearer ${openai.key}`]);
    const listed = await runMira(['tokens', 'list', '--json'], { home, env });
    expect(JSON.parse(listed.stdout).tokens[0]).toHaveProperty('last_used_at');
  });

  test('takes the variable before the vault', async () => {
    await using anthropic = await startAnthropic();
    await using home = await isolatedHome();
    await keepToken(home, { label: 'old', env: 'ANTHROPIC_API_KEY', value: `sk-ant-${'b2'.repeat(20)}` });
    const env = { ...KEY_FILE, ...anthropic.env };

    expect(await runMira(['chat', 'hi', '-m', 'anthropic/claude'], { home, env })).toMatchObject({ code: 0 });
    expect(anthropic.requests.map(({ headers }) => headers['x-api-key'])).toEqual([anthropic.key]);
    const listed = await runMira(['tokens', 'list', '--json'], { home, env });
    expect(JSON.parse(listed.stdout).tokens[0]).not.toHaveProperty('last_used_at');
  });

  test('takes the platform’s key from the vault where nobody is signed in', async () => {
    await using server = await startChatServer((exchange) => answerWith(exchange, 'Fine.'));
    await using home = await isolatedHome();
    await keepToken(home, { label: 'ci', env: 'MIRA_API_KEY', value: PLATFORM_KEY });
    const env = { ...KEY_FILE, ...server.env, MIRA_API_KEY: undefined };

    expect(await runMira(['chat', 'hi'], { home, env })).toMatchObject({ code: 0, stdout: 'Fine.\n' });
    expect(server.requests[0]?.headers['authorization']).toBe(`Bearer ${PLATFORM_KEY}`);
    const status = await runMira(['auth', 'status', '--json'], { home, env });
    expect([status.code, JSON.parse(status.stdout)]).toEqual([
      0,
      {
        schema: 'mira.auth.status/1',
        profile: 'default',
        signed_in: true,
        credential: 'api_key',
        source: 'vault',
        token: 'ci',
        api_url: `${server.origin}/v1`,
        refreshable: false,
        checked: 'local',
      },
    ]);
    expect(server.requests).toHaveLength(1);
  });

  test('takes the key of a provider of one’s own by the name of its variable', async () => {
    await using openai = await startOpenAi();
    await using home = await isolatedHome();
    await keepToken(home, { label: 'local', env: 'LOCAL_KEY', value: openai.key });
    await runMira(['config', 'set', 'providers.local.base_url', `${openai.origin}/v1`], { home });
    await runMira(['config', 'set', 'providers.local.env', 'LOCAL_KEY'], { home });

    expect(await runMira(['chat', 'hi', '-m', 'local/gpt'], { home, env: KEY_FILE })).toMatchObject({
      code: 0,
    });
    expect(openai.requests[0]?.headers['authorization']).toBe(`Bearer ${openai.key}`);
  });

  test('finds Ollama at the address that is kept', async () => {
    await using ollama = await startOllama(['tiny']);
    await using home = await isolatedHome();
    await keepToken(home, { label: 'ollama', env: 'OLLAMA_BASE_URL', value: ollama.origin });

    expect(await runMira(['chat', 'hi', '-p', 'ollama'], { home, env: KEY_FILE })).toMatchObject({
      code: 0,
      stdout: 'tiny heard you.\n',
    });
    const held = await runMira(['chat', 'hi', '-m', 'ollama/tiny', '--dry-run'], { home, env: KEY_FILE });
    expect(held.stdout).toContain(`POST ${ollama.origin}/api/chat\n`);
  });

  test('does not choose between two tokens of one variable', async () => {
    await using openai = await startOpenAi();
    await using home = await isolatedHome();
    for (const label of ['one', 'two'])
      await keepToken(home, { label, env: 'OPENAI_API_KEY', value: openai.key });
    const env = { ...KEY_FILE, ...openai.env, OPENAI_API_KEY: undefined };

    expect(await runMira(['chat', 'hi', '-m', 'openai/gpt'], { home, env })).toEqual({
      code: 2,
      signal: null,
      stdout: '',
      stderr:
        'mira: The vault has 2 tokens for OPENAI_API_KEY: one, two.\n' +
        '  Choose one for this run: mira run --only one -- mira chat …; or remove one: mira tokens remove one\n',
    });
    expect(openai.requests).toEqual([]);
  });

  test('does not use a token that has expired, and takes the one beside it that has not', async () => {
    await using openai = await startOpenAi();
    await using home = await isolatedHome();
    await keepToken(home, {
      label: 'old',
      env: 'OPENAI_API_KEY',
      value: `sk-proj-${'b2'.repeat(20)}`,
      expires: '1h',
    });
    const clock = { ...KEY_FILE, ...openai.env, OPENAI_API_KEY: undefined };
    const later = { ...clock, ...(await inTwoHours(home.path)) };
    const alone = await runMira(['chat', 'hi', '-m', 'openai/gpt'], { home, env: later });
    await keepToken(home, { label: 'new', env: 'OPENAI_API_KEY', value: openai.key });

    expect(alone).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(
        /^mira: The token old for OPENAI_API_KEY expired on .*\n {2}Give it a new value: mira tokens rotate old\n$/,
      ),
    });
    expect(openai.requests).toEqual([]);
    expect(await runMira(['chat', 'hi', '-m', 'openai/gpt'], { home, env: later })).toMatchObject({
      code: 0,
    });
  });

  test('says which token was refused, and how to mend it', async () => {
    await using home = await isolatedHome();
    await using service = await startMirra();
    await keepToken(home, { label: 'my key', env: 'OPENAI_API_KEY', value: `sk-proj-${'b2'.repeat(20)}` });
    const env = { ...KEY_FILE, OPENAI_BASE_URL: `${service.origin}/v1` };
    const { code, stderr } = await runMira(['chat', 'hi', '-m', 'openai/gpt'], { home, env });

    expect({ code, stderr }).toEqual({
      code: 4,
      stderr:
        `mira: 127.0.0.1:${service.port} refused the credential from the token my key (vault): Invalid API key.\n` +
        "  Mend it with: mira tokens rotate 'my key'\n",
    });
  });

  test('shows what it would send without opening the vault', async () => {
    await using openai = await startOpenAi();
    await using home = await isolatedHome();
    const passphrase = { ...KEY_FILE, MIRA_PASSPHRASE: 'correct horse' };
    await keepToken(home, { label: 'work', env: 'OPENAI_API_KEY', value: openai.key }, passphrase);
    const env = { ...KEY_FILE, ...openai.env, OPENAI_API_KEY: undefined };
    const { code, stdout } = await runMira(['chat', 'hi', '-m', 'openai/gpt', '--dry-run'], { home, env });

    expect(code).toBe(0);
    expect(stdout).toContain('authorization: Bearer [redacted]');
  });
});

describe.concurrent('`mira api --service`', () => {
  test('takes the key from the vault, of meetings also under the platform’s variable', async () => {
    await using meetings = await startMeetings();
    await using home = await isolatedHome();
    await keepToken(home, { label: 'meet', env: 'MIRA_API_KEY', value: meetings.key });
    const env = { ...KEY_FILE, ...meetings.env, MIRA_MEETINGS_API_KEY: undefined };

    expect(await runMira(['api', 'meetings', '--service', 'meetings'], { home, env })).toMatchObject({
      code: 0,
    });
    expect(await runMira(['api', 'models'], { home, env })).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('not signed in'),
    });
    expect(meetings.requests).toHaveLength(1);
  });
});

describe.concurrent('`mira tokens test`', () => {
  test('asks the service of each token, and ends with the status of the worst', async () => {
    await using openai = await startOpenAiKeys();
    await using mirra = await startMirra();
    await using home = await isolatedHome();
    await keepToken(home, { label: 'good', env: 'OPENAI_API_KEY', value: openai.key });
    await keepToken(home, { label: 'gone', env: 'MIRRA_API_KEY', value: `mirra_${'b2'.repeat(20)}` });
    await keepToken(home, { label: 'other', env: 'GITHUB_TOKEN', value: `ghp_${'b2'.repeat(18)}` });
    const env = {
      ...KEY_FILE,
      ...openai.env,
      ...mirra.env,
      OPENAI_API_KEY: undefined,
      MIRRA_API_KEY: undefined,
    };
    const all = await runMira(['tokens', 'test', '--json'], { home, env });

    expect([all.code, JSON.parse(all.stdout)]).toEqual([
      4,
      {
        schema: 'mira.tokens.test/1',
        results: [
          {
            label: 'gone',
            service: 'mirra',
            outcome: 'revoked',
            detail: `127.0.0.1:${mirra.port} refused the credential from MIRRA_API_KEY: Invalid API key; the key is revoked or mistyped; keys are managed at https://store.getmirra.app/developer/api-keys`,
            latency_ms: expect.any(Number),
          },
          { label: 'good', service: 'openai', outcome: 'valid', latency_ms: expect.any(Number) },
          {
            label: 'other',
            service: null,
            outcome: 'unknown_service',
            detail: 'no service is known whose key is in GITHUB_TOKEN',
          },
        ],
      },
    ]);
    expect(await runMira(['tokens', 'test', 'good', 'other'], { home, env })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^good {3}openai {2}valid \(\d+ ms\)\nother {2}- {7}not tested: no service is known whose key is in GITHUB_TOKEN\n$/,
      ),
      stderr: '',
    });
    expect(await runMira(['tokens', 'test', 'nobody'], { home, env })).toMatchObject({ code: 3 });
  });

  test('says of a token that has expired whether it still works', async () => {
    await using openai = await startOpenAiKeys();
    await using home = await isolatedHome();
    await keepToken(home, { label: 'old', env: 'OPENAI_API_KEY', value: openai.key, expires: '1h' });
    const env = { ...KEY_FILE, ...openai.env, OPENAI_API_KEY: undefined, ...(await inTwoHours(home.path)) };
    const { code, stdout } = await runMira(['tokens', 'test', '--json'], { home, env });

    expect([code, JSON.parse(stdout).results]).toEqual([
      4,
      [
        {
          label: 'old',
          service: 'openai',
          outcome: 'expired',
          detail: expect.stringMatching(/^since \d{4}-\d\d-\d\d; the service still takes it$/),
          latency_ms: expect.any(Number),
        },
      ],
    ]);
  });

  test('of nothing is nothing', async () => {
    expect(await runMira(['tokens', 'test', '--json'])).toMatchObject({
      code: 0,
      stdout: '{"schema":"mira.tokens.test/1","results":[]}\n',
    });
  });
});

describe.concurrent('`mira auth explain`', () => {
  test('tells which token is used, and reads none', async () => {
    await using home = await isolatedHome();
    const passphrase = { ...KEY_FILE, MIRA_PASSPHRASE: 'correct horse' };
    await keepToken(home, { label: 'ci', env: 'MIRA_API_KEY', value: PLATFORM_KEY }, passphrase);
    await keepToken(
      home,
      { label: 'work', env: 'OPENAI_API_KEY', value: `sk-proj-${'b2'.repeat(20)}` },
      passphrase,
    );
    await keepToken(
      home,
      { label: 'x', env: 'ANTHROPIC_API_KEY', value: `sk-ant-${'b2'.repeat(20)}` },
      passphrase,
    );
    const { code, stdout, stderr } = await runMira(['auth', 'explain'], {
      home,
      env: { ...KEY_FILE, ANTHROPIC_API_KEY: `sk-ant-${'c3'.repeat(20)}` },
    });

    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout:
        '  --profile     not given\n' +
        '  MIRA_TOKEN    not set\n' +
        '  MIRA_API_KEY  not set\n' +
        '  stored        profile default is not signed in\n' +
        '→ vault         the token ci\n' +
        '\n' +
        'openai\n' +
        '  OPENAI_API_KEY  not set\n' +
        '→ vault           the token work\n' +
        '\n' +
        'anthropic\n' +
        '→ ANTHROPIC_API_KEY  API key\n' +
        '  vault              the token x; ANTHROPIC_API_KEY comes first\n',
      stderr: '',
    });
  });

  test('tells in which order Bedrock gets its credential', async () => {
    await using home = await isolatedHome();
    const id = drawnKey.aws('explained');
    const secret = drawnKey.awsSecret('explained');
    const bedrock = async (env: Environment = {}) => {
      const { stdout } = await runMira(['auth', 'explain', '--json'], { home, env: { ...KEY_FILE, ...env } });
      const { services } = JSON.parse(stdout);
      const { chosen, sources } = services.find(({ service }: { service: string }) => service === 'bedrock');
      return [chosen, ...sources.map(({ detail }: { detail: string }) => detail)];
    };

    const none = await bedrock();
    await keepToken(home, { label: 'br', env: 'AWS_BEARER_TOKEN_BEDROCK', value: 'a key of Bedrock' });
    const token = await bedrock();
    const set = ['aws', 'set', '--no-test', '--region', 'us-east-1'];
    const stdin = `AWS_ACCESS_KEY_ID=${id}\nAWS_SECRET_ACCESS_KEY=${secret}\n`;
    expect(await runMira(set, { home, env: KEY_FILE, stdin })).toMatchObject({ code: 0 });
    const shown = `the keys of AWS ${id.slice(0, 4)}…${id.slice(-4)} (mira aws set)`;

    expect(none).toEqual([null, 'not set', 'not set', 'no token for AWS_BEARER_TOKEN_BEDROCK']);
    expect(token).toEqual(['vault', 'not set', 'not set', 'the token br']);
    expect(await bedrock()).toEqual(['vault', 'not set', 'not set', shown]);
    expect(await bedrock({ AWS_BEARER_TOKEN_BEDROCK: 'x' })).toEqual([
      'AWS_BEARER_TOKEN_BEDROCK',
      'not set',
      'API key',
      `${shown}; AWS_BEARER_TOKEN_BEDROCK comes first`,
    ]);
    expect(await bedrock({ AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret })).toEqual([
      'AWS_ACCESS_KEY_ID',
      'keys of AWS',
      'not set',
      `${shown}; AWS_ACCESS_KEY_ID comes first`,
    ]);
    expect((await bedrock({ AWS_ACCESS_KEY_ID: id })).slice(0, 2)).toEqual([
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY, which belongs to it, is not set',
    ]);
  });

  test('says why the vault is of no help', async () => {
    await using home = await isolatedHome();
    await keepToken(home, { label: 'ci', env: 'MIRA_API_KEY', value: PLATFORM_KEY });
    const file = join(home.dataDir, 'credentials.json');
    await writeFile(file, (await readFile(file, 'utf8')).slice(0, 40));
    const { code, stdout } = await runMira(['auth', 'explain', '--json'], { home, env: KEY_FILE });
    const { chosen, sources } = JSON.parse(stdout);

    expect([code, chosen]).toEqual([0, null]);
    expect(sources.at(-1)).toMatchObject({
      source: 'vault',
      present: false,
      detail: expect.stringContaining(file),
    });
  });
});

describe.concurrent('a vault in the keychain', () => {
  test.each(['lock', 'freeze'] as const)(
    'is not waited for to tell which token is used, nor before a question when the keychain is shut: %s',
    async (how) => {
      await using server = await startChatServer((exchange) => answerWith(exchange, 'Fine.'));
      await using home = await isolatedHome();
      await using keyring = await startKeyring();
      const key = drawnKey.mira('keychain');
      const env = { ...keyring.env, ...server.env, MIRA_API_KEY: undefined };
      await keepToken(home, { label: 'ci', env: 'MIRA_API_KEY', value: key }, env);
      await keepToken(home, { label: 'mine', env: 'MINE', value: 'a secret of mine' }, env);
      const open = await runMira(['chat', 'hi'], { home, env });
      const caught = await runMira(['chat', 'Is a secret of mine long?'], { home, env });
      await keyring[how]();
      const status = await runMira(['auth', 'status', '--json'], { home, env });
      const explained = await runMira(['auth', 'explain', '--json'], { home, env });
      const asked = await runMira(['chat', 'hi'], { home, env: { ...env, MIRA_API_KEY: key } });

      expect(open).toMatchObject({ code: 0, stdout: 'Fine.\n', stderr: '' });
      expect(caught).toMatchObject({ code: 11, stdout: '' });
      expect(JSON.parse(status.stdout)).toMatchObject({ signed_in: true, source: 'vault', token: 'ci' });
      expect(JSON.parse(explained.stdout)).toMatchObject({ chosen: 'vault' });
      expect(asked).toMatchObject({
        code: 0,
        stdout: 'Fine.\n',
        stderr: expect.stringMatching(
          /^mira: Stored values are not looked for in what you send, only keys by their format: .*\n$/,
        ),
      });
    },
    60_000,
  );
});

/** What makes a program believe it is two hours later. */
async function inTwoHours(folder: string): Promise<{ readonly NODE_OPTIONS: string }> {
  const file = join(folder, 'later.mjs');
  await writeFile(file, 'const now = Date.now; Date.now = () => now() + 7_200_000;\n');
  return { NODE_OPTIONS: `--import=${file}` };
}
