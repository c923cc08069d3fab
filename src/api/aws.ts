/** AWS, as far as mira asks it. Its clients are loaded with the first question to each service. */
import type { MiraError } from '../errors.ts';
import type { AwsAccess } from './aws/access.ts';
import { awsFailure } from './aws/aws-error.ts';
import type { AwsCall, AwsClock, AwsConnection } from './aws/aws-request.ts';
import type { Question } from './aws/converse.ts';
import type { CallerIdentity } from './aws/identity.ts';
import type { BedrockModel } from './aws/models.ts';
import type { Http, HttpResponse } from './http.ts';

export interface AwsOptions {
  readonly http: Http;
  readonly access: AwsAccess;
  readonly now: () => number;
}

/** Each call throws MiraError. */
export interface Aws {
  readonly access: AwsAccess;
  /** Whose keys these are; it takes no permission. */
  identity(call: AwsCall): Promise<CallerIdentity>;
  /** The models of Bedrock that write text, inference profiles included. */
  models(call: AwsCall): Promise<readonly BedrockModel[]>;
  /** A question whose answer does not matter. */
  converse(question: Question): Promise<void>;
  /** The answer as it begins, with a status of 2xx. */
  openConverseStream(question: Question): Promise<HttpResponse>;
  /** What was reported inside a stream that began well. */
  reportedError(fault: unknown, stream: ReportingStream): MiraError;
  /** The clock here less the clock of AWS as of the last answer, milliseconds; undefined before one that tells it. */
  readonly skewMs: number | undefined;
}

export interface ReportingStream {
  readonly response: Pick<HttpResponse, 'headers' | 'url'>;
  readonly model: string;
}

export function createAws({ http, access, now }: AwsOptions): Aws {
  const clock: AwsClock = { skewMs: undefined, correctionMs: 0 };
  const connection: AwsConnection = { http, access, now, clock };
  return {
    access,
    identity: async (call) => (await import('./aws/identity.ts')).readCallerIdentity(connection, call),
    models: async (call) => (await import('./aws/models.ts')).listBedrockModels(connection, call),
    converse: async (question) => (await import('./aws/converse.ts')).converse(connection, question),
    openConverseStream: async (question) =>
      (await import('./aws/converse.ts')).openConverseStream(connection, question),
    reportedError: (body, { response: { headers, url }, model }) =>
      awsFailure(
        { status: undefined, headers, url, body },
        { credential: access.credential, region: access.region, model, now: now() },
      ).error,
    get skewMs() {
      return clock.skewMs;
    },
  };
}
