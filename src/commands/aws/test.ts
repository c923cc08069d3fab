import type { Aws } from '../../api/aws.ts';
import { requireAwsRegion } from '../../api/aws/endpoint.ts';
import type { CallerIdentity } from '../../api/aws/identity.ts';
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { shortKeyId } from '../../vault/aws-record.ts';
import { valueCommand } from '../define.ts';
import { connectAws } from './connect-aws.ts';
import { requireAwsAccess } from './require-access.ts';
import { skewSeconds, warnOfSkew } from './skew.ts';

const options = {
  bedrock: {
    kind: 'flag',
    flags: '--bedrock',
    summary: 'ask whether the models of Bedrock can be listed too',
  },
  model: {
    kind: 'text',
    flags: '--model <id>',
    summary: 'ask this model of Bedrock for one token, which costs a little',
  },
  region: { kind: 'text', flags: '--region <region>', summary: 'ask in this region' },
} as const;

interface Tested {
  /** Undefined for a Bedrock API key, which only Bedrock knows. */
  readonly identity: CallerIdentity | undefined;
  readonly region: string;
  readonly source: string;
  /** The access key id, shortened; undefined for a Bedrock API key. */
  readonly accessKey: string | undefined;
  readonly skewS: number | undefined;
  readonly list: Listed | undefined;
  readonly model: Answered | undefined;
}

type Listed = { readonly models: number } | { readonly error: MiraError };
type Answered = { readonly id: string; readonly error: MiraError | undefined };

export const test = valueCommand<typeof options, Tested>({
  summary: 'Ask AWS whose keys these are, and what Bedrock lets them do',
  description:
    'Ask AWS whose the keys are, which takes no permission: account and identity, and how far the clock of this machine is ahead of theirs (clock_skew_s; negative when it is behind). ' +
    'The keys are those of the environment, otherwise those that mira aws set keeps.',
  options,
  examples: [
    { command: 'mira aws test', shows: 'account, identity, region, clock' },
    { command: 'mira aws test --bedrock', shows: 'whether models can be listed' },
    { command: 'mira aws test --model us.amazon.nova-micro-v1:0', shows: 'whether that model answers' },
  ],
  run: async (context, { options: { bedrock, model, region } }) => {
    const access = await requireAwsAccess(context, {
      takesToken: bedrock || model !== undefined,
      region: region === undefined ? undefined : requireAwsRegion(region, '--region'),
    });
    const aws = await connectAws(context, { access });
    const { credential } = access;
    const isKeys = credential.kind === 'keys';
    const identity = isKeys ? await aws.identity({ signal: context.signal, totalMs: MOST_MS }) : undefined;
    const list = bedrock ? await listModels(context, aws) : undefined;
    const answered = model === undefined ? undefined : await askModel(context, { aws, id: model });
    warnOfSkew(context, aws);
    return {
      identity,
      region: access.region,
      source: credential.source,
      accessKey: isKeys ? shortKeyId(credential.accessKeyId) : undefined,
      skewS: skewSeconds(aws),
      list,
      model: answered,
    };
  },
  human: (tested, style) =>
    rowsOf(tested)
      .map(([name, value]) => `${style.dim(name.padEnd(8))} ${value}`)
      .join('\n'),
  json: ({ identity, region, source, accessKey, skewS, list, model }) => ({
    schema: 'mira.aws.test/1',
    account: identity?.account ?? null,
    arn: identity?.arn ?? null,
    region,
    clock_skew_s: skewS ?? null,
    source,
    ...(accessKey === undefined ? {} : { access_key: accessKey }),
    ...(list === undefined && model === undefined
      ? {}
      : { bedrock: { ...listJson(list), ...(model === undefined ? {} : { model: modelJson(model) }) } }),
  }),
  failure: ({ list, model }) => {
    if (model?.error !== undefined) return model.error;
    // Whoever may ask models often may not list them.
    return list !== undefined && 'error' in list && list.error.code !== 'forbidden' ? list.error : undefined;
  },
});

const MOST_MS = 30_000;

async function listModels(context: Context, aws: Aws): Promise<Listed> {
  try {
    return { models: (await aws.models({ signal: context.signal, totalMs: MOST_MS })).length };
  } catch (error) {
    if (!(error instanceof MiraError) || context.signal.aborted) throw error;
    if (error.code === 'forbidden')
      context.warn(`${error.message} Models that are asked by name may answer all the same.`);
    return { error };
  }
}

const MODEL_MS = 60_000;

async function askModel(
  context: Context,
  { aws, id }: { readonly aws: Aws; readonly id: string },
): Promise<Answered> {
  const input = {
    modelId: id,
    messages: [{ role: 'user' as const, content: [{ text: 'hi' }] }],
    inferenceConfig: { maxTokens: 1 },
  };
  try {
    await aws.converse({ input, call: { signal: context.signal, totalMs: MODEL_MS } });
    return { id, error: undefined };
  } catch (error) {
    if (!(error instanceof MiraError) || context.signal.aborted) throw error;
    return { id, error };
  }
}

function rowsOf({
  identity,
  region,
  source,
  accessKey,
  skewS,
  list,
  model,
}: Tested): readonly [string, string][] {
  const rows: [string, string][] = [];
  if (identity !== undefined) rows.push(['Account', identity.account], ['Identity', identity.arn]);
  rows.push(['Key', `${accessKey ?? 'a Bedrock API key'}, from ${source}`], ['Region', region]);
  if (skewS !== undefined) rows.push(['Clock', clockWords(skewS)]);
  if (list !== undefined)
    rows.push([
      'Models',
      'error' in list ? 'cannot be listed' : `${list.models} can be asked: mira models -p bedrock`,
    ]);
  if (model !== undefined)
    rows.push(['Model', `${model.id} ${model.error === undefined ? 'answers' : 'does not answer'}`]);
  return rows;
}

function clockWords(skewS: number): string {
  if (skewS === 0) return 'the same as theirs';
  return `${Math.abs(skewS)} s ${skewS > 0 ? 'ahead of' : 'behind'} theirs`;
}

function listJson(list: Listed | undefined): Readonly<Record<string, unknown>> {
  if (list === undefined) return {};
  return 'error' in list
    ? { can_list: false, reason: { code: list.error.code, message: list.error.message } }
    : { can_list: true, models: list.models };
}

function modelJson({ id, error }: Answered): Readonly<Record<string, unknown>> {
  return {
    id,
    answered: error === undefined,
    ...(error === undefined ? {} : { reason: { code: error.code, message: error.message } }),
  };
}
