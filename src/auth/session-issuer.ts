import type { Http } from '../api/http.ts';
import { parseServiceUrl } from '../api/url.ts';
import type { SessionEntry } from '../store/session-entry.ts';
import { requireKnownHosts } from './known-hosts.ts';
import type { OidcServer } from './oidc.ts';

export interface IssuerDeps {
  readonly http: Http;
  readonly now: () => number;
  /** Left out for a refresh, whose answer must not be lost. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The issuer of a stored session, by the metadata it publishes today.
 * @returns undefined when the session has none, or the issuer publishes no metadata any more
 * @throws MiraError `unsafe_url` for an address that tokens may not go to, or a host that was not there at sign-in
 */
export async function findSessionIssuer(
  entry: SessionEntry,
  { http, now, signal }: IssuerDeps,
): Promise<OidcServer | undefined> {
  if (entry.issuer === undefined || entry.clientId === undefined) return undefined;
  const issuer = parseServiceUrl(entry.issuer, { name: 'the issuer of the session', from: 'server' });
  const { findIssuer } = await import('./oidc.ts');
  const server = await findIssuer({ issuer, clientId: entry.clientId, http, now, signal });
  if (server) requireKnownHosts(entry, server.hosts);
  return server;
}
