/**
 * What this program may contact: the one `Http` under the rules that settings, sessions and environment make for it,
 * and the list of hosts that `mira network` shows. Both come from the same functions and from one module, because
 * every file more that a request has to load is felt.
 */
import { createHostGuard } from './api/allowed-hosts.ts';
import type { HostGuard } from './api/allowed-hosts.ts';
import { createHttp } from './api/http.ts';
import type { Configuration } from './api/configured-hosts.ts';
import type { Http } from './api/http.ts';
import { proxiesOf, proxyHosts } from './api/http/proxy.ts';
import { parseServiceUrl } from './api/url.ts';
import type { Context, NetworkHosts } from './context.ts';
import { createHostLog } from './store/host-log.ts';
import type { HostLog } from './store/host-log.ts';

/** @throws MiraError `invalid_config`, `storage_failed` for settings that cannot be read */
export async function openHttp(context: Context): Promise<Http> {
  const { env, log, now, version } = context;
  const contacts = openLog(context);
  // An answer may be long and take long. Before the parser of HTTP is made, which would be optimised after one head.
  context.keepMemorySteady();
  return createHttp({
    hosts: await openGuard(context),
    onContact: (host) => void contacts.note(host),
    proxies: proxiesOf(env),
    // NODE_EXTRA_CA_CERTS is among what Node trusts by itself.
    caFiles: env['MIRA_CA_FILE'] === undefined ? [] : [env['MIRA_CA_FILE']],
    userAgent: `mira/${version}`,
    log,
    now,
  });
}

async function openGuard(context: Context): Promise<HostGuard> {
  const settings = await context.settings();
  return createHostGuard({
    usual: () => parseServiceUrl(settings.value('api_url'), { name: 'the API', from: 'user' }),
    all: async () => {
      const { services, sessions } = await namedHosts(context);
      return [...services.hosts, ...sessions];
    },
  });
}

/**
 * Every host that may be contacted, then those that were and are named no longer.
 * @throws MiraError like `openHttp`
 */
export async function listHosts(context: Context): Promise<NetworkHosts> {
  const { services, sessions } = await namedHosts(context, await findAws(context));
  const proxies = proxyHosts(proxiesOf(context.env));
  const reasons = new Map<string, readonly string[]>();
  for (const { host, why } of [...services.hosts, ...sessions, ...proxies.hosts]) {
    reasons.set(host, [...new Set([...(reasons.get(host) ?? []), why])]);
  }
  const seen = new Map(
    openLog(context)
      .read()
      .map((one) => [one.host, one]),
  );
  const gone = [...seen.keys()].filter((host) => !reasons.has(host)).sort();
  return {
    hosts: [...reasons.keys(), ...gone].map((host) => ({
      host,
      reasons: reasons.get(host) ?? [],
      firstSeen: seen.get(host)?.firstSeen,
      lastSeen: seen.get(host)?.lastSeen,
    })),
    faults: [...services.faults, ...proxies.faults],
  };
}

/** Loaded here: a request to the usual address does without. */
async function namedHosts(context: Context, aws?: Configuration['aws']) {
  const { configuredHosts, sessionHosts } = await import('./api/configured-hosts.ts');
  const services = configuredHosts({ env: context.env, settings: await context.settings(), aws });
  const sessions = sessionHosts((await context.index.read()).values());
  return { services, sessions };
}

/** Whoever asks AWS names its addresses to the guard, so that no other request has to look where AWS is. */
async function findAws(context: Context): Promise<Configuration['aws']> {
  const { findAwsRegion } = await import('./vault/aws-record.ts');
  return findAwsRegion({ env: context.env, records: async () => (await context.vault()).records });
}

function openLog({ paths, now }: Context): HostLog {
  return createHostLog({ folder: paths.hostsDir, now });
}
