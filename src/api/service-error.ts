/**
 * What a service answers when it will not do what was asked, as one of our errors: the status decides the
 * kind, the body's own words are quoted in one short line. Bodies come in every shape (`{detail}`, `{error}`,
 * JSON inside a string, plain text, web pages); none is printed as it is.
 */
import { MiraError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import type { Bearer } from './bearer.ts';
import type { HttpResponse } from './http.ts';
import { formatWait, parseRetryAfter } from './retry.ts';
import { checkedRequestId, serviceWords } from './service-words.ts';
import type { ServiceWords } from './service-words.ts';

export interface ErrorContext {
  /** The credential that was sent, to name its source when it is refused. */
  readonly bearer?: Bearer | undefined;
  readonly now: number;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly url: URL;
  readonly body: string;
}

const MAX_ERROR_BYTES = 1024 * 1024;

/** The answer itself when it is a 2xx. @throws MiraError `redirect_refused`, or what `serviceError` makes of it */
export async function requireOk(response: HttpResponse, context: ErrorContext): Promise<HttpResponse> {
  if (response.status >= 200 && response.status < 300) return response;
  throw await readServiceError(response, context);
}

/** The error an answer other than 2xx stands for. */
export async function readServiceError(response: HttpResponse, context: ErrorContext): Promise<MiraError> {
  const { status, headers, url } = response;
  if (status >= 300 && status < 400) {
    response.discard();
    return redirectError({ status, headers, url });
  }
  return serviceError({ status, headers, url, body: await errorText(response) }, context);
}

/**
 * The body of an error; empty where it cannot be read, is lost on its way, or does not come: without it, it is still the
 * same error.
 * @throws MiraError what ends the request from outside
 */
export async function errorText(response: HttpResponse): Promise<string> {
  let isGivenUp = false;
  const timer = setTimeout(() => {
    isGivenUp = true;
    response.discard();
  }, LONGEST_BODY_MS);
  try {
    return await response.text(MAX_ERROR_BYTES);
  } catch (error) {
    if (!(error instanceof MiraError)) throw error;
    if (isGivenUp || error.exitCode === 9 || LOST.has(error.code)) return '';
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

const LONGEST_BODY_MS = 5_000;
const LOST: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['connection_reset', 'network_failed']);

export function redirectError(answer: Omit<ServiceAnswer, 'body'>): MiraError {
  const target = findHost(answer.headers['location'], answer.url);
  return new MiraError(
    'redirect_refused',
    `${answer.url.host} redirects to ${target ?? 'an address it does not name'}; mira does not follow with a credential.`,
    {
      hint: 'If that is where the service lives now, configure its address yourself.',
      status: answer.status,
      requestId: requestId(answer.headers),
    },
  );
}

function findHost(location: string | undefined, base: URL): string | undefined {
  if (location === undefined) return undefined;
  try {
    const target = new URL(location, base);
    return target.host === base.host && target.protocol === base.protocol
      ? `another path on the same host`
      : `${target.protocol}//${target.host}`;
  } catch {
    return undefined;
  }
}

export function serviceError(answer: ServiceAnswer, context: ErrorContext): MiraError {
  const words = serviceWords(withoutSecret(answer.body, context.bearer), answer.headers['content-type']);
  const waitMs = parseRetryAfter(answer.headers, context.now);
  const said: Said = { ...answer, words, waitMs, bearer: context.bearer, now: context.now };
  const code = errorCode(answer.status, words);
  return new MiraError(code, sentence(code, said), {
    hint: hint(code, said),
    next:
      code === 'credential_rejected' && context.bearer
        ? [{ command: context.bearer.mend, why: 'get a credential that works' }]
        : [],
    status: answer.status,
    requestId: requestId(answer.headers) ?? words.requestId,
    retryAfterS: waitMs === undefined ? undefined : Math.ceil(waitMs / 1000),
  });
}

/** Some services quote the key they refuse, or its beginning. */
export function withoutSecret(body: string, bearer: Bearer | undefined): string {
  if (bearer === undefined) return body;
  const { value } = bearer;
  const text = body.replaceAll(value, '[redacted]');
  return value.length > SHOWN_AT_MOST ? withoutBeginnings(text, value) : text;
}

/** So much of a key is no secret: the platform's list of keys shows the first sixteen characters. */
const SHOWN_AT_MOST = 16;

function withoutBeginnings(text: string, value: string): string {
  const beginning = value.slice(0, SHOWN_AT_MOST + 1);
  return text
    .split(beginning)
    .map((part, index) =>
      index === 0 ? part : `[redacted]${part.slice(sharedLength(part, value.slice(beginning.length)))}`,
    )
    .join('');
}

function sharedLength(one: string, other: string): number {
  let length = 0;
  while (length < other.length && one[length] === other[length]) length += 1;
  return length;
}

/** An error that arrived inside a stream, after a status of 200. */
export function streamedError(
  value: unknown,
  stream: { readonly url: URL; readonly headers: Readonly<Record<string, string>>; readonly now: number },
): MiraError {
  const words = serviceWords(JSON.stringify(value) ?? '', 'application/json');
  const number = Number(words.code);
  const status = Number.isInteger(number) && number >= 400 && number <= 599 ? number : undefined;
  const code = status === undefined ? (codeOfWords(words) ?? 'server_error') : errorCode(status, words);
  const said: Said = { ...stream, status, words, waitMs: undefined, bearer: undefined };
  return new MiraError(code, sentence(code, said), {
    hint: hint(code, said),
    status,
    requestId: requestId(stream.headers) ?? words.requestId,
  });
}

interface Said {
  readonly url: URL;
  readonly status: number | undefined;
  readonly words: ServiceWords;
  readonly waitMs: number | undefined;
  readonly bearer: Bearer | undefined;
  readonly now: number;
}

function errorCode(status: number, words: ServiceWords): ErrorCode {
  const said = codeOfWords(words);
  switch (status) {
    case 400:
    case 415:
    case 422:
    case 431:
      return said === 'content_filtered' || said === 'model_not_found' || said === 'quota_exceeded'
        ? said
        : 'invalid_request';
    case 401:
      return 'credential_rejected';
    case 402:
      return 'quota_exceeded';
    case 403:
      return said === 'content_filtered' || said === 'quota_exceeded' ? said : 'forbidden';
    case 404:
    case 410:
      return /\bmodel\b/i.test(words.text) || said === 'model_not_found' ? 'model_not_found' : 'not_found';
    case 413:
      return 'input_too_large';
    case 429:
      return said === 'quota_exceeded' ? 'quota_exceeded' : 'rate_limited';
    default:
      // A conflict, like what comes too early or too late, may be over the next time.
      return status >= 500 || [408, 409, 425].includes(status) ? 'server_error' : 'invalid_request';
  }
}

/** What the body's own code or words say, where that is more than the status does. */
function codeOfWords(words: ServiceWords): ErrorCode | undefined {
  const name = `${words.code ?? ''} ${words.type ?? ''}`;
  if (/content_blocked|content_filter|content_policy|moderation/i.test(name)) return 'content_filtered';
  if (/insufficient_quota|credit_balance|billing|spend_limit|quota_exceeded/i.test(name))
    return 'quota_exceeded';
  // Anthropic says this under the name of a request that is at fault.
  if (/\bcredit balance is too low\b/i.test(words.text)) return 'quota_exceeded';
  if (/model_not_found|invalid_model/i.test(name) || /^invalid model\b/i.test(words.text))
    return 'model_not_found';
  if (/rate_limit/i.test(name)) return EXHAUSTED.test(words.text) ? 'quota_exceeded' : 'rate_limited';
  if (/invalid_api_key|authentication/i.test(name)) return 'credential_rejected';
  if (/permission/i.test(name)) return 'forbidden';
  if (/context_length|invalid_request/i.test(name)) return 'invalid_request';
  if (EXHAUSTED.test(words.text)) return 'quota_exceeded';
  return undefined;
}

/** A limit that a few seconds do not lift. */
const EXHAUSTED =
  /\b(daily|monthly|per day|per month)\b.*\blimit|\blimit\b.*\b(daily|monthly|per day|per month|today)\b|insufficient (balance|quota|credit)|exceeded your current quota|billing/i;

function sentence(code: ErrorCode, said: Said): string {
  const host = said.url.host;
  const quoted = said.words.text === '' ? '' : `: ${said.words.text.replace(/[.\s]+$/, '')}`;
  switch (code) {
    case 'credential_rejected':
      return said.bearer === undefined
        ? `${host} wants a credential${quoted}.`
        : `${host} refused the credential from ${said.bearer.source}${quoted}.`;
    case 'quota_exceeded':
      return `${host} has nothing left for this account${quoted}${returns(said)}.`;
    case 'rate_limited':
      return `${host} limits how often it may be asked${quoted}${returns(said)}.`;
    case 'forbidden':
      return `${host} does not allow this${quoted}.`;
    case 'not_found':
      return `${host} has nothing at ${said.url.pathname}${quoted}.`;
    case 'model_not_found':
      return `${host} does not have this model${quoted}.`;
    case 'input_too_large':
      return `${host} finds the question too large${quoted}.`;
    case 'content_filtered':
      return `The content filter of ${host} stopped this${said.words.category === undefined ? quoted : ` (${said.words.category})`}.`;
    case 'invalid_request':
      return `${host} does not accept the request${quoted || ` (status ${said.status})`}.`;
    default:
      return `${host} failed${said.status === undefined ? '' : ` (status ${said.status})`}${quoted}.`;
  }
}

/** "; it answers again in 2 h 05 min (21:40)" */
function returns(said: Said): string {
  if (said.waitMs === undefined) return '';
  const at = new Date(said.now + said.waitMs);
  const clock = `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`;
  return `; it answers again in ${formatWait(said.waitMs)}${said.waitMs < 60_000 ? '' : ` (${clock})`}`;
}

function hint(code: ErrorCode, said: Said): string | undefined {
  switch (code) {
    case 'credential_rejected':
      return said.bearer === undefined
        ? 'Sign in with: mira auth login'
        : `Mend it with: ${said.bearer.mend}`;
    case 'quota_exceeded':
      return 'Check the balance and the plan in the account; waiting a moment does not help.';
    case 'rate_limited':
      return said.waitMs === undefined
        ? 'Wait a minute and try again.'
        : `Try again in ${formatWait(said.waitMs)}.`;
    case 'forbidden':
      return 'The plan, or the rights of the key, do not cover this; another model may.';
    case 'not_found':
      return 'Check the address of the service (MIRA_API_URL).';
    case 'model_not_found':
      return 'List the models with: mira models';
    case 'input_too_large':
      return 'Ask with less text or fewer files.';
    case 'content_filtered':
      return 'Ask in other words; files that are sent along are checked too.';
    case 'server_error':
      return 'Try again in a moment.';
    default:
      return undefined;
  }
}

export function requestId(headers: Readonly<Record<string, string>>): string | undefined {
  return checkedRequestId(headers['x-request-id'] ?? headers['request-id'] ?? headers['x-amzn-requestid']);
}
