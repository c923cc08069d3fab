import { describe, expect, test } from 'vitest';
import { requireTokenValue } from '../../../src/auth/token-value.ts';
import { MiraError } from '../../../src/errors.ts';
import { drawnJwt, drawnKey } from '../../support/drawn-key.ts';

const keep = (value: string, env: string, force = false) =>
  requireTokenValue(value, { env, source: 'the prompt', force });

function refusalOf(value: string, env: string): MiraError {
  try {
    keep(value, env);
  } catch (error) {
    if (error instanceof MiraError) return error;
    throw error;
  }
  throw new Error(`${env} took what it should not have taken`);
}

const MIRA = drawnKey.mira('one');
const MEETINGS = drawnKey.meetings('one');
const MIRRA = drawnKey.mirra('one');
const OPENAI = drawnKey.openai('one');
const PROJECT = drawnKey.openaiProject('one');
const ANTHROPIC = drawnKey.anthropic('one');
const AWS = drawnKey.aws('one');
const GITHUB = drawnKey.github('one');

describe('a value that is what its variable is for', () => {
  test.each([
    ['MIRA_API_KEY', MIRA, 'mira'],
    ['MIRA_MEETINGS_API_KEY', MEETINGS, 'meetings'],
    ['MIRRA_API_KEY', MIRRA, 'mirra'],
    ['MIRRA_API_KEY', drawnKey.mirraScript('one'), 'mirra'],
    ['OPENAI_API_KEY', OPENAI, 'openai'],
    ['OPENAI_API_KEY', PROJECT, 'openai'],
    ['ANTHROPIC_API_KEY', ANTHROPIC, 'anthropic'],
    ['AWS_ACCESS_KEY_ID', AWS, 'aws'],
    ['AWS_ACCESS_KEY_ID', drawnKey.awsTemporary('one'), 'aws'],
    ['AWS_SECRET_ACCESS_KEY', drawnKey.awsSecret('one'), 'other'],
    ['GITHUB_TOKEN', GITHUB, 'github'],
    ['GH_TOKEN', drawnKey.githubFineGrained('one'), 'github'],
    ['STAGING_KEY', MIRA, 'mira'],
    ['STAGING_KEY', PROJECT, 'openai'],
    ['STAGING_KEY', drawnJwt({ payload: { sub: 'ada' } }), 'other'],
    // Many vendors begin their keys like this.
    ['DEEPSEEK_API_KEY', OPENAI, 'other'],
    ['OLLAMA_BASE_URL', 'http://localhost:11434', 'other'],
    ['PRIVATE_KEY', '-----BEGIN KEY-----\nabc\n-----END KEY-----', 'other'],
    ['DATABASE_URL', '"quoted on purpose"', 'other'],
  ])('is taken: %s (%#)', (env, value, kind) => {
    expect(keep(value, env)).toBe(kind);
  });
});

