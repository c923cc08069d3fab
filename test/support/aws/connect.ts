/** The AWS of the program, asking the double. */
import { createAws } from '../../../src/api/aws.ts';
import type { Aws, AwsOptions } from '../../../src/api/aws.ts';
import type { AwsKeys } from '../../../src/api/aws/access.ts';
import { openHttp } from '../../unit/api/open-http.ts';
import type { AwsDouble } from './start-aws.ts';

type Credential = { readonly kind: 'token'; readonly token: string } | ({ readonly kind: 'keys' } & AwsKeys);

export interface Connecting extends Partial<Pick<AwsOptions, 'http' | 'now'>> {
  readonly region?: string | undefined;
  /** The keys of the double unless said otherwise. */
  readonly credential?: Credential | undefined;
}

export function connect(double: AwsDouble, connecting: Connecting = {}): Aws {
  const { region = double.region, credential, http = openHttp(), now = Date.now } = connecting;
  const address = new URL(double.origin);
  const used: Credential = credential ?? { kind: 'keys', ...double.keys };
  return createAws({
    http,
    now,
    access: {
      credential: { ...used, source: 'AWS_ACCESS_KEY_ID', mend: 'mira aws set' },
      region,
      endpoints: { sts: address, bedrock: address, 'bedrock-runtime': address },
    },
  });
}
