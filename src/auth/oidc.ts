/** OpenID Connect and OAuth 2.0, through openid-client; what the library throws is translated in oidc-failure.ts. */
import { setTimeout as pause } from 'node:timers/promises';
import * as client from 'openid-client';
import { asFetch } from '../api/fetch-adapter.ts';
import type { Http } from '../api/http.ts';
import { isLoopback, parseServiceUrl } from '../api/url.ts';
import { MiraError, toMiraError } from '../errors.ts';
import { accessDenied, codeExpired, codeGone } from './device-grant.ts';
import type { DeviceAuthorization, Poll } from './device-grant.ts';
import { lenientAnswer } from './lenient-answer.ts';
import type { GrantEndpoint } from './lenient-answer.ts';
import type { Account } from './login-event.ts';
import { discoveryError, grantError, oauthError, responseStatus, slowDownInterval } from './oidc-failure.ts';
import { isTokenText, plainLine } from './server-text.ts';
import type { TokenSet } from './session.ts';

const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const REQUEST_LIMIT_S = 15;
/** The library's own limit would not take an answer that came while this process was stopped; that of a request does. */
const LIBRARY_LIMIT_S = 3600;
const KEY_TRIES = 3;
const KEY_PAUSE_MS = 300;
/** A difference smaller than this is the network's, not the clock's. */
const LEAST_SKEW_S = 5;

export interface OidcServer {
  readonly issuer: string;
  /** Every host that is asked anything, the issuer's first. */
  readonly hosts: readonly string[];
  readonly scopesSupported: readonly string[] | undefined;
  readonly supportsDeviceLogin: boolean;
  readonly supportsRevocation: boolean;
  readonly supportsUserinfo: boolean;
  /** How far the local clock was ahead of the server's at its last answer, seconds; undefined when they agree. */
  readonly clockAheadS: number | undefined;
  startDevice(request: {
    readonly scopes: readonly string[];
    readonly resource?: string | undefined;
  }): Promise<DeviceAuthorization>;
  /** One token request (RFC 8628, section 3.4). */
  poll(request: {
    readonly deviceCode: string;
    readonly scopes: readonly string[];
    readonly resource?: string | undefined;
  }): Promise<Poll>;
  /**
   * RFC 6749, section 6. The same person must come back (OpenID Connect Core, section 12.2).
   * @throws MiraError `session_ended` when the server refuses the token; network and server codes otherwise
   */
  refresh(request: RefreshRequest): Promise<TokenSet>;
  /** RFC 7009. Resolves when the server confirms or never knew the token. */
  revoke(request: {
    readonly token: string;
    readonly hint: 'refresh_token' | 'access_token';
  }): Promise<'revoked' | 'unsupported'>;
  /** @throws MiraError `credential_rejected` when the token is refused; `forbidden` when it is good for other things */
  userinfo(request: { readonly accessToken: string; readonly subject: string | undefined }): Promise<Account>;
}

export interface RefreshRequest {
  readonly refreshToken: string;
  readonly subject?: string | undefined;
  readonly resource?: string | undefined;
}

