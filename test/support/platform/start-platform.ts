/**
 * The embedded platform: an OpenID provider and the Mira API on loopback, real enough that demo and tests sign in,
 * chat and sign out as they would anywhere. Every platform has its own ports, keys and storage; many run at once.
 */
import { fileURLToPath } from 'node:url';
import { createAccessTokens } from './access-token.ts';
import { createApi, locateAtApi, type MetadataForms } from './api.ts';
import { readDocumentation } from './documentation.ts';
import { createFaultQueue, type FaultQueue } from './faults.ts';
import { createIssuerFront, locateAtIssuer } from './issuer-front.ts';
import { SCOPES, startProvider } from './issuer.ts';
import { createApiKeys } from './keys.ts';
import { createLibrarian, type Librarian } from './model.ts';
import { openServer, type Tls } from './open-server.ts';
import { startPageVisit, type VisitedPage } from './page-visit.ts';
import { createPlatformDevice } from './platform-device.ts';
import { createRequestRecord, type PlatformRequest, type RequestFilter } from './request-record.ts';

export type { Fault, FaultPoint } from './faults.ts';
export type { PlatformRequest } from './request-record.ts';

export interface PlatformOptions {
  /** Host in every URL; `127.0.0.1`. */
  readonly host?: '127.0.0.1' | 'localhost';
  /** PEM; makes both origins https. */
  readonly tls?: Tls;
  readonly clientId?: string;
  readonly accessTokenTtlS?: number;
  readonly refreshTokenTtlS?: number;
  readonly deviceCodeTtlS?: number;
  /** Seconds between polls; 1, so that tests are quick. */
  readonly interval?: number | 'absent';
  /**
   * What happens to a refresh token that was used: `strict` ends the whole session when it comes again,
   * `grace` gives the same answer once more for a while, `none` keeps one token for ever.
   */
  readonly rotation?: 'strict' | 'grace' | 'none';
  /** Scopes an access token for the API may carry; the OpenID ones. */
  readonly apiScopes?: string;
  /** False: userinfo refuses tokens made for the API, as oidc-provider by itself does. */
  readonly userinfoForApiTokens?: boolean;
  readonly metadata?: MetadataForms;
  /** Whether the platform's own device login is there. */
  readonly platformDevice?: boolean;
  /** Pause before each word of an answer; 0. */
  readonly wordDelayMs?: number;
  /** Folder whose README.md and docs the model knows; this repository. */
  readonly docsRoot?: string;
}

export interface Platform extends AsyncDisposable {
  readonly issuer: string;
  /** Base URL of the API, ending in `/v1`. */
  readonly apiUrl: string;
  readonly apiOrigin: string;
  readonly clientId: string;
  readonly faults: FaultQueue;
  /** Everything that arrived, oldest first. */
  readonly requests: readonly PlatformRequest[];
  /** What went wrong inside the platform itself; a test may assert it is empty. */
  readonly problems: readonly unknown[];
  /** The first request, past or to come, that fits and was answered; rejects after `timeoutMs` (10 s). */
  waitForRequest(filter: RequestFilter, timeoutMs?: number): Promise<PlatformRequest>;
  /** User codes that wait for a person, as they are shown. */
  pendingUserCodes(): readonly string[];
  /** The same pages and forms a browser goes through; throws unless the last one says it worked. */
  approve(userCode: string): Promise<void>;
  deny(userCode: string): Promise<void>;
  /** The code runs out now. */
  expire(userCode: string): void;
  /** An API key of the platform, as the dashboard would give it. */
  mintKey(name?: string): string;
  /** Names of the keys that still work. */
  keyNames(): readonly string[];
  /** Ends every session at the server: the next refresh is refused. Access tokens live until they expire. */
  endSessions(): void;
  /** The API refuses every access token issued so far, though it has not expired. */
  refuseAccessTokens(): void;
  close(): Promise<void>;
}

const GRACE_S = 60;
const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));

