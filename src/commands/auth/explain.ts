import type { CredentialSource } from '../../auth/credential.ts';
import { valueCommand } from '../define.ts';

export const explain = valueCommand<Record<never, never>, readonly CredentialSource[]>({
  summary: 'Every source of a credential, which one wins, and why',
  options: {},
  examples: [{ command: 'mira auth explain', shows: 'the sources in their order' }],
  run: async (context) => (await context.credentials()).explain(),
  human: (sources, style) =>
    sources
      .map(({ source, chosen, detail }) => {
        const line = `${chosen ? '→' : ' '} ${source.padEnd(13)} ${detail}`;
        return chosen ? style.strong(line) : line;
      })
      .join('\n'),
  json: (sources) => ({
    schema: 'mira.auth.explain/1',
    chosen: sources.find(({ chosen }) => chosen)?.source ?? null,
    sources,
  }),
});
