/**
 * Which service a token is for: the one whose variable it is, else the one whose format it has, where no other vendor
 * uses that. What could belong to several belongs to none, because it would be sent there.
 */
import { SERVICES } from '../../api/services.ts';
import type { Service, ServiceId } from '../../api/services.ts';
import { isOpenAiAlone } from '../../auth/service-key.ts';
import type { ProviderConfig } from '../../store/config-schema.ts';
import { customServices } from './find-service.ts';

export interface TokenFacts {
  /** The variable it is for. */
  readonly env: string;
  /** The family its format belongs to (auth/key-format.ts), or `other`. */
  readonly kind: string;
  readonly value: string;
}

type Found = { readonly service: Service } | { readonly service: undefined; readonly reason: string };

export function findServiceOfToken(
  token: TokenFacts,
  providers: Readonly<Record<string, ProviderConfig>>,
): Found {
  const { env, kind, value } = token;
  if (env.startsWith('AWS_') || kind === 'aws')
    return { service: undefined, reason: 'AWS credentials are tested with `mira aws test`' };
  if (env === SERVICES.ollama.address?.from) return { service: SERVICES.ollama };
  if (env === 'MIRA_API_KEY') return { service: kind === 'meetings' ? SERVICES.meetings : SERVICES.mira };
  const own = Object.values(SERVICES).find(({ keyVariables }) => keyVariables.includes(env));
  const custom = customServices(providers).find(({ keyVariables }) => keyVariables.includes(env));
  const service = own ?? custom ?? serviceOfFormat(kind, value);
  if (service !== undefined) return { service };
  return { service: undefined, reason: `no service is known whose key is in ${env}` };
}

function serviceOfFormat(kind: string, value: string): Service | undefined {
  if (kind === 'openai') return isOpenAiAlone(value) ? SERVICES.openai : undefined;
  const unmistakable: readonly ServiceId[] = ['mira', 'meetings', 'mirra', 'anthropic'];
  const id = unmistakable.find((one) => one === kind);
  return id && SERVICES[id];
}
