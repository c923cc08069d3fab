/** One request of a person to the service they are signed in to, or the pages of a list one after the other. */
import type { BearerSource } from '../../api/bearer.ts';
import type { Http } from '../../api/http.ts';
import { requestWithCredential } from '../../api/request-with-credential.ts';
import { redirectError } from '../../api/service-error.ts';
import type { ErrorContext } from '../../api/service-error.ts';
import { SERVICES } from '../../api/services.ts';
import type { Service } from '../../api/services.ts';
import type { Refusal } from '../../api/services/service-failure.ts';
import { findEnvelopeError, serviceFailure } from '../../api/services/service-failure.ts';
import { sameOrigin } from '../../api/url.ts';
import { MiraError } from '../../errors.ts';
import { readAnswer } from './answer.ts';
import type { Answer } from './answer.ts';
import { findNextPage } from './next-page.ts';

export interface Call {
  readonly http: Http;
  readonly service: Service;
  /** Undefined for a service that gets no credential. */
  readonly bearer: BearerSource | undefined;
  readonly url: URL;
  readonly method: string;
  readonly body: string | Uint8Array | undefined;
  readonly contentType: string | undefined;
  /** A person's own, which go before mira's; names in lower case, and no credential. */
  readonly headers: Readonly<Record<string, string>>;
  /** For each request. */
  readonly timeoutS: number | undefined;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

export interface Outcome {
  readonly answers: readonly Answer[];
  /** What the last answer means when it is no success, or why there are no more pages. */
  readonly failure?: MiraError | undefined;
}

/** @throws MiraError network codes, and what the credential's source throws */
export async function askOnce(call: Call): Promise<Outcome> {
  const { http, service, bearer: source, url, method, body, contentType, timeoutS, signal, now } = call;
  const { response, bearer } = await requestWithCredential(http, {
    bearer: source,
    keyHeader: service.keyHeader,
    url,
    method,
    body,
    headers: {
      ...service.headers,
      accept: 'application/json, */*;q=0.5',
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
      ...call.headers,
    },
    totalMs: timeoutS === undefined ? undefined : timeoutS * 1000,
    signal,
  });
  const { status, headers } = response;
  const answer = await readAnswer(response, bearer?.value);
  const said = answer.body.kind === 'json' || answer.body.kind === 'text' ? answer.body.text : '';
  const given = { status, headers, url, method, body: said };
  return { answers: [answer], failure: findFailure(service, given, { bearer, now: now() }) };
}

function findFailure(service: Service, answer: Refusal, context: ErrorContext): MiraError | undefined {
  const { status } = answer;
  if (status >= 200 && status < 300) return findEnvelopeError(service, answer, context);
  return status < 400 ? redirectError(answer) : serviceFailure(service, answer, context);
}

const MOST_PAGES = 100;

/** Ends at the last page, at the first failure, or after as many pages as nobody reads. */
export async function askForPages(call: Call): Promise<Outcome> {
  const answers: Answer[] = [];
  const seen = new Set<string>();
  let next: URL | undefined = call.url;
  while (next !== undefined) {
    const failure = reasonToStop(next, { call, seen });
    if (failure !== undefined) return { answers, failure };
    seen.add(next.href);
    const page = await pageAt(next, { call, answers });
    answers.push(...page.answers);
    if (page.failure !== undefined) return { answers, failure: page.failure };
    const [answer] = page.answers;
    next =
      answer &&
      findNextPage({
        url: next,
        headers: answer.headers,
        value: valueOf(answer),
        paging: call.service.paging,
      });
  }
  return { answers };
}

/** A failure without an answer after pages that came ends the list; the pages are not lost. */
async function pageAt(
  url: URL,
  { call, answers }: { readonly call: Call; readonly answers: readonly Answer[] },
): Promise<Outcome> {
  try {
    return await askOnce({ ...call, url });
  } catch (error) {
    if (answers.length === 0 || !(error instanceof MiraError) || call.signal.aborted) throw error;
    return { answers: [], failure: error };
  }
}

function reasonToStop(
  next: URL,
  { call, seen }: { readonly call: Call; readonly seen: ReadonlySet<string> },
): MiraError | undefined {
  if (!sameOrigin(next, call.url)) {
    return new MiraError(
      'other_origin',
      `${call.url.host} says that the next page is at ${next.host}; the credential was not sent there.`,
      { hint: 'The pages so far were printed.' },
    );
  }
  if (seen.has(next.href)) {
    return new MiraError(
      'malformed_response',
      `${call.url.host} names a page as the next one that was read already.`,
    );
  }
  if (seen.size < MOST_PAGES) return undefined;
  return new MiraError(
    'response_too_large',
    `There are more than ${MOST_PAGES} pages; that many were printed.`,
    {
      hint: `Go on from there: mira api --paginate ${serviceOption(call)}'${next.pathname}${next.search}'`,
    },
  );
}

function serviceOption({ service: { id } }: Call): string {
  return id === SERVICES.mira.id ? '' : `--service ${id} `;
}

function valueOf({ body }: Answer): unknown {
  return body.kind === 'json' ? JSON.parse(body.text) : undefined;
}
