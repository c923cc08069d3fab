import { describe, expect, test } from 'vitest';
import { findKeys, keyLabel } from '../../../src/auth/find-keys.ts';
import { drawnJwt, drawnKey, drawnPrivateKey } from '../../support/drawn-key.ts';

const NOW = Date.UTC(2026, 0, 2);
const LATER_S = NOW / 1000 + 3600;
const EARLIER_S = NOW / 1000 - 3600;

const kinds = (text: string) => findKeys(text, NOW).map(({ kind }) => kind);

describe('a Mira platform key', () => {
  test.each([
    (key: string) => key,
    (key: string) => `MIRA_API_KEY=${key}`,
    (key: string) => `client = OpenAI(api_key="${key}")`,
    (key: string) => `curl -H 'Authorization: Bearer ${key}' https://api.example`,
    (key: string) => `"A=1\\n${key}\\n"`,
    (key: string) => `https://x.example/?key%3D${key}&b=1`,
    (key: string) => `<key>${key}</key>`,
    (key: string) => `- ${key}\r\n`,
  ])('is found: %s', (write) => {
    for (const seed of ['a', 'b', 'c', 'd']) expect(kinds(write(drawnKey.mira(seed)))).toEqual(['mira']);
  });

  test.each([
    'sk-mira-...',
    `sk-mira-${'x'.repeat(40)}`,
    `sk-mira-${'0'.repeat(40)}`,
    `sk-mira-${'0d'.repeat(20)}`,
    `sk-mira-${'deadbeef'.repeat(5)}`,
    `sk-mira-${'0123456789abcdef'.repeat(3).slice(0, 40)}`,
    `sk-mira-${'1a2b3c4d5e6f7a8b9c0d'.repeat(2)}`,
    'sk-mira-{40 hex characters}',
    'sk-mira-${process.env.KEY}',
  ])('is not what a document shows: %s', (text) => {
    expect(kinds(text)).toEqual([]);
  });

  test('is none when it is cut short, goes on, or begins another word', () => {
    const key = drawnKey.mira('e');
    expect([key.slice(0, -1), `${key}0`, `${key}-old`, `ta${key}`, key.toUpperCase()].map(kinds)).toEqual([
      [],
      [],
      [],
      [],
      [],
    ]);
  });
});

describe('a Mira meetings key', () => {
  test.each([
    (key: string) => key,
    (key: string) => `export MIRA_MEETINGS_API_KEY='${key}'`,
    (key: string) => `Authorization: Bearer ${key}`,
    (key: string) => `{"key": "${key}"}`,
    (key: string) => `key: ${key} # production`,
    (key: string) => `["${key}",1]`,
  ])('is found: %s', (write) => {
    expect(kinds(write(drawnKey.meetings('a')))).toEqual(['meetings']);
  });

  test.each([
    `mira_live_${'x'.repeat(28)}`,
    `mira_live_${'x'.repeat(32)}`,
    'mira_live_<32-character-random-string>',
    `mira_live_${'abcd1234'.repeat(4)}`,
    'mira_live_stream_of_a_meeting_in_progress',
    `mira_live_${'EXAMPLEkey4Documentation'.padEnd(32, '7Qx')}`,
  ])('is not what a document shows: %s', (text) => {
    expect(kinds(text)).toEqual([]);
  });
});

describe('a Mirra SDK key', () => {
  test.each([
    drawnKey.mirra('a'),
    drawnKey.mirraScript('b'),
    drawnKey.mirraScript('c').replace('script', 'install'),
    drawnKey.mirraScript('d').replace('script', 'test'),
    `X-API-Key: ${drawnKey.mirra('e')}`,
    `new Mirra({ apiKey: '${drawnKey.mirra('f')}' })`,
  ])('is found: %#', (text) => {
    expect(kinds(text)).toEqual(['mirra']);
  });

  test.each([
    'mirra_client_with_a_long_name_of_its_own',
    'mirra_script_your_api_key_goes_here_1',
    'mirra_installTheApplicationNow',
    `mirra_${'f'.repeat(64)}`,
    'mirra_test_abcdefghijklmnopqrstuvwxyz',
    'import mirra_sdk from "mirra_sdk"',
  ])('is not a name or a placeholder: %s', (text) => {
    expect(kinds(text)).toEqual([]);
  });
});

describe('an Anthropic key', () => {
  test.each([
    (key: string) => key,
    (key: string) => `ANTHROPIC_API_KEY=${key}`,
    (key: string) => `x-api-key: ${key}`,
    (key: string) => `"${key}"`,
    (key: string) => `\\t${key}`,
    (key: string) => `(${key.replace('api03', 'admin01')})`,
  ])('is found: %s', (write) => {
    expect(kinds(write(drawnKey.anthropic('a')))).toEqual(['anthropic']);
  });

  test.each([
    'sk-ant-...',
    'sk-ant-your-api-key-goes-here',
    'sk-ant-design-pro-components-icons',
    `sk-ant-api03-${'x'.repeat(95)}`,
    `sk-ant-api03-${'Ab1'.repeat(31)}`,
    'sk-ant-api03-example-key-0123',
  ])('is not a name or a placeholder: %s', (text) => {
    expect(kinds(text)).toEqual([]);
  });
});

