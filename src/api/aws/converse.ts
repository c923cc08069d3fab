import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';

import type { HttpResponse } from '../http.ts';
import { askAws, openAwsStream } from './aws-request.ts';
import type { AwsCall, AwsConnection } from './aws-request.ts';
import type { ConverseInput } from './converse-input.ts';

export interface Question {
  readonly input: ConverseInput;
  readonly call: AwsCall;
}

/** The answer as it begins, with any status of 2xx. @throws MiraError for every other */
export function openConverseStream(
  connection: AwsConnection,
  { input, call }: Question,
): Promise<HttpResponse> {
  const asked = { ...call, model: input.modelId };
  return openAwsStream({ connection, service: 'bedrock-runtime', call: asked }, (config) =>
    new BedrockRuntimeClient(config).send(new ConverseStreamCommand(input)),
  );
}

/** Asks for a whole answer, and says only that there was one. @throws MiraError */
export async function converse(connection: AwsConnection, { input, call }: Question): Promise<void> {
  const asked = { ...call, model: input.modelId };
  await askAws({ connection, service: 'bedrock-runtime', call: asked }, (config) =>
    new BedrockRuntimeClient(config).send(new ConverseCommand(input)),
  );
}
