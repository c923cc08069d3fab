/** What the configuration file may say. One table: the reader, conf's schema and `mira config` all use it. */

import { isRecord } from '../json.ts';

export interface ProfileConfig {
  readonly issuer?: string;
  readonly api_url?: string;
  readonly client_id?: string;
  /** Separated by spaces. */
  readonly scopes?: string;
  readonly resource?: string;
  readonly model?: string;
  readonly provider?: string;
  readonly storage?: 'auto' | 'keychain' | 'file';
  /** A program, or `none`. */
  readonly browser?: string;
  /** Whether conversations are saved. */
  readonly history?: 'on' | 'off';
}

/** A service of one's own, beside those mira knows. */
export interface ProviderConfig {
  readonly base_url?: string;
  /** What it speaks; OpenAI's chat completions where nothing is said. */
  readonly kind?: 'openai' | 'anthropic' | 'ollama';
  /** Name of the variable that holds its key; without one it gets no credential. */
  readonly env?: string;
  /** The first one answers where none is named. */
  readonly models?: readonly string[];
}

/** The providers that mira knows by itself; the configuration takes the place of none of them. */
export const BUILT_IN_PROVIDERS = ['mira', 'openai', 'anthropic', 'bedrock', 'ollama'] as const;

export type BuiltInProvider = (typeof BUILT_IN_PROVIDERS)[number];

export function isBuiltIn(provider: string): provider is BuiltInProvider {
  return BUILT_IN_PROVIDERS.some((known) => known === provider);
}

/** Keys that are not listed here are kept and ignored: another version of mira may know them. */
export interface Config {
  readonly default_profile?: string;
  readonly profiles?: Readonly<Record<string, ProfileConfig>>;
  readonly providers?: Readonly<Record<string, ProviderConfig>>;
}

export type ConfigKey = keyof ProfileConfig;

export interface ConfigKeyFacts {
  readonly summary: string;
  readonly choices?: readonly string[];
}

/** The settings of a profile. */
export const CONFIG_KEYS: Readonly<Record<ConfigKey, ConfigKeyFacts>> = {
  issuer: { summary: 'The OpenID or OAuth issuer to sign in at.' },
  api_url: { summary: 'The base URL of the chat API, with or without /v1.' },
  client_id: { summary: 'The OAuth client id.' },
  scopes: { summary: 'The scopes to ask for, separated by spaces.' },
  resource: { summary: 'The resource to ask tokens for (RFC 8707).' },
  model: { summary: 'The model that answers.' },
  provider: { summary: 'The provider that answers.' },
  storage: { summary: 'Where secrets are kept.', choices: ['auto', 'keychain', 'file'] },
  browser: { summary: 'The program that opens pages, or none.' },
  history: { summary: 'Whether conversations are saved on this machine.', choices: ['on', 'off'] },
};

export type ProviderKey = keyof ProviderConfig;

export interface ProviderKeyFacts extends ConfigKeyFacts {
  readonly isList?: boolean;
  readonly pattern?: RegExp;
  /** What the pattern means. */
  readonly form?: string;
}

/** The settings of a provider of one's own. */
export const PROVIDER_KEYS: Readonly<Record<ProviderKey, ProviderKeyFacts>> = {
  base_url: { summary: 'Where the service is.' },
  kind: { summary: 'What the service speaks.', choices: ['openai', 'anthropic', 'ollama'] },
  env: {
    summary: 'The variable that holds the key of the service.',
    // The credentials of the platform go to the platform.
    pattern: /^(?!MIRA_)[A-Z_a-z][A-Z_a-z0-9]*$/,
    form: 'the name of a variable, and none of mira itself (MIRA_…)',
  },
  models: { summary: 'The models of the service; the first one answers.', isList: true },
};

/** Where a parsed configuration is not what it should be: the path of the first such value, and what it should be. */
export function findConfigFault(value: unknown): ConfigFault | undefined {
  if (!isRecord(value)) return { path: [], expected: 'an object' };
  const { default_profile: defaultProfile, profiles, providers } = value;
  if (defaultProfile !== undefined && typeof defaultProfile !== 'string') {
    return { path: ['default_profile'], expected: 'a string' };
  }
  return findProfileFault(profiles) ?? findProviderFault(providers);
}

interface ConfigFault {
  readonly path: readonly string[];
  readonly expected: string;
}

function findProfileFault(profiles: unknown): ConfigFault | undefined {
  if (profiles === undefined) return undefined;
  if (!isRecord(profiles)) return { path: ['profiles'], expected: 'an object' };
  for (const [name, profile] of Object.entries(profiles)) {
    if (!isRecord(profile)) return { path: ['profiles', name], expected: 'an object' };
    for (const [key, { choices }] of Object.entries(CONFIG_KEYS)) {
      const setting = profile[key];
      if (setting === undefined) continue;
      const path = ['profiles', name, key];
      if (typeof setting !== 'string') return { path, expected: 'a string' };
      if (choices !== undefined && !choices.includes(setting))
        return { path, expected: `one of ${choices.join(', ')}` };
    }
  }
  return undefined;
}

function findProviderFault(providers: unknown): ConfigFault | undefined {
  if (providers === undefined) return undefined;
  if (!isRecord(providers)) return { path: ['providers'], expected: 'an object' };
  for (const [name, provider] of Object.entries(providers)) {
    if (!isRecord(provider)) return { path: ['providers', name], expected: 'an object' };
    for (const [key, facts] of Object.entries(PROVIDER_KEYS)) {
      const expected = provider[key] === undefined ? undefined : findValueFault(provider[key], facts);
      if (expected !== undefined) return { path: ['providers', name, key], expected };
    }
  }
  return undefined;
}

/** What a setting of a provider should be and is not. */
function findValueFault(
  value: unknown,
  { choices, isList, pattern, form }: ProviderKeyFacts,
): string | undefined {
  if (isList === true) {
    const isFit = Array.isArray(value) && value.every((one) => typeof one === 'string' && one !== '');
    return isFit ? undefined : 'a list of names';
  }
  if (typeof value !== 'string') return 'a string';
  if (choices !== undefined && !choices.includes(value)) return `one of ${choices.join(', ')}`;
  return pattern === undefined || pattern.test(value) ? undefined : form;
}

/** The same table as JSON Schema, for conf: the schemas of the top-level keys. */
export function configJsonSchema() {
  const settings = Object.entries(CONFIG_KEYS).map(([key, { choices }]) => [
    key,
    choices === undefined ? { type: 'string' } : { type: 'string', enum: choices },
  ]);
  const ofProviders = Object.entries(PROVIDER_KEYS).map(([key, { choices, isList, pattern }]) => [
    key,
    isList === true
      ? { type: 'array', items: { type: 'string', minLength: 1 } }
      : {
          type: 'string',
          ...(choices === undefined ? {} : { enum: choices }),
          ...(pattern === undefined ? {} : { pattern: pattern.source }),
        },
  ]);
  return {
    default_profile: { type: 'string' },
    profiles: {
      type: 'object',
      additionalProperties: { type: 'object', properties: Object.fromEntries(settings) },
    },
    providers: {
      type: 'object',
      additionalProperties: { type: 'object', properties: Object.fromEntries(ofProviders) },
    },
  } as const;
}
