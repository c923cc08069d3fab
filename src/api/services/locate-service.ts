import { MiraError } from '../../errors.ts';
import { ollamaAddress } from '../ollama-address.ts';
import { SERVICES } from '../services.ts';
import type { Service } from '../services.ts';
import { parseServiceUrl } from '../url.ts';

/**
 * Where the requests to a service begin: an address that ends in a slash.
 * @throws MiraError `invalid_url`, `invalid_config` where nothing says it, `invalid_usage` for one that is asked otherwise
 */
export function locateService(service: Service, env: Readonly<Record<string, string | undefined>>): URL {
  const { address, name, keyVariables } = service;
  if (service === SERVICES.ollama) return ollamaAddress(env).baseUrl;
  if (address === undefined) {
    throw new MiraError('invalid_usage', `${name} takes signed requests, and no key as it is.`, {
      hint: 'Test it with `mira aws test --bedrock`, or ask it with `mira chat -p bedrock`.',
    });
  }
  const { from, fallback, base } = address;
  const written = env[from] ?? fallback;
  if (written === undefined) {
    throw new MiraError('invalid_config', `Nothing says where ${name} is: ${from} is not set.`, {
      hint: `Set it to the address in your organisation's documents: export ${from}=https://your-domain.example/api/v1`,
    });
  }
  return base(parseServiceUrl(written, { name: from, from: 'user', mayBePlain: keyVariables.length === 0 }));
}
