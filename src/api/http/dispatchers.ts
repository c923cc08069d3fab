/**
 * The connections requests travel on: one set of rules for TLS and names, direct or through a proxy.
 * undici is loaded with the first request, and of it only what a request needs: its index costs twice as much.
 */
import { lookup, type LookupAddress, type LookupAllOptions, type LookupOneOptions } from 'node:dns';
import type { Agent, Dispatcher, Pool, ProxyAgent, buildConnector } from 'undici';

import { foreignCode } from '../../errors.ts';
import { trustedCertificates } from './certificates.ts';
import { silentProxy } from './failure.ts';
import { passingOverNews } from './passing-over-news.ts';

export interface Dispatchers {
  /** The connections for a request, direct or through `proxy`. */
  for(proxy: URL | undefined): Promise<Dispatcher>;
  /** Ends everything at once. */
  destroy(): Promise<void>;
}

export interface ConnectionRules {
  readonly caFiles: readonly string[];
  readonly connectMs: number;
}

export function createDispatchers(rules: ConnectionRules): Dispatchers {
  const open = new Map<string, Promise<Dispatcher>>();
  return {
    for(proxy) {
      const key = proxy?.href ?? '';
      const existing = open.get(key);
      if (existing !== undefined) return existing;
      const created = proxy === undefined ? direct(rules) : through(proxy, rules);
      open.set(key, created);
      return created;
    },
    async destroy() {
      const created = [...open.values()];
      open.clear();
      // A dispatcher that could not be made has nothing to end; its failure was the request's.
      await Promise.allSettled(created.map(async (one) => (await one).destroy()));
    },
  };
}

async function direct(rules: ConnectionRules): Promise<Dispatcher> {
  const options = await connectOptions(rules);
  const [DirectAgent, connector] = await Promise.all([
    import('undici/lib/dispatcher/agent.js' as string).then(defaultExport<typeof Agent>),
    import('undici/lib/core/connect.js' as string).then(defaultExport<typeof buildConnector>),
  ]);
  const connect = passingOverNews(connector({ ...options, allowH2: false }));
  return new DirectAgent({ connect, allowH2: false });
}

async function through(proxy: URL, rules: ConnectionRules): Promise<Dispatcher> {
  const connect = await connectOptions(rules);
  const [Through, ProxyPool, tunnel] = await Promise.all([
    import('undici/lib/dispatcher/proxy-agent.js' as string).then(defaultExport<typeof ProxyAgent>),
    import('undici/lib/dispatcher/pool.js' as string).then(defaultExport<typeof Pool>),
    import('undici/lib/api/api-connect.js' as string).then(defaultExport<Tunnel>),
  ]);
  return new Through({
    uri: proxy.href,
    requestTls: connect,
    // For SOCKS its presence alone would mean TLS to the proxy.
    ...(proxy.protocol.startsWith('socks') ? {} : { proxyTls: connect }),
    clientFactory(origin, options) {
      const pool = new ProxyPool(origin, { ...options, headersTimeout: rules.connectMs });
      // undici's index would have given every dispatcher this method.
      const connectThrough = (target: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> =>
        tunnel.call(pool, target).catch((error: unknown) => {
          throw isSilence(error) ? silentProxy({ proxy, waitedMs: rules.connectMs, cause: error }) : error;
        });
      return Object.assign(pool, { connect: connectThrough });
    },
    // To the service, through the proxy.
    factory: (origin, options: Pool.Options) =>
      new ProxyPool(
        origin,
        typeof options.connect === 'function'
          ? { ...options, connect: passingOverNews(options.connect) }
          : options,
      ),
    connectTimeout: rules.connectMs,
    allowH2: false,
  });
}

type Tunnel = (this: Dispatcher, target: Dispatcher.ConnectOptions) => Promise<Dispatcher.ConnectData>;

function isSilence(error: unknown): boolean {
  return foreignCode(error) === 'UND_ERR_HEADERS_TIMEOUT';
}

/** undici types its classes at its index only; the files behind it hold the same classes as CommonJS. */
function defaultExport<T>(module: { readonly default: T }): T {
  return module.default;
}

async function connectOptions(rules: ConnectionRules) {
  const ca = await trustedCertificates(rules.caFiles);
  return {
    timeout: rules.connectMs,
    // Said explicitly, because left out NODE_TLS_REJECT_UNAUTHORIZED=0 and --tls-min-v1.0 decide.
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2' as const,
    lookup: pinnedLookup((...asked) => lookup(...asked)),
    ...(ca === undefined ? {} : { ca }),
  };
}

const LOOPBACK: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

type Lookup = (
  hostname: string,
  options: LookupOneOptions | LookupAllOptions,
  callback: LookupCallback,
) => void;

/** `localhost` means this machine, whatever a hosts file or a name server says. */
export function pinnedLookup(lookup: Lookup): Lookup {
  return (hostname, options, callback) => {
    if (hostname !== 'localhost') {
      lookup(hostname, options, callback);
      return;
    }
    const addresses = LOOPBACK.filter(({ family }) => !options.family || options.family === family);
    if (options.all) callback(null, [...addresses]);
    else callback(null, addresses[0]?.address ?? '127.0.0.1', addresses[0]?.family ?? 4);
  };
}
