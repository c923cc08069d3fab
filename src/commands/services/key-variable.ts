import { SERVICES } from '../../api/services.ts';
import type { Service } from '../../api/services.ts';
import type { Env } from '../../context.ts';

/** The variable whose key counts: the first that is set, else the service's own; undefined for a service without keys. */
export function keyVariableOf(service: Service, env: Env): string | undefined {
  const { keyVariables } = service;
  return keyVariables.find((name) => isSetFor(service, { name, value: env[name] })) ?? keyVariables[0];
}

/** The platform's variable counts for meetings when what is in it is a key of meetings, and only then. */
function isSetFor(
  service: Service,
  { name, value }: { readonly name: string; readonly value: string | undefined },
): boolean {
  if (service === SERVICES.meetings && name === 'MIRA_API_KEY')
    return value?.startsWith('mira_live_') === true;
  return value !== undefined;
}
