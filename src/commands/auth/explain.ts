import type { CredentialSource } from '../../auth/credential.ts';
import type { Style } from '../../ui/style.ts';
import { valueCommand } from '../define.ts';
import type { ServiceKeys, ServiceKeySource } from '../services/explain-services.ts';

interface Explanation {
  readonly sources: readonly CredentialSource[];
  /** Those beside the platform. */
  readonly services: readonly ServiceKeys[];
}

export const explain = valueCommand<Record<never, never>, Explanation>({
  summary: 'Every source of a credential, which one wins, and why',
  description:
    'Show every source of a credential in order of precedence, which one wins, and why: first for the Mira platform, then for each service that has a key. No value is read, so no keychain is unlocked.',
  options: {},
  examples: [{ command: 'mira auth explain', shows: 'the sources in their order' }],
  run: async (context) => {
    const { explainServices } = await import('../services/explain-services.ts');
    const sources = await (await context.credentials()).explain();
    return { sources, services: await explainServices(context) };
  },
  human: ({ sources, services }, style) =>
    [
      ...sources.map((source) => row(source, { style, width: WIDTH })),
      ...services.filter(isPresent).flatMap((one) => ['', ...serviceRows(one, style)]),
    ].join('\n'),
  json: ({ sources, services }) => ({
    schema: 'mira.auth.explain/1',
    chosen: chosenOf(sources),
    sources,
    services: services.map((one) => ({
      service: one.service,
      chosen: chosenOf(one.sources),
      sources: one.sources,
    })),
  }),
});

const WIDTH = 13;

type Source = Omit<ServiceKeySource, 'present'>;

function chosenOf(sources: readonly Source[]): string | null {
  return sources.find(({ chosen }) => chosen)?.source ?? null;
}

function isPresent({ sources }: ServiceKeys): boolean {
  return sources.some(({ present }) => present);
}

function serviceRows({ service, sources }: ServiceKeys, style: Style): readonly string[] {
  const width = Math.max(WIDTH, ...sources.map(({ source }) => source.length + 1));
  return [style.heading(service), ...sources.map((source) => row(source, { style, width }))];
}

function row(
  { source, chosen, detail }: Source,
  { style, width }: { readonly style: Style; readonly width: number },
): string {
  const line = `${chosen ? '→' : ' '} ${source.padEnd(width)} ${detail}`;
  return chosen ? style.strong(line) : line;
}
