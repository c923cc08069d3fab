import type { Bearer, BearerSource } from './bearer.ts';
import type { Http, HttpRequest, HttpResponse } from './http.ts';

export interface CredentialedRequest extends HttpRequest {
  /** Undefined for a service that gets none. */
  readonly bearer: BearerSource | undefined;
  /** The header that carries it. */
  readonly keyHeader: (value: string) => Readonly<Record<string, string>>;
}

export interface CredentialedResponse {
  readonly response: HttpResponse;
  /** The credential the answer was given to. */
  readonly bearer: Bearer | undefined;
}

/**
 * One request with the credential in its header. A 401 is met once with another credential, where there is one; what
 * the server says then is the answer.
 * @throws what `BearerSource.get` and `Http.request` throw
 */
export async function requestWithCredential(
  http: Http,
  { bearer: source, keyHeader, ...request }: CredentialedRequest,
): Promise<CredentialedResponse> {
  if (source === undefined) return { bearer: undefined, response: await http.request(request) };
  const { signal } = request;
  const send = async (bearer: Bearer): Promise<CredentialedResponse & { readonly bearer: Bearer }> => ({
    bearer,
    response: await http.request({
      ...request,
      headers: { ...request.headers, ...keyHeader(bearer.value) },
    }),
  });
  const canStop = signal === undefined ? {} : { signal };
  const first = await send(await source.get(canStop));
  if (first.response.status !== 401 || !first.bearer.refreshable) return first;
  first.response.discard();
  return send(await source.get({ ...canStop, rejected: first.bearer.value }));
}
