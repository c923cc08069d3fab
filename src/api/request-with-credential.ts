import type { Bearer, BearerSource } from './bearer.ts';
import type { Http, HttpRequest, HttpResponse } from './http.ts';

export interface CredentialedRequest extends HttpRequest {
  readonly bearer: BearerSource;
}

export interface CredentialedResponse {
  readonly response: HttpResponse;
  /** The credential the answer was given to. */
  readonly bearer: Bearer;
}

/**
 * One request with the credential in its header. A 401 is met once with another credential, where there is one; what
 * the server says then is the answer.
 * @throws what `BearerSource.get` and `Http.request` throw
 */
export async function requestWithCredential(
  http: Http,
  { bearer: source, ...request }: CredentialedRequest,
): Promise<CredentialedResponse> {
  const { signal } = request;
  const send = async (bearer: Bearer): Promise<CredentialedResponse> => ({
    bearer,
    response: await http.request({
      ...request,
      headers: { ...request.headers, authorization: `Bearer ${bearer.value}` },
    }),
  });
  const canStop = signal === undefined ? {} : { signal };
  const first = await send(await source.get(canStop));
  if (first.response.status !== 401 || !first.bearer.refreshable) return first;
  first.response.discard();
  return send(await source.get({ ...canStop, rejected: first.bearer.value }));
}
