/**
 * The platform's own way of signing in: two endpoints that answer 200 with a `status`, and hand out an API
 * key or a JWT. RFC 8628's error objects are accepted as well, since both have been documented.
 */
import type { Http, HttpResponse } from '../api/http.ts';
import { retryAfterSeconds } from '../api/retry.ts';
import { MiraError, toMiraError } from '../errors.ts';
import { isRecord, parseJson } from '../json.ts';
import { accessDenied, codeExpired } from './device-grant.ts';
import type { DeviceAuthorization, DeviceGrant, Poll } from './device-grant.ts';
import { isTokenText, plainLine } from './server-text.ts';
import type { TokenSet } from './session.ts';

/** After an approval the server keeps it for 60 s only, so the pauses must stay well below that. */
const LONGEST_INTERVAL_S = 30;
const REQUEST_LIMIT_MS = 15_000;
const ABSENT = [403, 404, 405, 410];

export interface PlatformDeviceDeps {
  readonly http: Http;
  /** Origin of the API: `https://api.vmira.ai`. */
  readonly origin: URL;
  /** Where keys are managed, named when one may have been minted for nothing. */
  readonly keysPage: string;
}

/**
 * Asks for a code, to see whether the server speaks this dialect.
 * @returns undefined when it does not (403, 404, 405); the server answers 403 to every path it does not know
 * @throws MiraError network codes, `rate_limited`, `server_error`, `malformed_response`
 */
export async function findPlatformDevice(
  deps: PlatformDeviceDeps,
  signal: AbortSignal,
): Promise<DeviceGrant | undefined> {
  const response = await post(deps, { path: '/api/v1/auth/device/code', signal });
  if (ABSENT.includes(response.status)) {
    response.discard();
    return undefined;
  }
  const first = await readAuthorization(response, deps);
  const unused: DeviceAuthorization[] = [first];
  return {
    dialect: 'platform',
    host: deps.origin.host,
    scopes: [],
    longestInterval: LONGEST_INTERVAL_S,
    orphanHint: `A key made for nothing may be left: look for mira-cli-… at ${deps.keysPage} and revoke it.`,
    start: async (again) =>
      unused.pop() ??
      readAuthorization(await post(deps, { path: '/api/v1/auth/device/code', signal: again }), deps),
    poll: (deviceCode, during) => poll(deps, { deviceCode, signal: during }),
  };
}

interface Post {
  readonly path: string;
  readonly signal: AbortSignal;
  readonly body?: object;
}

function post({ http, origin }: PlatformDeviceDeps, { path, signal, body }: Post): Promise<HttpResponse> {
  return http.request({
    method: 'POST',
    url: new URL(path, origin),
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal,
    firstByteMs: REQUEST_LIMIT_MS,
    totalMs: REQUEST_LIMIT_MS,
  });
}

async function readAuthorization(
  response: HttpResponse,
  { origin }: PlatformDeviceDeps,
): Promise<DeviceAuthorization> {
  if (response.status !== 200) {
    response.discard();
    throw refused(response, origin);
  }
  const answer = await readObject(response, origin);
  const deviceCode = answer['device_code'];
  const userCode = answer['user_code'];
  const verificationUri = answer['verification_uri'];
  if (typeof deviceCode !== 'string' || typeof userCode !== 'string' || typeof verificationUri !== 'string') {
    throw malformed(origin);
  }
  const complete = answer['verification_uri_complete'];
  return {
    deviceCode,
    userCode,
    verificationUri,
    verificationUriComplete: typeof complete === 'string' ? complete : withCode(verificationUri, userCode),
    expiresIn: typeof answer['expires_in'] === 'number' ? answer['expires_in'] : 600,
    interval: typeof answer['interval'] === 'number' ? answer['interval'] : undefined,
  };
}

/** The approval page reads `?code=`; the server leaves building the address to the client. */
function withCode(verificationUri: string, userCode: string): string | undefined {
  if (!URL.canParse(verificationUri)) return undefined;
  const url = new URL(verificationUri);
  url.searchParams.set('code', userCode);
  return url.href;
}

