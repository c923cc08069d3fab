import type { CallerIdentity } from '../../api/aws/identity.ts';
import { endpointSource, requireAwsRegion } from '../../api/aws/endpoint.ts';
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { PROTECTION } from '../../store/protection.ts';
import type { ProtectionForm } from '../../store/protection.ts';
import { findAwsRegion, findAwsSummary, writeAwsRecord } from '../../vault/aws-record.ts';
import type { AwsSummary } from '../../vault/aws-record.ts';
import { valueCommand } from '../define.ts';
import { moment } from '../moments.ts';
import { connectAws } from './connect-aws.ts';
import { readKeys } from './read-keys.ts';
import type { ReadKeys } from './read-keys.ts';
import { awsEndpoints } from './require-access.ts';
import { skewSeconds, warnOfSkew } from './skew.ts';
import { summaryJson } from './summary-json.ts';

const options = {
  region: {
    kind: 'text',
    flags: '--region <region>',
    summary: 'region to ask, such as us-east-1; what came with the keys, or AWS_REGION, when left out',
  },
  noTest: { kind: 'flag', flags: '--no-test', summary: 'keep the keys without asking AWS whose they are' },
} as const;

interface Kept {
  readonly summary: AwsSummary;
  /** Undefined for keys that were not tested. */
  readonly tested: { readonly identity: CallerIdentity; readonly skewS: number | undefined } | undefined;
  /** Others were kept before. */
  readonly replaced: boolean;
  readonly protection: ProtectionForm;
  readonly now: number;
}

export const set = valueCommand<typeof options, Kept>({
  summary: 'Test keys of AWS and keep them, typed unseen or read from stdin',
  description:
    'Keep the keys that AWS is asked with: access key id, secret access key, for temporary keys the session token, and the region. They are tested first, sealed apart from the tokens, and never shown again. ' +
    'On stdin they may be JSON, as `aws configure export-credentials` prints it, lines of NAME=VALUE, as for a shell or in ~/.aws/credentials, the accessKeys.csv of the console, or each by itself on a line.',
  options,
  examples: [
    { command: 'mira aws set --region us-east-1', shows: 'asks for the keys, unseen' },
    {
      command: 'aws configure export-credentials --profile work | mira aws set --region eu-central-1',
      shows: 'takes them from the tools of AWS',
    },
  ],
  run: async (context, { options: { region: wanted, noTest } }) => {
    const vault = await context.vault();
    const { records } = vault;
    const before = await findAwsSummary(records);
    const known =
      wanted === undefined
        ? await findAwsRegion({ env: context.env, records: async () => records })
        : undefined;
    if (wanted !== undefined) requireAwsRegion(wanted, '--region');
    // Nobody should type three secrets to learn that something else was missing.
    else if (known === undefined && context.io.stdin.isTerminal) throw regionMissing();
    await vault.prepare();
    const keys = await readKeys(context, endpointSource('sts', context.env) === undefined);
    const region = requireRegion({ wanted, given: keys.region, known });
    const tested = noTest ? undefined : await testKeys(context, { keys, region });
    const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = keys;
    const dates = { addedAt: context.now(), expiresAt };
    await context.withoutInterruption(() =>
      writeAwsRecord(records, { record: { accessKeyId, secretAccessKey, sessionToken, region }, dates }),
    );
    const summary = await findAwsSummary(records);
    if (summary === undefined) throw new Error('what was written is not there');
    if (context.env['AWS_ACCESS_KEY_ID'] !== undefined)
      context.warn('AWS_ACCESS_KEY_ID is set, and goes before what is kept.');
    return {
      summary,
      tested,
      replaced: before !== undefined,
      protection: (await context.fileProtection()) ?? 'key_file',
      now: dates.addedAt,
    };
  },
  human: ({ summary: { accessKey, region, expiresAt }, tested, protection }, style) => {
    const end = expiresAt === undefined ? '' : `, until ${moment(expiresAt)}`;
    return [
      `Kept ${accessKey} for ${region ?? ''}${end}.`,
      tested === undefined ? 'Not tested: mira aws test does it.' : `They are ${tested.identity.arn}.`,
      style.dim(`Sealed; ${PROTECTION[protection]}.`),
    ].join('\n');
  },
  json: ({ summary, tested, replaced, protection, now }) => ({
    schema: 'mira.aws.set/1',
    ...summaryJson(summary, now),
    tested: tested !== undefined,
    ...(tested === undefined
      ? {}
      : {
          account: tested.identity.account,
          arn: tested.identity.arn,
          clock_skew_s: tested.skewS ?? null,
        }),
    replaced,
    sealed_with: protection,
  }),
});

interface RegionSources {
  readonly wanted: string | undefined;
  readonly given: string | undefined;
  readonly known: { readonly region: string; readonly from: string } | undefined;
}

function requireRegion({ wanted, given, known }: RegionSources): string {
  if (wanted !== undefined) return wanted;
  if (given !== undefined) return requireAwsRegion(given, 'standard input');
  if (known !== undefined) return requireAwsRegion(known.region, known.from);
  throw regionMissing();
}

function regionMissing(): MiraError {
  return new MiraError('invalid_input', 'Which region of AWS are the keys to ask?', {
    hint: 'Say it with --region, for example: mira aws set --region us-east-1',
  });
}

const TEST_MS = 30_000;

async function testKeys(
  context: Context,
  { keys, region }: { readonly keys: ReadKeys; readonly region: string },
): Promise<NonNullable<Kept['tested']>> {
  const { accessKeyId, secretAccessKey, sessionToken, source } = keys;
  const aws = await connectAws(context, {
    access: {
      credential: { kind: 'keys', accessKeyId, secretAccessKey, sessionToken, source, mend: 'mira aws set' },
      region,
      endpoints: awsEndpoints(region, context.env),
    },
  });
  try {
    const identity = await aws.identity({ signal: context.signal, totalMs: TEST_MS });
    warnOfSkew(context, aws);
    return { identity, skewS: skewSeconds(aws) };
  } catch (error) {
    if (!(error instanceof MiraError) || context.signal.aborted) throw error;
    const { hint = '' } = error;
    throw error.with({ hint: `Nothing was kept (--no-test keeps keys as they are). ${hint}`.trimEnd() });
  }
}
