/** The credentials of AWS, as one sealed record of their own, apart from the tokens. */
import { isRecord, parseJson } from '../json.ts';
import type { SealedRecords } from './sealed-records.ts';

export interface AwsRecord {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly region?: string | undefined;
}

/** What may be shown of it, and is known without a key. */
export interface AwsSummary {
  /** The access key id, shortened. */
  readonly accessKey: string;
  readonly isTemporary: boolean;
  readonly region?: string | undefined;
  /** Moments in milliseconds since the epoch. */
  readonly addedAt: number;
  readonly expiresAt?: number | undefined;
}

const NAME = { kind: 'aws', name: 'default' };

/** Needs no key and no keychain. */
export async function findAwsSummary(records: Pick<SealedRecords, 'list'>): Promise<AwsSummary | undefined> {
  const found = (await records.list(NAME.kind)).find(({ name }) => name === NAME.name);
  if (found === undefined) return undefined;
  const { access_key: accessKey, temporary, region, added, expires } = found.fields;
  return {
    accessKey: typeof accessKey === 'string' ? accessKey : '',
    isTemporary: temporary === true,
    addedAt: typeof added === 'number' ? added : 0,
    ...(typeof region === 'string' ? { region } : {}),
    ...(typeof expires === 'number' ? { expiresAt: expires } : {}),
  };
}

export async function readAwsRecord(
  records: Pick<SealedRecords, 'list' | 'read'>,
): Promise<AwsRecord | undefined> {
  const content = parseJson((await records.read(NAME)) ?? '');
  if (!isRecord(content)) return undefined;
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, session_token: token } = content;
  if (typeof accessKeyId !== 'string' || typeof secretAccessKey !== 'string') return undefined;
  const region = (await findAwsSummary(records))?.region;
  return {
    accessKeyId,
    secretAccessKey,
    ...(typeof token === 'string' ? { sessionToken: token } : {}),
    ...(region === undefined ? {} : { region }),
  };
}

/**
 * Where AWS is asked, as it is written, and what says so. Needs no key, and where the environment says it, no file.
 */
export async function findAwsRegion({
  env,
  records,
}: {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asked only where the environment does not say it. */
  readonly records: () => Promise<SealedRecords>;
}): Promise<{ readonly region: string; readonly from: string } | undefined> {
  for (const from of ['AWS_REGION', 'AWS_DEFAULT_REGION']) {
    const region = env[from];
    if (region !== undefined) return { region, from };
  }
  const region = (await findAwsSummary(await records()))?.region;
  return region === undefined ? undefined : { region, from: 'mira aws set' };
}

/** Makes the record or takes the place of the one there is. */
export async function writeAwsRecord(
  records: SealedRecords,
  {
    record,
    dates,
  }: { readonly record: AwsRecord; readonly dates: Pick<AwsSummary, 'addedAt' | 'expiresAt'> },
): Promise<void> {
  const { accessKeyId, secretAccessKey, sessionToken, region } = record;
  await records.write({
    ...NAME,
    fields: {
      access_key: shortKeyId(accessKeyId),
      temporary: sessionToken !== undefined,
      added: dates.addedAt,
      ...(region === undefined ? {} : { region }),
      ...(dates.expiresAt === undefined ? {} : { expires: dates.expiresAt }),
    },
    value: JSON.stringify({
      access_key_id: accessKeyId,
      secret_access_key: secretAccessKey,
      ...(sessionToken === undefined ? {} : { session_token: sessionToken }),
    }),
  });
}

/** False when there was none. */
export function removeAwsRecord(records: SealedRecords): Promise<boolean> {
  return records.remove(NAME);
}

/** An access key id is no secret, but enough of it to tell two apart is enough to show. */
export function shortKeyId(accessKeyId: string): string {
  return `${accessKeyId.slice(0, 4)}…${accessKeyId.slice(-4)}`;
}

/** The variables every tool of AWS reads. */
export function awsVariables({
  accessKeyId,
  secretAccessKey,
  sessionToken,
  region,
}: AwsRecord): Readonly<Record<string, string>> {
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken }),
    ...(region === undefined ? {} : { AWS_REGION: region, AWS_DEFAULT_REGION: region }),
  };
}
