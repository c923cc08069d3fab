/** Every host that settings, variables and sessions name: what `mira network` shows and what the guard lets through. */
import { toMiraError } from '../errors.ts';
import type { MiraError } from '../errors.ts';
import type { AllowedHost } from './allowed-hosts.ts';
import { awsEndpoint, endpointSource, requireAwsRegion } from './aws/endpoint.ts';
import { SERVICES } from './services.ts';
import type { Service } from './services.ts';
import { locateService } from './services/locate-service.ts';
import { parseServiceUrl } from './url.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface Configuration {
  readonly env: Env;
  readonly settings: {
    get(key: 'api_url' | 'issuer'): { readonly value: string | undefined; readonly from: string };
    /** Those that were added to the ones mira knows, by name. */
    readonly providers: Readonly<
      Record<string, { readonly base_url?: string; readonly env?: string | undefined }>
    >;
  };
  /** Where AWS is asked, and what says so. */
  readonly aws?: { readonly region: string; readonly from: string } | undefined;
}

export interface ConfiguredHosts {
  readonly hosts: readonly AllowedHost[];
  /** Addresses that cannot be used, and so name no host. */
  readonly faults: readonly MiraError[];
}

/** What requests may be made to. */
export function configuredHosts(configuration: Configuration): ConfiguredHosts {
  const hosts: AllowedHost[] = [];
  const faults: MiraError[] = [];
  for (const { why, address } of services(configuration)) {
    try {
      const url = address();
      hosts.push({ host: url.host, origin: url.origin, why });
    } catch (error) {
      // The command that needs it says so; the others do not depend on it.
      faults.push(toMiraError(error));
    }
  }
  return { hosts, faults };
}

/** The hosts that the sessions on this machine were made with, and those that the server named then. */
export function sessionHosts(
  entries: Iterable<{ readonly profile: string; readonly hosts: readonly string[] }>,
): readonly AllowedHost[] {
  return [...entries].flatMap(({ profile, hosts }) =>
    hosts.map((host) => ({ host, why: `session of profile ${profile}` })),
  );
}

interface NamedService {
  readonly why: string;
  /** @throws MiraError `invalid_url` */
  readonly address: () => URL;
}

function services({ env, settings, aws }: Configuration): readonly NamedService[] {
  return [
    ...PLATFORM.flatMap(({ what, key }) => {
      const { value: text, from } = settings.get(key);
      return text === undefined ? [] : [written({ what, from, text })];
    }),
    ...Object.values(SERVICES).flatMap((service) => ofTable(service, env)),
    ...awsServices(env, aws),
    ...Object.entries(settings.providers).flatMap(([name, { base_url: text, env: variable }]) => {
      const from = `providers.${name}.base_url`;
      // Without encryption only where no credential goes along (decisions.md 17).
      const mayBePlain = variable === undefined;
      return text === undefined ? [] : [written({ what: `provider ${name}`, from, text, mayBePlain })];
    }),
  ];
}

const PLATFORM = [
  { what: 'Mira API', key: 'api_url' },
  { what: 'sign-in', key: 'issuer' },
] as const;

/** The platform's address is a setting, which a profile may have too. */
function ofTable(service: Service, env: Env): readonly NamedService[] {
  const { name, address } = service;
  if (service === SERVICES.mira || address === undefined) return [];
  const variables = service === SERVICES.ollama ? ['OLLAMA_BASE_URL', 'OLLAMA_HOST'] : [address.from];
  const variable = variables.find((one) => env[one] !== undefined);
  if (variable === undefined && address.fallback === undefined) return [];
  return [{ why: `${name} (${variable ?? 'default'})`, address: () => locateService(service, env) }];
}

interface Written {
  readonly what: string;
  readonly from: string;
  readonly text: string;
  readonly mayBePlain?: boolean;
}

function written({ what, from, text, mayBePlain = false }: Written): NamedService {
  return {
    why: `${what} (${from})`,
    address: () => parseServiceUrl(text, { name: from, from: 'user', mayBePlain }),
  };
}

/** Nothing of AWS is asked without a region. */
function awsServices(env: Env, aws: Configuration['aws']): readonly NamedService[] {
  if (aws === undefined) return [];
  const { region, from } = aws;
  return AWS_SERVICES.map(([service, what]) => ({
    why: `${what} (${endpointSource(service, env) ?? from})`,
    address: () => awsEndpoint({ service, region: requireAwsRegion(region, from), env }),
  }));
}

const AWS_SERVICES = [
  ['sts', 'AWS identity'],
  ['bedrock', 'Bedrock models'],
  ['bedrock-runtime', 'Bedrock'],
] as const;
