/** Keys at the platform itself: it lists them by their first sixteen characters, and deletes them by an id (decisions.md 15). */
import type { Http } from '../api/http.ts';
import { isRecord, parseJson } from '../json.ts';

const REQUEST_LIMIT_MS = 10_000;
const PREFIX_LENGTH = 16;

interface World {
  readonly http: Http;
  readonly signal: AbortSignal;
}

interface Deletion {
  readonly apiUrl: URL;
  /** The key to delete. */
  readonly key: string;
  /** What the requests are made with; the key itself, or another of the same account. */
  readonly bearer: string;
}

/**
 * Deletes a key at the platform. `refused`: it does not know the bearer; else why the key is still there, in a few words.
 * @throws MiraError network codes
 */
export async function deletePlatformKey(
  world: World,
  { apiUrl, key, bearer }: Deletion,
): Promise<'deleted' | 'refused' | { readonly reason: string }> {
  const keys = new URL('/api/v1/api-keys', apiUrl.origin);
  const list = await send(world, { method: 'GET', url: keys, bearer });
  if (list.status === 401) return 'refused';
  const id = list.status === 200 ? findKeyId(list.text, key.slice(0, PREFIX_LENGTH)) : undefined;
  if (id === undefined)
    return { reason: 'the server does not list the key; revoke it where keys are managed' };
  const url = new URL(`${keys.pathname}/${encodeURIComponent(id)}`, keys);
  const { status } = await send(world, { method: 'DELETE', url, bearer });
  if ((status >= 200 && status < 300) || status === 404) return 'deleted';
  return { reason: `the server answered HTTP ${status}` };
}

interface KeyRequest {
  readonly method: 'GET' | 'DELETE';
  readonly url: URL;
  readonly bearer: string;
}

async function send(
  { http, signal }: World,
  { method, url, bearer }: KeyRequest,
): Promise<{ readonly status: number; readonly text: string }> {
  const response = await http.request({
    method,
    url,
    headers: { accept: 'application/json', authorization: `Bearer ${bearer}` },
    signal,
    firstByteMs: REQUEST_LIMIT_MS,
    totalMs: REQUEST_LIMIT_MS,
  });
  return { status: response.status, text: await response.text() };
}

/** Undefined also when two keys begin alike: the wrong one must not go. */
function findKeyId(text: string, prefix: string): string | undefined {
  const value = parseJson(text);
  const found = (Array.isArray(value) ? value : [])
    .filter(isRecord)
    .filter((each) => each['key_prefix'] === prefix);
  const id = found.length === 1 ? found[0]?.['id'] : undefined;
  return typeof id === 'string' ? id : undefined;
}
