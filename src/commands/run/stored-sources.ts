/** What is stored and can be given to a program: the tokens, and the credentials of AWS under the label `aws`. */
import { MiraError } from '../../errors.ts';
import { findAwsSummary } from '../../vault/aws-record.ts';
import type { AwsSummary } from '../../vault/aws-record.ts';
import type { Source } from '../../vault/choose-variables.ts';
import type { Vault } from '../../vault/vault.ts';

/** A token may have the label all the same; then the credentials of AWS are not given. */
export const AWS_LABEL = 'aws';

export interface Stored {
  readonly sources: readonly Source[];
  /** The label stands for the credentials of AWS. */
  readonly hasAws: boolean;
}

/** Needs no key and no keychain. */
export async function readSources(vault: Vault): Promise<Stored> {
  const tokens = (await vault.list()).map(({ label, env, expiresAt }) => ({
    label,
    variables: [env],
    expiresAt,
  }));
  const aws = await findAwsSummary(vault.records);
  if (aws === undefined || tokens.some(({ label }) => label === AWS_LABEL))
    return { sources: tokens, hasAws: false };
  const record = { label: AWS_LABEL, variables: namesOf(aws), expiresAt: aws.expiresAt };
  return { sources: [...tokens, record], hasAws: true };
}

function namesOf({ isTemporary, region }: AwsSummary): readonly string[] {
  return [
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    ...(isTemporary ? ['AWS_SESSION_TOKEN'] : []),
    ...(region === undefined ? [] : ['AWS_REGION', 'AWS_DEFAULT_REGION']),
  ];
}

/**
 * They fill several variables, whose names the tools of AWS know; one name for all of them means nothing.
 * @throws MiraError `invalid_usage`
 */
export function refuseOtherNames(labels: readonly string[], { hasAws }: Stored): void {
  if (!hasAws || !labels.includes(AWS_LABEL)) return;
  throw new MiraError(
    'invalid_usage',
    'The credentials of AWS fill several variables, so they keep their names.',
    {
      hint: `Choose them with --only ${AWS_LABEL}.`,
    },
  );
}

/** With keys of their own, these would lead a program of AWS to another account or to a session that has ended. */
export const AWS_RIVALS: readonly string[] = [
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_CREDENTIAL_EXPIRATION',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_ROLE_ARN',
];
