import { describe, expect, it } from 'vitest';
import { requireAwsKeys } from '../../../src/auth/aws-keys.ts';
import type { AwsKeyTexts } from '../../../src/auth/aws-keys.ts';
import { MiraError } from '../../../src/errors.ts';
import { createKeys } from '../../support/aws/start-aws.ts';

const sources = {
  accessKeyId: 'the first line',
  secretAccessKey: 'the second line',
  sessionToken: 'the third line',
};
const lasting = createKeys();
const temporary = createKeys({ isTemporary: true });

function refusalOf(keys: AwsKeyTexts, isDocumented = true): MiraError | undefined {
  try {
    requireAwsKeys(keys, { sources, isDocumented });
    return undefined;
  } catch (error) {
    if (error instanceof MiraError) return error;
    throw error;
  }
}

describe('keys of AWS', () => {
  it('that can be keys are', () => {
    expect([refusalOf(lasting), refusalOf(temporary)]).toEqual([undefined, undefined]);
  });

  it.each<[string, Partial<AwsKeyTexts>, string, string]>([
    [
      'an id that is cut',
      { accessKeyId: lasting.accessKeyId.slice(0, -1) },
      'malformed_key',
      'the first line has 19 characters, not 20',
    ],
    [
      'small letters',
      { accessKeyId: lasting.accessKeyId.toLowerCase() },
      'malformed_key',
      'the first line has small letters in it',
    ],
    [
      'the secret for the id',
      { accessKeyId: lasting.secretAccessKey.replaceAll(/[+/=]/g, 'A') },
      'malformed_key',
      'the first line looks like a secret access key',
    ],
    [
      'another vendor’s key',
      { accessKeyId: `sk-${'proj'}-${'a'.repeat(20)}` },
      'malformed_key',
      'the first line looks like an OpenAI key',
    ],
    [
      'something else',
      { accessKeyId: 'admin' },
      'malformed_key',
      'the first line begins with neither AKIA nor ASIA',
    ],
    ['quotes', { accessKeyId: `"${lasting.accessKeyId}"` }, 'malformed_key', 'the first line is in quotes'],
    [
      'a secret that is cut',
      { secretAccessKey: lasting.secretAccessKey.slice(1) },
      'malformed_key',
      'the second line has 39 characters, not 40',
    ],
    [
      'the id for the secret',
      { secretAccessKey: lasting.accessKeyId },
      'malformed_key',
      'the second line looks like an access key id',
    ],
    [
      'a secret with other characters',
      { secretAccessKey: '-'.repeat(40) },
      'malformed_key',
      'the second line has characters in it that none has',
    ],
    [
      'a line break',
      { secretAccessKey: `${lasting.secretAccessKey}\n` },
      'malformed_key',
      'the second line has spaces or line breaks in it',
    ],
    [
      'no session token',
      { accessKeyId: temporary.accessKeyId },
      'credential_missing',
      'the first line is a temporary one (ASIA…), which needs its session token',
    ],
    [
      'a session token too many',
      { sessionToken: temporary.sessionToken },
      'malformed_key',
      'the first line is a lasting one (AKIA…), which has no session token',
    ],
    ['an empty session token', { sessionToken: '' }, 'malformed_key', 'the third line is empty'],
  ])('with %s are told apart, without being repeated', (_, change, code, sentence) => {
    const keys = { ...lasting, ...change };
    const error = refusalOf(keys);
    expect([error?.code, error?.message.includes(`from ${sentence}.`)]).toEqual([code, true]);
    const repeated = Object.values(keys).filter(
      (value = '') => value.length > 8 && `${error?.message} ${error?.hint}`.includes(value),
    );
    expect(repeated).toEqual([]);
  });

  it('of services that only speak like AWS have any form', () => {
    expect(refusalOf({ accessKeyId: 'test', secretAccessKey: 'test' }, false)).toBeUndefined();
    expect(refusalOf({ accessKeyId: 'AKIATEST', secretAccessKey: 'secret' }, false)).toBeUndefined();
  });

  it.each<[string, AwsKeyTexts, string]>([
    [
      'that were swapped',
      { accessKeyId: lasting.secretAccessKey, secretAccessKey: lasting.accessKeyId },
      'the first line looks like a secret access key',
    ],
    [
      'with an id that is cut',
      { ...lasting, accessKeyId: lasting.accessKeyId.slice(0, -1) },
      'the first line has 19 characters, not 20',
    ],
    [
      'with an id in small letters',
      { ...lasting, accessKeyId: lasting.accessKeyId.toLowerCase() },
      'the first line has small letters in it',
    ],
    [
      'with a secret that is cut',
      { ...lasting, secretAccessKey: lasting.secretAccessKey.slice(1) },
      'the second line has 39 characters, not 40',
    ],
  ])('%s are refused by other services’ leave too', (_, keys, sentence) => {
    const error = refusalOf(keys, false);
    expect([error?.code, error?.message.includes(`from ${sentence}.`)]).toEqual(['malformed_key', true]);
  });
});
