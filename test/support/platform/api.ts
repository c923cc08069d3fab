/** The platform's API: who is asking, and which handler answers. */
import { randomUUID } from 'node:crypto';
import type { AccessTokens } from './access-token.ts';
import { createAccount, type Account } from './account.ts';
import { detail, json, type Answer } from './answer.ts';
import { completeChat, type ChatOptions } from './chat-completions.ts';
import type { FaultPoint } from './faults.ts';
import type { ApiKeys } from './keys.ts';
import { MODELS } from './model.ts';
import type { Handler } from './open-server.ts';
import type { PlatformDevice } from './platform-device.ts';
import type { PlatformRequest } from './request-record.ts';

/** Which forms of RFC 9728 metadata are published. */
export type MetadataForms = 'both' | 'path' | 'root' | 'off';

export interface ApiOptions {
  readonly origin: string;
  readonly apiUrl: string;
  readonly issuer: string;
  readonly scopes: readonly string[];
  readonly metadata: MetadataForms;
  readonly accessTokens: AccessTokens;
  readonly keys: ApiKeys;
  /** Undefined: the platform has no device login of its own. */
  readonly device: PlatformDevice | undefined;
  readonly chat: ChatOptions;
}

const METADATA_PATH = '/.well-known/oauth-protected-resource';
const KEY_PATH = /^\/api\/v1\/api-keys\/([0-9a-f-]{36})$/;

export function locateAtApi(_method: string, path: string): FaultPoint | undefined {
  switch (path) {
    case METADATA_PATH:
    case `${METADATA_PATH}/v1`:
      return 'metadata';
    case '/v1/chat/completions':
      return 'chat';
    case '/v1/models':
    case '/api/v1/models':
      return 'models';
    case '/api/v1/auth/me':
      return 'account';
    case '/api/v1/auth/device/code':
      return 'device';
    case '/api/v1/auth/device/token':
      return 'token';
    default:
      return path.startsWith('/api/v1/api-keys') ? 'keys' : undefined;
  }
}

export function createApi(options: ApiOptions): Handler {
  let remaining = 1000;
  const account = createAccount(Date.now());
  return async (request, signal) => {
    const answer = await route({ options, account, request, signal });
    remaining = Math.max(0, remaining - 1);
    const limits = request.point === 'chat' ? { 'x-ratelimit-remaining': String(remaining) } : {};
    return { ...answer, headers: { ...answer.headers, 'x-request-id': randomUUID(), ...limits } };
  };
}

interface Call {
  readonly options: ApiOptions;
  readonly account: Account;
  readonly request: PlatformRequest;
  readonly signal: AbortSignal;
}

async function route(call: Call): Promise<Answer> {
  const { options, account, request } = call;
  switch (`${request.method} ${request.path}`) {
    case `GET ${METADATA_PATH}`:
      return metadata(options, 'root');
    case `GET ${METADATA_PATH}/v1`:
      return metadata(options, 'path');
    case 'POST /v1/chat/completions':
      return (
        (await refused(call)) ??
        completeChat({ ...options.chat, onAnswered: account.count }, request, call.signal)
      );
    case 'GET /v1/models':
      return json(200, { object: 'list', data: MODELS.map(modelEntry) });
    case 'GET /api/v1/auth/me':
      return (await refused(call)) ?? account.profile();
    case 'GET /v1/quota':
      return (await refused(call)) ?? account.quota(isKey(call) ? 'key' : 'token');
    case 'GET /api/v1/auth/me/usage':
      return (await refused(call)) ?? account.usage();
    case 'GET /api/v1/billing/balance':
      return (await refused(call)) ?? account.balance();
    case 'GET /api/v1/api-keys':
      return (await refused(call)) ?? json(200, options.keys.list().map(keyEntry));
    default:
      return routeKeys(call) ?? routeDevice(call) ?? absent(request);
  }
}

function metadata(options: ApiOptions, form: 'root' | 'path'): Answer {
  if (options.metadata !== 'both' && options.metadata !== form) return detail(404, 'Not Found');
  return json(200, {
    resource: form === 'path' ? options.apiUrl : options.origin,
    authorization_servers: [options.issuer],
    scopes_supported: options.scopes,
    bearer_methods_supported: ['header'],
    resource_name: 'Mira (embedded platform)',
  });
}

/** The answer to a request without a credential that counts, or undefined to go on. */
async function refused({ options, request }: Call): Promise<Answer | undefined> {
  const credential = bearerOf(request);
  const own = request.path.startsWith('/api/');
  if (credential === undefined) return unauthorized(options, own ? 'Not authenticated' : 'API key required');
  if (options.keys.find(credential) !== undefined) return undefined;
  if ((await options.accessTokens.verify(credential)) !== undefined) return undefined;
  return unauthorized(options, own ? 'Invalid token' : 'Invalid API key');
}

function bearerOf({ headers }: PlatformRequest): string | undefined {
  return /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
}

function isKey({ options, request }: Call): boolean {
  return options.keys.find(bearerOf(request) ?? '') !== undefined;
}

function unauthorized(options: ApiOptions, message: string): Answer {
  const metadataUrl = `${options.origin}${METADATA_PATH}${options.metadata === 'root' ? '' : '/v1'}`;
  const challenge = options.metadata === 'off' ? 'Bearer' : `Bearer resource_metadata="${metadataUrl}"`;
  return detail(401, message, { 'www-authenticate': challenge });
}

function modelEntry(id: string): object {
  return { id, object: 'model', created: 1_714_867_200, owned_by: 'vmira' };
}

function keyEntry({ id, name, keyPrefix, createdAt }: ReturnType<ApiKeys['list']>[number]): object {
  return { id, name, key_prefix: keyPrefix, is_active: true, last_used_at: null, created_at: createdAt };
}

function routeKeys(call: Call): Promise<Answer> | undefined {
  const id = KEY_PATH.exec(call.request.path)?.[1];
  return id === undefined || call.request.method !== 'DELETE' ? undefined : removeKey(call, id);
}

async function removeKey(call: Call, id: string): Promise<Answer> {
  const refusal = await refused(call);
  if (refusal !== undefined) return refusal;
  return call.options.keys.remove(id)
    ? { status: 204, headers: {}, body: '' }
    : detail(404, 'API key not found');
}

function routeDevice({ options: { device }, request }: Call): Answer | undefined {
  if (device === undefined) return undefined;
  switch (`${request.method} ${request.path}`) {
    case 'POST /api/v1/auth/device/code':
      return device.requestCode();
    case 'POST /api/v1/auth/device/token':
      return device.poll(request.fields.device_code);
    case 'POST /api/v1/auth/device/approve':
      return device.approve(request.fields.user_code);
    case 'GET /authorize':
      return device.showPage(request);
    case 'POST /authorize':
      return device.submitPage(request);
    default:
      return undefined;
  }
}

/** Every unknown path under /api/v1 is "Forbidden" at the platform, not "Not Found" (platforms.md A.5). */
function absent({ path }: PlatformRequest): Answer {
  return path.startsWith('/api/v1/') ? detail(403, 'Forbidden') : detail(404, 'Not Found');
}
