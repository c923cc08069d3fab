import type { SignOutReport } from '../../auth/sign-out.ts';
import { valueCommand } from '../define.ts';

const options = {
  all: { kind: 'flag', flags: '--all', summary: 'sign out of every profile' },
  local: { kind: 'flag', flags: '--local', summary: 'remove from this machine only; do not ask the server' },
} as const;

interface Outcome {
  readonly reports: readonly SignOutReport[];
  readonly all: boolean;
  /** Set in the environment, and untouched by signing out. */
  readonly variables: readonly string[];
}

export const logout = valueCommand<typeof options, Outcome>({
  summary: 'Revoke the session and remove it from this machine',
  description:
    'Sign out: the refresh token is revoked at the server, then the session is removed from this machine, also when the server cannot be reached. A key that you pasted is only removed here.',
  options,
  examples: [
    { command: 'mira auth logout', shows: 'sign out' },
    { command: 'mira auth logout --all', shows: 'sign out of every profile' },
  ],
  run: async (context, { options: { all, local } }) => {
    const { signOut } = await import('../../auth/sign-out.ts');
    const profiles = all ? [...(await context.index.read()).keys()] : [(await context.settings()).profile];
    const reports: SignOutReport[] = [];
    for (const profile of profiles) reports.push(await signOut(context, { profile, local }));
    return {
      reports,
      all,
      variables: ['MIRA_TOKEN', 'MIRA_API_KEY'].filter((name) => context.env[name] !== undefined),
    };
  },
  human: ({ reports, variables }, style) => {
    const lines = reports.map((report) => sentence(report));
    if (reports.length === 0) lines.push('No profile is signed in.');
    for (const name of variables)
      lines.push(style.warn(`${name} is still set in your environment and is still used.`));
    return lines.join('\n');
  },
  json: ({ reports, all }) =>
    all
      ? { schema: 'mira.auth.logout/1', profiles: reports.map(plain) }
      : { schema: 'mira.auth.logout/1', ...(reports[0] ? plain(reports[0]) : {}) },
});

function plain({ profile, removed, revoked, reason }: SignOutReport): Readonly<Record<string, unknown>> {
  return { profile, removed, revoked, ...(reason === undefined ? {} : { reason }) };
}

function sentence({ profile, removed, revoked, reason }: SignOutReport): string {
  if (!removed)
    return profile === 'default' ? 'You were not signed in.' : `Profile ${profile} was not signed in.`;
  const who = profile === 'default' ? 'Signed out' : `Signed out of profile ${profile}`;
  return revoked
    ? `${who}; the session was revoked at the server.`
    : `${who} on this machine; not revoked at the server: ${reason ?? 'no answer'}.`;
}
