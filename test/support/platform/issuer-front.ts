/** Hands requests to the provider behind it, and adds what real servers do besides. */
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { decodeJwt } from 'jose';
import { json, type Answer } from './answer.ts';
import type { FaultPoint } from './faults.ts';
import type { Handler } from './open-server.ts';
import { ADA } from './person.ts';
import type { PlatformRequest } from './request-record.ts';

export interface IssuerFrontOptions {
  readonly internalOrigin: string;
  readonly behindTls: boolean;
  /** Seconds between polls, as the device answer says it; absent as oidc-provider leaves it. */
  readonly interval: number | 'absent';
  /** How long an exchanged refresh token still gets the answer it got before; 0 for never. */
  readonly graceS: number;
  /** Whether userinfo also takes access tokens made for the API, as many providers do. */
  readonly userinfoForApiTokens: boolean;
  /** The claims of a JWT access token of this issuer, or undefined. */
  readonly verify: (
    token: string,
  ) => Promise<{ readonly sub?: string | undefined; readonly scope: string } | undefined>;
  readonly onAccessToken: (jti: string) => void;
}

const POINTS: Readonly<Record<string, FaultPoint>> = {
  '/.well-known/openid-configuration': 'discovery',
  '/.well-known/oauth-authorization-server': 'discovery',
  '/jwks': 'jwks',
  '/device/auth': 'device',
  '/token': 'token',
  '/token/revocation': 'revocation',
  '/me': 'userinfo',
};

export function locateAtIssuer(_method: string, path: string): FaultPoint | undefined {
  return POINTS[path];
}

export function createIssuerFront(options: IssuerFrontOptions): Handler {
  const inTurn = createTurns();
  const grace = createGrace(options.graceS);
  return async (request) => {
    switch (request.point) {
      case 'token':
        // One at a time: two clients racing with one refresh token are then always told apart.
        return inTurn(async () => {
          const answer = grace.find(request) ?? (await forward(options, request));
          if (answer.status === 200) rememberAccessToken(answer, options.onAccessToken);
          grace.keep(request, answer);
          return answer;
        });
      case 'device':
        return withInterval(await forward(options, request), options.interval);
      case 'userinfo':
        return (await userinfoForApiToken(options, request)) ?? (await forward(options, request));
      default:
        return forward(options, request);
    }
  };
}

function createTurns(): (work: () => Promise<Answer>) => Promise<Answer> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };
}

interface Grace {
  find(request: PlatformRequest): Answer | undefined;
  keep(request: PlatformRequest, answer: Answer): void;
}

function createGrace(graceS: number): Grace {
  const kept = new Map<string, { readonly answer: Answer; readonly until: number }>();
  const used = ({ fields }: PlatformRequest) =>
    graceS > 0 && typeof fields.refresh_token === 'string' ? fields.refresh_token : undefined;
  return {
    find(request) {
      const entry = kept.get(used(request) ?? '');
      return entry !== undefined && entry.until > Date.now() ? entry.answer : undefined;
    },
    keep(request, answer) {
      const token = used(request);
      if (token === undefined || answer.status !== 200 || kept.has(token)) return;
      kept.set(token, { answer, until: Date.now() + graceS * 1000 });
    },
  };
}

function rememberAccessToken(answer: Answer, remember: (jti: string) => void): void {
  const { access_token: token } = parseObject(answer);
  if (typeof token !== 'string' || token.split('.').length !== 3) return;
  const { jti } = decodeJwt(token);
  if (jti !== undefined) remember(jti);
}

function withInterval(answer: Answer, interval: number | 'absent'): Answer {
  if (answer.status !== 200 || interval === 'absent') return answer;
  return { ...answer, body: JSON.stringify({ ...parseObject(answer), interval }) };
}

async function userinfoForApiToken(
  options: IssuerFrontOptions,
  request: PlatformRequest,
): Promise<Answer | undefined> {
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (!options.userinfoForApiTokens || token === undefined) return undefined;
  const claims = await options.verify(token);
  const scopes = claims?.scope.split(' ') ?? [];
  if (claims === undefined || !scopes.includes('openid')) return undefined;
  return json(200, {
    sub: claims.sub,
    ...(scopes.includes('profile') ? { name: ADA.name } : {}),
    ...(scopes.includes('email') ? { email: ADA.email, email_verified: true } : {}),
  });
}

function parseObject(answer: Answer): Record<string, unknown> {
  if (typeof answer.body !== 'string' && !Buffer.isBuffer(answer.body)) return {};
  const value: unknown = JSON.parse(answer.body.toString());
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function forward(options: IssuerFrontOptions, request: PlatformRequest): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const { 'transfer-encoding': _chunked, ...headers } = request.headers;
  const query = request.query.size === 0 ? '' : `?${request.query.toString()}`;
  const inner = httpRequest(
    `${options.internalOrigin}${request.path}${query}`,
    {
      method: request.method,
      agent: false,
      headers: {
        ...headers,
        connection: 'close',
        'content-length': String(Buffer.byteLength(request.body)),
        'x-forwarded-proto': options.behindTls ? 'https' : 'http',
      },
    },
    (response) => void readAnswer(response).then(resolve, reject),
  );
  inner.on('error', reject);
  inner.end(request.body);
  return promise;
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  const {
    connection: _c,
    'transfer-encoding': _t,
    'keep-alive': _k,
    'content-length': _l,
    ...kept
  } = response.headers;
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(kept)) if (value !== undefined) headers[name] = value;
  return { status: response.statusCode ?? 502, headers, body: Buffer.concat(pieces) };
}
