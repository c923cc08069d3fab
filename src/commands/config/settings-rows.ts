import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import type { Setting, Settings } from '../../settings.ts';
import { CONFIG_KEYS } from '../../store/config-schema.ts';
import type { ConfigKey } from '../../store/config-schema.ts';
import { providerRows } from './provider-settings.ts';

export interface SettingRow extends Setting {
  readonly key: string;
}

/** Every setting with its value and where that comes from, in the order of the schema; of providers those that are set. */
export async function settingRows(context: Context): Promise<readonly SettingRow[]> {
  const settings = await context.settings();
  return [
    profileRow(context, settings),
    ...keys().map((key) => ({ key, ...settings.get(key) })),
    ...providerRows(settings),
  ];
}

/** @throws MiraError `invalid_input` naming the keys there are */
export function requireKey(key: string): ConfigKey | 'default_profile' {
  const known = [...keys(), 'default_profile' as const].find((name) => name === key);
  if (known) return known;
  throw new MiraError('invalid_input', 'There is no setting of that name.', {
    hint: `The settings are: ${keys().join(', ')}, default_profile, providers.NAME.base_url (kind, env, models).`,
  });
}

export function rowJson({ key, value, origin, from }: SettingRow): Readonly<Record<string, unknown>> {
  return { key, value: value ?? null, origin, from };
}

function keys(): readonly ConfigKey[] {
  // The keys of a literal whose type is the union itself.
  return Object.keys(CONFIG_KEYS) as ConfigKey[];
}

function profileRow({ env }: Context, settings: Settings): SettingRow {
  const value = settings.profile;
  if (settings.profileGiven) return { key: 'profile', value, origin: 'option', from: '--profile' };
  if (env['MIRA_PROFILE'] !== undefined)
    return { key: 'profile', value, origin: 'environment', from: 'MIRA_PROFILE' };
  return value === 'default'
    ? { key: 'profile', value, origin: 'default', from: 'default' }
    : { key: 'profile', value, origin: 'profile', from: 'default_profile' };
}