describe('a malformed value is told what is wrong with it, and never repeated', () => {
  test.each([
    ['MIRA_API_KEY', MIRA.slice(0, -8), 'it has 40 characters, not 48; a part of it is missing'],
    ['MIRA_API_KEY', `${MIRA}00`, 'it has 50 characters, not 48; something was added to it'],
    ['MIRA_API_KEY', `"${MIRA}"`, 'it is in quotes'],
    ['MIRA_API_KEY', `“${MIRA}”`, 'it is in quotes'],
    ['MIRA_API_KEY', ` ${MIRA}`, 'there are spaces or line breaks around it'],
    ['MIRA_API_KEY', `${MIRA}\n`, 'there are spaces or line breaks around it'],
    ['MIRA_API_KEY', `${MIRA.slice(0, 20)} ${MIRA.slice(21)}`, 'there are spaces or line breaks in it'],
    ['MIRA_API_KEY', `${MIRA.slice(0, 20)}\n${MIRA.slice(21)}`, 'there are spaces or line breaks in it'],
    ['MIRA_API_KEY', MIRA.toUpperCase(), 'its letters are in the wrong case'],
    ['MIRA_API_KEY', `sk-mira-${MIRA.slice(8).toUpperCase()}`, 'its letters are in the wrong case'],
    ['MIRA_API_KEY', `${MIRA.slice(0, -1)}g`, 'there are characters in it that such a key does not have'],
    ['MIRA_API_KEY', `${MIRA.slice(0, -1)}é`, 'there are characters in it that no key has'],
    [
      'MIRA_API_KEY',
      `${MIRA.slice(0, 12)}...${MIRA.slice(-4)}`,
      'it is shortened or masked, as in a list of keys',
    ],
    ['MIRA_API_KEY', `${MIRA.slice(0, 12)}****`, 'it is shortened or masked, as in a list of keys'],
    ['MIRA_API_KEY', `MIRA_API_KEY=${MIRA}`, 'a name and a = stand before it'],
    ['MIRA_API_KEY', `export MIRA_API_KEY="${MIRA}"`, 'a name and a = stand before it'],
    ['MIRA_API_KEY', `Bearer ${MIRA}`, 'a part of a header stands before it'],
    ['MIRA_API_KEY', '$MIRA_API_KEY', 'it stands for a key, but is none'],
    ['MIRA_API_KEY', '<your key>', 'there are spaces or line breaks in it'],
    ['MIRA_API_KEY', '<key>', 'it stands for a key, but is none'],
    [
      'MIRA_API_KEY',
      drawnJwt({ payload: { sub: 'ada' } }),
      'it is an access token (JWT); `mira auth login` gets those by itself',
    ],
    ['MIRA_API_KEY', 'hunter2', 'it does not begin like one'],
    ['MIRA_API_KEY', `sk-mira-${'0'.repeat(40)}`, 'it is the placeholder of a document'],
    ['OPENAI_API_KEY', drawnJwt({ payload: { sub: 'ada' } }), 'it is an access token (JWT)'],
    [
      'OPENAI_API_KEY',
      'sk-short',
      'it has 8 characters, and such keys have 40 at least; a part of it is missing',
    ],
    [
      'OPENAI_API_KEY',
      'sk-your-own-openai-api-key-goes-in-here-please',
      'it is the placeholder of a document',
    ],
    [
      'ANTHROPIC_API_KEY',
      'sk-ant-api03',
      'it has 12 characters, and such keys have 40 at least; a part of it is missing',
    ],
    ['MIRA_MEETINGS_API_KEY', MEETINGS.slice(0, -1), 'it has 41 characters, not 42; a part of it is missing'],
    ['MIRRA_API_KEY', `${MIRRA} x`, 'there are spaces or line breaks in it'],
    ['AWS_ACCESS_KEY_ID', AWS.toLowerCase(), 'its letters are in the wrong case'],
    ['MIRRA_API_KEY', 'mirra_a1b2', 'it has 10 characters; a part of it is missing'],
    ['AWS_ACCESS_KEY_ID', AWS.slice(0, -2), 'it has 18 characters, not 20; a part of it is missing'],
    [
      'GITHUB_TOKEN',
      GITHUB.slice(0, 12),
      'it has 12 characters, and such keys have 40 at least; a part of it is missing',
    ],
    // Also where the variable says nothing, if the value begins like a key that it is not.
    ['STAGING_KEY', MIRA.slice(0, -8), 'it has 40 characters, not 48; a part of it is missing'],
    ['STAGING_KEY', `'${ANTHROPIC}'`, 'it is in quotes'],
  ])('%s (%#)', (env, value, flaw) => {
    const refusal = refusalOf(value, env);
    expect(refusal).toMatchObject({ code: 'malformed_key', exitCode: 2 });
    expect(refusal.message).toMatch(/^The value from the prompt is not an? /);
    expect(refusal.message).toContain(`: ${flaw}.`);
    expect(refusal.hint).toContain('--force keeps the value as it is');
    expect(`${refusal.message} ${refusal.hint ?? ''}`).not.toContain(value);
    expect(`${refusal.message} ${refusal.hint ?? ''}`).not.toContain(value.slice(10, 18) || value);
  });

  test.each([
    '-----BEGIN X KEY-----',
    '-----BEGIN X KEY-----\nabc',
    '-----BEGIN X KEY-----\nabc\n-----END X',
  ])('the first lines of a private key are told from a whole one (%#)', (value) => {
    expect(refusalOf(value, 'APP_KEY')).toMatchObject({
      code: 'malformed_key',
      message: 'The value from the prompt is the beginning of a key whose end is missing.',
      hint: 'Give all lines of it on stdin: … < key.pem; --force keeps the value as it is.',
    });
    expect(keep(value, 'APP_KEY', true)).toBe('other');
    expect(keep(`${value}\n-----END X KEY-----\n`, 'APP_KEY')).toBe('other');
  });

  test('an empty one is called empty', () => {
    expect(refusalOf('', 'DATABASE_URL')).toMatchObject({
      code: 'malformed_key',
      message: 'The value from the prompt is empty.',
    });
  });
});

describe('a value of another vendor', () => {
  test.each([
    [
      'OPENAI_API_KEY',
      ANTHROPIC,
      'an Anthropic key, which belongs in ANTHROPIC_API_KEY',
      'ANTHROPIC_API_KEY',
    ],
    ['ANTHROPIC_API_KEY', OPENAI, 'an OpenAI key, which belongs in OPENAI_API_KEY', 'OPENAI_API_KEY'],
    [
      'MIRA_API_KEY',
      MEETINGS,
      'a Mira meetings key, which belongs to Mira meetings',
      'MIRA_MEETINGS_API_KEY',
    ],
    ['MIRA_API_KEY', OPENAI, 'an OpenAI key, which belongs in OPENAI_API_KEY', 'OPENAI_API_KEY'],
    ['MIRA_MEETINGS_API_KEY', MIRA, 'a Mira platform key, which belongs in MIRA_API_KEY', 'MIRA_API_KEY'],
    ['MIRRA_API_KEY', MIRA, 'a Mira platform key, which belongs in MIRA_API_KEY', 'MIRA_API_KEY'],
    ['GITHUB_TOKEN', MIRRA, 'a Mirra SDK key, which belongs in MIRRA_API_KEY', 'MIRRA_API_KEY'],
    [
      'AWS_SECRET_ACCESS_KEY',
      AWS,
      'an AWS access key id, which belongs in AWS_ACCESS_KEY_ID',
      'AWS_ACCESS_KEY_ID',
    ],
    // Quotes around it do not hide whose it is.
    [
      'OPENAI_API_KEY',
      `"${ANTHROPIC}"`,
      'an Anthropic key, which belongs in ANTHROPIC_API_KEY',
      'ANTHROPIC_API_KEY',
    ],
  ])('is refused by name in %s (%#)', (env, value, what, belongs) => {
    expect(refusalOf(value, env)).toMatchObject({
      code: 'other_vendor',
      exitCode: 11,
      message: `The value from the prompt is ${what}, not in ${env}.`,
      hint: `Keep it with --env ${belongs}, or add --force if you are sure.`,
    });
  });

  test('is kept by force, and so is one of no known format', () => {
    expect(keep(ANTHROPIC, 'OPENAI_API_KEY', true)).toBe('anthropic');
    expect(keep('a gateway’s own', 'OPENAI_API_KEY', true)).toBe('other');
    expect(keep(MIRA.slice(0, -8), 'MIRA_API_KEY', true)).toBe('other');
    expect(keep(OPENAI, 'DEEPSEEK_API_KEY', true)).toBe('other');
  });
});
