import {
  BedrockClient,
  ListFoundationModelsCommand,
  ListInferenceProfilesCommand,
} from '@aws-sdk/client-bedrock';
import type { FoundationModelSummary, InferenceProfileSummary } from '@aws-sdk/client-bedrock';

import { askAws } from './aws-request.ts';
import type { AwsCall, AwsConnection } from './aws-request.ts';

export interface BedrockModel {
  /** What is asked: the id of a model, or of an inference profile. */
  readonly id: string;
  readonly ownedBy?: string | undefined;
}

/** A service that always says there is more is not believed for ever. */
const MOST_PAGES = 20;

/**
 * The models that write text: those that are asked by their own id, then the inference profiles, through which many
 * are asked alone.
 * @throws MiraError
 */
export async function listBedrockModels(
  connection: AwsConnection,
  call: AwsCall,
): Promise<readonly BedrockModel[]> {
  const found = await listFoundationModels(connection, call);
  const profiles = await listInferenceProfiles(connection, call);
  const byId = new Map(found.map((model) => [model.modelId, model]));
  return [
    ...found.filter((model) => writesText(model) && isOnDemand(model)).map((model) => fromModel(model)),
    ...profiles.flatMap((profile) => fromProfile(profile, byId)),
  ];
}

async function listFoundationModels(
  connection: AwsConnection,
  call: AwsCall,
): Promise<readonly FoundationModelSummary[]> {
  const answer = await askAws({ connection, service: 'bedrock', call }, (config) =>
    new BedrockClient(config).send(new ListFoundationModelsCommand({})),
  );
  return answer.modelSummaries ?? [];
}

async function listInferenceProfiles(
  connection: AwsConnection,
  call: AwsCall,
): Promise<readonly InferenceProfileSummary[]> {
  const profiles: InferenceProfileSummary[] = [];
  let after: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const command = new ListInferenceProfilesCommand({
      maxResults: 1000,
      ...(after === undefined ? {} : { nextToken: after }),
    });
    const answer = await askAws({ connection, service: 'bedrock', call }, (config) =>
      new BedrockClient(config).send(command),
    );
    profiles.push(...(answer.inferenceProfileSummaries ?? []));
    if (answer.nextToken === undefined || answer.nextToken === '' || answer.nextToken === after) break;
    after = answer.nextToken;
  }
  return profiles;
}

function writesText({ outputModalities }: FoundationModelSummary): boolean {
  return outputModalities === undefined || outputModalities.includes('TEXT');
}

function isOnDemand({ inferenceTypesSupported }: FoundationModelSummary): boolean {
  return inferenceTypesSupported === undefined || inferenceTypesSupported.includes('ON_DEMAND');
}

function fromModel({ modelId, providerName }: FoundationModelSummary): BedrockModel {
  return { id: modelId ?? '', ...(providerName === undefined ? {} : { ownedBy: providerName }) };
}

function fromProfile(
  profile: InferenceProfileSummary,
  models: ReadonlyMap<string | undefined, FoundationModelSummary>,
): readonly BedrockModel[] {
  const { inferenceProfileId: id, inferenceProfileArn: arn, status, type } = profile;
  const model = models.get(profile.models?.[0]?.modelArn?.split('/').at(-1));
  // A profile of one's own is asked by its ARN.
  const asked = type === 'APPLICATION' ? arn : id;
  if (asked === undefined || status === undefined || (model !== undefined && !writesText(model))) return [];
  return [{ id: asked, ...(model?.providerName === undefined ? {} : { ownedBy: model.providerName }) }];
}
