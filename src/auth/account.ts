/** Who a credential belongs to, asked where the server tells: userinfo, the platform's account, or at least the model list. */
import type { Http } from '../api/http.ts';
import { MiraError, toMiraError } from '../errors.ts';
import { isRecord, parseJson } from '../json.ts';
import type { Account } from './login-event.ts';
import type { OidcServer } from './oidc.ts';
import { plainLine } from './server-text.ts';

const REQUEST_LIMIT_MS = 10_000;

export type AccountAnswer =
  | { readonly kind: 'account'; readonly account: Account }
  /** The credential works, but nobody says whose it is. */
  | { readonly kind: 'valid' }
  | { readonly kind: 'rejected' }
  /** No endpoint that could tell. */
  | { readonly kind: 'unknown' };

export interface AccountRequest {
  readonly http: Http;
  /** Ends with a slash. */
  readonly apiUrl: URL;
  readonly accessToken: string;
  readonly server?: OidcServer | undefined;
  readonly subject?: string | undefined;
  /** A token for a resource is not meant for userinfo, which may refuse it without it being invalid. */
  readonly boundToResource: boolean;
  readonly signal: AbortSignal;
}

/** @throws MiraError network and server codes when nobody could be asked */
export async function findAccount(request: AccountRequest): Promise<AccountAnswer> {
  const { server } = request;
  if (server?.supportsUserinfo && !request.boundToResource) {
    const answer = await userinfo(request, server);
    if (answer.kind !== 'unknown') return answer;
  }
  const account = await ask(request, new URL('/api/v1/auth/me', request.apiUrl.origin));
  if (account.kind !== 'unknown') return account;
  return askModels(request);
}

async function userinfo(request: AccountRequest, server: OidcServer): Promise<AccountAnswer> {
  try {
    return {
      kind: 'account',
      account: await server.userinfo({ accessToken: request.accessToken, subject: request.subject }),
    };
  } catch (error) {
    const { code } = toMiraError(error);
    if (code === 'credential_rejected') return { kind: 'rejected' };
    if (code === 'forbidden') return { kind: 'unknown' };
    throw error;
  }
}

async function ask(request: AccountRequest, url: URL): Promise<AccountAnswer> {
  const { status, text } = await get(request, url);
  if (status === 401) return { kind: 'rejected' };
  if (status !== 200) return { kind: 'unknown' };
  const account = parseAccount(text);
  return account ? { kind: 'account', account } : { kind: 'unknown' };
}

async function askModels(request: AccountRequest): Promise<AccountAnswer> {
  const { status } = await get(request, new URL('models', request.apiUrl));
  if (status === 401) return { kind: 'rejected' };
  return status === 200 ? { kind: 'valid' } : { kind: 'unknown' };
}

async function get(
  { http, accessToken, signal }: AccountRequest,
  url: URL,
): Promise<{ readonly status: number; readonly text: string }> {
  const response = await http.request({
    url,
    headers: { accept: 'application/json', authorization: `Bearer ${accessToken}` },
    signal,
    firstByteMs: REQUEST_LIMIT_MS,
    totalMs: REQUEST_LIMIT_MS,
  });
  if (response.status >= 500) {
    response.discard();
    throw new MiraError('server_error', `${url.host} failed (HTTP ${response.status}).`, {
      status: response.status,
    });
  }
  return { status: response.status, text: await response.text() };
}

function parseAccount(text: string): Account | undefined {
  const record = parseJson(text);
  if (!isRecord(record)) return undefined;
  const id = record['id'] ?? record['sub'];
  if (typeof id !== 'string' && typeof id !== 'number') return undefined;
  const name = record['display_name'] ?? record['name'];
  const email = record['email'];
  return {
    id: plainLine(String(id)),
    ...(typeof name === 'string' && name !== '' ? { name: plainLine(name) } : {}),
    ...(typeof email === 'string' && email !== '' ? { email: plainLine(email) } : {}),
  };
}
