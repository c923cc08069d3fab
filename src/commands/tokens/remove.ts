import { MiraError } from '../../errors.ts';
import { valueCommand } from '../define.ts';

export const remove = valueCommand<Record<never, never>, readonly string[]>({
  summary: 'Remove tokens at once',
  description:
    'Remove tokens from this machine, at once and without asking. At their services they stay valid until they are revoked there.',
  arguments: [{ syntax: '<label...>', summary: 'which' }],
  options: {},
  examples: [
    { command: 'mira tokens remove openai', shows: 'one' },
    { command: 'mira tokens remove openai github', shows: 'several, or none if one of them is not there' },
  ],
  run: async (context, { args }) => {
    const labels = [...new Set(args)];
    if (labels.length === 0) throw new MiraError('invalid_usage', 'A label is needed.');
    const vault = await context.vault();
    await context.withoutInterruption(() => vault.remove(labels));
    return labels;
  },
  human: (labels) => labels.map((label) => `Removed ${label}.`).join('\n'),
  json: (labels) => ({ schema: 'mira.tokens.remove/1', removed: labels }),
});
