/**
 * One rule for every setting: option, then `MIRA_*` environment, then the profile in the user's config,
 * then the default (cli.md 2). Pure; each value knows where it came from.
 */
import type { Config } from './store/config-file.ts';

export const SETTINGS = {
  api_url: {
    env: 'MIRA_API_URL',
    fallback: 'https://api.vmira.ai/v1',
    summary: 'Base URL of the chat API, with or without /v1',
  },
  issuer: { env: 'MIRA_ISSUER', fallback: undefined, summary: 'OpenID/OAuth issuer to sign in at; found by itself when unset' },
  client_id: { env: 'MIRA_CLIENT_ID', fallback: 'mira-cli', summary: 'OAuth client id' },
  scopes: {
    env: 'MIRA_SCOPES',
    fallback: 'openid profile email offline_access',
    summary: 'Scopes to ask for, separated by spaces',
  },
  resource: { env: undefined, fallback: undefined, summary: 'Resource to ask tokens for (RFC 8707); found by itself when unset' },
  model: { env: 'MIRA_MODEL', fallback: 'mira', summary: 'Model that answers' },
  provider: { env: 'MIRA_PROVIDER', fallback: 'mira', summary: 'Provider that answers' },
  storage: { env: 'MIRA_STORAGE', fallback: 'auto', summary: 'Where secrets are kept: auto, keychain or file' },
} as const;

export type SettingKey = keyof typeof SETTINGS;
export type Origin = 'option' | 'environment' | 'profile' | 'default';

export interface Setting {
  readonly value: string | undefined;
  readonly origin: Origin;
  /** The option, variable or profile it came from, for a person: "--model", "MIRA_MODEL", "profile work". */
  readonly from: string;
}

export interface Settings {
  readonly profile: string;
  /** `--profile` was on the command line, which puts the stored session before environment credentials. */
  readonly profileGiven: boolean;
  get(key: SettingKey, option?: string): Setting;
  /** A setting that has a default. */
  value(key: 'api_url' | 'client_id' | 'scopes' | 'model' | 'provider' | 'storage', option?: string): string;
}

export interface SettingsSources {
  readonly profile: string;
  readonly profileGiven: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly config: Config;
}

export function resolveSettings({ profile, profileGiven, env, config }: SettingsSources): Settings {
  const stored = config.profiles?.[profile];
  const get = (key: SettingKey, option?: string): Setting => {
    const setting = SETTINGS[key];
    if (option !== undefined) return { value: option, origin: 'option', from: `--${key.replaceAll('_', '-')}` };
    const variable = setting.env === undefined ? undefined : env[setting.env];
    if (variable !== undefined && setting.env !== undefined) return { value: variable, origin: 'environment', from: setting.env };
    const kept = stored?.[key];
    if (kept !== undefined && kept !== '') return { value: kept, origin: 'profile', from: `profile ${profile}` };
    return { value: setting.fallback, origin: 'default', from: 'default' };
  };
  return {
    profile,
    profileGiven,
    get,
    value: (key, option) => get(key, option).value ?? SETTINGS[key].fallback,
  };
}
