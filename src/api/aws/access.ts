/** What requests to AWS are made with: a credential, a region, and the addresses of the services there. */

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary keys only. */
  readonly sessionToken?: string | undefined;
}

interface CredentialOrigin {
  /** Where it came from, for a person: "AWS_ACCESS_KEY_ID", "mira aws set". */
  readonly source: string;
  /** The command that mends a refused credential. */
  readonly mend: string;
}

export type AwsCredential = CredentialOrigin &
  /** Keys sign each request; a Bedrock API key goes into it, and is for Bedrock alone. */
  (({ readonly kind: 'keys' } & AwsKeys) | { readonly kind: 'token'; readonly token: string });

export type AwsService = 'sts' | 'bedrock' | 'bedrock-runtime';

export interface AwsAccess {
  readonly credential: AwsCredential;
  readonly region: string;
  readonly endpoints: Readonly<Record<AwsService, URL>>;
}
