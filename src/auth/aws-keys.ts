/** What can be said of keys of AWS without asking AWS. */
import { MiraError } from '../errors.ts';
import { findKeyFamily, requireKeyText } from './key-format.ts';

export interface AwsKeyTexts {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface AwsKeyUse {
  /** Where each came from: "AWS_ACCESS_KEY_ID", "standard input". */
  readonly sources: Readonly<Record<keyof AwsKeyTexts, string>>;
  /** Keys of AWS itself, whose shape is certain; other services that speak its protocols give out others. */
  readonly isDocumented: boolean;
  /** They go to an address of one's own: what AWS would not take may be taken there. */
  readonly isElsewhere?: boolean | undefined;
}

/**
 * @throws MiraError `malformed_key` (2), `credential_missing` (4) for temporary keys without their session token;
 *   never repeats a value
 */
export function requireAwsKeys<T extends AwsKeyTexts>(keys: T, use: AwsKeyUse): T {
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  const { sources } = use;
  requireKeyText(accessKeyId, sources.accessKeyId);
  requireKeyText(secretAccessKey, sources.secretAccessKey);
  if (sessionToken !== undefined) requireKeyText(sessionToken, sources.sessionToken);
  const flaw = findIdFlaw(keys, use);
  if (flaw !== undefined) {
    throw new MiraError('malformed_key', `The access key id from ${sources.accessKeyId} ${flaw}.`, {
      hint: 'An access key id is `AKIA` or `ASIA` and 16 capital letters or digits.',
    });
  }
  if (isWrongSecret(keys, use)) {
    throw new MiraError(
      'malformed_key',
      `The secret access key from ${sources.secretAccessKey} ${secretFlaw(secretAccessKey)}.`,
      { hint: 'A secret access key is 40 letters, digits, "/" and "+".' },
    );
  }
  if (accessKeyId.startsWith('ASIA') && sessionToken === undefined) {
    throw new MiraError(
      'credential_missing',
      `The access key id from ${sources.accessKeyId} is a temporary one (ASIA…), which needs its session token.`,
      { hint: `Give the session token too (${sources.sessionToken}); it was given out with the key.` },
    );
  }
  if (accessKeyId.startsWith('AKIA') && sessionToken !== undefined && use.isElsewhere !== true) {
    throw new MiraError(
      'malformed_key',
      `The access key id from ${sources.accessKeyId} is a lasting one (AKIA…), which has no session token.`,
      { hint: `Leave the session token out (${sources.sessionToken}): it belongs to other keys.` },
    );
  }
  return keys;
}

const ID_SHAPE = /^(?:AKIA|ASIA)[A-Z0-9]{16}$/;
const SECRET_SHAPE = /^[A-Za-z0-9/+]{40}$/;

// Keys of AWS with a slip in them, rather than keys of a service that gives out others.
const NEARLY_ID = /^(?:AKIA|ASIA)[A-Z0-9]{12,20}$/i;
const NEARLY_SECRET = /^[A-Za-z0-9/+]{36,44}$/;

function findIdFlaw(
  { accessKeyId: id, secretAccessKey }: AwsKeyTexts,
  { isDocumented }: AwsKeyUse,
): string | undefined {
  const family = findKeyFamily(id);
  if (family !== undefined && family.id !== 'aws') return `looks like ${family.label}`;
  if (ID_SHAPE.test(id)) return undefined;
  if (!isDocumented && !NEARLY_ID.test(id) && !ID_SHAPE.test(secretAccessKey)) return undefined;
  if (SECRET_SHAPE.test(id)) return 'looks like a secret access key';
  if (ID_SHAPE.test(id.toUpperCase())) return 'has small letters in it';
  return family === undefined ? 'begins with neither AKIA nor ASIA' : `has ${id.length} characters, not 20`;
}

function isWrongSecret({ accessKeyId, secretAccessKey }: AwsKeyTexts, { isDocumented }: AwsKeyUse): boolean {
  if (SECRET_SHAPE.test(secretAccessKey)) return false;
  return isDocumented || (ID_SHAPE.test(accessKeyId) && looksMeant(secretAccessKey));
}

function looksMeant(secret: string): boolean {
  return NEARLY_SECRET.test(secret) || ID_SHAPE.test(secret);
}

function secretFlaw(secret: string): string {
  if (findKeyFamily(secret)?.id === 'aws') return 'looks like an access key id';
  return secret.length === 40
    ? 'has characters in it that none has'
    : `has ${secret.length} characters, not 40`;
}
