/**
 * Ollama, by its own endpoints: those it shares with others put a temperature of their own in the place of the one
 * a model was made with (ollama/ollama#17744), and tell nothing of what was used.
 */
import type { Bearer, BearerSource } from '../../api/bearer.ts';
import type { Http, HttpResponse } from '../../api/http.ts';
import { requireOk } from '../../api/service-error.ts';
import { MiraError } from '../../errors.ts';
import { isRecord } from '../../json.ts';
import { ask } from '../ask.ts';
import type { Patience } from '../ask.ts';
import { findModels } from '../model-list.ts';
import { createOllamaDecoder, ollamaBody } from '../ollama-chat.ts';
import type { ChatEvent, ChatOptions, ChatProvider, ChatRequest, Model } from '../provider.ts';
import { ANSWER_CLOCKS, readAnswer } from '../read-answer.ts';
import type { AnswerClocks } from '../read-answer.ts';

export interface OllamaOptions extends Patience {
  readonly http: Http;
  /** Ends in a slash; the endpoints are below `api/`. */
  readonly baseUrl: URL;
  readonly id?: string | undefined;
  /** The setting that says where it is. */
  readonly addressFrom?: string | undefined;
  /** None on one's own machines. */
  readonly bearer?: BearerSource | undefined;
  /** What to do when it wants a credential and none was sent. */
  readonly withoutKey?: string | undefined;
  readonly clocks?: AnswerClocks | undefined;
}

const OLLAMA_ID = 'ollama';

export function createOllamaProvider(options: OllamaOptions): ChatProvider {
  return {
    id: options.id ?? OLLAMA_ID,
    takesImages: true,
    chat: (request, chatOptions) => chat(options, request, chatOptions),
    models: ({ signal }) => listOllamaModels(options, { signal, limitMs: LIST_MS }),
  };
}

/** A model that is not in memory yet is read from the disk first. */
const FIRST_BYTE_MS = 600_000;
const LIST_MS = 30_000;

async function* chat(
  options: OllamaOptions,
  request: ChatRequest,
  { signal, onSent }: ChatOptions,
): AsyncGenerator<ChatEvent, void> {
  const { http, baseUrl, bearer, clocks = ANSWER_CLOCKS, now } = options;
  const url = new URL('api/chat', baseUrl);
  const body = ollamaBody(request);
  const send = (credential: Bearer | undefined, stop: AbortSignal): Promise<HttpResponse> =>
    http.request({
      url,
      method: 'POST',
      headers: {
        ...authorization(credential),
        'content-type': 'application/json',
        accept: 'application/x-ndjson',
      },
      body,
      signal: stop,
      firstByteMs: FIRST_BYTE_MS,
      onSent,
    });
  const read = (response: HttpResponse, stop: AbortController) =>
    readAnswer(response, { createDecoder: createOllamaDecoder, framing: 'lines', clocks, stop, now });
  try {
    yield* ask({ url, bearer, signal, send, read }, options);
  } catch (error) {
    throw inItsWords(error, { ...options, model: request.model });
  }
}

/** The models that were pulled, in Ollama's order: the one used last comes first. */
export async function listOllamaModels(
  options: Pick<OllamaOptions, 'http' | 'baseUrl' | 'now' | 'bearer'>,
  { signal, limitMs }: { readonly signal: AbortSignal; readonly limitMs: number },
): Promise<readonly Model[]> {
  const { http, baseUrl, now } = options;
  try {
    const bearer = await options.bearer?.get({ signal });
    const response = await http.request({
      url: new URL('api/tags', baseUrl),
      headers: { ...authorization(bearer), accept: 'application/json' },
      signal,
      totalMs: limitMs,
    });
    const list = await (await requireOk(response, { bearer, now: now() })).json();
    // Without a model the list is null.
    const models = isRecord(list) && list['models'] === null ? [] : findModels(list);
    if (models !== undefined) return models.map(({ id }) => ({ id, ownedBy: ownerOf(id) }));
    throw new MiraError('malformed_response', `${baseUrl.host} sent a list of models that mira cannot read.`);
  } catch (error) {
    throw inItsWords(error, options);
  }
}

/** `user/model` is somebody's; what has no such name comes from Ollama's own library. */
function ownerOf(id: string): string {
  return id.split('/').at(-2) ?? 'library';
}

function authorization(bearer: Bearer | undefined): Record<string, string> {
  return bearer === undefined ? {} : { authorization: `Bearer ${bearer.value}` };
}

type Place = Pick<OllamaOptions, 'baseUrl' | 'id' | 'addressFrom' | 'withoutKey'> & {
  readonly model?: string | undefined;
};

/** What the failures of any service mean for this one. */
function inItsWords(error: unknown, place: Place): unknown {
  if (!(error instanceof MiraError)) return error;
  const { baseUrl, id = OLLAMA_ID, addressFrom = 'OLLAMA_BASE_URL', withoutKey, model } = place;
  switch (error.code) {
    case 'connection_refused':
      return error.with({
        message: `Ollama does not answer at ${baseUrl.origin}.`,
        hint: `Start it: ollama serve (${addressFrom} says where it is).`,
      });
    case 'model_not_found':
      return error.with({ hint: `${pullHint(model)}; what is there: mira models -p ${id}` });
    case 'not_found':
    case 'malformed_response':
    case 'redirect_refused':
      return error.with({
        hint: `Check that Ollama is what answers at ${baseUrl.origin} (${addressFrom}).`,
      });
    case 'credential_rejected':
      return withoutKey === undefined || error.next.length > 0 ? error : error.with({ hint: withoutKey });
    default:
      return error;
  }
}

function pullHint(model: string | undefined): string {
  return model !== undefined && /^[\w.:/-]{1,100}$/.test(model)
    ? `Get it: ollama pull ${model}`
    : 'Get one: ollama pull';
}