export interface IssuerRequest {
  readonly issuer: URL;
  readonly clientId: string;
  readonly http: Http;
  readonly now: () => number;
  /** Ends every request of this server. Left out for a refresh: once sent, its answer must not be lost. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads the issuer's metadata: OpenID Discovery, then RFC 8414.
 * @returns undefined when the issuer publishes neither (404, 403 or 405 to both)
 * @throws MiraError `unsafe_url` when it names another issuer or an endpoint that is not https
 */
export async function findIssuer(request: IssuerRequest): Promise<OidcServer | undefined> {
  let skewMs = 0;
  const answered = asFetch(request.http, {
    totalMs: REQUEST_LIMIT_S * 1000,
    onServerTime: (serverTime) => {
      skewMs = serverTime - request.now();
    },
  });
  const skewS = (): number => {
    const seconds = Math.round(skewMs / 1000);
    return Math.abs(seconds) < LEAST_SKEW_S ? 0 : seconds;
  };
  const fetch: client.CustomFetch = (url, init) =>
    answered(url, { ...init, body: textOf(init.body), signal: either(init.signal, request.signal) });
  const openId = await discover(request, { algorithm: 'oidc', fetch });
  const server = openId ?? (await discover(request, { algorithm: 'oauth2', fetch }));
  if (server === undefined) return undefined;
  const configure: Configure = ({ exchange, isRenewal }) => {
    const config = new client.Configuration(
      server,
      request.clientId,
      { [client.clockSkew]: skewS() },
      client.None(),
    );
    config[client.customFetch] = async (url, init) => {
      // A token that was given is spent on its way to us; keys that cannot be read at the moment must not cost it.
      const answer = await (url === server.jwks_uri
        ? patiently(() => exchange(url, init))
        : exchange(url, init));
      const endpoint = grantEndpoint(server, url);
      return endpoint === undefined
        ? answer
        : lenientAnswer(answer, { endpoint, publishesKeys: server.jwks_uri !== undefined, isRenewal });
    };
    config.timeout = LIBRARY_LIMIT_S;
    if (isLoopback(request.issuer.hostname)) client.allowInsecureRequests(config);
    if (!isRenewal) client.enableNonRepudiationChecks(config);
    return config;
  };
  return oidcServer({
    config: configure({ exchange: fetch, isRenewal: false }),
    grant: (options, ask) => judgedByServerTime({ ...options, configure, fetch, skewS, server }, ask),
    server,
    issuer: request.issuer,
    clientId: request.clientId,
    givesIdTokens: openId?.jwks_uri !== undefined,
    clockAheadS: () => (skewS() === 0 ? undefined : -skewS()),
  });
}

type Configure = (options: {
  readonly exchange: client.CustomFetch;
  /** Then nothing may come between the answer and the save: the ID token's signature, which takes a request for keys, is not checked. */
  readonly isRenewal: boolean;
}) => client.Configuration;

interface Judging {
  readonly configure: Configure;
  readonly fetch: client.CustomFetch;
  readonly skewS: () => number;
  readonly server: client.ServerMetadata;
  readonly isRenewal: boolean;
}

/**
 * The library is told before a request how wrong our clock is, and judges the ID token in the answer by that. Where the
 * answer shows that the clock was set meanwhile, the same answer is judged anew: what it cost, a code or a refresh token, is spent.
 */
async function judgedByServerTime<T>(
  { configure, fetch, skewS, server, isRenewal }: Judging,
  ask: (config: client.Configuration) => Promise<T>,
): Promise<T> {
  const toldS = skewS();
  let kept: Response | undefined;
  const keeping: client.CustomFetch = async (url, init) => {
    const answer = await fetch(url, init);
    if (grantEndpoint(server, url) === 'token') kept = answer.clone();
    return answer;
  };
  try {
    return await ask(configure({ exchange: keeping, isRenewal }));
  } catch (error) {
    const answer = kept;
    if (answer === undefined || Math.abs(skewS() - toldS) < LEAST_SKEW_S) throw error;
    const again: client.CustomFetch = (url, init) =>
      grantEndpoint(server, url) === 'token' ? Promise.resolve(answer) : fetch(url, init);
    return ask(configure({ exchange: again, isRenewal }));
  }
}

function grantEndpoint(server: client.ServerMetadata, url: string): GrantEndpoint | undefined {
  const is = (endpoint: string | undefined): boolean =>
    endpoint !== undefined && new URL(endpoint).href === new URL(url).href;
  if (is(server.token_endpoint)) return 'token';
  if (is(server.device_authorization_endpoint)) return 'device';
  return is(server.revocation_endpoint) ? 'revocation' : undefined;
}

/** Asks up to three times while a server cannot be reached or fails. */
async function patiently(ask: () => Promise<Response>): Promise<Response> {
  for (let attempt = 1; attempt < KEY_TRIES; attempt += 1) {
    try {
      const answer = await ask();
      if (answer.status < 500) return answer;
    } catch (error) {
      if (!toMiraError(error).retryable) throw error;
    }
    await pause(KEY_PAUSE_MS * attempt);
  }
  return ask();
}

/** The library sends forms only (RFC 6749, appendix B). */
function textOf(body: client.FetchBody): string | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string') return body;
  if (body instanceof URLSearchParams) return body.toString();
  throw new TypeError('openid-client sent a body that is no form');
}

function either(
  one: AbortSignal | undefined | null,
  other: AbortSignal | undefined,
): AbortSignal | undefined {
  if (!one || !other) return one ?? other;
  return AbortSignal.any([one, other]);
}

interface Discovery {
  readonly algorithm: 'oidc' | 'oauth2';
  readonly fetch: client.CustomFetch;
}

