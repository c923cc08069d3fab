/** `mira aws`: keys are tested, kept, used and removed, against AWS that checks every signature. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createKeys, startAws } from '../support/aws/start-aws.ts';
import type { AwsDouble, DoubleKeys } from '../support/aws/start-aws.ts';
import { createLeakScanner } from '../support/leak-scan.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import type { Environment, IsolatedHome, RunResult } from '../support/run-mira.ts';
import { openTerminal } from '../support/terminal.ts';

interface Run {
  readonly home: IsolatedHome;
  readonly env: Environment;
  readonly stdin?: string;
}

const FILE = { MIRA_STORAGE: 'file' };

const aws = (args: readonly string[], { home, env, stdin }: Run): Promise<RunResult> =>
  runMira(['aws', ...args], { home, env: { ...FILE, ...env }, stdin });

/** As `aws configure export-credentials` prints them. */
function exported({ accessKeyId, secretAccessKey, sessionToken }: DoubleKeys, expiration?: string): string {
  const token = sessionToken === undefined ? {} : { SessionToken: sessionToken };
  const end = expiration === undefined ? {} : { Expiration: expiration };
  return JSON.stringify({
    Version: 1,
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    ...token,
    ...end,
  });
}

const shown = ({ accessKeyId }: DoubleKeys): string => `${accessKeyId.slice(0, 4)}…${accessKeyId.slice(-4)}`;

/** Without the region, which comes from an option or from what is kept. */
function placeOf({ place }: AwsDouble): Environment {
  return { ...place, AWS_REGION: undefined };
}

