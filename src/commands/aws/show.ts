import { MiraError } from '../../errors.ts';
import { findAwsSummary } from '../../vault/aws-record.ts';
import type { AwsSummary } from '../../vault/aws-record.ts';
import { valueCommand } from '../define.ts';
import { ago, until } from '../moments.ts';
import { summaryJson } from './summary-json.ts';

interface Shown {
  readonly stored: AwsSummary | undefined;
  /** Variables of the environment that say something of AWS. */
  readonly variables: readonly string[];
  readonly now: number;
}

const CREDENTIALS = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_BEARER_TOKEN_BEDROCK',
];
const PLACES = [
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_STS',
  'AWS_ENDPOINT_URL_BEDROCK',
  'AWS_ENDPOINT_URL_BEDROCK_RUNTIME',
];

export const show = valueCommand<Record<never, never>, Shown>({
  summary: 'Which keys of AWS are kept, never their values',
  description:
    'Show which keys of AWS are kept: the access key id, shortened, the region, since when and until when; and the variables of the environment that go before them. No value is read, so no keychain is unlocked and no passphrase asked for.',
  options: {},
  examples: [
    { command: 'mira aws show', shows: 'what is kept, and what of the environment goes before it' },
    { command: 'mira aws show --json | jq -r .stored.region', shows: 'the region' },
  ],
  run: async ({ vault, env, now }) => ({
    stored: await findAwsSummary((await vault()).records),
    variables: [...CREDENTIALS, ...PLACES].filter((name) => env[name] !== undefined),
    now: now(),
  }),
  human: ({ stored, variables, now }, style) => {
    const rows = stored === undefined ? [] : storedRows(stored, now);
    if (variables.length > 0)
      rows.push(['Environment', `${variables.join(', ')}; they go before what is kept`]);
    return rows.map(([name, value]) => `${style.dim(name.padEnd(12))} ${value}`).join('\n');
  },
  json: ({ stored, variables, now }) => ({
    schema: 'mira.aws.show/1',
    stored: stored === undefined ? null : summaryJson(stored, now),
    environment: variables,
  }),
  failure: ({ stored, variables }) =>
    stored !== undefined || variables.some((name) => CREDENTIALS.includes(name)) ? undefined : nothingKept(),
});

function storedRows(stored: AwsSummary, now: number): [string, string][] {
  const { accessKey, isTemporary, region, addedAt, expiresAt } = stored;
  const rows: [string, string][] = [
    ['Access key', `${accessKey}${isTemporary ? ', temporary' : ''}`],
    ['Region', region ?? 'none'],
    ['Added', ago(addedAt, now)],
  ];
  if (expiresAt !== undefined)
    rows.push(['Expires', expiresAt <= now ? `expired ${ago(expiresAt, now)}` : until(expiresAt, now)]);
  return rows;
}

function nothingKept(): MiraError {
  return new MiraError('credential_missing', 'No keys of AWS are kept.', {
    hint: 'Keep some with: mira aws set',
    next: [{ command: 'mira aws set', why: 'test keys of AWS and keep them' }],
  });
}
