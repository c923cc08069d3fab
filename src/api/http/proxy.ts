/** Which proxy a request goes through, by the rules curl and most programs share. */
import { MiraError, toMiraError } from '../../errors.ts';
import type { AllowedHost } from '../allowed-hosts.ts';
import type { ConfiguredHosts } from '../configured-hosts.ts';
import { isLoopback } from '../url.ts';

/** The values of HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY. */
export interface Proxies {
  readonly http?: string | undefined;
  readonly https?: string | undefined;
  readonly all?: string | undefined;
  readonly no?: string | undefined;
}

/** From the environment, where either case counts. */
export function proxiesOf(env: Readonly<Record<string, string | undefined>>): Proxies {
  const either = (name: string): string | undefined => env[name] ?? env[name.toLowerCase()];
  return {
    http: either('HTTP_PROXY'),
    https: either('HTTPS_PROXY'),
    all: either('ALL_PROXY'),
    no: either('NO_PROXY'),
  };
}

/** What connections may be made through; no request is made to a proxy itself. */
export function proxyHosts(proxies: Proxies): ConfiguredHosts {
  const written = [
    { variable: 'HTTPS_PROXY', text: proxies.https },
    { variable: 'HTTP_PROXY', text: proxies.http },
    { variable: 'ALL_PROXY', text: proxies.all },
  ];
  const hosts: AllowedHost[] = [];
  const faults: MiraError[] = [];
  for (const { variable, text } of written) {
    if (text === undefined) continue;
    try {
      const { host, origin } = parseProxy(text);
      hosts.push({ host, origin, why: `proxy (${variable})` });
    } catch (error) {
      faults.push(toMiraError(error));
    }
  }
  return { hosts, faults };
}

/** The proxy for an address, or undefined for a direct connection; loopback is always direct. */
export function findProxy(url: URL, proxies: Proxies): URL | undefined {
  if (isLoopback(url.hostname) || isExempt(url, proxies.no ?? '')) return undefined;
  const text = (url.protocol === 'http:' ? proxies.http : proxies.https) || proxies.all;
  return text ? parseProxy(text) : undefined;
}

function isExempt(url: URL, no: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port || (url.protocol === 'http:' ? '80' : '443');
  return no
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === '') return false;
      if (entry === '*') return true;
      const [, name = '', entryPort] =
        /^\[?(.*?)\]?(?::(\d+))?$/.exec(isIpv6(entry) ? `[${entry}]` : entry) ?? [];
      if (entryPort !== undefined && entryPort !== port) return false;
      const suffix = name.replace(/^\*?\./, '');
      return host === suffix || host.endsWith(`.${suffix}`);
    });
}

function isIpv6(entry: string): boolean {
  return !entry.startsWith('[') && entry.split(':').length > 2;
}

const SCHEMES = new Set(['http:', 'https:', 'socks5:', 'socks:']);

/** @throws MiraError `proxy_failed` without the text, which may hold a password */
function parseProxy(text: string): URL {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  try {
    const url = new URL(full.replace(/^socks5h:/i, 'socks5:'));
    if (SCHEMES.has(url.protocol) && url.hostname !== '') return url;
  } catch {
    // Reported below.
  }
  throw new MiraError('proxy_failed', 'The proxy address in the environment is not one mira can use.', {
    hint: 'Set HTTPS_PROXY, HTTP_PROXY or ALL_PROXY to something like http://proxy.example:3128, or unset them.',
  });
}
