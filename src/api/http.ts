/**
 * HTTP as policy. Every request of the program goes through one `Http`: TLS 1.2 or better and verification
 * that no environment variable lowers, no host that the configuration does not name, proxies from the usual
 * variables, no redirect followed, a clock for each phase, a limit on what is read, and failures in words a person
 * can act on.
 */
import { MiraError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { HostGuard } from './allowed-hosts.ts';
import { collected, decoded } from './http/decode.ts';
import { createDispatchers } from './http/dispatchers.ts';
import { exchange } from './http/exchange.ts';
import { CREDENTIAL_HEADERS, checkHeaders } from './http/headers.ts';
import { findProxy } from './http/proxy.ts';
import type { Proxies } from './http/proxy.ts';
import { isLoopback } from './url.ts';

export interface HttpOptions {
  /** Which hosts may be asked; nothing is sent to any other. */
  readonly hosts: HostGuard;
  /** Told of every host that a connection may now be made to, the proxy's included. */
  readonly onContact?: ((host: string) => void) | undefined;
  readonly proxies: Proxies;
  /** PEM files with certificates to trust besides those Node trusts; read at the first request. */
  readonly caFiles: readonly string[];
  readonly userAgent: string;
  readonly log: Log;
  readonly now: () => number;
  /** To connect, look-up and TLS included; default 10 s. */
  readonly connectMs?: number | undefined;
}

export interface HttpRequest {
  readonly url: URL;
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Until the answer begins; default 120 s. */
  readonly firstByteMs?: number | undefined;
  /** Between two pieces of the answer; default 120 s. */
  readonly idleMs?: number | undefined;
  /** For the whole exchange; none by default. */
  readonly totalMs?: number | undefined;
  /** Called once the request is on its way. */
  readonly onSent?: (() => void) | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; repeated headers joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  readonly url: URL;
  /** The decoded body, once; everything a network read brought comes together. At most `maxBytes` (64 MiB). */
  bytes(maxBytes?: number): AsyncIterable<Uint8Array>;
  /** @throws MiraError `response_too_large` above `maxBytes` (8 MiB) */
  text(maxBytes?: number): Promise<string>;
  /** @throws MiraError `malformed_response` when it is not JSON */
  json(maxBytes?: number): Promise<unknown>;
  /** Gives the answer up. */
  discard(): void;
}

export interface Http {
  /**
   * Answers with any status, redirects included.
   * @throws MiraError with an exit code of 6 or 9, `host_not_configured`, `malformed_key`, `invalid_config`, or the signal's reason
   */
  request(request: HttpRequest): Promise<HttpResponse>;
  /**
   * Lets requests go to hosts that were named in this run and have been checked: an address from an option as it is, a
   * host that a server named as decisions.md 13 has it.
   */
  allow(named: readonly (URL | string)[]): void;
  close(): Promise<void>;
}

const MIB = 1024 * 1024;
const MAX_STREAM_BYTES = 64 * MIB;
export const MAX_JSON_BYTES = 8 * MIB;

const CONNECT_MS = 10_000;
const FIRST_BYTE_MS = 120_000;
const IDLE_MS = 120_000;

export function createHttp(options: HttpOptions): Http {
  const connectMs = options.connectMs ?? CONNECT_MS;
  const dispatchers = createDispatchers({ caFiles: options.caFiles, connectMs });
  return {
    async request(request) {
      const { url } = request;
      const method = request.method ?? 'GET';
      const headers = checkHeaders({
        'user-agent': options.userAgent,
        'accept-encoding': 'identity',
        ...request.headers,
      });
      requireSafeAddress(url, headers);
      await options.hosts.require(url);
      const proxy = findProxy(url, options.proxies);
      options.onContact?.(url.host);
      if (proxy !== undefined) options.onContact?.(proxy.host);
      const startedAt = options.now();
      const logged = (outcome: { readonly status?: number; readonly error?: string }): void =>
        options.log('http', {
          method,
          host: url.host,
          path: url.pathname,
          proxy: proxy?.host,
          ...outcome,
          ms: Math.round(options.now() - startedAt),
        });
      try {
        const raw = await exchange(await dispatchers.for(proxy), {
          url,
          method,
          headers,
          body: request.body,
          signal: request.signal,
          connectMs,
          firstByteMs: request.firstByteMs ?? FIRST_BYTE_MS,
          idleMs: request.idleMs ?? IDLE_MS,
          totalMs: request.totalMs,
          proxy,
          caFiles: options.caFiles,
          onSent: request.onSent,
        });
        logged({ status: raw.status });
        return response(raw, url);
      } catch (error) {
        logged({ error: error instanceof MiraError ? error.code : 'unexpected' });
        throw error;
      }
    },
    allow: (named) => options.hosts.allow(named),
    close: () => dispatchers.destroy(),
  };
}

/** The last gate for every caller: without encryption a credential reaches this machine and no other. */
function requireSafeAddress(url: URL, headers: Readonly<Record<string, string>>): void {
  const plain = url.protocol === 'http:' && !isLoopback(url.hostname);
  const secret = CREDENTIAL_HEADERS.some((name) => name in headers);
  if ((url.protocol === 'http:' || url.protocol === 'https:') && !(plain && secret)) return;
  throw new MiraError('unsafe_url', `mira does not send a credential to ${url.host} without encryption.`, {
    hint: 'Use an address that starts with https://.',
  });
}

function response(raw: Awaited<ReturnType<typeof exchange>>, url: URL): HttpResponse {
  const { status, headers } = raw;
  const bytes = (maxBytes: number): AsyncIterable<Uint8Array> =>
    decoded(raw.body, { encoding: headers['content-encoding'], host: url.host, maxBytes });
  const text = async (maxBytes: number): Promise<string> =>
    new TextDecoder().decode(await collected(bytes(maxBytes)));
  return {
    status,
    headers,
    url,
    bytes: (maxBytes = MAX_STREAM_BYTES) => bytes(maxBytes),
    text: (maxBytes = MAX_JSON_BYTES) => text(maxBytes),
    async json(maxBytes = MAX_JSON_BYTES) {
      const body = await text(maxBytes);
      try {
        const value: unknown = JSON.parse(body);
        return value;
      } catch {
        // The parser's error quotes the text, which may hold a token.
        throw notJson({ url, body, status });
      }
    },
    discard: () => raw.release(),
  };
}

function notJson(answer: { readonly url: URL; readonly body: string; readonly status: number }): MiraError {
  const what = /^\s*</.test(answer.body)
    ? 'a web page'
    : answer.body.trim() === ''
      ? 'nothing'
      : 'no valid JSON';
  return new MiraError(
    'malformed_response',
    `${answer.url.host} answered with ${what} where JSON was expected.`,
    {
      hint: isLoopback(answer.url.hostname)
        ? 'Check that the address is the one of the service.'
        : 'Check the address, and whether a network login page is in between.',
      status: answer.status,
    },
  );
}
