import { parseServiceUrl } from '../../api/url.ts';
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { CONFIG_KEYS } from '../../store/config-schema.ts';
import type { ConfigKey } from '../../store/config-schema.ts';
import { valueCommand } from '../define.ts';
import { requireKey } from './settings-rows.ts';

const options = {
  unset: { kind: 'flag', flags: '--unset', summary: 'remove the setting, so that the default holds again' },
} as const;

interface Change {
  readonly key: string;
  readonly value: string | undefined;
  readonly profile: string;
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
  ],
  run: async (context, { args: [name = '', typed], options: { unset } }) => {
    const key = requireKey(name);
    if ((typed === undefined) !== unset) {
      throw new MiraError('invalid_usage', 'Give a value, or --unset to remove the setting.', {
        hint: 'mira config set model mira-pro',
      });
    }
    const { profile } = await context.settings();
    const value = typed === undefined ? undefined : await requireValue(context, { key, value: typed });
    const { editConfig } = await import('../../store/config.ts');
    const change = key === 'default_profile' ? { key, value } : { key, value, profile };
    await editConfig({ ...context.paths, uid: context.uid, changes: [change] });
    return { key, value, profile, path: context.paths.configFile };
  },
  human: ({ key, value, profile }) =>
    value === undefined
      ? `${key} is unset for profile ${profile}.`
      : `${key} is now ${value} for profile ${profile}.`,
  json: ({ key, value, profile, path }) => ({
    schema: 'mira.config/1',
    key,
    value: value ?? null,
    origin: 'profile',
    from: `profile ${profile}`,
    path,
  }),
});

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
