import { parseServiceUrl } from '../../api/url.ts';
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { CONFIG_KEYS } from '../../store/config-schema.ts';
import type { ConfigKey } from '../../store/config-schema.ts';
import { valueCommand } from '../define.ts';
import { findProviderSetting, parseProviderValue } from './provider-settings.ts';
import type { ProviderSetting } from './provider-settings.ts';
import { requireKey } from './settings-rows.ts';

const options = {
  unset: { kind: 'flag', flags: '--unset', summary: 'remove the setting, so that the default holds again' },
} as const;

interface Change {
  readonly key: string;
  readonly value: string | undefined;
  /** Undefined for a setting that holds for all of them. */
  readonly profile: string | undefined;
  readonly path: string;
}

export const set = valueCommand<typeof options, Change>({
  summary: 'Change a setting of the profile',
  description:
    'Change a setting of the profile that is used: the default one, or the one named with --profile.',
  arguments: [
    { syntax: '<key>', summary: 'name of the setting' },
    { syntax: '[value]', summary: 'its new value' },
  ],
  options,
  examples: [
    { command: 'mira config set model mira-pro', shows: 'let another model answer' },
    { command: 'mira config set api_url https://api.example/v1 --profile work', shows: 'for one profile' },
    { command: 'mira config set model --unset', shows: 'back to the default' },
    {
      command: 'mira config set providers.work.base_url https://llm.example/v1',
      shows: 'a provider of your own',
    },
  ],
  run: async (context, { args: [name = '', typed], options: { unset } }) => {
    const key = findProviderSetting(name) ?? requireKey(name);
    if ((typed === undefined) !== unset) {
      throw new MiraError('invalid_usage', 'Give a value, or --unset to remove the setting.', {
        hint: 'mira config set model mira-pro',
      });
    }
    if (typeof key === 'object') return setOfProvider(context, { setting: key, name, typed });
    const { profile } = await context.settings();
    const value = typed === undefined ? undefined : await requireValue(context, { key, value: typed });
    const { editConfig } = await import('../../store/config.ts');
    const change = key === 'default_profile' ? { key, value } : { key, value, profile };
    await editConfig({ ...context.paths, uid: context.uid, changes: [change] });
    return { key, value, profile, path: context.paths.configFile };
  },
  human: ({ key, value, profile }) => {
    const whose = profile === undefined ? '' : ` for profile ${profile}`;
    return value === undefined ? `${key} is unset${whose}.` : `${key} is now ${value}${whose}.`;
  },
  json: ({ key, value, profile, path }) => ({
    schema: 'mira.config/1',
    key,
    value: value ?? null,
    ...(profile === undefined
      ? { origin: 'config', from: 'config.json' }
      : { origin: 'profile', from: `profile ${profile}` }),
    path,
  }),
});

interface ProviderChange {
  readonly setting: ProviderSetting;
  readonly name: string;
  readonly typed: string | undefined;
}

async function setOfProvider(context: Context, { setting, name, typed }: ProviderChange): Promise<Change> {
  const value = typed === undefined ? undefined : parseProviderValue(setting, typed);
  const { editConfig } = await import('../../store/config.ts');
  await editConfig({ ...context.paths, uid: context.uid, changes: [{ ...setting, value }] });
  const shown = typeof value === 'string' || value === undefined ? value : value.join(',');
  return { key: name, value: shown, profile: undefined, path: context.paths.configFile };
}

interface NewValue {
  readonly key: ConfigKey | 'default_profile';
  readonly value: string;
}

async function requireValue(context: Context, { key, value }: NewValue): Promise<string> {
  if (key === 'default_profile') {
    if (await context.index.find(value)) return value;
    throw new MiraError('profile_not_found', 'No profile of that name is signed in.', {
      hint: 'See which there are: mira auth list',
    });
  }
  if (key === 'issuer' || key === 'api_url' || key === 'resource')
    parseServiceUrl(value, { name: key, from: 'user' });
  const { choices } = CONFIG_KEYS[key];
  if (choices && !choices.includes(value))
    throw new MiraError('invalid_input', `${key} takes one of: ${choices.join(', ')}.`);
  return value;
}