describe('an OpenAI key', () => {
  test.each([
    drawnKey.openai('a'),
    drawnKey.openaiProject('b'),
    drawnKey.openaiProject('c').replace('proj', 'svcacct'),
    drawnKey.openaiProject('d').replace('proj', 'admin'),
    `OPENAI_API_KEY="${drawnKey.openai('e')}"`,
    `openai.api_key = '${drawnKey.openaiProject('f')}'`,
  ])('is found: %#', (text) => {
    expect(kinds(text)).toEqual(['openai']);
  });

  test.each([
    'const sk = "task-management-system-for-everybody";',
    'sk-learn-contrib-imbalanced-datasets',
    '.sk-spinnerContainerElementOfThePage { }',
    `sk-${'x'.repeat(48)}`,
    'sk-proj-your-key-here-please-1',
    'sk-1234567890abcdefghijklmnop',
    'risk-4f3a9c1b7e2d4f3a9c1b8',
  ])('is not a name or a placeholder: %s', (text) => {
    expect(kinds(text)).toEqual([]);
  });
});

describe('an AWS key', () => {
  const secret = drawnKey.awsSecret('s');

  test.each([
    drawnKey.aws('a'),
    drawnKey.awsTemporary('b'),
    `aws_access_key_id = ${drawnKey.aws('c')}`,
    `<AccessKeyId>${drawnKey.aws('d')}</AccessKeyId>`,
    `AWS_ACCESS_KEY_ID=${drawnKey.aws('e')}`,
    `https://b.example/?X-Amz-Credential=${drawnKey.aws('f')}%2F20260102`,
  ])('is found by its id: %#', (text) => {
    expect(kinds(text)).toEqual(['aws']);
  });

  test.each([
    'AKIAIOSFODNN7EXAMPLE',
    'AKIAI44QH8DHBEXAMPLE',
    `AKIA${'X'.repeat(16)}`,
    'AKIA0123456789ABCDEF',
    'AKIAISASHORTWORD',
    `arn:aws:iam::123456789012:user/${drawnKey.aws('g').toLowerCase()}`,
    `${drawnKey.aws('h')}K`,
    'AKIA2345672345672345',
  ])('is not what a document shows: %s', (text) => {
    expect(kinds(text)).toEqual([]);
  });

  test.each([
    `aws_secret_access_key = ${secret}`,
    `AWS_SECRET_ACCESS_KEY=${secret}`,
    `secretAccessKey: '${secret}',`,
    `"SecretAccessKey": "${secret}"`,
    `ENV["AWS_SECRET_ACCESS_KEY"] = "${secret}"`,
    `\\"SecretAccessKey\\": \\"${secret}\\"`,
    `SecretAccessKey=>"${secret}"`,
  ])('is found by the name of its secret: %#', (text) => {
    const [found] = findKeys(text, NOW);
    expect(found).toEqual({ kind: 'aws_secret', index: text.indexOf(secret), length: 40 });
  });

  test.each([
    `aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY`,
    `AWS_SECRET_ACCESS_KEY=${'x'.repeat(40)}`,
    'secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY',
    `secret_access_key=${'0d4f'.repeat(10)}`,
    'SecretAccessKey: aws_cdk.SecretValue.unsafePlainText(it)',
    `SECRET_ACCESS_KEY=${secret}${secret}`,
    `sha1 ${secret}`,
  ])('has a secret that is not just anything of forty characters: %s', (text) => {
    expect(kinds(text)).toEqual([]);
  });

  test('is found with the secret that stands near it under whatever name', () => {
    const id = drawnKey.aws('i');
    expect(kinds(`user,${id},${secret}\n`)).toEqual(['aws', 'aws_secret']);
    expect(kinds(`S = "${secret}"\nK = "${id}"\n`)).toEqual(['aws_secret', 'aws']);
    expect(kinds(`aws_access_key_id=${id}\naws_secret_access_key=${secret}`)).toEqual(['aws', 'aws_secret']);
  });

  test('does not make a secret of a hash or a path that stands near its id', () => {
    const id = drawnKey.aws('j');
    expect(
      kinds(`${id}\ncommit ${drawnKey.mira('k').slice(8)}\nsrc/components/deeply/nested/of/a/file`),
    ).toEqual(['aws']);
    expect(kinds(`${id}${'\n'.repeat(400)}${secret}`)).toEqual(['aws']);
  });
});

describe('a GitHub token', () => {
  test.each([
    drawnKey.github('a'),
    drawnKey.github('b').replace('ghp', 'gho'),
    drawnKey.github('c').replace('ghp', 'ghs'),
    drawnKey.githubFineGrained('d'),
    `https://x-access-token:${drawnKey.github('e')}@github.com/a/b.git`,
    `GH_TOKEN=${drawnKey.github('f')}`,
  ])('is found: %#', (text) => {
    expect(kinds(text)).toEqual(['github']);
  });

  test.each([
    `ghp_${'x'.repeat(36)}`,
    'ghp_1234567890abcdefghijklmnopqrstuvwxyz',
    'ghp_your_token_goes_here_0123',
    'github_pat_11EXAMPLE0123456789_abcdefghij',
    `high_${drawnKey.github('g').slice(4)}`,
    'ghs_short',
  ])('is not a name or a placeholder: %s', (text) => {
    expect(kinds(text)).toEqual([]);
  });
});

