/**
 * Which credential of AWS is used, in which region, at which addresses: the environment first, then what
 * `mira aws set` keeps. Nothing else is looked at: no files of ~/.aws, no metadata of a machine.
 */
import type { AwsAccess, AwsCredential } from '../../api/aws/access.ts';
import { awsEndpoint, endpointSource, requireAwsRegion } from '../../api/aws/endpoint.ts';
import { requireAwsKeys } from '../../auth/aws-keys.ts';
import { requireKeyText } from '../../auth/key-format.ts';
import { NO_CREDENTIAL } from '../../auth/service-key.ts';
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { findStoredKey } from '../services/stored-key.ts';
import { findAwsRegion, findAwsSummary, readAwsRecord } from '../../vault/aws-record.ts';

export interface AccessUse {
  /** A Bedrock API key does where nothing but Bedrock is asked. */
  readonly takesToken: boolean;
  /** In place of the one that is configured. */
  readonly region?: string | undefined;
  /** Nothing is sent, and nothing stored is read. */
  readonly mayLack?: boolean | undefined;
}

type World = Pick<Context, 'env' | 'vault' | 'keepOut' | 'now'>;

/** @throws MiraError `credential_missing`, `malformed_key`, `invalid_input`, `invalid_url`, and what opening the vault throws */
export async function requireAwsAccess(context: World, use: AccessUse): Promise<AwsAccess> {
  const credential = await requireCredential(context, use);
  const region = use.region ?? (await requireRegion(context));
  return { credential, region, endpoints: awsEndpoints(region, context.env) };
}

/** @throws MiraError `invalid_url` */
export function awsEndpoints(region: string, env: Context['env']): AwsAccess['endpoints'] {
  return {
    sts: awsEndpoint({ service: 'sts', region, env }),
    bedrock: awsEndpoint({ service: 'bedrock', region, env }),
    'bedrock-runtime': awsEndpoint({ service: 'bedrock-runtime', region, env }),
  };
}

async function requireCredential(context: World, use: AccessUse): Promise<AwsCredential> {
  const { env } = context;
  const found = fromEnvironment(env) ?? (use.takesToken ? tokenFromEnvironment(env) : undefined);
  if (found !== undefined) {
    kept(context, found);
    return found.kind === 'keys'
      ? requireAwsKeys(found, { sources: VARIABLES, isDocumented: false, isElsewhere: isElsewhere(env) })
      : { ...found, token: requireKeyText(found.token, found.source) };
  }
  const { records } = await context.vault();
  if ((await findAwsSummary(records)) !== undefined) {
    const keys = use.mayLack === true ? UNREAD : await readAwsRecord(records);
    if (keys !== undefined) return kept(context, { kind: 'keys', ...keys, ...STORED });
  }
  const token = use.takesToken ? await findStoredKey(context, { variable: BEDROCK_KEY }) : undefined;
  if (token !== undefined) {
    const { source, mend } = token;
    const value = use.mayLack === true ? UNREAD.secretAccessKey : await token.read();
    return kept(context, { kind: 'token', token: requireKeyText(value, source), source, mend });
  }
  if (use.mayLack === true) return { kind: 'token', token: NO_CREDENTIAL, ...STORED };
  throw missing(use);
}

const STORED = { source: 'mira aws set', mend: 'mira aws set' };
const BEDROCK_KEY = 'AWS_BEARER_TOKEN_BEDROCK';

/** Stands for what is kept, in what is shown and never sent. */
const UNREAD = { accessKeyId: 'unread', secretAccessKey: 'unread' };

function isElsewhere(env: Context['env']): boolean {
  return endpointSource('bedrock-runtime', env) !== undefined;
}

/** Secrets that have been read are printed nowhere. */
function kept({ keepOut }: World, credential: AwsCredential): AwsCredential {
  secretsOf(credential).forEach(keepOut);
  return credential;
}

function missing({ takesToken }: AccessUse): MiraError {
  return new MiraError(
    'credential_missing',
    'There are no keys for AWS: AWS_ACCESS_KEY_ID is not set, and none are stored.',
    {
      hint: `Keep some with: mira aws set${takesToken ? '; a Bedrock API key goes into AWS_BEARER_TOKEN_BEDROCK' : ''}`,
      next: [{ command: 'mira aws set', why: 'test keys of AWS and keep them' }],
    },
  );
}

const VARIABLES = {
  accessKeyId: 'AWS_ACCESS_KEY_ID',
  secretAccessKey: 'AWS_SECRET_ACCESS_KEY',
  sessionToken: 'AWS_SESSION_TOKEN',
};

/** @throws MiraError `credential_missing` where one half of a pair is set */
function fromEnvironment(env: Context['env']): AwsCredential | undefined {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: sessionToken } = env;
  if (id === undefined && secret === undefined) return undefined;
  if (id === undefined || secret === undefined) {
    const [set, other] =
      id === undefined ? ['SECRET_ACCESS_KEY', 'ACCESS_KEY_ID'] : ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY'];
    throw new MiraError('credential_missing', `AWS_${set} is set, but AWS_${other} is not.`, {
      hint: 'Set both, or neither to use what mira aws set keeps.',
    });
  }
  const mend =
    'read -r AWS_ACCESS_KEY_ID && read -rs AWS_SECRET_ACCESS_KEY && export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY';
  return {
    kind: 'keys',
    accessKeyId: id,
    secretAccessKey: secret,
    sessionToken,
    source: VARIABLES.accessKeyId,
    mend,
  };
}

function tokenFromEnvironment(env: Context['env']): AwsCredential | undefined {
  const source = BEDROCK_KEY;
  const token = env[source];
  if (token === undefined) return undefined;
  return { kind: 'token', token, source, mend: `read -rs ${source} && export ${source}` };
}

/** What must leave the machine in no text; a signature does not hold it. */
export function secretsOf(credential: AwsCredential): readonly string[] {
  if (credential.kind === 'token') return [credential.token];
  const { secretAccessKey, sessionToken } = credential;
  return sessionToken === undefined ? [secretAccessKey] : [secretAccessKey, sessionToken];
}

async function requireRegion(context: World): Promise<string> {
  const found = await findAwsRegion({
    env: context.env,
    records: async () => (await context.vault()).records,
  });
  if (found !== undefined) return requireAwsRegion(found.region, found.from);
  throw new MiraError('invalid_input', 'Which region of AWS? AWS_REGION is not set.', {
    hint: 'Set it, for example: export AWS_REGION=us-east-1; or keep it with the keys: mira aws set --region us-east-1',
  });
}
