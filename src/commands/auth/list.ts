import type { SessionEntry } from '../../store/session-entry.ts';
import { valueCommand } from '../define.ts';

interface ProfileRow {
  readonly entry: SessionEntry;
  readonly isDefault: boolean;
  readonly signedIn: boolean;
}

export const list = valueCommand<Record<never, never>, readonly ProfileRow[]>({
  summary: 'The profiles that are signed in',
  options: {},
  examples: [{ command: 'mira auth list', shows: 'every profile, the default marked' }],
  run: async (context) => {
    const { profile } = await context.settings();
    const now = context.now();
    return [...(await context.index.read()).values()].map((entry) => ({
      entry,
      isDefault: entry.profile === profile,
      signedIn: !entry.ended && (entry.refreshable || entry.expiresAt === undefined || entry.expiresAt > now),
    }));
  },
  human: (rows, style) =>
    rows.length === 0
      ? 'No profile is signed in. Sign in: mira auth login'
      : rows
          .map(({ entry, isDefault, signedIn }) => {
            const who = entry.account?.email ?? entry.account?.name ?? entry.account?.id ?? entry.credential;
            const line = `${isDefault ? '*' : ' '} ${entry.profile.padEnd(12)} ${who}  ${entry.apiUrl}  ${entry.storage}${signedIn ? '' : '  ended'}`;
            return isDefault ? style.strong(line) : line;
          })
          .join('\n'),
  json: (rows) => ({
    schema: 'mira.auth.list/1',
    profiles: rows.map(({ entry, isDefault, signedIn }) => ({
      profile: entry.profile,
      default: isDefault,
      signed_in: signedIn,
      ...(entry.issuer === undefined ? {} : { issuer: entry.issuer }),
      api_url: entry.apiUrl,
      storage: entry.storage,
    })),
  }),
});
