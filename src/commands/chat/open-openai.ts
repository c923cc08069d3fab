import { OPENAI_API, OPENAI_KEYS_PAGE } from '../../addresses.ts';
import { apiBase, parseServiceUrl } from '../../api/url.ts';
import { requireServiceKey } from '../../auth/service-key.ts';
import type { ChatProvider } from '../../chat/provider.ts';
import { createOpenAiProvider } from '../../chat/providers/openai.ts';
import type { Context } from '../../context.ts';
import { storedKeys } from '../services/stored-keys.ts';
import type { Opening } from './open-provider.ts';

/** @throws MiraError `credential_missing`, `malformed_key`, `other_vendor`, `invalid_url` */
export async function openOpenAi(context: Context, choice: Opening): Promise<ChatProvider> {
  const { env, keepOut } = context;
  const addressFrom = 'OPENAI_BASE_URL';
  const written = env[addressFrom] ?? OPENAI_API;
  const baseUrl = apiBase(parseServiceUrl(written, { name: addressFrom, from: 'user' }));
  const isOpenAi = /(?:^|\.)openai\.com$/.test(baseUrl.hostname);
  return createOpenAiProvider({
    id: 'openai',
    http: await context.http(),
    baseUrl,
    bearer: await requireServiceKey({
      env,
      variable: 'OPENAI_API_KEY',
      family: 'openai',
      url: baseUrl,
      findStored: storedKeys(context),
      addressFrom: env[addressFrom] === undefined ? undefined : addressFrom,
      keysPage: isOpenAi ? OPENAI_KEYS_PAGE : undefined,
      force: choice.force,
      mayLack: choice.mayLackKey,
      keepOut,
    }),
    // Others that are reached by this variable follow the format as it was, and may refuse what is new in it.
    dialect: isOpenAi
      ? { limit: 'max_completion_tokens', includesUsage: true, takesSchema: true }
      : { limit: 'max_tokens', includesUsage: false },
    addressFrom,
    ...choice.patience,
  });
}
