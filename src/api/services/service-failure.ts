/** The error an answer of a service stands for: whose key was refused, which right it lacks, and where to see to that. */
import type { MiraError } from '../../errors.ts';
import { isRecord, parseJson } from '../../json.ts';
import type { Bearer } from '../bearer.ts';
import { serviceError, streamedError, withoutSecret } from '../service-error.ts';
import type { ErrorContext, ServiceAnswer } from '../service-error.ts';
import { serviceWords } from '../service-words.ts';
import type { Service } from '../services.ts';

export interface Refusal extends ServiceAnswer {
  readonly method: string;
}

/** Of an answer whose status is 400 or more. */
export function serviceFailure(service: Service, refusal: Refusal, context: ErrorContext): MiraError {
  const { bearer } = context;
  const error = serviceError({ ...refusal, headers: withWait(service, refusal) }, context);
  switch (error.code) {
    case 'credential_rejected':
      return bearer === undefined
        ? error
        : error.with({ hint: hintOfRejected(service, { refusal, bearer }) });
    case 'forbidden':
      return error.with(forbidden(service, { refusal, bearer }));
    default:
      return error;
  }
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
    envelope === 'mirra'
      ? value['success'] === false
      : typeof error === 'string' && error !== '' && (value['data'] ?? null) === null;
  if (!hasFailed) return undefined;
  const { status } = answer;
  const failure = streamedError(value, { ...answer, now: context.now });
  switch (failure.code) {
    case 'credential_rejected':
      return serviceFailure(service, { ...answer, status: 401 }, context).with({ status });
    case 'forbidden':
      return serviceFailure(service, { ...answer, status: 403 }, context).with({ status });
    default:
      return failure.with({ status });
  }
}

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
  const place = findKeysPlace(service, refusal.url);
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
  const place = findKeysPlace(service, url);
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
  const documented = permission?.documented?.(method);
  return documented === undefined ? undefined : `which needs the permission ${documented}`;
}

/** The page belongs to the vendor: at another address its keys are not managed. */
export function findKeysPlace({ address, keysAt }: Service, url: URL): string | undefined {
  const { fallback } = address ?? {};
  return fallback === undefined || new URL(fallback).origin === url.origin ? keysAt : undefined;
}
