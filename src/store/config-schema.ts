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

/** Keys that are not listed here are kept and ignored: another version of mira may know them. */
export interface Config {
  readonly default_profile?: string;
  readonly profiles?: Readonly<Record<string, ProfileConfig>>;
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

/** Where a parsed configuration is not what it should be: the path of the first such value, and what it should be. */
export function findConfigFault(
  value: unknown,
): { readonly path: readonly string[]; readonly expected: string } | undefined {
  if (!isRecord(value)) return { path: [], expected: 'an object' };
  const { default_profile: defaultProfile, profiles } = value;
  if (defaultProfile !== undefined && typeof defaultProfile !== 'string') {
    return { path: ['default_profile'], expected: 'a string' };
  }
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

/** The same table as JSON Schema, for conf: the schemas of the two top-level keys. */
export function configJsonSchema() {
  const settings = Object.entries(CONFIG_KEYS).map(([key, { choices }]) => [
    key,
    choices === undefined ? { type: 'string' } : { type: 'string', enum: choices },
  ]);
  return {
    default_profile: { type: 'string' },
    profiles: {
      type: 'object',
      additionalProperties: { type: 'object', properties: Object.fromEntries(settings) },
    },
  } as const;
}
