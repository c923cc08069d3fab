/**
 * AWS, as far as mira asks it: STS, the lists of Bedrock, and Converse, on one port of this machine. It believes no
 * request whose signature, time, region or session token is wrong, and refuses each in the service's own form.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Environment } from '../run-mira.ts';
import { answer, FRAMES } from './frames.ts';
import { findScope, isSignedWith } from './signature.ts';
import type { SignedRequest } from './signature.ts';

export interface DoubleKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface AwsRequest extends SignedRequest {
  /** What was answered. */
  readonly status: number;
}

export interface Question {
  readonly modelId: string;
  readonly isStream: boolean;
  /** The fields of Converse, as sent. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly response: ServerResponse;
  /** Counts from 0 over the questions to models. */
  readonly index: number;
}

export interface AwsOptions {
  readonly region?: string | undefined;
  /** The clock of AWS. */
  readonly now?: (() => number) | undefined;
  /** Keys that expire, which these have. */
  readonly isExpired?: boolean | undefined;
  /** Temporary keys, with a session token. */
  readonly isTemporary?: boolean | undefined;
  /** What is not allowed: `bedrock:ListFoundationModels`. */
  readonly denied?: readonly string[] | undefined;
  /** Bedrock takes this from the answers' Date, so leaving it out keeps its time a secret. */
  readonly tellsTime?: boolean | undefined;
  readonly models?: readonly object[] | undefined;
  readonly profiles?: readonly object[] | undefined;
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
  /** Answers in place of the double, once the signature is good. */
  readonly converse?: ((question: Question) => void | Promise<void>) | undefined;
}

export interface AwsDouble extends AsyncDisposable {
  readonly origin: string;
  readonly port: number;
  readonly region: string;
  readonly keys: DoubleKeys;
  /** A Bedrock API key. */
  readonly apiKey: string;
  readonly requests: readonly AwsRequest[];
  /** Points mira here, with the keys. */
  readonly env: Environment;
  /** Points mira here, without a credential. */
  readonly place: Environment;
}

const ACCOUNT = '123456789012';
const ARN = `arn:aws:iam::${ACCOUNT}:user/somebody`;

/** Made for the occasion, in the format of AWS. */
export function createKeys({
  isTemporary = false,
}: { readonly isTemporary?: boolean | undefined } = {}): DoubleKeys {
  const letters = [...randomBytes(16)].map((byte) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.charAt(byte % 32));
  return {
    accessKeyId: (isTemporary ? 'ASIA' : 'AKIA') + letters.join(''),
    secretAccessKey: randomBytes(30).toString('base64'),
    ...(isTemporary ? { sessionToken: randomBytes(120).toString('base64') } : {}),
  };
}

export async function startAws(options: AwsOptions = {}): Promise<AwsDouble> {
  const { region = 'us-east-1' } = options;
  const keys = createKeys(options);
  const apiKey = `bedrock-api-key-${randomBytes(24).toString('base64url')}`;
  const requests: AwsRequest[] = [];
  const double = { ...options, region, keys, apiKey };
  let questions = 0;
  const answerTo = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await received(incoming);
    response.sendDate = false;
    if (options.tellsTime ?? true)
      response.setHeader('date', new Date((options.now ?? Date.now)()).toUTCString());
    response.setHeader('x-amzn-requestid', '0f5a-request');
    response.on('close', () => requests.push({ ...request, status: response.statusCode }));
    const fault = findFault(request, double);
    if (fault !== undefined) refuse(response, { ...fault, isXml: serviceOf(request) === 'sts' });
    else {
      const isQuestion = request.path.startsWith('/model/');
      await serve(request, response, { ...double, index: isQuestion ? questions++ : 0 });
    }
  };
  const listener = (incoming: IncomingMessage, response: ServerResponse): void =>
    void answerTo(incoming, response);
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  const port = await listening(server);
  const host = options.tls === undefined ? '127.0.0.1' : 'localhost';
  const origin = `${options.tls === undefined ? 'http' : 'https'}://${host}:${port}`;
  const place = { AWS_ENDPOINT_URL: origin, AWS_REGION: region, AWS_EC2_METADATA_DISABLED: 'true' };
  return {
    origin,
    port,
    region,
    keys,
    apiKey,
    requests,
    place,
    env: {
      ...place,
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      ...(keys.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: keys.sessionToken }),
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function received(incoming: IncomingMessage): Promise<SignedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, [value].flat().join(',')]),
  );
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

