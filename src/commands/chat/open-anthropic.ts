import { ANTHROPIC_API, ANTHROPIC_KEYS_PAGE } from '../../addresses.ts';
import { parseServiceUrl } from '../../api/url.ts';
import { requireServiceKey } from '../../auth/service-key.ts';
import type { ChatProvider } from '../../chat/provider.ts';
import { createAnthropicProvider } from '../../chat/providers/anthropic.ts';
import type { Context } from '../../context.ts';
import { storedKeys } from '../services/stored-keys.ts';
import type { Opening } from './open-provider.ts';
import { withoutVersion } from '../../api/without-version.ts';

/** @throws MiraError `credential_missing`, `malformed_key`, `other_vendor`, `invalid_url` */
export async function openAnthropic(context: Context, choice: Opening): Promise<ChatProvider> {
  const { env, keepOut } = context;
  const addressFrom = 'ANTHROPIC_BASE_URL';
  const written = env[addressFrom] ?? ANTHROPIC_API;
  const baseUrl = withoutVersion(parseServiceUrl(written, { name: addressFrom, from: 'user' }));
  const isAnthropic = baseUrl.origin === new URL(ANTHROPIC_API).origin;
  return createAnthropicProvider({
    id: 'anthropic',
    http: await context.http(),
    baseUrl,
    bearer: await requireServiceKey({
      env,
      variable: 'ANTHROPIC_API_KEY',
      family: 'anthropic',
      url: baseUrl,
      findStored: storedKeys(context),
      addressFrom: env[addressFrom] === undefined ? undefined : addressFrom,
      keysPage: isAnthropic ? ANTHROPIC_KEYS_PAGE : undefined,
      force: choice.force,
      mayLack: choice.mayLackKey,
      keepOut,
    }),
    isAnthropic,
    addressFrom,
    ...choice.patience,
  });
}
