import type { ConverseCommandInput } from '@aws-sdk/client-bedrock-runtime';

/** A question to a model, in the fields of Bedrock's Converse. */
export type ConverseInput = Pick<ConverseCommandInput, 'modelId' | 'messages' | 'system' | 'inferenceConfig'>;