describe.concurrent('keys of AWS', () => {
  test('are tested and kept, then used for Bedrock, and no byte of them is in the clear', async () => {
    await using home = await isolatedHome();
    await using double = await startAws({ isTemporary: true });
    const env = placeOf(double);
    const stdin = exported(double.keys, '2099-01-01T00:00:00Z');
    const outputs = [
      await aws(['set', '--region', 'us-east-1', '--debug'], { home, env, stdin }),
      await aws(['show'], { home, env: {} }),
      await aws(['test'], { home, env }),
      await runMira(['chat', 'hi', '-m', 'bedrock/m', '--debug'], { home, env: { ...FILE, ...env } }),
    ];
    expect(outputs.map(({ code, stdout }) => [code, stdout])).toEqual([
      [
        0,
        `Kept ${shown(double.keys)} for us-east-1, until 2099-01-01T00:00:00.000Z.\n` +
          'They are arn:aws:iam::123456789012:user/somebody.\n' +
          'Sealed; protects only against copying the file without its key; any program running as you can read it.\n',
      ],
      [
        0,
        `Access key   ${shown(double.keys)}, temporary\nRegion       us-east-1\nAdded        just now\nExpires      in 72 years\n`,
      ],
      [
        0,
        'Account  123456789012\nIdentity arn:aws:iam::123456789012:user/somebody\n' +
          `Key      ${shown(double.keys)}, from mira aws set\nRegion   us-east-1\nClock    the same as theirs\n`,
      ],
      [0, 'm heard you.\n'],
    ]);
    expect(await leaksIn(home, { outputs, keys: double.keys })).toEqual([]);
  });

  test('can be typed, unseen, and only what these keys need is asked for', async () => {
    await using home = await isolatedHome();
    await using double = await startAws({ isTemporary: true });
    const env = { ...FILE, ...placeOf(double), MIRA_PASSPHRASE: 'a passphrase' };
    await using terminal = await openTerminal({ home, env, args: ['aws', 'set', '--region', 'us-east-1'] });
    const { accessKeyId, secretAccessKey, sessionToken = '' } = double.keys;
    for (const [question, value] of [
      ['Access key id:', accessKeyId],
      ['Secret access key:', secretAccessKey],
      ['Session token:', sessionToken],
    ] as const) {
      await terminal.waitFor(question);
      terminal.write(`${value}\r`);
    }
    expect(await terminal.exit).toMatchObject({ code: 0 });
    expect(terminal.scrollback().join('\n')).toContain(`Kept ${shown(double.keys)} for us-east-1.`);
    for (const value of [accessKeyId, secretAccessKey, sessionToken]) {
      expect(terminal.output()).not.toContain(value.slice(5, 15));
    }
  });

  test('can be pasted whole', async () => {
    await using home = await isolatedHome();
    await using double = await startAws();
    const env = { ...FILE, ...double.place, MIRA_PASSPHRASE: 'a passphrase' };
    await using terminal = await openTerminal({ home, env, args: ['aws', 'set'] });
    await terminal.waitFor('Access key id:');
    const { accessKeyId, secretAccessKey } = double.keys;
    terminal.write(
      `\x1b[200~export AWS_ACCESS_KEY_ID=${accessKeyId}\nexport AWS_SECRET_ACCESS_KEY=${secretAccessKey}\n\x1b[201~\r`,
    );
    expect(await terminal.exit).toMatchObject({ code: 0 });
    expect(terminal.output()).not.toContain(secretAccessKey.slice(5, 15));
  });

  test('that AWS refuses are not kept, each for its own reason', async () => {
    await using home = await isolatedHome();
    await using double = await startAws();
    await using expired = await startAws({ isTemporary: true, isExpired: true });
    const other = createKeys();
    const attempt = async (at: AwsDouble, keys: DoubleKeys, region = 'us-east-1'): Promise<unknown> => {
      const run = await aws(['set', '--region', region], { home, env: placeOf(at), stdin: exported(keys) });
      return [run.code, run.stdout, ...run.stderr.split('\n')].slice(0, 4);
    };
    const kept = 'Nothing was kept (--no-test keeps keys as they are).';
    expect([
      await attempt(double, { ...double.keys, secretAccessKey: other.secretAccessKey }),
      await attempt(double, other),
      await attempt(expired, expired.keys),
      await attempt(double, double.keys, 'eu-west-1'),
    ]).toEqual([
      [
        4,
        '',
        'mira: The secret access key does not belong to the access key id from standard input.',
        `  ${kept} Enter both again, as they were given out together: mira aws set`,
      ],
      [
        4,
        '',
        'mira: AWS does not know the access key id from standard input.',
        `  ${kept} It may have been deleted or switched off, or belong to another partition of AWS; or us-east-1 is not switched on for the account. Enter another: mira aws set`,
      ],
      [
        4,
        '',
        'mira: The session token of the access key id from standard input has expired.',
        `  ${kept} Get new ones where these came from, then: mira aws set`,
      ],
      [
        2,
        '',
        `mira: 127.0.0.1:${double.port} is not in the region eu-west-1, for which the request was signed.`,
        `  ${kept} Set AWS_REGION to the region of that address, or take the address (AWS_ENDPOINT_URL) away.`,
      ],
    ]);
    expect(await aws(['show'], { home, env: {} })).toMatchObject({
      code: 4,
      stderr: 'mira: No keys of AWS are kept.\n  Keep some with: mira aws set\n',
    });
  });

  test('are not asked for where there is no place for them', async () => {
    await using home = await isolatedHome();
    await using double = await startAws();
    const env = { ...placeOf(double), MIRA_STORAGE: undefined };
    const run = await aws(['set', '--region', 'us-east-1'], { home, env, stdin: exported(double.keys) });
    expect([run.code, run.stdout, double.requests]).toEqual([10, '', []]);
  });

  test('that cannot be keys of AWS are not sent', async () => {
    await using home = await isolatedHome();
    const { secretAccessKey } = createKeys();
    const { accessKeyId } = createKeys({ isTemporary: true });
    const env = { HTTPS_PROXY: 'http://127.0.0.1:9' };
    const run = await aws(['set', '--region', 'us-east-1', '--json'], {
      home,
      env,
      stdin: exported({ accessKeyId, secretAccessKey }),
    });
    expect([run.code, JSON.parse(run.stdout)]).toMatchObject([4, { error: { code: 'credential_missing' } }]);
    const short = await aws(['set', '--region', 'us-east-1', '--no-test'], {
      home,
      env,
      stdin: exported({ accessKeyId: 'AKIA', secretAccessKey }),
    });
    expect([short.code, short.stderr.split('\n')[0]]).toEqual([
      2,
      'mira: The access key id from standard input has 4 characters, not 20.',
    ]);
  });

  test('can be kept untested, exchanged, and removed', async () => {
    await using home = await isolatedHome();
    const [first, second] = [createKeys(), createKeys()];
    const set = async (keys: DoubleKeys, ...args: readonly string[]): Promise<unknown> => {
      const run = await aws(['set', '--no-test', '--json', ...args], {
        home,
        env: {},
        stdin: exported(keys),
      });
      return [run.code, JSON.parse(run.stdout)];
    };
    expect(await set(first)).toMatchObject([2, { error: { code: 'invalid_input' } }]);
    expect(await set(first, '--region', 'eu-west-1')).toMatchObject([
      0,
      { access_key: shown(first), region: 'eu-west-1', temporary: false, tested: false, replaced: false },
    ]);
    expect(await set(second)).toMatchObject([
      0,
      { access_key: shown(second), region: 'eu-west-1', tested: false, replaced: true },
    ]);
    const hosts = await runMira(['network', '--json'], { home, env: FILE });
    expect(hosts.stdout).toContain(
      '"host":"bedrock-runtime.eu-west-1.amazonaws.com","why":"Bedrock (mira aws set)"',
    );
    for (const removed of [true, false]) {
      const run = await aws(['remove', '--json'], { home, env: {} });
      expect([run.code, JSON.parse(run.stdout)]).toEqual([0, { schema: 'mira.aws.remove/1', removed }]);
    }
  });

  test('of the environment go before those that are kept', async () => {
    await using home = await isolatedHome();
    await using double = await startAws();
    const stdin = exported(createKeys());
    const set = await aws(['set', '--no-test'], { home, env: double.env, stdin });
    expect([set.code, set.stderr]).toEqual([
      0,
      'mira: AWS_ACCESS_KEY_ID is set, and goes before what is kept.\n',
    ]);
    const run = await aws(['test', '--json'], { home, env: double.env });
    expect(JSON.parse(run.stdout)).toMatchObject({
      source: 'AWS_ACCESS_KEY_ID',
      access_key: shown(double.keys),
    });
  });
});

