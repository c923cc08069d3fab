/**
 * The request of a question, caught on its way out: every provider asks by `context.http`, so a world whose `http` keeps
 * what it is given shows what each of them would send, and sends nothing. No stored credential is read for it, since
 * reading one may renew it.
 */
import type { Bearer } from '../../api/bearer.ts';
import type { Http, HttpRequest } from '../../api/http.ts';
import type { Credential, Credentials } from '../../auth/credential.ts';
import { maskKeys } from '../../auth/mask-keys.ts';
import { NO_CREDENTIAL } from '../../auth/service-key.ts';
import type { ChatRequest } from '../../chat/provider.ts';
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { parseJson } from '../../json.ts';
import { escapeUnsafe } from '../../ui/sanitize.ts';
import type { JsonObject } from '../define.ts';
import type { Vault } from '../../vault/vault.ts';
import { openProvider } from './open-provider.ts';
import type { ProviderChoice } from './open-provider.ts';

/** Without secrets. */
export interface HeldRequest {
  readonly provider: string;
  readonly model: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed where it is JSON. */
  readonly body: unknown;
}

/** @throws MiraError what `openProvider` throws, `invalid_usage` where the model would have to be asked for */
export async function holdRequest(
  context: Context,
  { choice, requestOf }: { readonly choice: ProviderChoice; requestOf(model: string): ChatRequest },
): Promise<HeldRequest> {
  const held: HttpRequest[] = [];
  const world: Context = {
    ...context,
    http: async () => holding(held),
    credentials: async () => withoutStored(await context.credentials()),
    vault: async () => withoutValues(await context.vault()),
  };
  const { provider, model } = await openProvider(world, { ...choice, mayLackKey: true });
  try {
    await provider.chat(requestOf(model), { signal: context.signal })[Symbol.asyncIterator]().next();
  } catch (error) {
    if (held.length === 0) throw error;
  }
  const [request] = held;
  if (request === undefined) throw new Error(`${provider.id} asks without a request`);
  return { provider: provider.id, model, ...redacted(request) };
}

/** An error, because that is how every provider ends a request that does not come about. */
class Held extends Error {}

function holding(held: HttpRequest[]): Http {
  return {
    request: async (request) => {
      if (request.method !== 'POST') {
        throw new MiraError('invalid_usage', 'Which model answers is not known without asking the service.', {
          hint: 'Name one with --model.',
        });
      }
      held.push(request);
      throw new Held();
    },
    allow: () => {},
    close: async () => {},
  };
}

const UNREAD: Bearer = { value: 'unread', source: 'the stored credential', mend: '', refreshable: false };

const NOBODY: Credential = { kind: 'token', source: 'env', variable: 'MIRA_TOKEN', value: NO_CREDENTIAL };

/** A key of the environment is still looked at: whether it may be sent is part of what is shown. */
function withoutStored(credentials: Credentials): Credentials {
  return {
    ...credentials,
    require: async () => (await credentials.find()) ?? NOBODY,
    bearer: (credential, options) => {
      if (credential.source !== 'env') return { get: async () => UNREAD };
      if (credential === NOBODY) return { get: async () => ({ ...UNREAD, value: NO_CREDENTIAL }) };
      return credentials.bearer(credential, options);
    },
  };
}

const SECRET_HEADER = /authorization|key|token|cookie|secret/i;

/** An address is no secret, and decides where the request would go. */
function withoutValues(vault: Vault): Vault {
  return {
    ...vault,
    values: async (labels) => {
      const tokens = await vault.list();
      const isAddress = (label: string): boolean =>
        tokens.some((token) => token.label === label && token.env === 'OLLAMA_BASE_URL');
      const addresses = await vault.values(labels.filter(isAddress));
      return new Map(labels.map((label) => [label, addresses.get(label) ?? UNREAD.value]));
    },
    markUsed: async () => {},
  };
}

function redacted({
  url,
  method,
  headers = {},
  body = '',
}: HttpRequest): Omit<HeldRequest, 'provider' | 'model'> {
  const isSecret = (name: string, value: string): boolean =>
    SECRET_HEADER.test(name) && value.replace(SCHEME, '') !== NO_CREDENTIAL;
  const secrets = Object.entries(headers).flatMap(([name, value]) =>
    isSecret(name, value) ? [value.replace(SCHEME, '')] : [],
  );
  const clean = (text: string): string =>
    maskKeys(secrets.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text));
  const text = clean(typeof body === 'string' ? body : Buffer.from(body).toString('utf8'));
  return {
    method: method ?? 'GET',
    url: clean(url.href),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        isSecret(name, value) ? (SCHEME.exec(value)?.[0] ?? '') + HIDDEN : clean(value),
      ]),
    ),
    body: parseJson(text) ?? text,
  };
}

const SCHEME = /^[A-Za-z][\w-]* /;
const HIDDEN = '[redacted]';

/** As HTTP would be written, the body laid out to be read. */
export function requestText({ method, url, headers, body }: HeldRequest): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const shown = typeof body === 'string' ? body : escapeUnsafe(JSON.stringify(body, undefined, 2));
  return [`${method} ${url}`, ...lines, '', shown].join('\n');
}

export function requestObject(request: HeldRequest): JsonObject {
  const { provider, model, method, url, headers, body } = request;
  return { schema: 'mira.chat.request/1', provider, model, method, url, headers, body };
}
