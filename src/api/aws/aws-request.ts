/**
 * One request to AWS: the AWS client puts it together and signs it, our own HTTP sends it, and what comes back other
 * than 2xx is told here. Nothing of the client's own surroundings is used: no chain of credentials, no instance
 * metadata, no files of ~/.aws, no retries, no HTTP/2.
 */
import type { BedrockRuntimeClientConfig } from '@aws-sdk/client-bedrock-runtime';

import { MiraError } from '../../errors.ts';
import { collected } from '../http/decode.ts';
import { MAX_JSON_BYTES } from '../http.ts';
import type { Http, HttpResponse } from '../http.ts';
import { parseHttpDate } from '../retry.ts';
import { errorText, readServiceError } from '../service-error.ts';
import type { AwsAccess, AwsKeys, AwsService } from './access.ts';
import { awsFailure } from './aws-error.ts';

/** What the requests of one `Aws` have in common. */
export interface AwsConnection {
  readonly http: Http;
  readonly access: AwsAccess;
  readonly now: () => number;
  readonly clock: AwsClock;
}

export interface AwsClock {
  /** The clock here less the clock of AWS as of the last answer, milliseconds; undefined before one that tells it. */
  skewMs: number | undefined;
  /** How much of it is taken off when a request is signed. */
  correctionMs: number;
}

export interface AwsCall {
  readonly signal: AbortSignal;
  /** For the whole exchange; none by default. */
  readonly totalMs?: number | undefined;
  readonly onSent?: (() => void) | undefined;
  /** The model that is asked. */
  readonly model?: string | undefined;
}

/** What every client is made with. */
export type ClientConfig = Pick<
  BedrockRuntimeClientConfig,
  | 'authSchemePreference'
  | 'credentials'
  | 'defaultsMode'
  | 'defaultUserAgentProvider'
  | 'disableClockSkewCorrection'
  | 'endpoint'
  | 'maxAttempts'
  | 'region'
  | 'requestHandler'
  | 'retryMode'
  | 'systemClockOffset'
  | 'token'
  | 'useDualstackEndpoint'
  | 'useFipsEndpoint'
  | 'userAgentAppId'
>;

interface Exchange {
  readonly connection: AwsConnection;
  readonly service: AwsService;
  readonly call: AwsCall;
}

/**
 * The client reads the answer, which is given whole.
 * @param send makes a client of the configuration and sends one command with it
 * @throws MiraError
 */
export function askAws<T>(exchange: Exchange, send: (config: ClientConfig) => Promise<T>): Promise<T> {
  return signedByTheirClock(exchange, (onClockRefused) =>
    send(
      configOf(exchange, async (request) => {
        const response = await sendRequest(exchange, { request, onClockRefused });
        return { ...response, body: await collected(response.bytes(MAX_JSON_BYTES)) };
      }),
    ),
  );
}

/**
 * The answer itself, unread: a stream is none of the client's business.
 * @param send as in `askAws`; what it gives is left
 * @throws MiraError
 */
export function openAwsStream(
  exchange: Exchange,
  send: (config: ClientConfig) => Promise<unknown>,
): Promise<HttpResponse> {
  return signedByTheirClock(exchange, async (onClockRefused) => {
    let answer: HttpResponse | undefined;
    await send(
      configOf(exchange, async (request) => {
        answer = await sendRequest(exchange, { request, onClockRefused });
        return { ...answer, body: NOTHING };
      }),
    );
    if (answer === undefined) throw new Error('the AWS client sent no request');
    return answer;
  });
}

const NOTHING = { async *[Symbol.asyncIterator]() {} };

/** A clock here that is wrong is met once with the clock that their answer tells. */
async function signedByTheirClock<T>(
  { connection: { access, clock }, service }: Exchange,
  attempt: (onClockRefused: () => void) => Promise<T>,
): Promise<T> {
  let isClock = false;
  try {
    return await attempt(() => (isClock = true));
  } catch (error) {
    if (!(error instanceof MiraError)) throw unreadable(access.endpoints[service], error);
    if (!isClock || clock.skewMs === undefined || isNear(clock.skewMs, clock.correctionMs)) throw error;
    clock.correctionMs = clock.skewMs;
  }
  return attempt(() => {});
}

const NEAR_MS = 60_000;

function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) < NEAR_MS;
}

/** What the client throws by itself comes from reading an answer of 2xx; its words may quote it. */
function unreadable(url: URL, cause: unknown): MiraError {
  return new MiraError('malformed_response', `${url.host} sent an answer that mira cannot read.`, {
    hint: 'Check the address, and whether a login page of this network is in between.',
    cause,
  });
}

/** What the client hands to whoever sends it. */
interface SignedRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>> | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly method: string;
  readonly body?: unknown;
}

