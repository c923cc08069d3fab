import { requireAwsKeys } from '../../auth/aws-keys.ts';
import type { AwsKeyTexts } from '../../auth/aws-keys.ts';
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { readValue } from '../tokens/read-value.ts';
import { parseAwsKeys } from './parse-keys.ts';
import type { GivenKeys } from './parse-keys.ts';

export interface ReadKeys extends AwsKeyTexts, Pick<GivenKeys, 'region' | 'expiresAt'> {
  /** For a sentence: "the prompt". */
  readonly source: string;
}

/**
 * Keys typed unseen, each by itself or all pasted at once, or read from stdin; checked as far as that goes here.
 * @param isDocumented as `requireAwsKeys` takes it
 * @throws MiraError what `readValue`, `parseAwsKeys` and `requireAwsKeys` throw
 */
export async function readKeys(context: Context, isDocumented: boolean): Promise<ReadKeys> {
  const { keys, source } = await read(context);
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  for (const secret of [secretAccessKey, sessionToken]) if (secret !== undefined) context.keepOut(secret);
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    const missing = accessKeyId === undefined ? 'access key id' : 'secret access key';
    throw new MiraError('invalid_input', `There is no ${missing} in what came from ${source}.`, {
      hint: 'Both are needed: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    });
  }
  const sources = { accessKeyId: source, secretAccessKey: source, sessionToken: source };
  return {
    ...keys,
    ...requireAwsKeys({ accessKeyId, secretAccessKey, sessionToken }, { sources, isDocumented }),
    source,
  };
}

const COMMAND = 'mira aws set';

async function read(context: Context): Promise<{ readonly keys: GivenKeys; readonly source: string }> {
  const first = await readValue(context, { question: 'Access key id:', command: COMMAND });
  const { source } = first;
  const isDocument = !context.io.stdin.isTerminal || /[{=]/.test(first.value);
  if (isDocument) return { keys: parseAwsKeys(first.value), source };
  const ask = async (question: string): Promise<string> =>
    (await readValue(context, { question, command: COMMAND })).value.trim();
  const accessKeyId = first.value.trim();
  const secretAccessKey = await ask('Secret access key:');
  const isTemporary = accessKeyId.startsWith('ASIA');
  const sessionToken = isTemporary ? await ask('Session token:') : undefined;
  return { keys: { accessKeyId, secretAccessKey, sessionToken }, source };
}
