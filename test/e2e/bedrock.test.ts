/** `-p bedrock`: the built program against AWS that checks every signature. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { delta, event, exception, FRAMES, metadata, stop, text } from '../support/aws/frames.ts';
import { createKeys, startAws } from '../support/aws/start-aws.ts';
import { selfSigned } from '../support/platform/self-signed.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import type { Environment } from '../support/run-mira.ts';
import { startRawServer, whole } from '../support/raw-server.ts';

const MODEL = 'us.anthropic.claude-v9:0';

test.each<[string, readonly string[], Environment]>([
  ['option', ['-p', 'bedrock', '-m', MODEL], {}],
  ['provider/model', ['-m', `bedrock/${MODEL}`], {}],
  ['variables', [], { MIRA_PROVIDER: 'bedrock', MIRA_MODEL: MODEL }],
])('is chosen by %s', async (_, args, env) => {
  await using aws = await startAws();
  const run = await runMira(['chat', 'hi', '--json', ...args], { env: { ...aws.env, ...env } });
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(run.stdout)).toMatchObject({
    provider: 'bedrock',
    model: MODEL,
    text: `${MODEL} heard you.`,
    finish_reason: 'stop',
    usage: { input_tokens: 3, output_tokens: 4 },
  });
  expect(aws.requests.map(({ method, path, status }) => [method, path, status])).toEqual([
    ['POST', `/model/${encodeURIComponent(MODEL)}/converse-stream`, 200],
  ]);
});

test('lists the models that write text, and asks none without being told which', async () => {
  await using aws = await startAws();
  const list = await runMira(['models', '-p', 'bedrock', '--json'], { env: aws.env });
  expect(JSON.parse(list.stdout)).toEqual({
    schema: 'mira.models/1',
    provider: 'bedrock',
    models: [
      { id: 'amazon.tiny-v1:0', owned_by: 'Amazon' },
      { id: MODEL, owned_by: 'Anthropic' },
    ],
  });
  const asked = await runMira(['chat', 'hi', '-p', 'bedrock'], { env: aws.env });
  expect([asked.code, asked.stderr.split('\n')[0]]).toEqual([
    2,
    'mira: Which model of bedrock is to answer?',
  ]);
});

test('streams reasoning, text and use as they come', async () => {
  await using aws = await startAws({
    converse: ({ response }) => {
      response.writeHead(200, FRAMES);
      const frames = [
        event('messageStart', { role: 'assistant' }),
        delta({ reasoningContent: { text: 'Hm.' } }, 0),
        event('contentBlockStop', { contentBlockIndex: 0 }),
        text('Yes.', 1),
        stop('max_tokens'),
        metadata(),
      ];
      response.end(Buffer.concat(frames));
    },
  });
  const run = await runMira(['chat', 'hi', '-m', 'bedrock/m', '--json', '--stream'], { env: aws.env });
  const events = run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.map((one) => [one.event, one.text])).toEqual([
    ['start', undefined],
    ['reasoning', 'Hm.'],
    ['delta', 'Yes.'],
    ['usage', undefined],
    ['end', 'Yes.'],
  ]);
  expect(events.at(-1)).toMatchObject({ finish_reason: 'length' });
});

describe('a credential', () => {
  test('of keys is used although a Bedrock API key is in the environment', async () => {
    await using aws = await startAws();
    const env = { ...aws.env, AWS_BEARER_TOKEN_BEDROCK: aws.apiKey };
    const good = await runMira(['chat', 'hi', '-m', 'bedrock/m'], { env });
    expect(good).toMatchObject({ code: 0, stdout: 'm heard you.\n' });
    const { secretAccessKey } = createKeys();
    const bad = await runMira(['chat', 'hi', '-m', 'bedrock/m'], {
      env: { ...env, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    });
    expect([bad.code, bad.stderr.split('\n')[0]]).toEqual([
      4,
      'mira: The secret access key does not belong to the access key id from AWS_ACCESS_KEY_ID.',
    ]);
    expect(aws.requests.map(({ headers }) => headers['authorization']?.split(' ')[0])).toEqual([
      'AWS4-HMAC-SHA256',
      'AWS4-HMAC-SHA256',
    ]);
  });

  test('that is a Bedrock API key does where there are no keys', async () => {
    await using aws = await startAws();
    const env = { ...aws.place, AWS_BEARER_TOKEN_BEDROCK: aws.apiKey };
    expect(await runMira(['chat', 'hi', '-m', 'bedrock/m'], { env })).toMatchObject({
      code: 0,
      stdout: 'm heard you.\n',
      stderr: '',
    });
  });

  test.each<[string, Environment, number, string]>([
    ['none at all', {}, 4, 'There are no keys for AWS: AWS_ACCESS_KEY_ID is not set, and none are stored.'],
    [
      'half of a pair',
      { AWS_ACCESS_KEY_ID: 'AKIAAAAAAAAAAAAAAAAA' },
      4,
      'AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not.',
    ],
    [
      'temporary keys without their token',
      { AWS_ACCESS_KEY_ID: 'ASIAAAAAAAAAAAAAAAAA', AWS_SECRET_ACCESS_KEY: 'x' },
      4,
      'The access key id from AWS_ACCESS_KEY_ID is a temporary one (ASIA…), which needs its session token.',
    ],
    [
      'lasting keys with the token of others',
      {
        AWS_ACCESS_KEY_ID: 'AKIAAAAAAAAAAAAAAAAA',
        AWS_SECRET_ACCESS_KEY: 'x',
        AWS_SESSION_TOKEN: 'y',
        AWS_ENDPOINT_URL: undefined,
      },
      2,
      'The access key id from AWS_ACCESS_KEY_ID is a lasting one (AKIA…), which has no session token.',
    ],
    [
      'no region',
      { AWS_ACCESS_KEY_ID: 'AKIAAAAAAAAAAAAAAAAA', AWS_SECRET_ACCESS_KEY: 'x', AWS_REGION: undefined },
      2,
      'Which region of AWS? AWS_REGION is not set.',
    ],
    [
      'a region that would lead elsewhere',
      { AWS_ACCESS_KEY_ID: 'AKIAAAAAAAAAAAAAAAAA', AWS_SECRET_ACCESS_KEY: 'x', AWS_REGION: 'x.example/#-1' },
      2,
      'The region from AWS_REGION is not one of AWS.',
    ],
    [
      'an address without encryption',
      {
        AWS_ACCESS_KEY_ID: 'AKIAAAAAAAAAAAAAAAAA',
        AWS_SECRET_ACCESS_KEY: 'x',
        AWS_ENDPOINT_URL_BEDROCK_RUNTIME: 'http://aws.example',
      },
      2,
      'AWS_ENDPOINT_URL_BEDROCK_RUNTIME would be used without encryption (http to aws.example).',
    ],
  ])('that cannot do is told before anything is sent: %s', async (_, env, code, sentence) => {
    await using aws = await startAws();
    const run = await runMira(['chat', 'hi', '-m', 'bedrock/m'], { env: { ...aws.place, ...env } });
    expect([run.code, run.stdout, run.stderr.split('\n')[0]]).toEqual([code, '', `mira: ${sentence}`]);
    expect(aws.requests).toEqual([]);
  });

  test('and an address are taken from no file of ~/.aws', async () => {
    await using home = await isolatedHome();
    await using aws = await startAws();
    await using elsewhere = Object.assign(await startRawServer(({ reset }) => reset()), {
      [Symbol.asyncDispose]: async () => {},
    });
    const { accessKeyId, secretAccessKey } = aws.keys;
    await mkdir(join(home.path, '.aws'));
    await writeFile(
      join(home.path, '.aws', 'credentials'),
      `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
    );
    await writeFile(
      join(home.path, '.aws', 'config'),
      `[default]\nregion = eu-west-1\nendpoint_url = ${elsewhere.origin}\nuse_fips_endpoint = true\n`,
    );
    const place = { ...aws.place, HOME: home.path };
    const none = await runMira(['chat', 'hi', '-m', 'bedrock/m'], { home, env: place });
    const good = await runMira(['chat', 'hi', '-m', 'bedrock/m'], {
      home,
      env: { ...aws.env, HOME: home.path },
    });
    expect([none.code, good.code, elsewhere.connections]).toEqual([4, 0, 0]);
    await elsewhere.close();
  });

  test('is looked for in a question, and in no text that is printed', async () => {
    await using aws = await startAws({ isTemporary: true });
    const { secretAccessKey, sessionToken = '' } = aws.keys;
    for (const secret of [secretAccessKey, sessionToken]) {
      const run = await runMira(['chat', `Is ${secret} a key?`, '-m', 'bedrock/m', '--debug'], {
        env: aws.env,
      });
      expect([run.code, run.stdout]).toEqual([11, '']);
      expect(run.stderr).not.toContain(secret);
    }
    expect(aws.requests).toEqual([]);
    const dry = await runMira(['chat', 'hi', '-m', 'bedrock/m', '--dry-run', '--json'], { env: aws.env });
    expect(JSON.parse(dry.stdout)).toMatchObject({
      provider: 'bedrock',
      method: 'POST',
      url: `${aws.origin}/model/m/converse-stream`,
      headers: { authorization: 'AWS4-HMAC-SHA256 [redacted]', 'x-amz-security-token': '[redacted]' },
      body: { messages: [{ role: 'user', content: [{ text: 'hi' }] }] },
    });
    expect(aws.requests).toEqual([]);
  });
});

describe('an answer that does not come, or not whole', () => {
  test('is kept as far as it came', async () => {
    await using aws = await startAws({
      converse: ({ response }) => {
        response.writeHead(200, FRAMES);
        response.end(Buffer.concat([text('so far'), exception('modelStreamErrorException', 'It broke.')]));
      },
    });
    const run = await runMira(['chat', 'hi', '-m', 'bedrock/m', '--json'], { env: aws.env });
    expect([run.code, JSON.parse(run.stdout)]).toMatchObject([
      9,
      { schema: 'mira.error/1', error: { code: 'server_error', partial: { text: 'so far' } } },
    ]);
  });

  test('for a guardrail is a matter of the filter', async () => {
    await using aws = await startAws({
      converse: ({ response }) => {
        response.writeHead(200, FRAMES);
        response.end(Buffer.concat([text('I may not say.'), stop('guardrail_intervened'), metadata()]));
      },
    });
    const run = await runMira(['chat', 'hi', '-m', 'bedrock/m'], { env: aws.env });
    expect([run.code, run.stdout]).toEqual([8, 'I may not say.\n']);
  });

  test('because of the clock is asked for once more', async () => {
    await using aws = await startAws({ now: () => Date.now() + 3_600_000 });
    const run = await runMira(['chat', 'hi', '-m', 'bedrock/m'], { env: aws.env });
    expect(run).toMatchObject({ code: 0, stdout: 'm heard you.\n', stderr: '' });
    expect(aws.requests.map(({ status }) => status)).toEqual([403, 200]);
  });
});

test('is asked by TLS that trusts whom MIRA_CA_FILE names, and nobody else', async () => {
  await using home = await isolatedHome();
  const tls = selfSigned();
  await using aws = await startAws({ tls });
  const caFile = join(home.path, 'ca.pem');
  await writeFile(caFile, tls.cert);
  const env = { ...aws.env, NODE_TLS_REJECT_UNAUTHORIZED: '0' };
  const distrusting = await runMira(['chat', 'hi', '-m', 'bedrock/m'], { home, env });
  expect([distrusting.code, aws.requests]).toEqual([6, []]);
  expect(distrusting.stderr).toContain(`mira: Cannot trust localhost:${aws.port}`);
  const trusting = await runMira(['chat', 'hi', '-m', 'bedrock/m'], {
    home,
    env: { ...aws.env, MIRA_CA_FILE: caFile },
  });
  expect(trusting).toMatchObject({ code: 0, stdout: 'm heard you.\n', stderr: '' });
});

test('is asked through the proxy of the environment', async () => {
  const proxy = await startRawServer(({ write }) => write('HTTP/1.1 403 Forbidden\r\n\r\n'));
  try {
    const { accessKeyId, secretAccessKey } = createKeys();
    const run = await runMira(['chat', 'hi', '-m', 'bedrock/m', '--retries', '0'], {
      env: {
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        HTTPS_PROXY: proxy.origin,
      },
    });
    expect(run.code).toBe(6);
    expect(proxy.requests.map(({ method, path }) => [method, path])).toEqual([
      ['CONNECT', 'bedrock-runtime.eu-central-1.amazonaws.com:443'],
    ]);
  } finally {
    await proxy.close();
  }
});

test('is among the hosts of `mira network` where a region is known', async () => {
  const hosts = async (env: Environment): Promise<readonly string[]> => {
    const run = await runMira(['network', '--json'], { env });
    return JSON.parse(run.stdout)
      .hosts.filter(({ why }: { why: string }) => /AWS|Bedrock/.test(why))
      .map(({ host, why }: { host: string; why: string }) => `${host} ${why}`);
  };
  expect(await hosts({})).toEqual([]);
  expect(await hosts({ AWS_REGION: 'eu-central-1' })).toEqual([
    'sts.eu-central-1.amazonaws.com AWS identity (AWS_REGION)',
    'bedrock.eu-central-1.amazonaws.com Bedrock models (AWS_REGION)',
    'bedrock-runtime.eu-central-1.amazonaws.com Bedrock (AWS_REGION)',
  ]);
});

test('is sent a session token along with lasting keys at an address of its own, which may take both', async () => {
  const server = await startRawServer(({ write }) => write(whole(403)));
  onTestFinished(() => server.close());
  const { accessKeyId, secretAccessKey } = createKeys();
  const { sessionToken } = createKeys({ isTemporary: true });
  const run = await runMira(['chat', 'hi', '-m', 'bedrock/m'], {
    env: {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: server.origin,
    },
  });
  expect(run.code).toBe(5);
  expect(server.requests.map(({ headers }) => headers['x-amz-security-token'])).toEqual([sessionToken]);
});

test('is asked below the path of its address, whether that ends in a slash or not', async () => {
  const server = await startRawServer(({ write }) => write(whole(403)));
  onTestFinished(() => server.close());
  const { accessKeyId, secretAccessKey } = createKeys();
  for (const end of ['', '/']) {
    const run = await runMira(['chat', 'hi', '-m', 'bedrock/m'], {
      env: {
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_REGION: 'us-east-1',
        AWS_ENDPOINT_URL_BEDROCK_RUNTIME: `${server.origin}/below${end}`,
      },
    });
    expect(run.code).toBe(5);
  }
  expect(server.requests.map(({ path }) => path)).toEqual([
    '/below/model/m/converse-stream',
    '/below/model/m/converse-stream',
  ]);
});
