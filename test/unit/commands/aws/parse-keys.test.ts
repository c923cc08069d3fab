import { describe, expect, it } from 'vitest';
import { parseAwsKeys } from '../../../../src/commands/aws/parse-keys.ts';
import { failureOf } from '../../api/open-http.ts';

const ID = `ASIA${'A'.repeat(16)}`;
const lasting = { accessKeyId: 'the-id', secretAccessKey: 'the/secret+=', sessionToken: undefined };
const temporary = { ...lasting, sessionToken: 'the-token==' };
const until = { expiresAt: Date.UTC(2026, 10, 21, 12, 0, 0), region: undefined };
const plain = { expiresAt: undefined, region: undefined };

describe('keys of AWS in a text', () => {
  it.each<[string, string, object]>([
    [
      'the JSON of export-credentials',
      '{"Version":1,"AccessKeyId":"the-id","SecretAccessKey":"the/secret+=","SessionToken":"the-token==","Expiration":"2026-11-21T12:00:00+00:00"}',
      { ...temporary, ...until },
    ],
    [
      'the JSON of get-session-token',
      '{"Credentials":{"AccessKeyId":"the-id","SecretAccessKey":"the/secret+=","SessionToken":"the-token==","Expiration":"2026-11-21T12:00:00Z"}}',
      { ...temporary, ...until },
    ],
    [
      'the JSON of create-access-key',
      '{\n  "AccessKey": {"UserName":"ada","AccessKeyId":"the-id","Status":"Active","SecretAccessKey":"the/secret+="}\n}',
      { ...lasting, ...plain },
    ],
    [
      'lines for a shell',
      'export AWS_ACCESS_KEY_ID=the-id\nexport AWS_SECRET_ACCESS_KEY=the/secret+=\nexport AWS_SESSION_TOKEN=the-token==\nexport AWS_CREDENTIAL_EXPIRATION=2026-11-21T12:00:00+00:00\n',
      { ...temporary, ...until },
    ],
    [
      'lines without export, in quotes, with the region',
      '# mine\nAWS_ACCESS_KEY_ID="the-id"\r\nAWS_SECRET_ACCESS_KEY=\'the/secret+=\'\r\nAWS_DEFAULT_REGION=eu-west-1\r\n',
      { ...lasting, expiresAt: undefined, region: 'eu-west-1' },
    ],
    [
      'lines for PowerShell',
      '$Env:AWS_ACCESS_KEY_ID="the-id"\n$Env:AWS_SECRET_ACCESS_KEY="the/secret+="',
      { ...lasting, ...plain },
    ],
    [
      'lines for cmd',
      'set AWS_ACCESS_KEY_ID=the-id\nset AWS_SECRET_ACCESS_KEY=the/secret+=',
      { ...lasting, ...plain },
    ],
    [
      'a section of a credentials file',
      '[work]\naws_access_key_id = the-id\naws_secret_access_key = the/secret+=\naws_session_token =\noutput = json\n',
      { ...lasting, ...plain },
    ],
    [
      'lines for fish',
      'set -gx AWS_ACCESS_KEY_ID the-id;\nset -gx AWS_SECRET_ACCESS_KEY the/secret+=;\n',
      { ...lasting, ...plain },
    ],
    [
      'lines with comments behind them',
      'export AWS_ACCESS_KEY_ID=the-id # mine\nexport AWS_SECRET_ACCESS_KEY=the/secret+=; # too\n',
      { ...lasting, ...plain },
    ],
    [
      'the file that the console gives out',
      '\uFEFFAccess key ID,Secret access key\r\nthe-id,the/secret+=\r\n',
      { ...lasting, ...plain },
    ],
    ['lines with nothing but a value', `${ID}\nthe/secret+=\n`, { ...lasting, accessKeyId: ID, ...plain }],
    [
      'lines with nothing but a value, token and region among them',
      `${ID}\r\nthe/secret+=\r\nthe-token==\r\nus-gov-west-1\r\n`,
      { ...temporary, accessKeyId: ID, expiresAt: undefined, region: 'us-gov-west-1' },
    ],
    ['half of them', 'AWS_ACCESS_KEY_ID=the-id', { ...lasting, secretAccessKey: undefined, ...plain }],
  ])('are found in %s', (_, text, expected) => {
    expect(parseAwsKeys(text)).toEqual(expected);
  });

  it.each([
    ['nothing', '', 'There are no keys of AWS in it.'],
    ['a key alone', 'the/secret', 'There are no keys of AWS in it.'],
    [
      'a table of two rows',
      'Access key ID,Secret access key\na,b\nc,d\n',
      'There is more than one set of keys in it.',
    ],
    ['JSON that is cut', '{"AccessKeyId":"the-id"', 'There are no keys of AWS in it.'],
    ['JSON of something else', '{"a":{"b":"c"}}', 'There are no keys of AWS in it.'],
    [
      'several sections',
      '[a]\naws_access_key_id = the-id\naws_secret_access_key = x\n[b]\naws_access_key_id = other\naws_secret_access_key = y\n',
      'There is more than one set of keys in it.',
    ],
  ])('are refused in %s, which is not repeated', async (_, text, sentence) => {
    const error = await failureOf(Promise.resolve().then(() => parseAwsKeys(text)));
    expect([error.code, error.message, `${error.message}${error.hint}`.includes('the-id')]).toEqual([
      'invalid_input',
      sentence,
      false,
    ]);
  });
});
