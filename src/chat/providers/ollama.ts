/** Ollama, by the endpoints it shares with others: no credential, and a first answer that may take minutes to load. */
import type { Http } from '../../api/http.ts';
import { requireOk } from '../../api/service-error.ts';
import { MiraError } from '../../errors.ts';
import { isRecord } from '../../json.ts';
import { ask } from '../ask.ts';
import type { Patience } from '../ask.ts';
import { completionsBody } from '../chat-completions.ts';
import type { CompletionsDialect } from '../chat-completions.ts';
import { readCompletions } from '../completions-answer.ts';
import { findModels } from '../model-list.ts';
import type { ChatEvent, ChatProvider, ChatRequest, Model } from '../provider.ts';
import { ANSWER_CLOCKS } from '../read-answer.ts';

export interface OllamaOptions extends Patience {
  readonly http: Http;
  /** Ends in `/v1/`. */
  readonly baseUrl: URL;
}

export function createOllamaProvider(options: OllamaOptions): ChatProvider {
  return {
    id: 'ollama',
    takesImages: true,
    chat: (request, { signal, onSent }) => chat(options, { request, signal, onSent }),
    models: ({ signal }) => listOllamaModels(options, { signal, limitMs: LIST_MS }),
  };
}

/** A model that is not in memory yet is read from the disk first. */
const FIRST_BYTE_MS = 600_000;
const LIST_MS = 30_000;
/** Its compatible endpoint turns a schema into its own `format`. */
const DIALECT: CompletionsDialect = { limit: 'max_tokens', includesUsage: false, takesSchema: true };

interface Asked {
  readonly request: ChatRequest;
  readonly signal: AbortSignal;
  readonly onSent: (() => void) | undefined;
}

async function* chat(
  options: OllamaOptions,
  { request, signal, onSent }: Asked,
): AsyncGenerator<ChatEvent, void> {
  const { http, baseUrl, now } = options;
  const url = new URL('chat/completions', baseUrl);
  const question = {
    url,
    bearer: undefined,
    signal,
    send: (_: unknown, stop: AbortSignal) =>
      http.request({
        url,
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
        body: completionsBody(request, DIALECT),
        signal: stop,
        firstByteMs: FIRST_BYTE_MS,
        onSent,
      }),
    read: (response: Awaited<ReturnType<Http['request']>>, stop: AbortController) =>
      readCompletions(response, { clocks: ANSWER_CLOCKS, stop, now }),
  };
  try {
    yield* ask(question, options);
  } catch (error) {
    throw inItsWords(error, { baseUrl, model: request.model });
  }
}

/** The models that were pulled, in Ollama's order: the one used last comes first. */
export async function listOllamaModels(
  { http, baseUrl, now }: Pick<OllamaOptions, 'http' | 'baseUrl' | 'now'>,
  { signal, limitMs }: { readonly signal: AbortSignal; readonly limitMs: number },
): Promise<readonly Model[]> {
  try {
    const request = { url: new URL('models', baseUrl), headers: { accept: 'application/json' }, signal };
    const response = await http.request({ ...request, totalMs: limitMs });
    const list = await (await requireOk(response, { now: now() })).json();
    // Without a model the list is null.
    const models = isRecord(list) && list['data'] === null ? [] : findModels(list);
    if (models !== undefined) return models;
    throw new MiraError('malformed_response', `${baseUrl.host} sent a list of models that mira cannot read.`);
  } catch (error) {
    throw inItsWords(error, { baseUrl });
  }
}

/** What the failures of any service mean for this one. */
function inItsWords(
  error: unknown,
  { baseUrl, model }: { readonly baseUrl: URL; readonly model?: string | undefined },
): unknown {
  if (!(error instanceof MiraError)) return error;
  switch (error.code) {
    case 'connection_refused':
      return error.with({
        message: `Ollama does not answer at ${baseUrl.origin}.`,
        hint: 'Start it: ollama serve (OLLAMA_BASE_URL says where it is).',
      });
    case 'model_not_found':
      return error.with({ hint: `${pullHint(model)}; what is there: mira models -p ollama` });
    case 'not_found':
    case 'malformed_response':
    case 'redirect_refused':
      return error.with({
        hint: `Check that Ollama is what answers at ${baseUrl.origin} (OLLAMA_BASE_URL).`,
      });
    default:
      return error;
  }
}

function pullHint(model: string | undefined): string {
  return model !== undefined && /^[\w.:/-]{1,100}$/.test(model)
    ? `Get it: ollama pull ${model}`
    : 'Get one: ollama pull';
}