export async function startPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const faults = createFaultQueue();
  const record = createRequestRecord();
  const problems: unknown[] = [];
  const onProblem = (problem: unknown) => void problems.push(problem);
  const shared = { host: options.host ?? '127.0.0.1', tls: options.tls, faults, record, onProblem };
  const front = await openServer({ ...shared, server: 'issuer', locate: locateAtIssuer });
  const api = await openServer({ ...shared, server: 'api', locate: locateAtApi });
  const issuer = front.origin;
  const apiOrigin = api.origin;
  const apiUrl = `${apiOrigin}/v1`;
  const clientId = options.clientId ?? 'mira-cli';
  const deviceCodeTtlS = options.deviceCodeTtlS ?? 600;
  const interval = options.interval ?? 1;
  const rotation = options.rotation ?? 'strict';
  const resources = [apiUrl, apiOrigin];

  const provider = await startProvider({
    issuer,
    behindTls: options.tls !== undefined,
    clientId,
    accessTokenTtlS: options.accessTokenTtlS ?? 600,
    refreshTokenTtlS: options.refreshTokenTtlS ?? 14 * 24 * 60 * 60,
    deviceCodeTtlS,
    rotateRefreshTokens: rotation !== 'none',
    resources,
    apiScopes: options.apiScopes ?? SCOPES.join(' '),
    onProblem,
  });
  const accessTokens = createAccessTokens({
    issuer,
    audiences: resources,
    jwksUrl: new URL('/jwks', provider.internalOrigin),
  });
  front.handleWith(
    createIssuerFront({
      internalOrigin: provider.internalOrigin,
      behindTls: options.tls !== undefined,
      interval,
      graceS: rotation === 'grace' ? GRACE_S : 0,
      userinfoForApiTokens: options.userinfoForApiTokens ?? true,
      verify: (token) => accessTokens.verify(token),
      onAccessToken: (jti) => accessTokens.remember(jti),
    }),
  );

  const keys = createApiKeys();
  const device =
    options.platformDevice === false
      ? undefined
      : createPlatformDevice({ verificationUri: `${apiOrigin}/authorize`, deviceCodeTtlS, interval, keys });
  api.handleWith(
    createApi({
      origin: apiOrigin,
      apiUrl,
      issuer,
      scopes: SCOPES,
      metadata: options.metadata ?? 'both',
      accessTokens,
      keys,
      device,
      chat: { librarian: onceNeeded(options.docsRoot ?? REPOSITORY), wordDelayMs: options.wordDelayMs ?? 0 },
    }),
  );

  const decide = async (userCode: string, decision: 'confirm' | 'abort') => {
    const own = device?.pendingUserCodes().includes(plain(userCode)) === true;
    const page = await decideInPages({
      url: own ? `${apiOrigin}/authorize` : `${issuer}/device`,
      userCode,
      decision,
      ca: options.tls?.cert,
    });
    const wanted = decision === 'confirm' ? 'You are signed in' : 'Sign-in denied';
    if (page.title !== wanted) throw new Error(`The approval page says: ${page.title} ${problemOn(page)}`);
  };
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= Promise.all([front.close(), api.close(), provider.close()]).then(() => {}));

  return {
    issuer,
    apiUrl,
    apiOrigin,
    clientId,
    faults,
    requests: record.requests,
    problems,
    waitForRequest: (filter, timeoutMs) => record.waitFor(filter, timeoutMs),
    pendingUserCodes: () =>
      [...provider.storage.pendingUserCodes(), ...(device?.pendingUserCodes() ?? [])].map(shown),
    approve: (userCode) => decide(userCode, 'confirm'),
    deny: (userCode) => decide(userCode, 'abort'),
    expire(userCode) {
      if (provider.storage.expire(plain(userCode)) || device?.expire(userCode) === true) return;
      throw new Error(`There is no code ${userCode}.`);
    },
    mintKey: (name) => keys.mint(name),
    keyNames: () => keys.list().map(({ name }) => name),
    endSessions: () => provider.storage.forgetGrants(),
    refuseAccessTokens: () => accessTokens.refuseIssued(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The documents are read at the first question: most tests ask none. */
function onceNeeded(root: string): () => Promise<Librarian> {
  let librarian: Promise<Librarian> | undefined;
  return () => (librarian ??= readDocumentation(root).then(createLibrarian));
}

interface Decision {
  readonly url: string;
  readonly userCode: string;
  readonly decision: 'confirm' | 'abort';
  readonly ca: string | undefined;
}

async function decideInPages({ url, userCode, decision, ca }: Decision): Promise<VisitedPage> {
  const visit = startPageVisit({ ca });
  const asked = await visit.submit(await visit.open(url), { user_code: userCode });
  if (!asked.html.includes('name="confirm"')) return asked;
  return visit.submit(asked, { [decision]: 'yes' });
}

function problemOn({ html }: VisitedPage): string {
  return /<p class="bad"[^>]*>(.*?)<\/p>/s.exec(html)?.[1] ?? '';
}

function plain(userCode: string): string {
  return userCode.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
}

function shown(userCode: string): string {
  return `${userCode.slice(0, 4)}-${userCode.slice(4)}`;
}
