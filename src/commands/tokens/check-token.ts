/** Does a token work? One request, the cheapest its service answers to a working key only, says it. */
import { SERVICES } from '../../api/services.ts';
import type { Service, ServiceTest } from '../../api/services.ts';
import { locateService } from '../../api/services/locate-service.ts';
import { findEnvelopeError, findKeysPlace, serviceFailure } from '../../api/services/service-failure.ts';
import { redirectError } from '../../api/service-error.ts';
import type { ServiceAnswer } from '../../api/service-error.ts';
import { requirePlatformKey } from '../../auth/key-format.ts';
import { requireAtHome, requireSendableKey } from '../../auth/service-key.ts';
import type { Context } from '../../context.ts';
import { abortError, MiraError, toMiraError } from '../../errors.ts';
import { parseJson } from '../../json.ts';
import { findServiceOfToken } from '../services/service-of-token.ts';
import type { TokenFacts } from '../services/service-of-token.ts';

export type TokenOutcome =
  | 'valid'
  /** The service answers everybody alike, so that nothing is known of the token. */
  | 'unverified'
  /** Nobody knows which service it is for. */
  | 'unknown_service'
  /** The service does not know it: revoked, or mistyped. */
  | 'revoked'
  /** It is known, but lacks a right, or the plan does. */
  | 'wrong_scope'
  /** No text that its service could have given out. Not sent. */
  | 'malformed'
  /** In the format of another vendor, or not for the address that a variable names. Not sent. */
  | 'misplaced'
  /** Where its service is has to be configured. */
  | 'not_configured'
  | 'no_quota'
  | 'rate_limited'
  | 'unreachable'
  | 'failed';

export interface TokenCheck {
  /** As `mira api --service` takes it; undefined when nobody knows. */
  readonly service: string | undefined;
  readonly outcome: TokenOutcome;
  /** A sentence without its full stop, and without the value. */
  readonly detail?: string | undefined;
  /** Of the request that decided. */
  readonly latencyMs?: number | undefined;
}

export interface Token extends TokenFacts {
  readonly value: string;
}

type World = Pick<Context, 'env' | 'settings' | 'http' | 'elapsed' | 'now' | 'signal' | 'keepOut'>;

/**
 * Everything that a service can answer is an outcome. The token goes to its own service and nowhere else.
 * @throws MiraError the signal's reason; `invalid_config` for a configuration that cannot be read
 */
export async function checkToken(context: World, token: Token): Promise<TokenCheck> {
  context.keepOut(token.value);
  const settings = await context.settings();
  const found = findServiceOfToken(token, settings.providers);
  if (found.service === undefined)
    return { service: undefined, outcome: 'unknown_service', detail: found.reason };
  const { service } = found;
  try {
    const asked = await prepare(context, { service, token });
    return { service: service.id, ...(await ask(asked)) };
  } catch (error) {
    if (context.signal.aborted) throw abortError(context.signal);
    return { service: service.id, ...outcomeOf(toMiraError(error)) };
  }
}

interface Asked {
  readonly context: World;
  readonly service: Service;
  readonly base: URL;
  /** Undefined for a token that is an address and no key. */
  readonly key: string | undefined;
  /** Named in a refusal. */
  readonly source: string;
}

interface Question {
  readonly service: Service;
  readonly token: Token;
}

async function prepare(context: World, { service, token }: Question): Promise<Asked> {
  const { env: source, value } = token;
  const { env } = context;
  if (service === SERVICES.ollama) {
    const base = ollamaAt(value);
    (await context.http()).allow([base]);
    return { context, service, base, key: undefined, source };
  }
  const settings = await context.settings();
  const places = service === SERVICES.mira ? { ...env, MIRA_API_URL: settings.value('api_url') } : env;
  const base = locateService(service, places);
  if (service === SERVICES.mira) {
    requirePlatformKey(value, {
      source,
      documentedHost: findKeysPlace(service, { url: base }) !== undefined,
    });
  } else {
    requireSendableKey(value, {
      source,
      variable: source,
      family: service.keyKind,
      url: base,
      force: false,
    });
  }
  const from = service.address?.from ?? '';
  const isOfShell =
    service === SERVICES.mira ? settings.get('api_url').origin === 'environment' : env[from] !== undefined;
  requireAtHome(value, { source, url: base, addressFrom: isOfShell ? from : undefined });
  return { context, service, base, key: value, source };
}

/** The token is the address itself. */
function ollamaAt(address: string): URL {
  try {
    return locateService(SERVICES.ollama, { OLLAMA_BASE_URL: address });
  } catch (error) {
    throw new MiraError('malformed_key', toMiraError(error).message, { cause: error });
  }
}

