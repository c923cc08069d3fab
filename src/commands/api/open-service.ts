/** Who a request goes to: the service, where it is, and what carries its key. */
import type { BearerSource } from '../../api/bearer.ts';
import { SERVICES } from '../../api/services.ts';
import type { Service } from '../../api/services.ts';
import { findKeysPlace } from '../../api/services/service-failure.ts';
import { locateService } from '../../api/services/locate-service.ts';
import { isLoopback } from '../../api/url.ts';
import { requireServiceKey } from '../../auth/service-key.ts';
import type { Context } from '../../context.ts';
import { requireService } from '../services/find-service.ts';

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
  const base = locateService(service, context.env);
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
  { env, keepOut }: Context,
  { service, base, force }: KeyWanted,
): Promise<BearerSource | undefined> {
  const { keyKind: family, keyVariables } = service;
  const [first] = keyVariables;
  if (first === undefined) return undefined;
  const variable = keyVariables.find((name) => isSetFor(service, { name, value: env[name] })) ?? first;
  const keysPage = findKeysPlace(service, base);
  return requireServiceKey({
    env,
    variable,
    family: family,
    url: base,
    keysPage,
    force,
    keepOut,
  });
}

/** The platform's variable counts for meetings when what is in it is a key of meetings, and only then. */
function isSetFor(
  service: Service,
  { name, value }: { readonly name: string; readonly value: string | undefined },
): boolean {
  if (service === SERVICES.meetings && name === 'MIRA_API_KEY')
    return value?.startsWith('mira_live_') === true;
  return value !== undefined;
}