type Double = AwsOptions & Pick<AwsDouble, 'region' | 'keys' | 'apiKey'>;

interface Fault {
  readonly status: number;
  readonly name: string;
  readonly message: string;
}

function serviceOf({ method, path }: SignedRequest): 'sts' | 'bedrock' {
  return method === 'POST' && path === '/' ? 'sts' : 'bedrock';
}

const MINUTE_MS = 60_000;

function findFault(request: SignedRequest, double: Double): Fault | undefined {
  const { keys, region } = double;
  const isSts = serviceOf(request) === 'sts';
  const refused = (sts: string, bedrock: string, message: string): Fault => ({
    status: 403,
    name: isSts ? sts : bedrock,
    message,
  });
  const authorization = request.headers['authorization'] ?? '';
  if (authorization.startsWith('Bearer ') && !isSts) {
    return authorization === `Bearer ${double.apiKey}`
      ? undefined
      : refused(
          '',
          'AccessDeniedException',
          'Authentication failed: Please make sure your API Key is valid.',
        );
  }
  const scope = findScope(request);
  if (scope === undefined)
    return refused(
      'MissingAuthenticationToken',
      'MissingAuthenticationTokenException',
      'Missing Authentication Token',
    );
  const invalid = 'The security token included in the request is invalid.';
  if (scope.accessKeyId !== keys.accessKeyId || request.headers['x-amz-security-token'] !== keys.sessionToken)
    return refused('InvalidClientTokenId', 'UnrecognizedClientException', invalid);
  if (double.isExpired === true)
    return refused(
      'ExpiredToken',
      'ExpiredTokenException',
      'The security token included in the request is expired',
    );
  const now = (double.now ?? Date.now)();
  const limit = isSts ? 15 : 5;
  if (Math.abs(scope.signedAt - now) > limit * MINUTE_MS) {
    const [signed, here] = [scope.signedAt, now].map(compact);
    const message =
      scope.signedAt < now
        ? `Signature expired: ${signed} is now earlier than ${compact(now - limit * MINUTE_MS)} (${here} - ${limit} min.)`
        : `Signature not yet current: ${signed} is still later than ${compact(now + limit * MINUTE_MS)} (${here} + ${limit} min.)`;
    return refused('SignatureDoesNotMatch', 'InvalidSignatureException', message);
  }
  if (scope.region !== region)
    return refused(
      'SignatureDoesNotMatch',
      'InvalidSignatureException',
      `Credential should be scoped to a valid region, not '${scope.region}'. `,
    );
  if (scope.service !== serviceOf(request))
    return refused(
      'SignatureDoesNotMatch',
      'InvalidSignatureException',
      `Credential should be scoped to correct service: '${serviceOf(request)}'. `,
    );
  if (!isSignedWith(keys.secretAccessKey, request))
    return refused(
      'SignatureDoesNotMatch',
      'InvalidSignatureException',
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    );
  const action = actionOf(request);
  if (double.denied?.includes(action) !== true) return undefined;
  return refused(
    'AccessDenied',
    'AccessDeniedException',
    `User: ${ARN} is not authorized to perform: ${action} because no identity-based policy allows the ${action} action`,
  );
}

function compact(time: number): string {
  return `${new Date(time).toISOString().replace(/[-:]|\.\d+/g, '')}`;
}

function actionOf({ path }: SignedRequest): string {
  if (path.startsWith('/foundation-models')) return 'bedrock:ListFoundationModels';
  if (path.startsWith('/inference-profiles')) return 'bedrock:ListInferenceProfiles';
  if (path.endsWith('/converse-stream')) return 'bedrock:InvokeModelWithResponseStream';
  return path.endsWith('/converse') ? 'bedrock:InvokeModel' : 'sts:GetCallerIdentity';
}

