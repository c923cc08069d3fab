/** A provider of one's own: what the configuration says of it, and nothing else, decides where it is and what it gets. */
import { ollamaBase } from '../../api/ollama-address.ts';
import { apiBase, isLoopback, parseServiceUrl } from '../../api/url.ts';
import { requireServiceKey } from '../../auth/service-key.ts';
import type { ChatProvider } from '../../chat/provider.ts';
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import type { ProviderConfig } from '../../store/config-schema.ts';
import { storedKeys } from '../services/stored-keys.ts';
import type { Opening } from './open-provider.ts';
import { withoutVersion } from '../../api/without-version.ts';

export interface CustomChoice {
  readonly name: string;
  readonly choice: Opening;
}

/** @throws MiraError `invalid_config`, `invalid_url`, `credential_missing`, `malformed_key`, `other_vendor` */
export async function openCustom(context: Context, { name, choice }: CustomChoice): Promise<ChatProvider> {
  const config = (await context.settings()).providers[name] ?? {};
  const { kind = 'openai', env: variable, models } = config;
  const addressFrom = `providers.${name}.base_url`;
  const url = requireAddress(config, { name, addressFrom });
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    context.notice(`What you ask goes to ${url.host} without encryption.`);
  const { env, keepOut } = context;
  const bearer =
    variable === undefined
      ? undefined
      : await requireServiceKey({
          env,
          variable,
          findStored: storedKeys(context),
          family: kind === 'ollama' ? undefined : kind,
          url,
          force: choice.force,
          mayLack: choice.mayLackKey,
          keepOut,
        });
  const provider = await openKind(kind, {
    id: name,
    http: await context.http(),
    url,
    bearer,
    addressFrom,
    withoutKey: `Say which variable holds its key: mira config set providers.${name}.env NAME`,
    ...choice.patience,
  });
  return models === undefined || models.length === 0
    ? provider
    : { ...provider, models: async () => models.map((id) => ({ id })) };
}

/** Without encryption only where no credential goes along, or on this machine (decisions.md 17). */
function requireAddress(
  { base_url: written, env: variable }: ProviderConfig,
  { name, addressFrom }: { readonly name: string; readonly addressFrom: string },
): URL {
  if (written === undefined) {
    throw new MiraError('invalid_config', `The provider ${name} has no address.`, {
      hint: `Give it one: mira config set ${addressFrom} https://api.example/v1`,
    });
  }
  return parseServiceUrl(written, { name: addressFrom, from: 'user', mayBePlain: variable === undefined });
}

type CustomOptions = Pick<ChatProvider, 'id'> &
  Omit<
    Parameters<typeof import('../../chat/providers/openai.ts').createOpenAiProvider>[0],
    'baseUrl' | 'dialect'
  > & {
    readonly url: URL;
  };

async function openKind(
  kind: NonNullable<ProviderConfig['kind']>,
  { url, ...options }: CustomOptions,
): Promise<ChatProvider> {
  switch (kind) {
    case 'openai': {
      const { createOpenAiProvider } = await import('../../chat/providers/openai.ts');
      const dialect = { limit: 'max_tokens', includesUsage: false } as const;
      return createOpenAiProvider({ ...options, baseUrl: apiBase(url), dialect });
    }
    case 'anthropic': {
      const { createAnthropicProvider } = await import('../../chat/providers/anthropic.ts');
      return createAnthropicProvider({ ...options, baseUrl: withoutVersion(url), isAnthropic: false });
    }
    case 'ollama': {
      const { createOllamaProvider } = await import('../../chat/providers/ollama.ts');
      return createOllamaProvider({ ...options, baseUrl: ollamaBase(url) });
    }
  }
}

/** The one that was written down first, or the only one there is. */
export async function firstOfCustom(context: Context, provider: ChatProvider): Promise<string> {
  const { id } = provider;
  const config = (await context.settings()).providers[id] ?? {};
  const [first, second] = await provider.models({ signal: context.signal });
  if (
    first !== undefined &&
    (second === undefined || config.models !== undefined || config.kind === 'ollama')
  )
    return first.id;
  throw new MiraError('invalid_input', `Which model of ${id} is to answer?`, {
    hint: `Say it with -m MODEL (mira models -p ${id} lists them), or once for all: mira config set providers.${id}.models MODEL`,
  });
}
