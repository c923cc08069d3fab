/**
 * One HTTP answer to chat events, in any wire format. An answer is whole when the service said so: the format's
 * own end (`[DONE]`, `message_stop`), or a finish reason and then the end or a second of quiet. Everything else is
 * an error, and what had arrived was given first.
 */
import type { HttpResponse } from '../api/http.ts';
import { MAX_JSON_BYTES } from '../api/http.ts';
import { streamedError } from '../api/service-error.ts';
import { MiraError } from '../errors.ts';
import { parseJson } from '../json.ts';
import type { AnswerDecoder, DecoderContext } from './answer-decoder.ts';
import { createEventStream } from './event-stream.ts';
import type { EventStream, ServerEvent } from './event-stream.ts';
import { createLineStream } from './line-stream.ts';
import type { ChatEvent } from './provider.ts';

export interface AnswerClocks {
  /** Without an event (comments are none) the service counts as silent; 120 s. */
  readonly silenceMs: number;
  /** After a finish reason, how long to wait for more; 1 s. */
  readonly quietMs: number;
}

export const ANSWER_CLOCKS: AnswerClocks = { silenceMs: 120_000, quietMs: 1_000 };

/** How the body is divided: server-sent events, one JSON object a line, or frames, whose first byte is 0. */
export type Framing = 'events' | 'lines' | ((onEvent: (event: ServerEvent) => void) => EventStream);

export interface AnswerReading {
  readonly createDecoder: (context: DecoderContext) => AnswerDecoder;
  readonly framing: Framing;
  readonly clocks: AnswerClocks;
  /** Ends the request that the response belongs to. */
  readonly stop: AbortController;
  readonly now: () => number;
}

/**
 * @throws MiraError `stream_cut`, `malformed_response`, `content_filtered`, `timeout`, `response_too_large`, what the
 *   service reports inside the stream, and what the connection throws
 */
export async function* readAnswer(
  response: HttpResponse,
  options: AnswerReading,
): AsyncGenerator<ChatEvent, void> {
  const { host } = response.url;
  const decoder = options.createDecoder({
    host,
    reported: (error) =>
      streamedError(error, { url: response.url, headers: response.headers, now: options.now() }),
  });
  const body = createBodyReader(response, { decoder, framing: options.framing });
  const chunks = response.bytes()[Symbol.asyncIterator]();
  let timer: NodeJS.Timeout | undefined;
  let lastEventAt = options.now();

  const wait = (): void => {
    // After a finish reason this is no failure either, see below.
    timer ??= setTimeout(
      () => options.stop.abort(silent(host, options.clocks.silenceMs)),
      decoder.finishReason === undefined ? options.clocks.silenceMs : options.clocks.quietMs,
    );
  };
  const rest = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };

  try {
    for (;;) {
      const { count: seen, pings } = decoder;
      // The clock runs while waiting only, and comments do not reset it.
      wait();
      let failure: MiraError | undefined;
      let ended = false;
      try {
        const next = await chunks.next();
        if (next.done === true) ended = true;
        else body.push(next.value);
        if (ended) body.end();
      } catch (error) {
        // After a finish reason nothing is missing, however the connection ends, or stays.
        if (!(error instanceof MiraError)) throw error;
        if (decoder.finishReason === undefined || !isConnectionFailure(error)) failure = error;
        ended = true;
        decoder.end();
      }
      if (decoder.count > seen) lastEventAt = options.now();
      const isKeptAlive = decoder.pings > pings && options.now() - lastEventAt < KEPT_ALIVE_MS;
      if (decoder.count > seen || isKeptAlive || ended) rest();
      if (decoder.done) decoder.end();
      yield* decoder.take();
      if (failure !== undefined) throw failure;
      if (decoder.failure !== undefined) throw decoder.failure;
      if (decoder.done || ended) break;
    }
    yield* conclusion(decoder, response);
  } finally {
    rest();
    await chunks.return?.();
  }
}

/** So long a service that says it is alive is believed to be at work. */
const KEPT_ALIVE_MS = 600_000;