/** Ends the answer with an error in the form of the service. */
export function refuse(
  response: ServerResponse,
  fault: Fault & { readonly isXml?: boolean | undefined },
): void {
  const { status, name, message } = fault;
  if (fault.isXml === true) {
    response.writeHead(status, { 'content-type': 'text/xml' });
    response.end(
      `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n  <Error>\n    <Type>Sender</Type>\n    <Code>${name}</Code>\n    <Message>${message}</Message>\n  </Error>\n  <RequestId>0f5a-request</RequestId>\n</ErrorResponse>\n`,
    );
    return;
  }
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-amzn-errortype': `${name}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
  });
  response.end(JSON.stringify({ message }));
}

const MODELS: readonly object[] = [
  {
    modelId: 'amazon.tiny-v1:0',
    providerName: 'Amazon',
    outputModalities: ['TEXT'],
    inferenceTypesSupported: ['ON_DEMAND'],
  },
  {
    modelId: 'amazon.painter-v1',
    providerName: 'Amazon',
    outputModalities: ['IMAGE'],
    inferenceTypesSupported: ['ON_DEMAND'],
  },
  {
    modelId: 'anthropic.claude-v9:0',
    providerName: 'Anthropic',
    outputModalities: ['TEXT'],
    inferenceTypesSupported: ['INFERENCE_PROFILE'],
  },
];

const PROFILES: readonly object[] = [
  {
    inferenceProfileName: 'US Claude 9',
    inferenceProfileId: 'us.anthropic.claude-v9:0',
    inferenceProfileArn: `arn:aws:bedrock:us-east-1:${ACCOUNT}:inference-profile/us.anthropic.claude-v9:0`,
    models: [{ modelArn: 'arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v9:0' }],
    status: 'ACTIVE',
    type: 'SYSTEM_DEFINED',
  },
];

async function serve(
  request: SignedRequest,
  response: ServerResponse,
  double: Double & { readonly index: number },
): Promise<void> {
  const { models = MODELS, profiles = PROFILES } = double;
  const json = (value: object): void => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
  const [, modelId = '', kind = ''] = /^\/model\/([^/]+)\/(converse(?:-stream)?)$/.exec(request.path) ?? [];
  if (serviceOf(request) === 'sts' && request.body.includes('Action=GetCallerIdentity')) {
    response.writeHead(200, { 'content-type': 'text/xml' });
    response.end(
      `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>${ARN}</Arn><UserId>AIDA</UserId><Account>${ACCOUNT}</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>0f5a-request</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
    );
  } else if (request.path.startsWith('/foundation-models')) json({ modelSummaries: models });
  else if (request.path.startsWith('/inference-profiles')) json(pageOf(profiles, request.path));
  else if (kind !== '') {
    const question = {
      modelId: decodeURIComponent(modelId),
      isStream: kind === 'converse-stream',
      input: JSON.parse(request.body),
      response,
      index: double.index,
    };
    if (double.converse === undefined) answerQuestion(question);
    else await double.converse(question);
  } else refuse(response, { status: 404, name: 'UnknownOperationException', message: 'Unknown operation' });
}

/** Two at a time, whatever is asked for. */
function pageOf(profiles: readonly object[], path: string): object {
  const from = Number(/nextToken=(\d+)/.exec(path)?.[1] ?? 0);
  const next = from + 2 < profiles.length ? { nextToken: String(from + 2) } : {};
  return { inferenceProfileSummaries: profiles.slice(from, from + 2), ...next };
}

/** Says who was asked. */
export function answerQuestion(
  { modelId, isStream, response }: Question,
  words = `${modelId} heard you.`,
): void {
  if (isStream) {
    response.writeHead(200, FRAMES);
    response.end(answer(words));
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({
      output: { message: { role: 'assistant', content: [{ text: words }] } },
      stopReason: 'end_turn',
      usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 },
      metrics: { latencyMs: 1 },
    }),
  );
}
