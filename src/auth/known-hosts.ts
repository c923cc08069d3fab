/** A session's tokens go only to the hosts it was made with (decisions.md 13). */
import { sameHost } from '../api/url.ts';
import { MiraError } from '../errors.ts';
import type { SessionEntry } from '../store/session-entry.ts';
import { signInAgain } from './sign-in-command.ts';

/** @throws MiraError `unsafe_url` (11) naming the host that was not there at sign-in */
export function requireKnownHosts(entry: SessionEntry, hosts: readonly string[]): void {
  const stranger = hosts.find((host) => !entry.hosts.some((known) => sameHost(known, host)));
  if (stranger === undefined) return;
  throw new MiraError(
    'unsafe_url',
    `The issuer now names another host than when you signed in: ${stranger}.`,
    {
      hint: `If you trust it, sign in again: ${signInAgain(entry)}`,
    },
  );
}
