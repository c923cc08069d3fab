/** A service by its name: one of the table, or a provider that was added to the configuration. */
import { SERVICES, isServiceId } from '../../api/services.ts';
import type { Service } from '../../api/services.ts';
import { MiraError } from '../../errors.ts';
import type { ProviderConfig } from '../../store/config-schema.ts';

type Providers = Readonly<Record<string, ProviderConfig>>;

/** @throws MiraError `invalid_input` for a name that none has, `invalid_config` for a provider without an address */
export function requireService(name: string, providers: Providers): Service {
  if (isServiceId(name)) return SERVICES[name];
  const config = Object.hasOwn(providers, name) ? providers[name] : undefined;
  if (config !== undefined) return customService(name, config);
  throw new MiraError('invalid_input', 'There is no service of that name.', {
    hint: `The services are: ${[...Object.keys(SERVICES), ...Object.keys(providers)].join(', ')}.`,
  });
}

/** The providers of one's own that can be asked. */
export function customServices(providers: Providers): readonly Service[] {
  return Object.entries(providers)
    .filter(([name, { base_url }]) => base_url !== undefined && !isServiceId(name))
    .map(([name, config]) => customService(name, config));
}

/** By the service whose format it speaks. Where its keys are managed nobody knows. */
function customService(name: string, { kind = 'openai', env, base_url: written }: ProviderConfig): Service {
  const like = SERVICES[kind];
  const from = `providers.${name}.base_url`;
  if (written === undefined || like.address === undefined) {
    throw new MiraError('invalid_config', `The provider ${name} has no address.`, {
      hint: `Give it one: mira config set ${from} https://api.example/v1`,
    });
  }
  return {
    ...like,
    id: name,
    name,
    address: { ...like.address, from, fallback: written },
    keyVariables: env === undefined ? [] : [env],
    // Many such servers show their models to everybody.
    tests: like.tests.map(({ path }) => ({ path, mayBePublic: true })),
    keysAt: undefined,
    permission: undefined,
  };
}
