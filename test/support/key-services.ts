/**
 * Services that take keys, played as their documents describe them: each knows one key in one header, answers any other
 * request as it would, and writes down what it was sent.
 */
import { randomBytes } from 'node:crypto';
import { startRawServer, whole } from './raw-server.ts';
import type { RawExchange, RawRequest, RawServer } from './raw-server.ts';
import type { Environment } from './run-mira.ts';

export interface KeyService extends AsyncDisposable, Pick<RawServer, 'origin' | 'port' | 'requests'> {
  /** Made for the occasion, in the format of the service. */
  readonly key: string;
  /** What points mira here, and the key. */
  readonly env: Environment;
  /** What it says from now on, whatever it is asked. */
  answer(mood: Mood): void;
}

/** `lacking` and `limited` are answered to the right key only, as are redirects. */
export type Mood =
  | 'well'
  | 'revoked'
  | 'lacking'
  | 'limited'
  | 'broken'
  | { readonly redirectTo: string; readonly status: number };

type Body = Readonly<Record<string, unknown>>;

interface Script {
  readonly key: string;
  readonly env: (origin: string) => Environment;
  /** Undefined for a path that it does not have. */
  readonly find: (request: RawRequest) => Body | undefined;
  readonly carriesKey: (request: RawRequest) => boolean;
  readonly error: (status: number, request: RawRequest) => Body;
}

const digits = (count: number): string => randomBytes(count).toString('hex').slice(0, count);

/** docs: recall.kalyxi.ai, one envelope for answers and errors. */
export function startMeetings(total = 3): Promise<KeyService> {
  const key = `mira_${'live'}_${digits(32)}`;
  const words: Readonly<Record<number, string>> = {
    401: 'Invalid or revoked API key',
    403: 'Missing required permission: read',
    404: 'Not found',
    429: 'Too many requests. Please retry after 60 seconds.',
    500: 'Internal server error',
  };
  return play({
    key,
    env: (origin) => ({ MIRA_MEETINGS_URL: `${origin}/api/v1`, MIRA_MEETINGS_API_KEY: key }),
    carriesKey: ({ headers }) => headers['authorization'] === `Bearer ${key}` && !('x-api-key' in headers),
    find: ({ method, path }) => {
      const url = new URL(path, 'http://any');
      if (method !== 'GET' || url.pathname !== '/api/v1/meetings') return undefined;
      const limit = Number(url.searchParams.get('limit') ?? 20);
      const from = (Number(url.searchParams.get('page') ?? 1) - 1) * limit;
      const ids = Array.from({ length: total }, (_, index) => ({ id: `m${index}` }));
      return { data: ids.slice(from, from + limit), error: null, meta: null };
    },
    error: (status) => ({ data: null, error: words[status], meta: null }),
  });
}

/** docs: docs.getmirra.app. */
export function startMirra(): Promise<KeyService> {
  const key = `mirra_${digits(64)}`;
  const codes: Readonly<Record<number, readonly [string, string]>> = {
    401: ['AUTHENTICATION_ERROR', 'Invalid API key'],
    403: ['PERMISSION_DENIED', 'The key may not do this'],
    404: ['NOT_FOUND', 'No such resource'],
    429: ['RATE_LIMITED', 'Slow down'],
    500: ['INTERNAL_ERROR', 'Something broke'],
  };
  return play({
    key,
    env: (origin) => ({ MIRRA_BASE_URL: `${origin}/api/sdk/v1`, MIRRA_API_KEY: key }),
    carriesKey: ({ headers }) => headers['x-api-key'] === key && !('authorization' in headers),
    find: ({ method, path }) => {
      if (`${method} ${path}` === 'GET /api/sdk/v1/resources') return { success: true, data: [] };
      return path.startsWith('/api/sdk/v2/')
        ? { success: false, error: { code: 'PERMISSION_DENIED', message: 'No.' } }
        : undefined;
    },
    error: (status) => {
      const [code, message] = codes[status] ?? ['ERROR', 'Error'];
      return { success: false, error: { code, message } };
    },
  });
}

