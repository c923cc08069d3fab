import { valueCommand } from '../define.ts';

export const path = valueCommand<Record<never, never>, string>({
  summary: 'Print where the config file is',
  options: {},
  examples: [{ command: '$EDITOR "$(mira config path)"', shows: 'edit it by hand' }],
  run: async (context) => context.paths.configFile,
  human: (file) => file,
  json: (file) => ({ schema: 'mira.config/1', path: file }),
});
