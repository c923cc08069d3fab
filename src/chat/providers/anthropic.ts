/** Anthropic, and every service that speaks its Messages API. */
import type { Bearer, BearerSource } from '../../api/bearer.ts';
import type { Http, HttpResponse } from '../../api/http.ts';
import { requireOk } from '../../api/service-error.ts';
import { MiraError } from '../../errors.ts';
import { isRecord } from '../../json.ts';
import { createMessagesDecoder, messagesBody } from '../anthropic-messages.ts';
import { ask } from '../ask.ts';
import type { Patience } from '../ask.ts';
import { findModels } from '../model-list.ts';
import type { ChatEvent, ChatOptions, ChatProvider, ChatRequest, Model } from '../provider.ts';
import { ANSWER_CLOCKS, readAnswer } from '../read-answer.ts';
import type { AnswerClocks } from '../read-answer.ts';
import { withHint, withHints } from '../with-hints.ts';
import type { HintFacts } from '../with-hints.ts';

export interface AnthropicOptions extends Patience, HintFacts {
  readonly http: Http;
  /** Ends in a slash; the endpoints are below `v1/`. */
  readonly baseUrl: URL;
  /** Undefined for a service that gets no credential. */
  readonly bearer: BearerSource | undefined;
  /** Anthropic itself, and no other service that speaks its format. */
  readonly isAnthropic: boolean;
  readonly clocks?: AnswerClocks | undefined;
}

const LIST_MS = 30_000;
/** A service that always says there is more is not believed for ever. */
const MOST_PAGES = 20;

export function createAnthropicProvider(options: AnthropicOptions): ChatProvider {
  const { id, http, bearer, clocks = ANSWER_CLOCKS } = options;
  const url = new URL('v1/messages', options.baseUrl);

  async function* chat(
    request: ChatRequest,
    { signal, onSent }: ChatOptions,
  ): AsyncGenerator<ChatEvent, void> {
    requireTemperature(request.temperature);
    const body = messagesBody(request);
    const send = (credential: Bearer | undefined, stop: AbortSignal): Promise<HttpResponse> =>
      http.request({
        url,
        method: 'POST',
        headers: {
          ...credentialHeader(credential),
          'anthropic-version': versionFor(request, options),
          'content-type': 'application/json',
          accept: 'text/event-stream',
        },
        body,
        signal: stop,
        onSent,
      });
    const read = (response: HttpResponse, stop: AbortController) =>
      readAnswer(response, {
        createDecoder: createMessagesDecoder,
        framing: 'events',
        clocks,
        stop,
        now: options.now,
      });
    yield* ask({ url, bearer, signal, send, read }, options);
  }

  return {
    id,
    takesImages: true,
    chat: (request, chatOptions) => withHints(chat(request, chatOptions), options),
    models: ({ signal }) => listModels(options, signal),
  };
}

/** What is current (platform.claude.com/docs/en/api/versioning), and the one before it, which every server knows. */
const CURRENT_VERSION = '2026-10-21';
const EARLIER_VERSION = '2023-06-01';

/**
 * The current version answers a temperature, whatever it is, with 400: whoever gives one is asked in the earlier
 * version. So is every other service, which may know no later one. What mira sends and reads is the same in both.
 */
function versionFor({ temperature }: ChatRequest, { isAnthropic }: AnthropicOptions): string {
  return isAnthropic && temperature === undefined ? CURRENT_VERSION : EARLIER_VERSION;
}

function requireTemperature(temperature: number | undefined): void {
  if (temperature === undefined || temperature <= 1) return;
  throw new MiraError('invalid_input', 'The models of Anthropic take a temperature from 0 to 1.', {
    hint: 'Give a lower --temperature, or none.',
  });
}

async function listModels(options: AnthropicOptions, signal: AbortSignal): Promise<readonly Model[]> {
  const models: Model[] = [];
  const bearer = await options.bearer?.get({ signal });
  try {
    let after: string | undefined;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const list = await requestPage(options, { bearer, after, signal });
      models.push(...list.models);
      if (list.next === undefined || list.next === after) break;
      after = list.next;
    }
    return models;
  } catch (error) {
    throw withHint(error, options);
  }
}

interface PageRequest {
  readonly bearer: Bearer | undefined;
  readonly after: string | undefined;
  readonly signal: AbortSignal;
}

async function requestPage(
  { http, baseUrl, isAnthropic, now }: AnthropicOptions,
  { bearer, after, signal }: PageRequest,
): Promise<{ readonly models: readonly Model[]; readonly next: string | undefined }> {
  const url = new URL('v1/models', baseUrl);
  url.searchParams.set('limit', '1000');
  if (after !== undefined) url.searchParams.set('after_id', after);
  const version = isAnthropic ? CURRENT_VERSION : EARLIER_VERSION;
  const headers = { ...credentialHeader(bearer), 'anthropic-version': version, accept: 'application/json' };
  const response = await http.request({ url, headers, signal, totalMs: LIST_MS });
  const list = await (await requireOk(response, { bearer, now: now() })).json();
  const models = findModels(list);
  if (models === undefined)
    throw new MiraError('malformed_response', `${url.host} sent a list of models that mira cannot read.`);
  const more = isRecord(list) && list['has_more'] === true ? list['last_id'] : undefined;
  return { models, next: typeof more === 'string' ? more : undefined };
}

function credentialHeader(bearer: Bearer | undefined): Record<string, string> {
  return bearer === undefined ? {} : { 'x-api-key': bearer.value };
}
