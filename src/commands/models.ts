import type { Model } from '../chat/provider.ts';
import { valueCommand } from './define.ts';

const options = {
  provider: {
    kind: 'text',
    flags: '-p, --provider <name>',
    summary: 'provider to ask',
    env: 'MIRA_PROVIDER',
  },
  force: { kind: 'flag', flags: '--force', summary: 'send a key although it looks like another vendor’s' },
} as const;

interface Listing {
  readonly provider: string;
  readonly models: readonly Model[];
}

export const models = valueCommand<typeof options, Listing>({
  summary: 'The models that can answer',
  options,
  examples: [
    { command: 'mira models --json | jq -r ".models[].id"', shows: 'their names' },
    { command: 'mira models -p ollama', shows: 'those on this machine' },
  ],
  run: async (context, { options: { provider: wanted, force } }) => {
    const { connectProvider } = await import('./chat/open-provider.ts');
    const provider = await connectProvider(context, {
      provider: wanted,
      model: undefined,
      retries: undefined,
      force,
      mayBeSignedOut: true,
    });
    const { warnOfIgnored } = await import('./chat/warn-of-ignored.ts');
    await warnOfIgnored(context, provider.id);
    return { provider: provider.id, models: await provider.models({ signal: context.signal }) };
  },
  human: ({ models: rows }) => rows.map(modelLine).join('\n'),
  json: ({ provider, models: rows }) => ({
    schema: 'mira.models/1',
    provider,
    models: rows.map(({ id, context, maxOutput, ownedBy }) => ({
      id,
      ...(context === undefined ? {} : { context }),
      ...(maxOutput === undefined ? {} : { max_output: maxOutput }),
      ...(ownedBy === undefined ? {} : { owned_by: ownedBy }),
    })),
  }),
});

/** A model in one line. */
export function modelLine({ id, context, maxOutput }: Model): string {
  const facts = [
    context === undefined ? undefined : `${context} tokens of context`,
    maxOutput === undefined ? undefined : `answers up to ${maxOutput}`,
  ].filter((fact) => fact !== undefined);
  return facts.length === 0 ? id : `${id.padEnd(16)} ${facts.join(', ')}`;
}