async function discover(
  request: IssuerRequest,
  { algorithm, fetch }: Discovery,
): Promise<client.ServerMetadata | undefined> {
  try {
    const config = await client.discovery(request.issuer, request.clientId, undefined, client.None(), {
      algorithm,
      timeout: LIBRARY_LIMIT_S,
      [client.customFetch]: fetch,
      ...(isLoopback(request.issuer.hostname) ? { execute: [client.allowInsecureRequests] } : {}),
    });
    const server = withoutNulls(config.serverMetadata());
    requireSafeEndpoints(server);
    return server;
  } catch (error) {
    const status = responseStatus(error);
    if (status !== undefined && [403, 404, 405, 410].includes(status)) return undefined;
    throw discoveryError(error, request.issuer);
  }
}

const ENDPOINTS = [
  'device_authorization_endpoint',
  'token_endpoint',
  'revocation_endpoint',
  'userinfo_endpoint',
  'jwks_uri',
] as const;

/** Some servers write `null` for an endpoint they do not have. */
function withoutNulls(server: client.ServerMetadata): client.ServerMetadata {
  const given = Object.entries(server).filter(([name, value]) => value !== null || name === 'issuer');
  return { ...Object.fromEntries(given), issuer: server.issuer };
}

function requireSafeEndpoints(server: client.ServerMetadata): void {
  for (const name of ENDPOINTS) {
    const endpoint = server[name];
    if (endpoint !== undefined) parseServiceUrl(endpoint, { name: `the issuer's ${name}`, from: 'server' });
  }
}

interface Connection {
  readonly config: client.Configuration;
  /** Has a token request made, once, and its answer judged. */
  readonly grant: <T>(
    options: { readonly isRenewal: boolean },
    ask: (config: client.Configuration) => Promise<T>,
  ) => Promise<T>;
  readonly server: client.ServerMetadata;
  readonly issuer: URL;
  readonly clientId: string;
  /** An OpenID provider; a plain OAuth server (RFC 8414) knows no ID tokens. */
  readonly givesIdTokens: boolean;
  readonly clockAheadS: () => number | undefined;
}

function oidcServer(connection: Connection): OidcServer {
  const { config, server, issuer } = connection;
  const host = issuer.host;
  return {
    issuer: server.issuer,
    hosts: [...new Set([host, ...ENDPOINTS.flatMap((name) => hostOf(server[name]))])],
    scopesSupported: server.scopes_supported,
    supportsDeviceLogin:
      server.device_authorization_endpoint !== undefined && server.token_endpoint !== undefined,
    supportsRevocation: server.revocation_endpoint !== undefined,
    supportsUserinfo: server.userinfo_endpoint !== undefined,
    get clockAheadS() {
      return connection.clockAheadS();
    },
    startDevice: async ({ scopes, resource }) => {
      try {
        const answer = await client.initiateDeviceAuthorization(
          config,
          parameters({ scope: scopes.join(' '), resource }),
        );
        return {
          deviceCode: answer.device_code,
          userCode: answer.user_code,
          verificationUri: answer.verification_uri,
          verificationUriComplete: answer.verification_uri_complete,
          expiresIn: answer.expires_in,
          interval: answer.interval,
        };
      } catch (error) {
        throw grantError(error, connection);
      }
    },
    poll: ({ deviceCode, scopes, resource }) => poll(connection, { deviceCode, scopes, resource }),
    refresh: (request) => refresh(connection, request),
    revoke: async ({ token, hint }) => {
      try {
        await client.tokenRevocation(config, token, { token_type_hint: hint });
        return 'revoked';
      } catch (error) {
        if (oauthError(error) === 'unsupported_token_type') return 'unsupported';
        // RFC 7009, section 2.2: an unknown token counts as revoked; some servers answer 400 all the same.
        if (oauthError(error) === 'invalid_token' || oauthError(error) === 'invalid_grant') return 'revoked';
        throw grantError(error, connection);
      }
    },
    userinfo: async ({ accessToken, subject }) => {
      try {
        const claims = await client.fetchUserInfo(config, accessToken, subject ?? client.skipSubjectCheck);
        return accountOf(claims);
      } catch (error) {
        if (responseStatus(error) === 401) {
          throw new MiraError('credential_rejected', `${host} refused the access token.`, { status: 401 });
        }
        // RFC 6750, section 3.1: a valid token without the scope `openid`.
        if (responseStatus(error) === 403) {
          throw new MiraError('forbidden', `${host} does not tell this session whose it is.`, {
            status: 403,
          });
        }
        throw grantError(error, connection);
      }
    },
  };
}

interface PollRequest {
  readonly deviceCode: string;
  readonly scopes: readonly string[];
  readonly resource: string | undefined;
}

