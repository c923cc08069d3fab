/**
 * Answers to sign-in requests, put into the form the standard asks for. The library is right to be strict about
 * what it takes for a token; but servers that people sign in with every day leave out a field, write `null` for
 * it, or report "not approved yet" with a status of 200, and none of that makes an answer less safe.
 */

import { isRecord, parseJson } from '../json.ts';

/** RFC 8628 requires `expires_in`; where it is missing, the life that the platform gives its codes is assumed. */
const UNKNOWN_LIFE_S = 600;

type Fields = Readonly<Record<string, unknown>>;

export type GrantEndpoint = 'device' | 'token' | 'revocation';

export interface GrantRequest {
  readonly endpoint: GrantEndpoint;
  /** An ID token of a server that publishes no keys to check it with proves nothing, and is left out. */
  readonly publishesKeys: boolean;
  /** A refresh token was spent for the answer: what is wrong beside the new tokens must not cost them. */
  readonly isRenewal?: boolean;
}

/** The same answer, as RFC 6749 and RFC 8628 would have it; one that is no JSON object is given back as it is. */
export async function lenientAnswer(response: Response, request: GrantRequest): Promise<Response> {
  const text = await response.text();
  const headers = new Headers(response.headers);
  const fields = parseJson(text);
  if (!isRecord(fields))
    return new Response(text === '' ? null : text, { status: statusOf(response), headers });
  // With a challenge beside it, the library would not look at the error that the body names.
  if (typeof fields['error'] === 'string') headers.delete('www-authenticate');
  return new Response(JSON.stringify(repaired(fields, request)), {
    status: statusOf(response, fields['error']),
    headers,
  });
}

/** GitHub and others report errors with a status of 200; some succeed with 201 or 204. */
function statusOf({ status }: Response, error?: unknown): number {
  if (status < 200 || status > 299) return status;
  return typeof error === 'string' && error !== '' ? 400 : 200;
}

function repaired(fields: Fields, request: GrantRequest): Fields {
  const present = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
  switch (request.endpoint) {
    case 'device':
      return deviceAnswer(present);
    case 'token':
      return tokenAnswer(request.isRenewal === true ? renewed(present) : present, request);
    case 'revocation':
      return present;
  }
}

function deviceAnswer(fields: Fields): Fields {
  const { interval, expires_in: life, ...rest } = fields;
  const pause = positive(interval);
  return {
    // Older servers, Google's among them, say URL where the standard says URI.
    ...(typeof rest['verification_url'] === 'string' ? { verification_uri: rest['verification_url'] } : {}),
    ...rest,
    expires_in: life === undefined ? UNKNOWN_LIFE_S : (positive(life) ?? life),
    ...(pause === undefined ? {} : { interval: pause }),
  };
}

/** What is absent has its meaning (RFC 6749, sections 5.1 and 6): the old refresh token stays, and the kind of token with it. */
function renewed(fields: Fields): Fields {
  const { refresh_token: token, expires_in: life, scope, ...rest } = fields;
  const seconds = positive(life) ?? (life === 0 ? 0 : undefined);
  return {
    token_type: 'Bearer',
    ...rest,
    ...(typeof token === 'string' && token !== '' ? { refresh_token: token } : {}),
    ...(seconds === undefined ? {} : { expires_in: seconds }),
    ...(typeof scope === 'string' ? { scope } : {}),
  };
}

function tokenAnswer(fields: Fields, { publishesKeys }: GrantRequest): Fields {
  if (publishesKeys) return fields;
  const { id_token: _, ...rest } = fields;
  return rest;
}

/** A number above 0, also one that was written as text. */
function positive(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && number > 0 ? number : undefined;
}