export function startOpenAiKeys(): Promise<KeyService> {
  const key = `sk-${'proj'}-${digits(40)}`;
  const words: Readonly<Record<number, readonly [string, string]>> = {
    401: ['invalid_api_key', 'Incorrect API key provided'],
    403: [
      'insufficient_permissions',
      'You have insufficient permissions for this operation. Missing scopes: api.model.read. Check your key.',
    ],
    404: ['not_found', 'Unknown request URL'],
    429: ['rate_limit_exceeded', 'Rate limit reached'],
    500: ['server_error', 'The server had an error'],
  };
  return play({
    key,
    env: (origin) => ({ OPENAI_BASE_URL: `${origin}/v1`, OPENAI_API_KEY: key }),
    carriesKey: ({ headers }) => headers['authorization'] === `Bearer ${key}` && !('x-api-key' in headers),
    find: ({ method, path }) =>
      `${method} ${path}` === 'GET /v1/models' ? { object: 'list', data: [{ id: 'gpt' }] } : undefined,
    error: (status) => {
      const [code, message] = words[status] ?? ['error', 'Error'];
      return { error: { message, type: 'invalid_request_error', param: null, code } };
    },
  });
}

export function startAnthropicKeys(): Promise<KeyService> {
  const key = `sk-${'ant'}-api03-${digits(40)}`;
  const types: Readonly<Record<number, readonly [string, string]>> = {
    401: ['authentication_error', 'invalid x-api-key'],
    403: ['permission_error', 'Your API key does not have permission to use the specified resource.'],
    404: ['not_found_error', 'Not found'],
    429: ['rate_limit_error', 'Too many requests'],
    500: ['api_error', 'Internal server error'],
  };
  return play({
    key,
    env: (origin) => ({ ANTHROPIC_BASE_URL: origin, ANTHROPIC_API_KEY: key }),
    carriesKey: ({ headers }) =>
      headers['x-api-key'] === key &&
      !('authorization' in headers) &&
      headers['anthropic-version'] !== undefined,
    find: ({ method, path }) => {
      const url = new URL(path, 'http://any');
      if (method !== 'GET' || url.pathname !== '/v1/models') return undefined;
      const limit = Number(url.searchParams.get('limit') ?? 20);
      const all = ['a', 'b', 'c'];
      const from = all.indexOf(url.searchParams.get('after_id') ?? '') + 1;
      const data = all.slice(from, from + limit).map((id) => ({ type: 'model', id }));
      return {
        data,
        first_id: data[0]?.id ?? null,
        last_id: data.at(-1)?.id ?? null,
        has_more: from + limit < all.length,
      };
    },
    error: (status) => {
      const [type, message] = types[status] ?? ['error', 'Error'];
      return { type: 'error', error: { type, message }, request_id: 'req_1' };
    },
  });
}

async function play({ key, env, find, carriesKey, error }: Script): Promise<KeyService> {
  let mood: Mood = 'well';
  const respond = (exchange: RawExchange): Promise<void> => {
    const { request } = exchange;
    const send = (
      status: number,
      body: Body,
      headers: Readonly<Record<string, string>> = {},
    ): Promise<void> =>
      exchange.write(whole(status, JSON.stringify(body), { 'content-type': 'application/json', ...headers }));
    const fail = (status: number): Promise<void> => send(status, error(status, request));
    if (mood === 'broken') return fail(500);
    if (mood === 'revoked' || !carriesKey(request)) return fail(401);
    if (mood === 'lacking') return fail(403);
    if (mood === 'limited') return fail(429);
    if (mood !== 'well') return send(mood.status, {}, { location: mood.redirectTo });
    const body = find(request);
    return body === undefined ? fail(404) : send(200, body);
  };
  const server = await startRawServer(respond);
  return {
    origin: server.origin,
    port: server.port,
    requests: server.requests,
    key,
    env: env(server.origin),
    answer: (next) => {
      mood = next;
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}
