import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { valueCommand } from '../define.ts';
import { FORM_NAMES, migrate, planMigration, type Destination, type MigrationPlan } from './migration.ts';

const DESTINATIONS: readonly Destination[] = ['keychain', 'file', 'passphrase', 'key-file'];

const options = {
  to: {
    kind: 'text',
    flags: '--to <kind>',
    summary: 'where to: file chooses its seal as signing in does, passphrase and key-file say it',
    choices: DESTINATIONS,
  },
  dryRun: { kind: 'flag', flags: '--dry-run', summary: 'say what would be moved, and move nothing' },
} as const;

interface Migration {
  readonly plan: MigrationPlan;
  readonly isDone: boolean;
}

export const migrateStorage = valueCommand<typeof options, Migration>({
  summary: 'Move sessions and stored secrets to another store',
  description:
    'Move all sessions, of every profile, and everything that mira tokens and mira aws keep to the keychain or to the encrypted file. Each is written, read back and compared before it is removed where it was. A run that was stopped has lost nothing; the next one finishes it.',
  options,
  examples: [
    { command: 'mira auth migrate-storage --to keychain', shows: 'once this machine has a keychain' },
    { command: 'mira auth migrate-storage --to file --dry-run', shows: 'what would go into the file' },
    {
      command: 'mira auth migrate-storage --to passphrase',
      shows: 'a passphrase for a file that has a key file',
    },
  ],
  run: async (context, { options: { to, dryRun } }) => {
    const destination = requireDestination(to);
    if ((await context.settings()).profileGiven) {
      throw new MiraError('invalid_usage', 'Secrets of all profiles are moved together.', {
        hint: `Leave out --profile: mira auth migrate-storage --to ${destination}`,
      });
    }
    if (dryRun) return { plan: await planMigration(context, destination), isDone: false };
    const plan = await migrate(context, destination);
    await tellOfSetting(context, plan);
    return { plan, isDone: true };
  },
  human: ({ plan, isDone }) => {
    const what = moved(plan);
    if (what === undefined) return `There is nothing to move to ${FORM_NAMES[plan.form]}.`;
    return `${isDone ? 'Moved' : 'Would be moved'} to ${FORM_NAMES[plan.form]}: ${what}.`;
  },
  json: ({ plan, isDone }) => ({
    schema: 'mira.auth.migrate/1',
    from: plan.from,
    to: plan.to,
    protection: plan.form,
    moved: [
      ...plan.sessions.map((profile) => ({ kind: 'session', profile })),
      ...(plan.secrets === 0 ? [] : [{ kind: 'vault', entries: plan.secrets }]),
    ],
    dry_run: !isDone,
  }),
});

function requireDestination(to: string | undefined): Destination {
  const destination = DESTINATIONS.find((each) => each === to);
  if (destination !== undefined) return destination;
  throw new MiraError('invalid_usage', '--to is needed.', {
    hint: 'For example: mira auth migrate-storage --to keychain',
  });
}

/** What is kept from now on goes by the setting, which this command does not change. */
async function tellOfSetting(context: Context, { to, sessions, secrets }: MigrationPlan): Promise<void> {
  if (sessions.length === 0 && secrets === 0) return;
  const setting = (await context.settings()).value('storage');
  if (setting === to || (setting === 'auto' && to === 'keychain')) return;
  context.notice(
    `The next sign-in still chooses by the setting storage, which is ${setting}; to keep it here too: mira config set storage ${to}`,
  );
}

function moved({ sessions, secrets }: MigrationPlan): string | undefined {
  const parts = [
    ...(sessions.length === 0
      ? []
      : [`the session of ${sessions.length === 1 ? 'profile' : 'the profiles'} ${sessions.join(', ')}`]),
    ...(secrets === 0 ? [] : [secrets === 1 ? '1 stored secret' : `${secrets} stored secrets`]),
  ];
  return parts.length === 0 ? undefined : parts.join(' and ');
}
