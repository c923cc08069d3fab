/**
 * What openid-client throws, in words a person can act on (auth.md 3.2 lists it). Its error objects can hold tokens, so
 * nothing of them is passed on or printed but what is read here.
 */
import * as client from 'openid-client';
import { retryAfterSeconds } from '../api/retry.ts';
import { foreignCode, MiraError } from '../errors.ts';
import { plainLine } from './server-text.ts';

/** Who asked whom. */
interface Client {
  readonly issuer: URL;
  readonly clientId: string;
}

/** The `error` of the answer (RFC 6749, section 5.2); undefined when it named none. */
export function oauthError(error: unknown): string | undefined {
  return error instanceof client.ResponseBodyError ? error.error : undefined;
}

/** Seconds, where a `slow_down` says them. */
export function slowDownInterval(error: unknown): number | undefined {
  const cause: unknown = error instanceof client.ResponseBodyError ? error.cause : undefined;
  const interval: unknown =
    typeof cause === 'object' && cause !== null && 'interval' in cause ? cause.interval : undefined;
  return typeof interval === 'number' && interval > 0 ? interval : undefined;
}

/** The status of the answer that the library did not take; undefined when there was none. */
export function responseStatus(error: unknown): number | undefined {
  if (error instanceof client.ResponseBodyError || error instanceof client.WWWAuthenticateChallengeError)
    return error.status;
  return responseOf(error)?.status;
}

/** Why no metadata of the issuer could be had. */
export function discoveryError(error: unknown, issuer: URL): MiraError {
  const own = findMiraError(error);
  if (own) return own;
  if (foreignCode(error) === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED') {
    return new MiraError('unsafe_url', `${issuer.host} names another issuer than the one you asked for.`, {
      hint: 'Check --issuer: it has to be exactly the address the server calls itself.',
    });
  }
  const status = responseStatus(error);
  if (status !== undefined && status >= 300 && status < 400) {
    return new MiraError(
      'redirect_refused',
      `${issuer.host} answered with a redirect, which mira does not follow.`,
      {
        hint: 'Give --issuer the address it redirects to, if you trust it.',
        status,
      },
    );
  }
  return answerError(error, {
    host: issuer.host,
    what: 'is no OpenID issuer: it did not answer with its metadata',
  });
}

/** Why a request to the issuer did not lead to what was asked for. */
export function grantError(error: unknown, { issuer, clientId }: Client): MiraError {
  const own = findMiraError(error);
  if (own) return own;
  const host = issuer.host;
  const refusal = oauthError(error);
  switch (refusal) {
    case undefined:
      return answerError(error, { host, what: 'sent an answer that is not valid' });
    case 'invalid_client':
    case 'unauthorized_client':
      return new MiraError('client_unknown', `${host} does not know the client \`${plainLine(clientId)}\`.`, {
        hint: 'Set the client id it expects: --client-id, MIRA_CLIENT_ID or `mira config set client_id`.',
      });
    case 'invalid_scope':
      return new MiraError('forbidden', `${host} does not grant the scopes that were asked for.`, {
        hint: 'Ask for others with --scope or MIRA_SCOPES.',
      });
    case 'invalid_target':
      return new MiraError('invalid_request', `${host} does not know the API that the token is for.`);
    case 'server_error':
    case 'temporarily_unavailable':
      return new MiraError('server_error', `${host} cannot answer at the moment.`, {
        status: responseStatus(error),
      });
    default:
      return new MiraError('login_unavailable', `${host} refused: ${plainLine(refusal)}.`, {
        status: responseStatus(error),
      });
  }
}

const LATER = 'Try again in a moment.';

function answerError(
  error: unknown,
  { host, what }: { readonly host: string; readonly what: string },
): MiraError {
  const status = responseStatus(error);
  if (status === 429) {
    return new MiraError('rate_limited', `${host} asks to slow down.`, {
      hint: LATER,
      status,
      retryAfterS: retryAfter(error),
    });
  }
  if (status === 408) return new MiraError('timeout', `${host} took too long.`, { hint: LATER, status });
  if (status !== undefined && status >= 500) {
    return new MiraError('server_error', `${host} failed (HTTP ${status}).`, {
      hint: LATER,
      status,
      retryAfterS: retryAfter(error),
    });
  }
  switch (foreignCode(error)) {
    case 'OAUTH_TIMEOUT':
      return new MiraError('timeout', `${host} did not answer in time.`, { hint: LATER });
    case 'OAUTH_JWT_CLAIM_COMPARISON_FAILED':
    case 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED':
      return new MiraError(
        'malformed_response',
        `${host} sent an ID token that is not for this sign-in or not valid now.`,
        {
          hint: 'Check that the clock of this machine is right.',
        },
      );
    case 'OAUTH_HTTP_REQUEST_FORBIDDEN':
      return new MiraError('unsafe_url', `${host} names an endpoint without encryption (http).`, {
        hint: 'Report this to whoever runs it.',
      });
    default:
      return new MiraError('malformed_response', `${host} ${what}.`, {
        hint: 'Check the address; if it is right, report this to whoever runs it.',
        status,
      });
  }
}

/** Seconds. */
function retryAfter(error: unknown): number | undefined {
  const response = responseOf(error);
  return response && retryAfterSeconds(Object.fromEntries(response.headers));
}

function responseOf(error: unknown): Response | undefined {
  for (let cause: unknown = error, depth = 0; depth < 4; depth += 1) {
    if (cause instanceof Response) return cause;
    if (typeof cause !== 'object' || cause === null || !('cause' in cause)) return undefined;
    cause = cause.cause;
  }
  return undefined;
}

function findMiraError(error: unknown): MiraError | undefined {
  for (let cause: unknown = error, depth = 0; depth < 5; depth += 1) {
    if (cause instanceof MiraError) return cause;
    if (!(cause instanceof Error)) return undefined;
    cause = cause.cause;
  }
  return undefined;
}
