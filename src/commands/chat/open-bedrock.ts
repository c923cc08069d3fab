import type { ChatProvider } from '../../chat/provider.ts';
import { createBedrockProvider } from '../../chat/providers/bedrock.ts';
import type { Context } from '../../context.ts';
import { connectAws } from '../aws/connect-aws.ts';
import { requireAwsAccess, secretsOf } from '../aws/require-access.ts';
import type { Opening } from './open-provider.ts';
import { refusingValues } from './refuse-secrets.ts';

/** Throws like `requireAwsAccess`. */
export async function openBedrock(context: Context, choice: Opening): Promise<ChatProvider> {
  const access = await requireAwsAccess(context, { takesToken: true, mayLack: choice.mayLackKey });
  const aws = await connectAws(context, {
    access,
    guard:
      choice.allowSecrets === true ? undefined : (http) => refusingValues(http, secretsOf(access.credential)),
  });
  return createBedrockProvider({ aws, notice: context.notice, ...choice.patience });
}
