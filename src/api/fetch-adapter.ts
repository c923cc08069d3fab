/** `fetch` for libraries that bring their own requests, so that they travel by the same rules as ours. */
import { MiraError } from '../errors.ts';
import type { Http, HttpResponse } from './http.ts';
import { collected } from './http/decode.ts';
import { parseHttpDate } from './retry.ts';
import { redirectError } from './service-error.ts';

export interface FetchInit {
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | URLSearchParams | Uint8Array | ReadableStream | null | undefined;
  readonly signal?: AbortSignal | null | undefined;
}

export interface FetchOptions {
  /** For each whole exchange; token requests have 15 s. */
  readonly totalMs?: number | undefined;
  /** Told the server's clock (milliseconds since the epoch) whenever an answer carries a `Date`. */
  readonly onServerTime?: ((serverTime: number) => void) | undefined;
}

const MAX_BYTES = 1024 * 1024;

/**
 * A redirect, like every failure of the connection, rejects with a MiraError, unchanged: openid-client keeps
 * it as the `cause` of its own error.
 */
export function asFetch(
  http: Http,
  options: FetchOptions = {},
): (url: string, init?: FetchInit) => Promise<Response> {
  return async (url, init = {}) => {
    const answer = await http.request({
      url: new URL(url),
      method: init.method,
      headers: init.headers,
      body: sendable(init.body),
      signal: init.signal ?? undefined,
      totalMs: options.totalMs,
    });
    const serverTime = parseHttpDate(answer.headers['date'] ?? '');
    if (serverTime !== undefined) options.onServerTime?.(serverTime);
    if (answer.status >= 300 && answer.status < 400 && answer.status !== 304) {
      answer.discard();
      throw redirectError(answer);
    }
    return toResponse(answer, await collected(answer.bytes(MAX_BYTES)));
  };
}

function sendable(body: FetchInit['body']): string | Uint8Array | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  if (body instanceof URLSearchParams) return body.toString();
  throw new TypeError('a request body that is a stream is not supported here');
}

const WITHOUT_BODY = new Set([204, 205, 304]);

function toResponse(answer: HttpResponse, body: Uint8Array<ArrayBuffer>): Response {
  if (answer.status > 599) {
    throw new MiraError(
      'malformed_response',
      `${answer.url.host} answered with a status that does not exist.`,
    );
  }
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) {
    // The body is already decoded.
    if (name !== 'content-encoding' && name !== 'content-length') headers.append(name, value);
  }
  return new Response(WITHOUT_BODY.has(answer.status) ? null : body, { status: answer.status, headers });
}