describe.concurrent('a test of AWS', () => {
  test('says what Bedrock lets the keys do', async () => {
    await using double = await startAws();
    const run = await runMira(['aws', 'test', '--bedrock', '--model', 'm', '--json'], { env: double.env });
    expect([run.code, run.stderr, JSON.parse(run.stdout)]).toEqual([
      0,
      '',
      {
        schema: 'mira.aws.test/1',
        account: '123456789012',
        arn: 'arn:aws:iam::123456789012:user/somebody',
        region: 'us-east-1',
        clock_skew_s: 0,
        source: 'AWS_ACCESS_KEY_ID',
        access_key: shown(double.keys),
        bedrock: { can_list: true, models: 2, model: { id: 'm', answered: true } },
      },
    ]);
    expect(double.requests.map(({ path }) => path)).toEqual([
      '/',
      '/foundation-models',
      '/inference-profiles?maxResults=1000',
      '/model/m/converse',
    ]);
    expect(JSON.parse(double.requests[3]?.body ?? '')).toMatchObject({ inferenceConfig: { maxTokens: 1 } });
  });

  test('warns of what may not be listed, and fails for a model that does not answer', async () => {
    await using double = await startAws({ denied: ['bedrock:ListFoundationModels', 'bedrock:InvokeModel'] });
    const list = await runMira(['aws', 'test', '--bedrock', '--json'], { env: double.env });
    expect([list.code, JSON.parse(list.stdout).bedrock.can_list]).toEqual([0, false]);
    expect(list.stderr).toMatch(
      /^mira: AWS does not allow this: .*bedrock:ListFoundationModels.*\. Models that are asked by name may answer all the same\.\n$/,
    );
    const model = await runMira(['aws', 'test', '--model', 'm'], { env: double.env });
    expect([model.code, model.stdout.split('\n').at(-2)]).toEqual([5, 'Model    m does not answer']);
    expect(model.stderr).toContain('the permission is bedrock:InvokeModel.');
  });

  test.each([
    [11.5, '12 min behind', -690],
    [-19.5, '20 min ahead of', 1170],
  ])('tells a clock that AWS is %s minutes ahead of', async (minutes, words, seconds) => {
    await using double = await startAws({ now: () => Date.now() + minutes * 60_000 });
    const run = await runMira(['aws', 'test', '--json'], { env: double.env });
    const { clock_skew_s: skew, account } = JSON.parse(run.stdout);
    expect([run.code, account, Math.abs(skew - seconds) <= 5]).toEqual([0, '123456789012', true]);
    expect(run.stderr).toBe(
      `mira: The clock of this machine is ${words} theirs; mira signs by theirs, other programs may be refused.\n`,
    );
  });

  test('asks only Bedrock with a Bedrock API key', async () => {
    await using double = await startAws();
    const env = { ...double.place, AWS_BEARER_TOKEN_BEDROCK: double.apiKey };
    const run = await runMira(['aws', 'test', '--bedrock', '--json'], { env });
    expect(JSON.parse(run.stdout)).toMatchObject({ account: null, source: 'AWS_BEARER_TOKEN_BEDROCK' });
    expect(double.requests.map(({ path }) => path.split('?')[0])).toEqual([
      '/foundation-models',
      '/inference-profiles',
    ]);
    expect(await runMira(['aws', 'test'], { env })).toMatchObject({ code: 4, stdout: '' });
  });

  test('tells a network that is not there', async () => {
    const { accessKeyId, secretAccessKey } = createKeys();
    const run = await runMira(['aws', 'test'], {
      env: {
        AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
      },
    });
    expect([run.code, run.stdout, run.stderr.includes('connection refused')]).toEqual([6, '', true]);
  });
});

/** Where a secret is that should be nowhere: in what was printed, or in a file. */
async function leaksIn(
  home: IsolatedHome,
  { outputs, keys }: { readonly outputs: readonly RunResult[]; readonly keys: DoubleKeys },
): Promise<readonly unknown[]> {
  const scanner = createLeakScanner(Object.entries(keys).map(([name, value = '']) => ({ name, value })));
  const printed = outputs.flatMap(({ stdout, stderr }, at) => [
    { name: `stdout ${at}`, content: stdout },
    { name: `stderr ${at}`, content: stderr },
  ]);
  const entries = await readdir(home.path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(files.map(async (name) => ({ name, content: await readFile(name) })));
  return scanner.scan([...printed, ...contents]);
}
