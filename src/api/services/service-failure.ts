/** The error an answer of a service stands for: whose key was refused, which right it lacks, and where to see to that. */
import type { MiraError } from '../../errors.ts';
import { isRecord, parseJson } from '../../json.ts';
import type { Bearer } from '../bearer.ts';
import { serviceError, streamedError, withoutSecret } from '../service-error.ts';
import type { ErrorContext, ServiceAnswer } from '../service-error.ts';
import { serviceWords } from '../service-words.ts';
import type { ServiceWords } from '../service-words.ts';
import type { Service } from '../services.ts';

export interface Refusal extends ServiceAnswer {
  readonly method: string;
}

/** Of an answer whose status is 400 or more. */
export function serviceFailure(service: Service, answer: Refusal, context: ErrorContext): MiraError {
  const { bearer } = context;
  const refusal = isKnownKey(service, answer) ? { ...answer, status: 403 } : answer;
  const error = serviceError({ ...refusal, headers: withWait(service, refusal) }, context).with({
    status: answer.status,
  });
  switch (error.code) {
    case 'credential_rejected':
      return bearer === undefined
        ? error
        : error.with({ hint: hintOfRejected(service, { refusal, bearer }) });
    case 'forbidden':
      return error.with(forbidden(service, { refusal, bearer }));
    case 'not_found':
      return error.with({
        hint: `Check the path, and the address of the service (${service.address?.from}).`,
      });
    default:
      return error;
  }
}

/** Whose rights are told is known. */
function isKnownKey({ permission }: Service, { status, body, headers }: Refusal): boolean {
  if (status !== 401 || permission?.mayBe401 !== true) return false;
  return permission.said.test(serviceWords(body, headers['content-type']).text);
}

/**
 * The error that an answer holds although its status is a success; undefined where it holds none.
 * Only of services whose documents wrap errors so.
 */
export function findEnvelopeError(
  service: Service,
  answer: Refusal,
  context: ErrorContext,
): MiraError | undefined {
  const { envelope } = service;
  const value = envelope === undefined ? undefined : parseJson(answer.body);
  if (!isRecord(value)) return undefined;
  const { error } = value;
  const hasFailed =
    envelope === 'mirra' ? value['success'] === false : typeof error === 'string' && error !== '';
  if (!hasFailed) return undefined;
  const { status } = answer;
  const implied = impliedStatus(serviceWords(answer.body, 'application/json'));
  return implied === undefined
    ? streamedError(value, { ...answer, now: context.now }).with({ status })
    : serviceFailure(service, { ...answer, status: implied }, context).with({ status });
}

/** The status that such an error belongs to: by its code or, where that says nothing, by its words. */
function impliedStatus({ code = '', text }: ServiceWords): number | undefined {
  const find = (said: string): number | undefined =>
    IMPLIED.find(([words]) => words.test(said.replaceAll('_', ' ')))?.[1];
  return find(code) ?? find(text);
}

const IMPLIED: readonly (readonly [RegExp, number])[] = [
  [/\brate limit|\btoo many requests\b/i, 429],
  [/\bpermission|\bforbidden\b|\bsubscription\b|\bmissing scope/i, 403],
  [
    /\bunauthorized\b|\bunauthenticated\b|\bauthentication\b|\b(?:invalid|missing|expired|revoked|unknown) (?:api )?key\b|\b(?:api )?key\b.{0,20}\b(?:invalid|expired|revoked|not valid)\b/i,
    401,
  ],
  [/\bnot found\b/i, 404],
  [/\bvalidation\b/i, 422],
];

/** What the documents say to wait where the answer does not. */
function withWait({ waitS }: Service, { status, headers }: ServiceAnswer): Readonly<Record<string, string>> {
  const isSaid = 'retry-after' in headers || 'retry-after-ms' in headers;
  return status === 429 && waitS !== undefined && !isSaid
    ? { ...headers, 'retry-after': String(waitS) }
    : headers;
}

interface Refused<B> {
  readonly refusal: Refusal;
  readonly bearer: B;
}

function hintOfRejected(service: Service, { refusal, bearer }: Refused<Bearer>): string {
  const mend = `Mend it with: ${bearer.mend}`;
  const place = findKeysPlace(service, { url: refusal.url, key: bearer.value });
  return place === undefined ? mend : `It is revoked or mistyped; keys are managed at ${place}. ${mend}`;
}

function forbidden(
  service: Service,
  { refusal, bearer }: Refused<Bearer | undefined>,
): { readonly message: string; readonly hint: string } {
  const { url, method, body, headers } = refusal;
  const { text } = serviceWords(withoutSecret(body, bearer), headers['content-type']);
  const quoted = text === '' ? '' : `: ${text.replace(/[.\s]+$/, '')}`;
  const lacks = bearer && findPermission(service, { text, method });
  const key = bearer === undefined ? '' : ` with the credential from ${bearer.source}`;
  const place = findKeysPlace(service, { url, key: bearer?.value });
  return {
    message: `${url.host} does not allow this${key}${lacks === undefined ? '' : `, ${lacks}`}${quoted}.`,
    hint: `The plan, or the rights of the key, do not cover this${place === undefined ? '' : `; keys are managed at ${place}`}.`,
  };
}

function findPermission(
  { permission }: Service,
  { text, method }: { readonly text: string; readonly method: string },
): string | undefined {
  const said = permission?.said
    .exec(text)
    ?.slice(1)
    .find((group) => group !== undefined);
  if (said !== undefined) return `which lacks the permission ${said.toLowerCase()}`;
  if (/\bsubscription\b|\bplan\b/i.test(text)) return undefined;
  const documented = permission?.documented?.(method);
  return documented === undefined ? undefined : `which needs the permission ${documented}`;
}

export interface KeyInUse {
  /** Where it is sent. */
  readonly url: URL;
  /** Undefined where there is none yet. */
  readonly key?: string | undefined;
}

/** The page belongs to the vendor: at another address its keys are not managed, unless a key says whose it is. */
export function findKeysPlace(service: Service, { url, key = '' }: KeyInUse): string | undefined {
  const { address, keysAt, keyBegins } = service;
  const { fallback } = address ?? {};
  const isHome = fallback === undefined || new URL(fallback).origin === url.origin;
  return isHome || keyBegins?.test(key) === true ? keysAt : undefined;
}
