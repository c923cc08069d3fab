/** Where the services of AWS are: by their region, unless the variables that all tools of AWS read say otherwise. */
import { MiraError } from '../../errors.ts';
import { parseServiceUrl } from '../url.ts';
import type { AwsService } from './access.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface AwsPlace {
  readonly service: AwsService;
  readonly region: string;
  readonly env: Env;
}

/** @throws MiraError `invalid_url`; http:// is for this machine only */
export function awsEndpoint({ service, region, env }: AwsPlace): URL {
  const name = endpointSource(service, env);
  return name === undefined
    ? new URL(`https://${service}.${region}.${domainOf(region)}/`)
    : parseServiceUrl(env[name] ?? '', { name, from: 'user' });
}

/** The variable that says where the service is, when one does. */
export function endpointSource(service: AwsService, env: Env): string | undefined {
  const own = `AWS_ENDPOINT_URL_${service.replace('-', '_').toUpperCase()}`;
  return [own, 'AWS_ENDPOINT_URL'].find((name) => env[name] !== undefined);
}

/** @throws MiraError `invalid_input` for what is no name of a region, and so no part of an address */
export function requireAwsRegion(region: string, source: string): string {
  if (/^[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/.test(region)) return region;
  throw new MiraError('invalid_input', `The region from ${source} is not one of AWS.`, {
    hint: 'A region is written like us-east-1 or eu-central-1.',
  });
}

function domainOf(region: string): string {
  return DOMAINS.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'amazonaws.com';
}

/** The partitions that have a domain of their own. */
const DOMAINS: readonly (readonly [prefix: string, domain: string])[] = [
  ['cn-', 'amazonaws.com.cn'],
  ['eusc-', 'amazonaws.eu'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['us-iso-', 'c2s.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
];
