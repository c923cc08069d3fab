/** Who a request goes to: the service, where it is, and what carries its key. */
import type { BearerSource } from '../../api/bearer.ts';
import { SERVICES } from '../../api/services.ts';
import type { Service } from '../../api/services.ts';
import { findKeysPlace } from '../../api/services/service-failure.ts';
import { locateService } from '../../api/services/locate-service.ts';
import { isLoopback } from '../../api/url.ts';
import { requireServiceKey } from '../../auth/service-key.ts';
import type { StoredKey } from '../../auth/service-key.ts';
import type { Context } from '../../context.ts';
import { ollamaEnvironment } from '../services/ollama-environment.ts';
import { requireService } from '../services/find-service.ts';
import { keyVariableOf } from '../services/key-variable.ts';

export interface Target {
  readonly service: Service;
  /** Ends in a slash. */
  readonly base: URL;
  /** Undefined for a service that gets no credential. */
  readonly bearer: BearerSource | undefined;
}

export interface Wanted {
  /** The platform, if nothing is named. */
  readonly name: string | undefined;
  /** Send a key although it looks like another vendor's. */
  readonly force: boolean;
}

/**
 * @throws MiraError `invalid_input` for an unknown service, `invalid_config`, `invalid_url`, `invalid_usage` for one that
 *   takes signed requests, `not_signed_in`, `credential_missing`, `malformed_key`, `other_vendor`, `other_origin`
 */
export async function openService(context: Context, { name = 'mira', force }: Wanted): Promise<Target> {
  if (name === SERVICES.mira.id) return openPlatform(context, force);
  const service = requireService(name, (await context.settings()).providers);
  const places = service === SERVICES.ollama ? await ollamaEnvironment(context) : context.env;
  const base = locateService(service, places);
  if (base.protocol === 'http:' && !isLoopback(base.hostname))
    context.notice(`What you send goes to ${base.host} without encryption.`);
  return { service, base, bearer: await findBearer(context, { service, base, force }) };
}

async function openPlatform(context: Context, force: boolean): Promise<Target> {
  const credentials = await context.credentials();
  const credential = await credentials.require();
  const apiUrl = credentials.apiUrl(credential);
  // A session is renewed, not managed.
  const keysAt = credential.kind === 'api_key' ? SERVICES.mira.keysAt : undefined;
  return {
    service: { ...SERVICES.mira, keysAt },
    base: apiUrl,
    bearer: credentials.bearer(credential, { apiUrl, force }),
  };
}

interface KeyWanted {
  readonly service: Service;
  readonly base: URL;
  readonly force: boolean;
}

async function findBearer(
  context: Context,
  { service, base, force }: KeyWanted,
): Promise<BearerSource | undefined> {
  const { env, keepOut } = context;
  const variable = keyVariableOf(service, env);
  if (variable === undefined) return undefined;
  const from = service.address?.from;
  return requireServiceKey({
    env,
    variable,
    findStored: (name) => findStored(context, { service, variable: name }),
    addressFrom: from !== undefined && env[from] !== undefined ? from : undefined,
    family: service.keyKind,
    url: base,
    keysPage: findKeysPlace(service, { url: base }),
    force,
    keepOut,
  });
}

async function findStored(
  context: Context,
  { service, variable }: { readonly service: Service; readonly variable: string },
): Promise<StoredKey | undefined> {
  const { findStoredKey, MEETINGS_KEY_OF_PLATFORM } = await import('../services/stored-key.ts');
  const key = await findStoredKey(context, { variable });
  if (key !== undefined || service !== SERVICES.meetings) return key;
  return findStoredKey(context, MEETINGS_KEY_OF_PLATFORM);
}