interface Delivered extends Pick<HttpResponse, 'status' | 'headers'> {
  readonly body: unknown;
}

function configOf(
  { connection: { access, clock }, service }: Exchange,
  deliver: (request: SignedRequest) => Promise<Delivered>,
): ClientConfig {
  const { credential } = access;
  const requestHandler = {
    async handle(request: SignedRequest) {
      const { status, headers, body } = await deliver(request);
      return { response: { statusCode: status, headers: { ...headers }, body } };
    },
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
  };
  return {
    region: access.region,
    // The path of a request begins with a slash.
    endpoint: access.endpoints[service].href.replace(/\/+$/, ''),
    requestHandler,
    // Said explicitly, because AWS_BEARER_TOKEN_BEDROCK in the environment would be sent in place of the keys.
    ...(credential.kind === 'keys'
      ? { credentials: plainKeys(credential), authSchemePreference: ['sigv4'] }
      : { token: { token: credential.token }, authSchemePreference: ['httpBearerAuth'] }),
    systemClockOffset: -clock.correctionMs,
    disableClockSkewCorrection: false,
    maxAttempts: 1,
    // What is not said here the client would look for in the environment and in ~/.aws.
    retryMode: 'standard',
    defaultsMode: 'legacy',
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    userAgentAppId: '',
    defaultUserAgentProvider: async () => [],
  };
}

function plainKeys({ accessKeyId, secretAccessKey, sessionToken }: AwsKeys) {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

interface Sending {
  readonly request: SignedRequest;
  readonly onClockRefused: () => void;
}

/** @throws MiraError for every answer but 2xx */
async function sendRequest(
  { connection, service, call }: Exchange,
  { request, onClockRefused }: Sending,
): Promise<HttpResponse> {
  const { http, access, clock, now } = connection;
  const sentAt = now();
  const url = urlOf(request);
  const response = await http
    .request({
      url,
      method: request.method,
      headers: headersOf(request),
      body: bodyOf(request.body),
      signal: call.signal,
      totalMs: call.totalMs,
      onSent: call.onSent,
    })
    .catch((error: unknown) => {
      throw withRegionHint(error, { url, service, region: access.region });
    });
  const theirs = parseHttpDate(response.headers['date'] ?? '');
  if (theirs !== undefined) clock.skewMs = skew({ sentAt, answeredAt: now(), theirs });
  if (response.status >= 200 && response.status < 300) return response;
  if (response.status < 400) throw await readServiceError(response, { now: now() });
  const { status, headers } = response;
  const body = await errorText(response);
  const { credential, region } = access;
  const facts = { credential, region, model: call.model, skewMs: clock.skewMs, now: now() };
  const { error, isClock } = awsFailure({ status, headers, url, body }, facts);
  if (isClock) onClockRefused();
  throw error;
}

/** A region is part of the name of a host: one that there is not is a host that there is not. */
function withRegionHint(
  error: unknown,
  { url, service, region }: { readonly url: URL; readonly service: AwsService; readonly region: string },
): unknown {
  const isByRegion = url.hostname.startsWith(`${service}.${region}.`);
  if (!(error instanceof MiraError) || error.code !== 'dns_failed' || !isByRegion) return error;
  return error.with({
    hint: `Check the connection, and whether ${region} is a region of AWS that has this service (AWS_REGION).`,
  });
}

/** Their clock counts whole seconds, which it cuts off; it was read somewhere between question and answer. */
function skew(times: {
  readonly sentAt: number;
  readonly answeredAt: number;
  readonly theirs: number;
}): number {
  const { sentAt, answeredAt, theirs } = times;
  const earliest = sentAt - (theirs + 1000);
  const latest = answeredAt - theirs;
  if (earliest <= 0 && latest >= 0) return 0;
  return Math.round((earliest + latest) / 2);
}

/** Exactly as it was signed. */
function urlOf({ protocol, hostname, port, path, query }: SignedRequest): URL {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    [value].flat().map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(one ?? '')}`),
  );
  const search = pairs.length === 0 ? '' : `?${pairs.join('&')}`;
  return new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}${search}`);
}

/** Without those that our own HTTP sets: the signed ones, host and length, to the same. */
function headersOf({ headers }: SignedRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !OWN_HEADERS.includes(name.toLowerCase())),
  );
}

const OWN_HEADERS = ['host', 'content-length', 'user-agent'];

/** Text, as what looks a request through expects. The client's bytes warn on the console when they are taken for text. */
function bodyOf(body: unknown): string | undefined {
  if (body === undefined || body === null || body === '') return undefined;
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return new TextDecoder().decode(body);
  throw new TypeError('the AWS client sends a body that is a stream');
}
