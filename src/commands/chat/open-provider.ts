/** From options and settings to a provider that answers: which service, at which address, with which credential. */
import { DEFAULT_RETRIES } from '../../api/retry.ts';
import type { ChatProvider } from '../../chat/provider.ts';
import { createMiraProvider } from '../../chat/providers/mira.ts';
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';

const PROVIDERS = ['mira'] as const;

export interface ProviderChoice {
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly retries: number | undefined;
  readonly force: boolean;
}

export interface OpenProvider {
  readonly provider: ChatProvider;
  readonly model: string;
}

/** @throws MiraError `not_signed_in`, `other_origin`, `invalid_input` for a provider that does not exist */
export async function openProvider(context: Context, choice: ProviderChoice): Promise<OpenProvider> {
  const settings = await context.settings();
  const wanted = settings.value('model', choice.model);
  const named = PROVIDERS.find((name) => wanted.startsWith(`${name}/`));
  requireProvider(choice.provider ?? named ?? settings.value('provider'));
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

function requireProvider(name: string): void {
  if (PROVIDERS.some((known) => known === name)) return;
  throw new MiraError('invalid_input', 'There is no provider of that name.', {
    hint: `The providers are: ${PROVIDERS.join(', ')}.`,
  });
}
