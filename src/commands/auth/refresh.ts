import { notSignedIn, signInAgain } from '../../auth/sign-in-command.ts';
import { MiraError } from '../../errors.ts';
import { valueCommand } from '../define.ts';
import { moment, secondsUntil } from '../moments.ts';

interface Refreshed {
  readonly profile: string;
  readonly expiresAt: number | undefined;
  readonly rotated: boolean;
  readonly now: number;
}

export const refresh = valueCommand<Record<never, never>, Refreshed>({
  summary: 'Renew the session now',
  description: 'Renew the session now. There is no need to: mira renews it by itself before it ends.',
  options: {},
  examples: [{ command: 'mira auth refresh', shows: 'renew the session' }],
  run: async (context) => {
    const { profile } = await context.settings();
    const sessions = await context.sessions();
    const before = await sessions.find(profile);
    if (!before) throw notSignedIn(profile);
    if (before.secret.credential === 'api_key') {
      throw new MiraError('not_refreshable', `Profile ${profile} holds a key; keys are not renewed.`, {
        hint: `Replace it: ${signInAgain(before.entry)}`,
      });
    }
    const after = await sessions.get(profile, { force: true });
    return {
      profile,
      expiresAt: after.secret.expiresAt,
      rotated: after.secret.refreshToken !== before.secret.refreshToken,
      now: context.now(),
    };
  },
  human: ({ expiresAt, now }) =>
    expiresAt === undefined
      ? 'Renewed.'
      : `Renewed; valid until ${moment(expiresAt)} (${secondsUntil(expiresAt, now)} s).`,
  json: ({ profile, expiresAt, rotated, now }) => ({
    schema: 'mira.auth.refresh/1',
    profile,
    ...(expiresAt === undefined
      ? {}
      : { expires_at: moment(expiresAt), expires_in: secondsUntil(expiresAt, now) }),
    rotated,
  }),
});