async function poll(connection: Connection, request: PollRequest): Promise<Poll> {
  const { grant, issuer, givesIdTokens } = connection;
  try {
    const answer = await grant({ isRenewal: false }, (config) =>
      client.genericGrantRequest(
        config,
        DEVICE_CODE_GRANT,
        parameters({ device_code: request.deviceCode, resource: request.resource }),
      ),
    );
    return {
      kind: 'approved',
      tokens: tokensOf(answer, { asked: request.scopes, idTokenExpected: givesIdTokens, host: issuer.host }),
    };
  } catch (error) {
    switch (oauthError(error)) {
      case 'authorization_pending':
        return { kind: 'pending' };
      case 'slow_down':
        return { kind: 'slow_down', interval: slowDownInterval(error) };
      case 'access_denied':
        throw accessDenied();
      case 'expired_token':
        throw codeExpired();
      case 'invalid_grant':
        return {
          kind: 'gone',
          error: codeGone('The server does not know the code any more.'),
        };
      default: {
        const translated = grantError(error, connection);
        if (isTransient(translated)) return { kind: 'unknown', error: translated };
        throw translated;
      }
    }
  }
}

/** A server that cannot be reached, restarts, or answers with a gateway's page may answer properly next time. */
function isTransient(error: MiraError): boolean {
  if (error.code === 'interrupted' || error.code === 'terminated') return false;
  if (error.code === 'malformed_response') return error.status !== undefined;
  return error.retryable || error.code === 'redirect_refused';
}

async function refresh(connection: Connection, request: RefreshRequest): Promise<TokenSet> {
  const { grant, issuer } = connection;
  try {
    // Asks for no key of the issuer: the refresh token is spent by then, and a second request that fails would lose its
    // successor. TLS vouches for an ID token that comes from the token endpoint (OpenID Connect Core, 3.1.3.7).
    const answer = await grant({ isRenewal: true }, (config) =>
      client.refreshTokenGrant(config, request.refreshToken, parameters({ resource: request.resource })),
    );
    const tokens = tokensOf(answer, { asked: undefined, idTokenExpected: false, host: issuer.host });
    if (
      request.subject !== undefined &&
      tokens.account !== undefined &&
      tokens.account.id !== request.subject
    ) {
      throw ended(`${issuer.host} answered the renewal with somebody else's session.`);
    }
    return tokens;
  } catch (error) {
    if (error instanceof MiraError) throw error;
    const refusal = oauthError(error);
    if (refusal === 'invalid_grant') throw ended(`${issuer.host} has ended the session.`);
    // Seen in the field: a dead refresh token is answered with 400 and no body.
    const status = responseStatus(error);
    if (refusal === undefined && (status === 400 || status === 401))
      throw ended(`${issuer.host} has ended the session.`);
    throw grantError(error, connection);
  }
}

function ended(message: string): MiraError {
  return new MiraError('session_ended', message, { hint: 'Sign in again: mira auth login' });
}

interface Expectation {
  readonly asked: readonly string[] | undefined;
  readonly idTokenExpected: boolean;
  readonly host: string;
}

function tokensOf(
  answer: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers,
  { asked, idTokenExpected, host }: Expectation,
): TokenSet {
  const claims = answer.claims();
  const granted = answer.scope?.split(' ').filter((scope) => SCOPE.test(scope)) ?? asked;
  if (idTokenExpected && claims === undefined && asked?.includes('openid') && granted?.includes('openid')) {
    throw new MiraError(
      'malformed_response',
      `${host} signed you in without saying who you are (no ID token).`,
      {
        hint: 'Ask whoever runs it to allow the scope `openid`, or sign in with --scope offline_access.',
      },
    );
  }
  const tokenType: string = answer.token_type;
  if (tokenType.toLowerCase() !== 'bearer') {
    throw new MiraError('malformed_response', `${host} sent a kind of token that mira does not know.`);
  }
  if (!isTokenText(answer.access_token)) {
    throw new MiraError('malformed_response', `${host} sent a token that cannot be sent back.`);
  }
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token,
    expiresIn: answer.expires_in,
    scopes: granted,
    account: claims === undefined ? undefined : accountOf(claims),
  };
}

/** RFC 6749, section 3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

function accountOf(claims: {
  readonly sub: string;
  readonly name?: unknown;
  readonly email?: unknown;
  readonly preferred_username?: unknown;
}): Account {
  const name = text(claims.name) ?? text(claims.preferred_username);
  const email = text(claims.email);
  return {
    id: plainLine(claims.sub),
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? plainLine(value) : undefined;
}

function parameters(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
    ),
  );
}

function hostOf(url: string | undefined): string[] {
  return url !== undefined && URL.canParse(url) ? [new URL(url).host] : [];
}
