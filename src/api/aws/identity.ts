import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

import { MiraError } from '../../errors.ts';
import { askAws } from './aws-request.ts';
import type { AwsCall, AwsConnection } from './aws-request.ts';

export interface CallerIdentity {
  readonly account: string;
  readonly arn: string;
}

/** Whose keys these are; it takes no permission. @throws MiraError */
export async function readCallerIdentity(connection: AwsConnection, call: AwsCall): Promise<CallerIdentity> {
  const answer = await askAws({ connection, service: 'sts', call }, (config) =>
    new STSClient(config).send(new GetCallerIdentityCommand({})),
  );
  const { Account: account, Arn: arn } = answer;
  if (account !== undefined && arn !== undefined) return { account, arn };
  const { host } = connection.access.endpoints.sts;
  throw new MiraError('malformed_response', `${host} does not say whose keys these are.`, {
    hint: 'Check the address (AWS_ENDPOINT_URL_STS).',
  });
}
