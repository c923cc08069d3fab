/** What an API says about who signs people in for it (RFC 9728). */
import type { Http } from '../api/http.ts';
import { sameOrigin } from '../api/url.ts';
import { isRecord, parseJson } from '../json.ts';

const REQUEST_LIMIT_MS = 10_000;
const WELL_KNOWN = '/.well-known/oauth-protected-resource';

export interface ProtectedResource {
  /** The identifier to ask tokens for (RFC 8707). */
  readonly resource: string;
  readonly authorizationServers: readonly string[];
  readonly scopesSupported: readonly string[] | undefined;
}

export interface ProtectedResourceRequest {
  readonly http: Http;
  readonly apiUrl: URL;
  readonly signal: AbortSignal;
}

/**
 * The metadata of the API, from the address with its path (RFC 9728, section 3.1) or from its origin.
 * @returns undefined when there is none that speaks of this API; a page that is not metadata counts as none
 * @throws MiraError network codes when the API cannot be reached at all
 */
export async function findProtectedResource(
  request: ProtectedResourceRequest,
): Promise<ProtectedResource | undefined> {
  const path = request.apiUrl.pathname.replace(/\/$/, '');
  const places = path === '' ? [WELL_KNOWN] : [WELL_KNOWN + path, WELL_KNOWN];
  for (const place of places) {
    const found = await read(request, new URL(place, request.apiUrl.origin));
    if (found) return found;
  }
  return undefined;
}

async function read(
  { http, apiUrl, signal }: ProtectedResourceRequest,
  url: URL,
): Promise<ProtectedResource | undefined> {
  const response = await http.request({
    url,
    headers: { accept: 'application/json' },
    signal,
    firstByteMs: REQUEST_LIMIT_MS,
    totalMs: REQUEST_LIMIT_MS,
  });
  if (response.status !== 200) {
    response.discard();
    return undefined;
  }
  return parse(await response.text(), apiUrl);
}

function parse(text: string, apiUrl: URL): ProtectedResource | undefined {
  const metadata = parseJson(text);
  if (!isRecord(metadata)) return undefined;
  const resource = metadata['resource'];
  // RFC 9728, section 3.3: metadata that speaks of another resource must not be used.
  if (typeof resource !== 'string' || !URL.canParse(resource) || !sameOrigin(new URL(resource), apiUrl))
    return undefined;
  return {
    resource,
    authorizationServers: strings(metadata['authorization_servers']) ?? [],
    scopesSupported: strings(metadata['scopes_supported']),
  };
}

function strings(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined;
}
