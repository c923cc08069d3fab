import { valueCommand } from '../define.ts';
import { findProviderSetting } from './provider-settings.ts';
import { requireKey, rowJson, settingRows } from './settings-rows.ts';
import type { SettingRow } from './settings-rows.ts';

export const get = valueCommand<Record<never, never>, SettingRow>({
  summary: 'Print a setting',
  arguments: [{ syntax: '<key>', summary: 'name of the setting' }],
  options: {},
  examples: [{ command: 'mira config get model', shows: 'the model that answers' }],
  run: async (context, { args: [name = ''] }) => {
    const key = findProviderSetting(name) ? name : requireKey(name);
    const row = (await settingRows(context)).find(
      (candidate) => candidate.key === (key === 'default_profile' ? 'profile' : key),
    );
    return row ? { ...row, key } : { key, value: undefined, origin: 'default', from: 'default' };
  },
  human: ({ value }) => value ?? '',
  json: (row) => ({ schema: 'mira.config/1', ...rowJson(row) }),
});
