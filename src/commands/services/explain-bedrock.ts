/** Where the credential for Bedrock would come from, and why: the same order as aws/require-access.ts. */
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { findAwsSummary } from '../../vault/aws-record.ts';
import { describeStored } from './describe-stored.ts';
import type { StoredFacts } from './describe-stored.ts';
import type { ServiceKeys } from './explain-services.ts';

const BEDROCK_KEY = 'AWS_BEARER_TOKEN_BEDROCK';

/** Reads neither a value nor a key. */
export async function explainBedrock(context: Context): Promise<ServiceKeys> {
  const { env } = context;
  const rows = [
    { source: 'AWS_ACCESS_KEY_ID', ...keysOf(env) },
    env[BEDROCK_KEY] === undefined
      ? { source: BEDROCK_KEY, present: false, detail: 'not set' }
      : { source: BEDROCK_KEY, present: true, detail: 'API key' },
    { source: 'vault', ...(await storedKeys(context)) },
  ];
  const chosen = rows.find(({ present }) => present)?.source;
  const sources = rows.map(({ source, present, detail }) => ({
    source,
    present,
    chosen: source === chosen,
    detail: present && source !== chosen ? `${detail}; ${chosen} comes first` : detail,
  }));
  return { service: 'bedrock', sources };
}

function keysOf(env: Context['env']): StoredFacts {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = env;
  if (id === undefined && secret === undefined) return { present: false, detail: 'not set' };
  if (secret === undefined)
    return { present: true, detail: 'AWS_SECRET_ACCESS_KEY, which belongs to it, is not set' };
  return {
    present: true,
    detail: id === undefined ? 'not set, but AWS_SECRET_ACCESS_KEY is' : 'keys of AWS',
  };
}

/** The keys of `mira aws set` come before a token for the variable of Bedrock's own keys. */
async function storedKeys(context: Context): Promise<StoredFacts> {
  try {
    const { records } = await context.vault();
    const summary = await findAwsSummary(records);
    return summary === undefined
      ? await describeStored(context, { variable: BEDROCK_KEY })
      : { present: true, detail: `the keys of AWS ${summary.accessKey} (mira aws set)` };
  } catch (error) {
    if (error instanceof MiraError) return { present: false, detail: error.message.replace(/\.$/, '') };
    throw error;
  }
}
