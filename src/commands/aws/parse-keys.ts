/**
 * Keys of AWS in the texts that they come in: the JSON of `aws configure export-credentials`, `aws sts get-session-token`
 * and `aws iam create-access-key`, lines of NAME=VALUE as for a shell, a section of ~/.aws/credentials, the file that the
 * console of AWS gives out (accessKeys.csv), or each by itself on a line, in the order in which they are asked for.
 */
import { MiraError } from '../../errors.ts';
import { isRecord, parseJson } from '../../json.ts';

export interface GivenKeys {
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly sessionToken?: string | undefined;
  readonly region?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number | undefined;
}

/** @throws MiraError `invalid_input` for a text in none of these forms, or with more than one set of keys; never quotes it */
export function parseAwsKeys(text: string): GivenKeys {
  const trimmed = text.trim();
  const pairs = trimmed.startsWith('{') ? pairsOfJson(parseJson(trimmed)) : pairsOfLines(trimmed);
  const found = new Map<string, string>();
  for (const [name, value] of pairs) {
    const part = PARTS[plain(name)];
    if (part === undefined || value === '') continue;
    const before = found.get(part);
    if (before !== undefined && before !== value) throw severalKeys();
    found.set(part, value);
  }
  if (!found.has('accessKeyId') && !found.has('secretAccessKey')) throw unreadable();
  const expiresAt = Date.parse(found.get('expiration') ?? '');
  return {
    accessKeyId: found.get('accessKeyId'),
    secretAccessKey: found.get('secretAccessKey'),
    sessionToken: found.get('sessionToken'),
    region: found.get('region'),
    expiresAt: Number.isNaN(expiresAt) ? undefined : expiresAt,
  };
}

type Pairs = readonly (readonly [name: string, value: string])[];

/** Of the object itself, and of those in it: commands of AWS put the keys one level down. */
function pairsOfJson(value: unknown): Pairs {
  if (!isRecord(value)) throw unreadable();
  const texts = (fields: Readonly<Record<string, unknown>>): Pairs =>
    Object.entries(fields).flatMap(([name, one]) => (typeof one === 'string' ? [[name, one]] : []));
  return [...texts(value), ...Object.values(value).filter(isRecord).flatMap(texts)];
}

function pairsOfLines(text: string): Pairs {
  const lines = text.split(/\r?\n/);
  const pairs = lines.flatMap((line): Pairs => {
    const [, name, value = ''] = LINE.exec(line) ?? FISH.exec(line) ?? [];
    return name === undefined ? [] : [[name, unquoted(value)]];
  });
  if (pairs.some(([name]) => plain(name) in PARTS)) return pairs;
  return pairsOfTable(lines) ?? pairsOfValues(lines) ?? [];
}

/** As for sh, for cmd and PowerShell, and as in a file of settings; a comment may stand behind. */
const LINE = /^\s*(?:export\s+|set\s+|\$env:)?([a-z_]+)\s*=\s*(.*?)\s*;?\s*(?:\s#.*)?$/i;
const FISH = /^\s*set\s+-\w+\s+([a-z_]+)\s+(.*?)\s*;?\s*$/i;

function pairsOfTable([head = '', ...rows]: readonly string[]): Pairs | undefined {
  const cells = (row: string): readonly string[] => row.split(',').map((cell) => unquoted(cell.trim()));
  const names = cells(head);
  if (!names.some((name) => plain(name) in PARTS)) return undefined;
  return rows.flatMap((row) => cells(row).map((cell, at) => [names[at] ?? '', cell] as const));
}

function pairsOfValues(lines: readonly string[]): Pairs | undefined {
  const [id = '', secret, ...more] = lines.map((line) => line.trim()).filter((line) => line !== '');
  if (!/^A[KS]IA[A-Z0-9]+$/.test(id) || secret === undefined) return undefined;
  const others = more.map((value) => [REGION.test(value) ? 'region' : 'session_token', value] as const);
  return [['access_key_id', id], ['secret_access_key', secret], ...others];
}

const REGION = /^[a-z]{2}(?:-[a-z]+)+-\d{1,2}$/;

function unquoted(value: string): string {
  return /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[_ ]/g, '').replace(/^aws/, '');
}

const PARTS: Readonly<Record<string, keyof GivenKeys | 'expiration'>> = {
  accesskeyid: 'accessKeyId',
  secretaccesskey: 'secretAccessKey',
  sessiontoken: 'sessionToken',
  securitytoken: 'sessionToken',
  region: 'region',
  defaultregion: 'region',
  expiration: 'expiration',
  credentialexpiration: 'expiration',
};

function severalKeys(): MiraError {
  return new MiraError('invalid_input', 'There is more than one set of keys in it.', {
    hint: 'Give one, for example: aws configure export-credentials --profile NAME | mira aws set',
  });
}

function unreadable(): MiraError {
  return new MiraError('invalid_input', 'There are no keys of AWS in it.', {
    hint: 'Give JSON (aws configure export-credentials | mira aws set), or lines like AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=….',
  });
}
