/** OpenAI, and every service that speaks its chat completions: one wire format, two names for the longest answer. */
import type { Bearer, BearerSource } from '../../api/bearer.ts';
import type { Http, HttpResponse } from '../../api/http.ts';
import { errorText, requireOk } from '../../api/service-error.ts';
import { MiraError } from '../../errors.ts';
import { ask } from '../ask.ts';
import type { Patience } from '../ask.ts';
import { completionsBody } from '../chat-completions.ts';
import type { CompletionsDialect } from '../chat-completions.ts';
import { readCompletions } from '../completions-answer.ts';
import { findModels } from '../model-list.ts';
import type { ChatProvider, Model } from '../provider.ts';
import { ANSWER_CLOCKS } from '../read-answer.ts';
import type { AnswerClocks } from '../read-answer.ts';
import { withHint, withHints } from '../with-hints.ts';
import type { HintFacts } from '../with-hints.ts';

export interface OpenAiOptions extends Patience, HintFacts {
  readonly http: Http;
  /** Ends in a slash; the endpoints are right below it. */
  readonly baseUrl: URL;
  /** Undefined for a service that gets no credential. */
  readonly bearer: BearerSource | undefined;
  /** What the service is asked in at first. */
  readonly dialect: CompletionsDialect;
  readonly clocks?: AnswerClocks | undefined;
}

const LIST_MS = 30_000;

export function createOpenAiProvider(options: OpenAiOptions): ChatProvider {
  const { id, http, bearer, clocks = ANSWER_CLOCKS } = options;
  const url = new URL('chat/completions', options.baseUrl);
  /** What the service turned out to take: the next question does not begin with a refusal. */
  let dialect = options.dialect;
  return {
    id,
    takesImages: true,
    chat(request, { signal, onSent }) {
      const post = (credential: Bearer | undefined, stop: AbortSignal): Promise<HttpResponse> =>
        http.request({
          url,
          method: 'POST',
          headers: {
            ...authorization(credential),
            'content-type': 'application/json',
            accept: 'text/event-stream',
          },
          body: completionsBody(request, dialect),
          signal: stop,
          onSent,
        });
      const send = async (credential: Bearer | undefined, stop: AbortSignal): Promise<HttpResponse> => {
        const response = await post(credential, stop);
        if ((response.status !== 400 && response.status !== 422) || request.maxTokens === undefined)
          return response;
        const said = await errorText(response);
        if (!refusesName(said, dialect.limit)) return { ...response, text: async () => said };
        dialect = {
          ...dialect,
          limit: dialect.limit === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens',
        };
        return post(credential, stop);
      };
      const read = (response: HttpResponse, stop: AbortController) =>
        readCompletions(response, { clocks, stop, now: options.now });
      return withHints(ask({ url, bearer, signal, send, read }, options), options);
    },
    models: ({ signal }) => listModels(options, signal),
  };
}

/**
 * Is it the name of the parameter that the service does not take? A value it does not take ("max_tokens is too
 * large") would not be better under another name.
 */
function refusesName(said: string, name: string): boolean {
  return new RegExp(`(?<!\\w)${name}(?!\\w)`).test(said) && NAME_REFUSED.test(said);
}

const NAME_REFUSED =
  /unsupported|not support|unrecogni[sz]ed|unknown|unexpected|extra (?:input|field)|not (?:permitted|allowed)|extra_forbidden/i;

async function listModels(options: OpenAiOptions, signal: AbortSignal): Promise<readonly Model[]> {
  const { http, now } = options;
  const url = new URL('models', options.baseUrl);
  try {
    const bearer = await options.bearer?.get({ signal });
    const headers = { ...authorization(bearer), accept: 'application/json' };
    const response = await http.request({ url, headers, signal, totalMs: LIST_MS });
    const models = findModels(await (await requireOk(response, { bearer, now: now() })).json());
    if (models !== undefined) return models;
    throw new MiraError('malformed_response', `${url.host} sent a list of models that mira cannot read.`);
  } catch (error) {
    throw withHint(error, options);
  }
}

function authorization(bearer: Bearer | undefined): Record<string, string> {
  return bearer === undefined ? {} : { authorization: `Bearer ${bearer.value}` };
}
