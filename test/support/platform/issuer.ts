/**
 * The OpenID provider: oidc-provider itself behind a front of ours. The front is where faults happen, where
 * requests are recorded, and where the few things live that real servers do and oidc-provider does not:
 * an `interval`, a grace period for a rotated refresh token, userinfo for tokens made for the API.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import Provider, { errors } from 'oidc-provider';
import type { PageContext, ResourceServerInfo } from 'oidc-provider';
import { approvedPage, decidePage, deniedPage, enterCodePage, problemPage } from './approval-pages.ts';
import { createIssuerStorage, type IssuerStorage } from './issuer-storage.ts';
import { PAGE_HEADERS } from './page.ts';
import { ADA } from './person.ts';

export interface ProviderOptions {
  readonly issuer: string;
  readonly behindTls: boolean;
  readonly clientId: string;
  readonly accessTokenTtlS: number;
  readonly refreshTokenTtlS: number;
  readonly deviceCodeTtlS: number;
  readonly rotateRefreshTokens: boolean;
  /** Resource indicators of the API (RFC 8707); the first is used when a client names none. */
  readonly resources: readonly string[];
  /** Scopes an access token for the API may carry. */
  readonly apiScopes: string;
  readonly onProblem: (problem: unknown) => void;
}

export interface RunningProvider {
  /** Where the provider itself listens, behind the front. */
  readonly internalOrigin: string;
  readonly storage: IssuerStorage;
  close(): Promise<void>;
}

export const SCOPES = ['openid', 'profile', 'email', 'offline_access'] as const;
export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const DAY_S = 24 * 60 * 60;

export async function startProvider(options: ProviderOptions): Promise<RunningProvider> {
  const storage = createIssuerStorage();
  const provider = new Provider(options.issuer, await configuration(options, storage));
  provider.proxy = true;
  provider.on('server_error', (_context, error) => options.onProblem(error));
  provider.on('error', (error) => options.onProblem(error));

  const pages = provider.callback();
  const server = createServer((request, response) => {
    route({ provider, pages, options, request, response }).catch((error: unknown) => {
      options.onProblem(error);
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    internalOrigin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    storage,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

async function configuration(
  options: ProviderOptions,
  storage: IssuerStorage,
): Promise<Record<string, unknown>> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const signingKey = {
    ...(await exportJWK(privateKey)),
    alg: 'ES256',
    use: 'sig',
    kid: randomBytes(8).toString('hex'),
  };
  return {
    adapter: (model: string) => storage.adapter(model),
    jwks: { keys: [signingKey] },
    cookies: { keys: [randomBytes(24).toString('hex')] },
    clients: [
      {
        client_id: options.clientId,
        client_name: 'mira',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: [],
        response_types: [],
        grant_types: [DEVICE_GRANT, 'refresh_token'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    scopes: SCOPES,
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    rotateRefreshToken: options.rotateRefreshTokens,
    clientBasedCORS: () => false,
    findAccount: (_context: unknown, sub: string) => (sub === ADA.id ? account() : undefined),
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    renderError: (context: PageContext, out: { error: string; error_description?: string }) =>
      show(context, problemPage(out.error_description ?? out.error)),
    ttl: {
      AccessToken: () => options.accessTokenTtlS,
      RefreshToken: () => options.refreshTokenTtlS,
      DeviceCode: () => options.deviceCodeTtlS,
      IdToken: () => 600,
      Interaction: () => 600,
      Session: () => DAY_S,
      Grant: () => 14 * DAY_S,
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: true },
      revocation: {
        enabled: true,
        allowedPolicy: (_context: unknown, client: Owned, token: Owned) => token.clientId === client.clientId,
      },
      deviceFlow: {
        enabled: true,
        charset: 'base-20',
        mask: '****-****',
        userCodeInputSource: (
          context: PageContext,
          _form: string,
          _out: unknown,
          problem?: Error & { userCode?: string },
        ) =>
          show(
            context,
            problem?.name === 'AbortedError'
              ? deniedPage()
              : enterCodePage({ ...form(context), problem: said(problem) }),
          ),
        userCodeConfirmSource: (
          context: PageContext,
          _form: string,
          client: Named,
          _device: unknown,
          userCode: string,
        ) =>
          show(
            context,
            decidePage({
              ...form(context),
              userCode,
              clientName: client.clientName,
              scopes: askedScopes(context),
            }),
          ),
        successSource: (context: PageContext) => show(context, approvedPage()),
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_context: unknown, _client: unknown, oneOf?: readonly string[]) =>
          oneOf?.[0] ?? options.resources[0],
        useGrantedResource: () => true,
        getResourceServerInfo: (_context: unknown, resource: string) => resourceServer(options, resource),
      },
    },
  };
}

interface Owned {
  readonly clientId: string;
}

interface Named {
  readonly clientName: string;
}

function account(): object {
  return {
    accountId: ADA.id,
    claims: () => ({ sub: ADA.id, name: ADA.name, email: ADA.email, email_verified: true }),
  };
}

function resourceServer(options: ProviderOptions, resource: string): ResourceServerInfo {
  if (!options.resources.includes(resource)) throw new errors.InvalidTarget();
  return {
    scope: options.apiScopes,
    audience: resource,
    accessTokenTTL: options.accessTokenTtlS,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'ES256' } },
  };
}

function show(context: PageContext, page: string): void {
  for (const [name, value] of Object.entries(PAGE_HEADERS)) context.set(name, value);
  context.type = 'html';
  context.body = page;
}

function form(context: PageContext): { readonly action: string; readonly xsrf: string } {
  return {
    action: context.oidc.urlFor('code_verification'),
    xsrf: context.oidc.session?.state?.secret ?? '',
  };
}

function said(problem: Error | undefined): string | undefined {
  if (problem === undefined) return undefined;
  switch (problem.name) {
    case 'ExpiredError':
      return 'This code has run out. Start again in your terminal.';
    case 'AlreadyUsedError':
      return 'This code was used already.';
    case 'NotFoundError':
    case 'NoCodeError':
      return 'There is no such code. Check it and try again.';
    default:
      return 'That did not work. Try again.';
  }
}

function askedScopes(context: PageContext): readonly string[] {
  const scope = context.oidc.deviceCode?.params.scope;
  return typeof scope === 'string' ? scope.split(' ') : [];
}

interface Visit {
  readonly provider: Provider;
  readonly pages: RequestListener;
  readonly options: ProviderOptions;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function route({ provider, pages, options, request, response }: Visit): Promise<void> {
  if (request.url?.startsWith('/interaction/') === true) {
    await signInAndGrant({ provider, options, request, response });
  } else {
    pages(request, response);
  }
}

/** Reached only after "Approve": Ada is signed in and gives what was asked, without two more pages. */
async function signInAndGrant({ provider, options, request, response }: Omit<Visit, 'pages'>): Promise<void> {
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: ADA.id, clientId: params.client_id });
  grant.addOIDCScope(params.scope ?? 'openid');
  for (const resource of [params.resource ?? []].flat()) grant.addResourceScope(resource, options.apiScopes);
  const result = { login: { accountId: ADA.id }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}
