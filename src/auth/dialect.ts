/**
 * How a server signs people in, found out in the order of decisions.md 11: the issuer that was named; the one
 * the API names (RFC 9728); one that lives at the API's own origin; the platform's own device endpoints.
 */
import type { Http } from '../api/http.ts';
import { parseServiceUrl } from '../api/url.ts';
import { MiraError, toMiraError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { DeviceGrant } from './device-grant.ts';
import type { OidcServer } from './oidc.ts';
import { findPlatformDevice } from './platform-device.ts';
import { findProtectedResource } from './protected-resource.ts';
import type { ProtectedResource } from './protected-resource.ts';

const LONGEST_OIDC_INTERVAL_S = 60;

export interface DialectRequest {
  readonly http: Http;
  readonly log: Log;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly apiUrl: URL;
  /** The person named the API; a default address is not asked for metadata when an issuer is given. */
  readonly apiUrlGiven: boolean;
  readonly issuer: URL | undefined;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** From the profile; otherwise what the API's metadata names. */
  readonly resource: string | undefined;
  readonly keysPage: string;
}

export interface Dialect {
  readonly grant: DeviceGrant;
  /** Absent in the platform's own dialect. */
  readonly oidc?: { readonly server: OidcServer; readonly resource: () => string | undefined } | undefined;
  readonly hosts: readonly string[];
}

/** @throws MiraError `login_unavailable` when there is no way to sign in but a key; network and server codes */
export async function findDialect(request: DialectRequest): Promise<Dialect> {
  if (request.issuer) return namedIssuer(request, request.issuer);
  const metadata = await findProtectedResource(request);
  const named = metadata?.authorizationServers[0];
  if (metadata && named !== undefined) {
    request.log('sign-in: the API names its issuer', { issuer: named });
    const issuer = parseServiceUrl(named, { name: 'the issuer that the API names', from: 'server' });
    return namedIssuer({ ...request, resource: request.resource ?? metadata.resource }, issuer);
  }
  const local = await deviceIssuer(request, new URL(request.apiUrl.origin));
  if (local) return local;
  const platform = await findPlatformDevice(
    { ...request, origin: new URL(request.apiUrl.origin) },
    request.signal,
  );
  if (platform) return { grant: platform, hosts: [request.apiUrl.host] };
  throw unavailable(`${request.apiUrl.host} offers no sign-in by device code.`);
}

async function namedIssuer(request: DialectRequest, issuer: URL): Promise<Dialect> {
  const [server, metadata] = await Promise.all([connect(request, issuer), metadataFor(request)]);
  if (server === undefined) throw unavailable(`${issuer.host} publishes no sign-in metadata.`);
  if (!server.supportsDeviceLogin) throw unavailable(`${issuer.host} offers no sign-in by device code.`);
  const speaksForApi = metadata?.authorizationServers.some((named) => sameIssuer(named, issuer)) ?? false;
  return oidcDialect(server, {
    ...request,
    resource: request.resource ?? (speaksForApi ? metadata?.resource : undefined),
  });
}

/** Best effort: with the issuer known, the metadata only adds which resource to ask tokens for. */
async function metadataFor(request: DialectRequest): Promise<ProtectedResource | undefined> {
  if (request.resource !== undefined || !request.apiUrlGiven) return undefined;
  try {
    return await findProtectedResource(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    request.log('sign-in: no metadata from the API', { code: toMiraError(error).code });
    return undefined;
  }
}

/** An issuer that may live at the API's own origin; whatever is there instead counts as none. */
async function deviceIssuer(request: DialectRequest, issuer: URL): Promise<Dialect | undefined> {
  try {
    const server = await connect(request, issuer);
    return server?.supportsDeviceLogin ? oidcDialect(server, request) : undefined;
  } catch (error) {
    const failure = toMiraError(error);
    if (failure.code !== 'malformed_response') throw failure;
    return undefined;
  }
}

async function connect(request: DialectRequest, issuer: URL): Promise<OidcServer | undefined> {
  const { findIssuer } = await import('./oidc.ts');
  request.http.allow([issuer]);
  const server = await findIssuer({ ...request, issuer });
  if (server) request.http.allow(server.hosts);
  return server;
}

function oidcDialect(server: OidcServer, request: DialectRequest): Dialect {
  const scopes = askedScopes(request.scopes, server.scopesSupported);
  let resource = request.resource;
  const withoutUnknownResource = async <T>(ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (error) {
      // RFC 8707, section 2: this server does not know the resource; it may well know the client without it.
      if (resource === undefined || toMiraError(error).code !== 'invalid_request') throw error;
      request.log('sign-in: the issuer does not know the resource, asking without it', { resource });
      resource = undefined;
      return ask();
    }
  };
  return {
    hosts: server.hosts,
    oidc: { server, resource: () => resource },
    grant: {
      dialect: 'oidc',
      host: new URL(server.issuer).host,
      scopes,
      longestInterval: LONGEST_OIDC_INTERVAL_S,
      start: () => withoutUnknownResource(() => server.startDevice({ scopes, resource })),
      poll: (deviceCode) => withoutUnknownResource(() => server.poll({ deviceCode, scopes, resource })),
    },
  };
}

function askedScopes(wanted: readonly string[], supported: readonly string[] | undefined): readonly string[] {
  return supported === undefined ? wanted : wanted.filter((scope) => supported.includes(scope));
}

function sameIssuer(named: string, issuer: URL): boolean {
  return URL.canParse(named) && new URL(named).href === issuer.href;
}

function unavailable(message: string): MiraError {
  return new MiraError('login_unavailable', message, {
    hint: 'Sign in with a key instead: mira auth login --with-key',
    next: [{ command: 'mira auth login --with-key', why: 'stores an API key that you paste' }],
  });
}
