/** From options and settings to a provider that answers: which service, at which address, with which credential. */
import { DEFAULT_RETRIES } from '../../api/retry.ts';
import type { ChatProvider } from '../../chat/provider.ts';
import { createMiraProvider } from '../../chat/providers/mira.ts';
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import type { Settings } from '../../settings.ts';

const PROVIDERS = ['mira'] as const;

export interface ProviderChoice {
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly retries: number | undefined;
  readonly force: boolean;
  /** The conversation that goes on: who answered in it goes on too, unless an option or the environment says otherwise. */
  readonly conversation?: { readonly provider: string; readonly model: string } | undefined;
}

export interface OpenProvider {
  readonly provider: ChatProvider;
  readonly model: string;
}

/** @throws MiraError `not_signed_in`, `other_origin`, `invalid_input` for a provider that does not exist */
export async function openProvider(context: Context, choice: ProviderChoice): Promise<OpenProvider> {
  const settings = await context.settings();
  const wanted = chosen(settings, { key: 'model', choice });
  const named = PROVIDERS.find((name) => wanted.startsWith(`${name}/`));
  requireProvider(choice.provider ?? named ?? chosen(settings, { key: 'provider', choice }));
  const credentials = await context.credentials();
  const credential = await credentials.require();
  const apiUrl = credentials.apiUrl(credential);
  const provider = createMiraProvider({
    http: await context.http(),
    baseUrl: apiUrl,
    bearer: credentials.bearer(credential, { apiUrl, force: choice.force }),
    retries: choice.retries ?? DEFAULT_RETRIES,
    sleep: context.sleep,
    now: context.now,
    random: context.random,
    log: context.log,
  });
  return { provider, model: named === undefined ? wanted : wanted.slice(named.length + 1) };
}

function chosen(
  settings: Settings,
  { key, choice }: { readonly key: 'model' | 'provider'; readonly choice: ProviderChoice },
): string {
  const { origin } = settings.get(key, choice[key]);
  const isAsked = origin === 'option' || origin === 'environment';
  // A model belongs to its provider, so another provider brings its own.
  const goesOn = choice.provider === undefined && !isAsked;
  return (goesOn ? choice.conversation?.[key] : undefined) ?? settings.value(key, choice[key]);
}

function requireProvider(name: string): void {
  if (PROVIDERS.some((known) => known === name)) return;
  throw new MiraError('invalid_input', 'There is no provider of that name.', {
    hint: `The providers are: ${PROVIDERS.join(', ')}.`,
  });
}