describe('an access token', () => {
  test.each([
    drawnJwt({ payload: { sub: 'ada', exp: LATER_S } }),
    drawnJwt({ payload: { role: 'service', iss: 'db' } }),
    drawnJwt({ payload: { sub: 'ada', exp: LATER_S }, alg: 'HS256' }),
    `Authorization: Bearer ${drawnJwt({ payload: { sub: 'bob', exp: LATER_S } })}`,
    `MIRA_TOKEN=${drawnJwt({ payload: { sub: 'eve', exp: LATER_S } })}`,
    `?token%3D${drawnJwt({ payload: { sub: 'joe', exp: LATER_S } })}&x`,
  ])('is found while it can be used: %#', (text) => {
    expect(kinds(text)).toEqual(['jwt']);
  });

  const live = drawnJwt({ payload: { sub: 'ada', exp: LATER_S } });
  test.each([
    drawnJwt({ payload: { sub: 'ada', exp: EARLIER_S } }),
    drawnJwt({ payload: { sub: '1234567890', name: 'John Doe', iat: 1516239022 } }),
    drawnJwt({ payload: { sub: 'ada', exp: LATER_S }, alg: 'none' }),
    live.split('.').slice(0, 2).join('.'),
    `eyJub3QganNvbiBhdCBhbGw.eyJub3QganNvbiBhdCBhbGw.${'a1B'.repeat(10)}`,
    'eyJhbGciOi…',
    `x${live}`,
  ])('is none once it has expired or proves nothing: %#', (text) => {
    expect(kinds(text)).toEqual([]);
  });
});

describe('a private key', () => {
  const pem = drawnPrivateKey('ec');
  const indented = pem.replaceAll(/^/gm, '        ');

  test.each([
    ['as a file', pem],
    ['of 64 characters', drawnPrivateKey('ed25519')],
    ['with CRLF', pem.replaceAll('\n', '\r\n')],
    ['in JSON', JSON.stringify({ key: pem })],
    ['in YAML', `key: |\n${indented}`],
    ['joined in source code', `"${pem.trim().split('\n').join('\\n" +\n  "')}"`],
    ['under a passphrase', drawnPrivateKey('rsa', 'open sesame')],
    ['of OpenSSH', pem.replaceAll('EC PRIVATE', 'OPENSSH PRIVATE')],
    ['of PGP', pem.replace('EC PRIVATE KEY-----', 'PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n')],
  ])('is found %s', (_, text) => {
    expect(kinds(text)).toEqual(['private_key']);
  });

  test('is found whichever characters it has', () => {
    const letters = Array.from({ length: 52 }, (_, at) => (at % 2 === 0 ? 65 : 97) + Math.floor(at / 2));
    const body = String.fromCharCode(...letters).replaceAll(/(.{5})/g, '$1+');
    const armored = `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`;

    expect(kinds(armored)).toEqual(['private_key']);
  });

  test.each([
    '-----BEGIN PRIVATE KEY-----',
    'How does -----BEGIN PRIVATE KEY----- begin?',
    '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC...\n-----END PRIVATE KEY-----',
    `-----BEGIN RSA PRIVATE KEY-----\n${`${'x'.repeat(64)}\n`.repeat(12)}-----END RSA PRIVATE KEY-----`,
    pem.replaceAll('PRIVATE KEY', 'CERTIFICATE'),
    pem.replaceAll('PRIVATE KEY', 'PUBLIC KEY'),
    `if line.startswith("-----BEGIN PRIVATE KEY-----"):\n    raise ValueError("no private key may be in this configuration file")`,
  ])('is none where only its frame is shown: %#', (text) => {
    expect(kinds(text)).toEqual([]);
  });
});

test('keys are found in the order of the text, each at its place', () => {
  const github = drawnKey.github('z');
  const mira = drawnKey.mira('z');
  const text = `a ${github}\nb ${mira}`;
  expect(findKeys(text, NOW)).toEqual([
    { kind: 'github', index: 2, length: github.length },
    { kind: 'mira', index: text.indexOf(mira), length: 48 },
  ]);
});

test('every kind has a name', () => {
  expect((['mira', 'aws_secret', 'private_key', 'jwt'] as const).map(keyLabel)).toEqual([
    'a Mira platform key',
    'an AWS secret access key',
    'a private key',
    'an access token (JWT)',
  ]);
});

test('a thousand keys drawn at random are all found', () => {
  const draw = [drawnKey.mira, drawnKey.meetings, drawnKey.openai, drawnKey.aws, drawnKey.github];
  const missed = draw.flatMap((make) =>
    Array.from({ length: 1_000 }, (_, at) => make(`drawn ${at}`)).filter((key) => kinds(key).length === 0),
  );
  expect(missed.length).toBeLessThan(5);
});
