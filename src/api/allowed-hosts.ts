/**
 * Which hosts may be contacted, whatever code asks: those the configuration names, those a session remembers, and
 * those that were named in this run, by an option or by a server at sign-in, and checked where that happened.
 */
import { MiraError } from '../errors.ts';
import { isLoopback, sameHost } from './url.ts';

export interface AllowedHost {
  /** Name and port, as `URL.host` spells them. */
  readonly host: string;
  /**
   * Scheme, name and port. Left out for a host that a server named (decisions.md 13): it is asked by https, or is this
   * machine, where the port is ignored.
   */
  readonly origin?: string | undefined;
  /** For a person: "Mira API (MIRA_API_URL)". */
  readonly why: string;
}

export interface HostGuard {
  /** @throws MiraError `host_not_configured` */
  require(url: URL): Promise<void>;
  /** Until the end of the program: an address as it is, or a host that a server named. */
  allow(named: readonly (URL | string)[]): void;
}

export interface HostSources {
  /** The address that is asked most: for it, nothing else is looked up. */
  readonly usual: () => URL;
  /** Everything that settings, variables and sessions name. */
  readonly all: () => Promise<readonly AllowedHost[]>;
}

export function createHostGuard({ usual, all }: HostSources): HostGuard {
  const known: AllowedHost[] = [];
  const isKnown = (url: URL): boolean => known.some((one) => covers(one, url));
  return {
    async require(url) {
      if (isUsual(url, usual) || isKnown(url)) return;
      known.push(...(await all()));
      if (!isKnown(url)) throw refusal(url);
    },
    allow(named) {
      known.push(...named.map(ofThisRun));
    },
  };
}

function isUsual(url: URL, usual: () => URL): boolean {
  try {
    return usual().origin === url.origin;
  } catch {
    // No address that can be used; whoever needs it says so.
    return false;
  }
}

function covers({ host, origin }: AllowedHost, url: URL): boolean {
  if (origin !== undefined) return url.origin === origin;
  return sameHost(host, url.host) && (url.protocol === 'https:' || isLoopback(url.hostname));
}

function ofThisRun(named: URL | string): AllowedHost {
  const why = 'named in this run';
  return typeof named === 'string' ? { host: named, why } : { host: named.host, origin: named.origin, why };
}

function refusal(url: URL): MiraError {
  return new MiraError(
    'host_not_configured',
    `mira does not contact ${url.host}: nothing in the configuration names it.`,
    {
      hint: 'Name it if it is meant: with MIRA_API_URL, MIRA_ISSUER or mira config set providers.NAME.base_url.',
      next: [{ command: 'mira network', why: 'lists every host that may be contacted' }],
    },
  );
}