async function poll(
  deps: PlatformDeviceDeps,
  code: { readonly deviceCode: string; readonly signal: AbortSignal },
): Promise<Poll> {
  const asked = await ask(deps, code);
  return asked.kind === 'unknown' ? asked : readPoll(asked.answer, deps.origin);
}

type Asked =
  | { readonly kind: 'answered'; readonly answer: Readonly<Record<string, unknown>> }
  | Extract<Poll, { readonly kind: 'unknown' }>;

async function ask(
  deps: PlatformDeviceDeps,
  { deviceCode, signal }: { readonly deviceCode: string; readonly signal: AbortSignal },
): Promise<Asked> {
  try {
    const response = await post(deps, {
      path: '/api/v1/auth/device/token',
      signal,
      body: { device_code: deviceCode },
    });
    if (
      response.status === 429 ||
      response.status >= 500 ||
      (response.status >= 300 && response.status < 400)
    ) {
      response.discard();
      return { kind: 'unknown', error: refused(response, deps.origin) };
    }
    return { kind: 'answered', answer: await readObject(response, deps.origin) };
  } catch (error) {
    const failure = toMiraError(error);
    if (failure.retryable || failure.code === 'malformed_response')
      return { kind: 'unknown', error: failure };
    throw failure;
  }
}

function readPoll(answer: Readonly<Record<string, unknown>>, origin: URL): Poll {
  const accessToken = answer['access_token'];
  if (typeof accessToken === 'string' && isTokenText(accessToken))
    return { kind: 'approved', tokens: readTokens(answer, accessToken) };
  const status = answer['status'] ?? answer['error'];
  switch (status) {
    case 'pending':
    case 'authorization_pending':
      return { kind: 'pending' };
    case 'slow_down':
      return {
        kind: 'slow_down',
        interval: typeof answer['interval'] === 'number' ? answer['interval'] : undefined,
      };
    case 'denied':
    case 'access_denied':
      throw accessDenied();
    case 'expired':
    case 'expired_token':
      return {
        kind: 'gone',
        error: codeExpired(),
      };
    default:
      throw typeof status === 'string'
        ? new MiraError('server_error', `${origin.host} could not finish the sign-in (${plainLine(status)}).`)
        : malformed(origin);
  }
}

function readTokens(answer: Readonly<Record<string, unknown>>, accessToken: string): TokenSet {
  const refreshToken = answer['refresh_token'];
  const expiresIn = answer['expires_in'];
  return {
    accessToken,
    refreshToken: typeof refreshToken === 'string' ? refreshToken : undefined,
    expiresIn: typeof expiresIn === 'number' && expiresIn > 0 ? expiresIn : undefined,
  };
}

async function readObject(response: HttpResponse, origin: URL): Promise<Readonly<Record<string, unknown>>> {
  const value = parseJson(await response.text());
  if (isRecord(value)) return value;
  throw malformed(origin, response.status);
}

function malformed(origin: URL, status?: number): MiraError {
  return new MiraError(
    'malformed_response',
    `${origin.host} sent an answer to the sign-in that is not valid.`,
    { status },
  );
}

function refused(response: HttpResponse, origin: URL): MiraError {
  const { status } = response;
  const retryAfterS = retryAfterSeconds(response.headers);
  if (status === 429) {
    return new MiraError('rate_limited', `${origin.host} allows no more sign-in attempts for now.`, {
      hint:
        retryAfterS === undefined ? 'Try again later.' : `Try again in ${Math.ceil(retryAfterS / 60)} min.`,
      status,
      retryAfterS,
    });
  }
  if (status >= 500)
    return new MiraError('server_error', `${origin.host} failed (HTTP ${status}).`, { status, retryAfterS });
  if (status >= 300 && status < 400) {
    return new MiraError(
      'redirect_refused',
      `${origin.host} answered with a redirect, which mira does not follow.`,
      { status },
    );
  }
  return new MiraError('login_unavailable', `${origin.host} refused the sign-in (HTTP ${status}).`, {
    hint: 'Sign in with a key instead: mira auth login --with-key',
    status,
  });
}
