/** Every host that this configuration can contact, why, and whether it ever was. Nothing is asked, and no key is needed. */
import type { NetworkHost } from '../context.ts';
import { valueCommand } from './define.ts';
import { ago, moment } from './moments.ts';

interface Network {
  readonly hosts: readonly NetworkHost[];
  /** Where contacts are noted. */
  readonly folder: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export const network = valueCommand<Record<never, never>, Network>({
  summary: 'Every host that mira may contact, and why',
  description:
    'List every host that this configuration can contact, what names it, and when it was first and last contacted from this machine. ' +
    'Requests to any other host are refused before a connection is made, and mira contacts nothing by itself: there is no telemetry and no check for updates. ' +
    'Of a contact nothing is kept but the host and the two moments.',
  options: {},
  examples: [
    { command: 'mira network', shows: 'for a person' },
    { command: 'mira network --json | jq -r ".hosts[].host"', shows: 'for a firewall’s list' },
  ],
  run: async (context) => {
    const { hosts, faults } = await context.networkHosts();
    for (const { message } of faults) context.warn(`Left out: ${message}`);
    return { hosts, folder: context.paths.hostsDir, now: context.now() };
  },
  human: ({ hosts, folder, now }, style) => {
    const widest = (texts: readonly string[]): number => Math.max(...texts.map((text) => text.length));
    const hostWidth = widest(hosts.map(({ host }) => host));
    const whyWidth = widest(hosts.map(whyOf));
    const rows = hosts.map(({ host, lastSeen, reasons }) => {
      const why = whyOf({ reasons });
      const contact = lastSeen === undefined ? 'never contacted' : `contacted ${ago(lastSeen, now)}`;
      return `${style.strong(host.padEnd(hostWidth))}  ${why.padEnd(whyWidth)}  ${style.dim(contact)}`;
    });
    return [...rows, '', style.dim(`Contacts are noted in ${folder}; remove it to forget them.`)].join('\n');
  },
  json: ({ hosts }) => ({
    schema: 'mira.network/1',
    hosts: hosts.map((host) => ({
      host: host.host,
      why: whyOf(host),
      configured: host.reasons.length > 0,
      ...(host.firstSeen === undefined ? {} : { first_seen: moment(host.firstSeen) }),
      ...(host.lastSeen === undefined ? {} : { last_seen: moment(host.lastSeen) }),
    })),
  }),
});

function whyOf({ reasons }: Pick<NetworkHost, 'reasons'>): string {
  return reasons.length === 0 ? 'no longer configured, refused' : reasons.join(', ');
}
