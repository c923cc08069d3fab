import { valueCommand } from '../define.ts';
import { rowJson, settingRows } from './settings-rows.ts';
import type { SettingRow } from './settings-rows.ts';

interface Listing {
  readonly path: string;
  readonly rows: readonly SettingRow[];
}

export const list = valueCommand<Record<never, never>, Listing>({
  summary: 'Every setting, and where its value comes from',
  options: {},
  examples: [{ command: 'mira config list', shows: 'settings with their origin' }],
  run: async (context) => ({ path: context.paths.configFile, rows: await settingRows(context) }),
  human: ({ rows }, style) => {
    const width = Math.max(10, ...rows.map(({ key }) => key.length));
    return rows
      .map(
        ({ key, value, from }) => `${key.padEnd(width)} ${value ?? style.dim('(unset)')}  ${style.dim(from)}`,
      )
      .join('\n');
  },
  json: ({ path, rows }) => ({ schema: 'mira.config/1', path, settings: rows.map(rowJson) }),
});
