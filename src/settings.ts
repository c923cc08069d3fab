/**
 * One rule for every setting: option, then `MIRA_*` environment, then the profile in the user's config,
 * then the default (cli.md 2). Pure; each value knows where it came from.
 */
import { PLATFORM_API, PLATFORM_CLIENT } from './addresses.ts';
import type { Config, ConfigKey, ProviderConfig } from './store/config-file.ts';

/** Variable and default of every setting; what each is for stands in store/config-schema.ts. */
const SOURCES = {
  api_url: { env: ['MIRA_API_URL'], fallback: PLATFORM_API },
  issuer: { env: ['MIRA_ISSUER'], fallback: undefined },
  client_id: { env: ['MIRA_CLIENT_ID'], fallback: PLATFORM_CLIENT },
  scopes: { env: ['MIRA_SCOPES'], fallback: 'openid profile email offline_access' },
  resource: { env: [], fallback: undefined },
  model: { env: ['MIRA_MODEL'], fallback: 'mira' },
  provider: { env: ['MIRA_PROVIDER'], fallback: 'mira' },
  storage: { env: ['MIRA_STORAGE'], fallback: 'auto' },
  browser: { env: ['MIRA_BROWSER', 'BROWSER'], fallback: undefined },
  history: { env: [], fallback: 'on' },
} as const satisfies Record<
  ConfigKey,
  { readonly env: readonly string[]; readonly fallback: string | undefined }
>;

export type Origin = 'option' | 'environment' | 'profile' | 'config' | 'default';

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
  /** Those that were added to the ones mira knows, by name. */
  readonly providers: Readonly<Record<string, ProviderConfig>>;
  get(key: ConfigKey, option?: string): Setting;
  /** A setting that has a default. */
  value(
    key: 'api_url' | 'client_id' | 'scopes' | 'model' | 'provider' | 'storage' | 'history',
    option?: string,
  ): string;
}

export interface SettingsSources {
  readonly profile: string;
  readonly profileGiven: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly config: Config;
}

export function resolveSettings({ profile, profileGiven, env, config }: SettingsSources): Settings {
  const stored = config.profiles?.[profile];
  const get = (key: ConfigKey, option?: string): Setting => {
    const source = SOURCES[key];
    if (option !== undefined) return { value: option, origin: 'option', from: optionName(key) };
    const variable = source.env.find((name) => env[name] !== undefined);
    if (variable !== undefined) return { value: env[variable], origin: 'environment', from: variable };
    const kept = stored?.[key];
    if (kept !== undefined && kept !== '')
      return { value: kept, origin: 'profile', from: `profile ${profile}` };
    return { value: source.fallback, origin: 'default', from: 'default' };
  };
  return {
    profile,
    profileGiven,
    providers: config.providers ?? {},
    get,
    value: (key, option) => get(key, option).value ?? SOURCES[key].fallback,
  };
}

function optionName(key: ConfigKey): string {
  return key === 'scopes' ? '--scope' : `--${key.replaceAll('_', '-')}`;
}