/** Sorts the body by its first character, because the content type is often wrong, and feeds the decoder. */
function createBodyReader(
  response: HttpResponse,
  { decoder, framing }: { readonly decoder: AnswerDecoder; readonly framing: Framing },
) {
  let ending = false;
  const onEvent = (event: ServerEvent): void => decoder.push(event, ending);
  const stream =
    framing === 'lines'
      ? createLineStream((data) => onEvent({ data }))
      : framing === 'events'
        ? createEventStream(onEvent)
        : framing(onEvent);
  let kind: 'unknown' | 'events' | 'json' = 'unknown';
  let head: Uint8Array[] = [];
  let size = 0;

  const push = (bytes: Uint8Array): void => {
    if (typeof framing === 'function' && size === 0 && bytes[0] === 0) kind = 'events';
    if (kind === 'events') {
      stream.push(bytes);
      return;
    }
    const markIsWhole = size >= BOM.length;
    head.push(bytes);
    size += bytes.length;
    if (size > MAX_JSON_BYTES) throw tooLarge(response.url.host);
    if (kind === 'json') return;

    // Looked for in what is new: megabytes of spaces, come in small pieces, must not be read again for each.
    const first = firstCharacter(Buffer.concat(markIsWhole ? [bytes] : head));
    if (first === undefined) return;
    if (first === '<' || (first !== '{' && isType(response, 'html'))) throw webPage(response.url.host);
    kind = framing !== 'lines' && (first === '{' || first === '[') ? 'json' : 'events';
    if (kind === 'events') {
      stream.push(Buffer.concat(head));
      head = [];
    }
  };
  return {
    push,
    end(): void {
      if (kind === 'json') pushJson(Buffer.concat(head).toString('utf8'), decoder);
      ending = true;
      if (kind === 'events') stream.end();
      decoder.end();
    },
  };
}

/** A whole answer; or, from servers that leave out what frames their events, one event a line. */
function pushJson(body: string, decoder: AnswerDecoder): void {
  const text = body.replace(/^\ufeff/, '');
  const value = parseJson(text);
  const [first = '', ...rest] =
    value === undefined ? text.split('\n').filter((line) => line.trim() !== '') : [];
  if (rest.length === 0 || parseJson(first) === undefined) {
    decoder.pushWhole(value);
    return;
  }
  decoder.push({ data: first });
  for (const [index, data] of rest.entries()) decoder.push({ data }, index === rest.length - 1);
}

/** The first character that is no space; a byte order mark is skipped. */
function firstCharacter(bytes: Buffer): string | undefined {
  const start = bytes.subarray(0, 3).equals(BOM.subarray(0, Math.min(3, bytes.length))) ? 3 : 0;
  for (const byte of bytes.subarray(start)) {
    if (byte > 0x20) return String.fromCharCode(byte);
  }
  return undefined;
}

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

function isType(response: HttpResponse, type: string): boolean {
  return (response.headers['content-type'] ?? '').toLowerCase().includes(type);
}

function isConnectionFailure(error: MiraError): boolean {
  return ['stream_cut', 'connection_reset', 'network_failed', 'timeout'].includes(error.code);
}

function* conclusion(decoder: AnswerDecoder, response: HttpResponse): Generator<ChatEvent, void> {
  const { host } = response.url;
  if (!decoder.begun) {
    if (decoder.count === 0 && !isType(response, 'event-stream') && !isType(response, 'json'))
      throw noAnswer(host);
    throw new MiraError('stream_cut', `${host} answered with nothing.`, { hint: 'Ask again.' });
  }
  const calls = decoder.toolCalls.all();
  // Some servers end with the tools they want, and no word more.
  const isWholeCall = calls.length > 0 && decoder.toolCalls.areWhole;
  if (decoder.finishReason === undefined && !decoder.done && !isWholeCall) {
    throw new MiraError('stream_cut', `The answer of ${host} was cut short.`, {
      hint: 'Ask again, or ask to go on from where it stopped.',
    });
  }
  if (decoder.refusal !== undefined) {
    const why = decoder.refusal === '' ? '' : `: ${decoder.refusal}`;
    throw new MiraError('content_filtered', `The model at ${host} refused to answer${why}.`, {
      hint: 'Ask in other words.',
    });
  }
  if (decoder.finishReason === 'content_filter') {
    throw new MiraError('content_filtered', `The content filter of ${host} stopped the answer.`, {
      hint: 'Ask in other words.',
    });
  }
  for (const call of calls) yield { kind: 'tool_call', ...call };
  if (decoder.usage !== undefined) yield { kind: 'usage', usage: decoder.usage };
  const { finishReason = 'stop' } = decoder;
  // Not every service tells the one from the other.
  yield {
    kind: 'finish',
    finishReason: calls.length > 0 && finishReason === 'stop' ? 'tool_calls' : finishReason,
  };
}

function silent(host: string, ms: number): MiraError {
  return new MiraError('timeout', `${host} sent nothing for ${ms / 1000} s.`, { hint: 'Ask again.' });
}

function webPage(host: string): MiraError {
  return new MiraError('malformed_response', `${host} answered with a web page instead of an answer.`, {
    hint: 'Check MIRA_API_URL, and whether a login page of this network is in between.',
  });
}

function noAnswer(host: string): MiraError {
  return new MiraError('malformed_response', `${host} answered with something that is no chat answer.`, {
    hint: 'Check that the address is one of a chat service (MIRA_API_URL).',
  });
}

function tooLarge(host: string): MiraError {
  return new MiraError(
    'response_too_large',
    `The answer of ${host} is larger than ${MAX_JSON_BYTES / 1024 / 1024} MiB.`,
    {
      hint: 'Ask for a shorter answer.',
    },
  );
}
