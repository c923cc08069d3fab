import type { Settings } from '../settings.ts';

export const BUILT_IN_PROVIDERS = ['mira', 'openai', 'anthropic', 'ollama'] as const;

export type BuiltInProvider = (typeof BUILT_IN_PROVIDERS)[number];

export function isBuiltIn(name: string): name is BuiltInProvider {
  return BUILT_IN_PROVIDERS.some((known) => known === name);
}

/** The names of the providers that the configuration adds; it takes the place of none that mira knows. */
export function addedProviders({ providers }: Pick<Settings, 'providers'>): readonly string[] {
  return Object.keys(providers).filter((name) => !isBuiltIn(name));
}
