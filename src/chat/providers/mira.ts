/** The Mira platform: where its endpoints are and which of its habits differ from the format it follows. */
import type { Bearer, BearerSource } from '../../api/bearer.ts';
import type { Http, HttpResponse } from '../../api/http.ts';
import { readServiceError } from '../../api/service-error.ts';
import { apiBase, apiOrigin } from '../../api/url.ts';
import { MiraError } from '../../errors.ts';
import { ask } from '../ask.ts';
import type { Patience } from '../ask.ts';
import { completionsBody } from '../chat-completions.ts';
import { readCompletions } from '../completions-answer.ts';

import { findModels } from '../model-list.ts';
import type { ChatProvider, Model } from '../provider.ts';
import { ANSWER_CLOCKS } from '../read-answer.ts';
import type { AnswerClocks } from '../read-answer.ts';

export interface MiraProviderOptions extends Patience {
  readonly http: Http;
  /** With or without `/v1`. */
  readonly baseUrl: URL;
  /** Undefined where nobody is signed in. */
  readonly bearer: BearerSource | undefined;
  readonly id?: string | undefined;
  readonly clocks?: AnswerClocks | undefined;
}

const LIST_MS = 30_000;

export function createMiraProvider(options: MiraProviderOptions): ChatProvider {
  const { http, bearer, clocks = ANSWER_CLOCKS } = options;
  const base = apiBase(options.baseUrl);
  const completions = new URL('chat/completions', base);
  return {
    id: options.id ?? 'mira',
    // The platform has announced pictures and does not take them yet (providers.md 3.1).
    takesImages: false,
    chat(request, { signal, onSent }) {
      const body = completionsBody(request);
      return ask(
        {
          url: completions,
          bearer,
          signal,
          send: (credential, stop) =>
            http.request({
              url: completions,
              method: 'POST',
              headers: {
                ...authorization(credential),
                'content-type': 'application/json',
                accept: 'text/event-stream',
              },
              body,
              signal: stop,
              onSent,
            }),
          read: (response, stop) => readCompletions(response, { clocks, stop, now: options.now }),
        },
        options,
      );
    },
    models: ({ signal }) =>
      listModels({
        ...options,
        addresses: [new URL('models', base), new URL('api/v1/models', apiOrigin(base))],
        signal,
      }),
  };
}

function authorization(bearer: Bearer | undefined): Record<string, string> {
  return bearer === undefined ? {} : { authorization: `Bearer ${bearer.value}` };
}

interface Listing {
  readonly http: Http;
  readonly bearer: BearerSource | undefined;
  readonly addresses: readonly URL[];
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** The platform has listed its models at two places; the one that is absent answers 403 or 404. Not both need a credential. */
async function listModels(listing: Listing): Promise<readonly Model[]> {
  let failure: MiraError | undefined;
  for (const url of listing.addresses) {
    const { response, bearer } = await requestList(url, listing);
    if (response.status === 200) {
      const models = findModels(await response.json());
      if (models !== undefined) return models;
      throw new MiraError('malformed_response', `${url.host} sent a list of models that mira cannot read.`, {
        hint: 'Check MIRA_API_URL.',
      });
    }
    const error = await readServiceError(response, { bearer, now: listing.now() });
    // Without a credential a 401 speaks of this place alone.
    const isAbsent = [403, 404].includes(response.status) || (response.status === 401 && !bearer);
    if (!isAbsent) throw error;
    failure ??= error;
  }
  throw failure ?? new MiraError('not_found', 'The service lists no models.');
}

async function requestList(
  url: URL,
  listing: Listing,
): Promise<{ readonly response: HttpResponse; readonly bearer: Bearer | undefined }> {
  const { http, signal } = listing;
  const send = (bearer: Bearer | undefined): Promise<HttpResponse> =>
    http.request({
      url,
      headers: { ...authorization(bearer), accept: 'application/json' },
      signal,
      totalMs: LIST_MS,
    });

  // Lists are public on some installations: not being signed in is for the service to object to.
  const bearer = await findBearer(listing);
  const response = await send(bearer);
  if (response.status !== 401 || bearer === undefined || !bearer.refreshable) return { response, bearer };
  response.discard();
  const other = await listing.bearer?.get({ rejected: bearer.value, signal });
  return { response: await send(other), bearer: other };
}

async function findBearer({ bearer, signal }: Listing): Promise<Bearer | undefined> {
  try {
    return await bearer?.get({ signal });
  } catch (error) {
    if (error instanceof MiraError && error.code === 'not_signed_in') return undefined;
    throw error;
  }
}
