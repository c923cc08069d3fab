/** Every host that settings, variables and sessions name: what `mira network` shows and what the guard lets through. */
import { ANTHROPIC_API, MIRRA_API, OPENAI_API } from '../addresses.ts';
import { toMiraError } from '../errors.ts';
import type { MiraError } from '../errors.ts';
import type { AllowedHost } from './allowed-hosts.ts';
import { ollamaAddress } from './ollama-address.ts';
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

interface Service {
  readonly why: string;
  /** @throws MiraError `invalid_url` */
  readonly address: () => URL;
}

function services({ env, settings }: Configuration): readonly Service[] {
  return [
    ...PLATFORM.flatMap(({ what, key }) => {
      const { value: text, from } = settings.get(key);
      return text === undefined ? [] : [written({ what, from, text })];
    }),
    ...BY_VARIABLE.flatMap(({ what, variable, otherwise }) => {
      const text = env[variable] ?? otherwise;
      const from = env[variable] === undefined ? 'default' : variable;
      return text === undefined ? [] : [written({ what, from, text })];
    }),
    ollama(env),
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

const BY_VARIABLE = [
  { what: 'OpenAI', variable: 'OPENAI_BASE_URL', otherwise: OPENAI_API },
  { what: 'Anthropic', variable: 'ANTHROPIC_BASE_URL', otherwise: ANTHROPIC_API },
  { what: 'Mirra', variable: 'MIRRA_BASE_URL', otherwise: MIRRA_API },
  { what: 'Mira meetings', variable: 'MIRA_MEETINGS_URL', otherwise: undefined },
] as const;

interface Written {
  readonly what: string;
  readonly from: string;
  readonly text: string;
  readonly mayBePlain?: boolean;
}

function written({ what, from, text, mayBePlain = false }: Written): Service {
  return {
    why: `${what} (${from})`,
    address: () => parseServiceUrl(text, { name: from, from: 'user', mayBePlain }),
  };
}

function ollama(env: Env): Service {
  const from = ['OLLAMA_BASE_URL', 'OLLAMA_HOST'].find((name) => env[name] !== undefined) ?? 'default';
  return { why: `Ollama (${from})`, address: () => ollamaAddress(env).baseUrl };
}