type Answer = Omit<TokenCheck, 'service'>;

async function ask(asked: Asked): Promise<Answer> {
  let absent: Answer | undefined;
  for (const test of asked.service.tests) {
    const answer = await request(asked, test);
    if (answer.kind === 'said') return answer.check;
    absent = answer.check;
  }
  return absent ?? { outcome: 'unverified', detail: NOTHING_TELLS };
}

const NOTHING_TELLS = 'nothing there tells a working key from another';

/** `absent`: there is no such thing to ask; what it would mean if there is nothing else either. */
interface Said {
  readonly kind: 'said' | 'absent';
  readonly check: Answer;
}

async function request(asked: Asked, test: ServiceTest): Promise<Said> {
  const { key, context, service, base } = asked;
  const startedAt = context.elapsed();
  const failure = await send(asked, { test, key });
  const latencyMs = Math.round(context.elapsed() - startedAt);
  if (failure !== undefined) {
    const check = { ...outcomeOf(failure, findKeysPlace(service, { url: base, key })), latencyMs };
    // The platform forbids what it does not have (platforms.md A.5).
    const isAbsent = failure.status === 404 || failure.status === 405 || failure.status === 403;
    return { kind: isAbsent ? 'absent' : 'said', check };
  }
  if (test.mayBePublic === true && (await send(asked, { test, key: undefined })) === undefined)
    return { kind: 'said', check: { outcome: 'unverified', detail: NOTHING_TELLS, latencyMs } };
  return { kind: 'said', check: { outcome: 'valid', latencyMs } };
}

const LONGEST_MS = 10_000;

/** What the answer means if it is no success. @throws MiraError network codes */
async function send(
  { context, service, base, source }: Asked,
  { test, key }: { readonly test: ServiceTest; readonly key: string | undefined },
): Promise<MiraError | undefined> {
  const { path } = test;
  const url = new URL(path.startsWith('/') ? base.origin + path : `${base.href}${path}`);
  const response = await (
    await context.http()
  ).request({
    url,
    headers: {
      ...service.headers,
      ...(key === undefined ? {} : service.keyHeader(key)),
      accept: 'application/json',
    },
    signal: context.signal,
    firstByteMs: LONGEST_MS,
    totalMs: LONGEST_MS,
  });
  const { status, headers } = response;
  const answer = { status, headers, url, method: 'GET', body: await response.text() };
  const bearer = key === undefined ? undefined : { value: key, source, mend: '', refreshable: false };
  const seen = { bearer, now: context.now() };
  if (status >= 400) return serviceFailure(service, answer, seen);
  if (status >= 300) return redirectError(answer);
  return findEnvelopeError(service, answer, seen) ?? findStranger(answer);
}

/** All services answer with an object or a list; a page to sign in at a network does not, and knows no key. */
function findStranger({ url, body, headers, status }: ServiceAnswer): MiraError | undefined {
  const value = parseJson(body);
  if (typeof value === 'object' && value !== null) return undefined;
  const isPage = headers['content-type']?.includes('html') === true || body.trimStart().startsWith('<');
  const what = body.trim() === '' ? 'nothing' : isPage ? 'a web page' : 'something else';
  return new MiraError(
    'malformed_response',
    `${url.host} does not answer as this service, but with ${what}.`,
    {
      hint: 'Check the address of the service.',
      status,
    },
  );
}

function outcomeOf(failure: MiraError, keysAt?: string): Answer {
  const outcome = kindOfFailure(failure);
  const said = failure.message.replace(/\.$/, '');
  const why = outcome === 'revoked' ? '; the key is revoked or mistyped' : '';
  const managed = (outcome === 'revoked' || outcome === 'wrong_scope') && keysAt !== undefined;
  return { outcome, detail: said + why + (managed ? `; keys are managed at ${keysAt}` : '') };
}

function kindOfFailure({ code, exitCode }: MiraError): TokenOutcome {
  switch (code) {
    case 'credential_rejected':
      return 'revoked';
    case 'forbidden':
      return 'wrong_scope';
    case 'malformed_key':
      return 'malformed';
    case 'other_vendor':
    case 'other_origin':
      return 'misplaced';
    case 'invalid_config':
    case 'invalid_url':
      return 'not_configured';
    case 'quota_exceeded':
      return 'no_quota';
    case 'rate_limited':
      return 'rate_limited';
    default:
      return exitCode === 6 ? 'unreachable' : 'failed';
  }
}
