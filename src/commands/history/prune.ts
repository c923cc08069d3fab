import { MiraError } from '../../errors.ts';
import { valueCommand } from '../define.ts';
import { moment } from '../moments.ts';
import { mayDelete } from './may-delete.ts';

const options = {
  olderThan: {
    kind: 'text',
    flags: '--older-than <age>',
    summary: 'what was last spoken in so long ago: 30d, 12h, 8w, 1y',
  },
  dryRun: { kind: 'flag', flags: '--dry-run', summary: 'say how many they are, and remove nothing' },
  yes: { kind: 'flag', flags: '-y, --yes', summary: 'do not ask' },
} as const;

interface Pruning {
  readonly olderThan: string;
  readonly before: number;
  readonly conversations: number;
  readonly deleted: boolean;
}

export const prune = valueCommand<typeof options, Pruning>({
  summary: 'Remove old conversations for good',
  description:
    'Remove the conversations that were last spoken in before a moment. They cannot be brought back: nothing of their text is left in the files of mira.',
  options,
  examples: [
    { command: 'mira history prune --older-than 30d --dry-run', shows: 'how many there are' },
    { command: 'mira history prune --older-than 30d --yes', shows: 'in a script' },
  ],
  run: async (context, { options: { olderThan, dryRun, yes } }) => {
    const age = requireAge(olderThan);
    const before = context.now() - age.ms;
    const history = await context.history();
    const conversations = await history.countOlder({ before });
    const pruning = { olderThan: age.typed, before, conversations, deleted: false };
    if (dryRun || conversations === 0) return pruning;
    const question = `Delete ${counted(conversations)} last spoken in before ${moment(before)} for good?`;
    const command = `mira history prune --older-than ${age.typed}`;
    if (!yes && !(await mayDelete(context, { question, command }))) return pruning;
    return { ...pruning, conversations: await history.prune({ before }), deleted: true };
  },
  human: ({ conversations, before, deleted }) =>
    conversations === 0
      ? `No conversation was last spoken in before ${moment(before)}.`
      : deleted
        ? `Deleted ${counted(conversations)}.`
        : `${counted(conversations)} last spoken in before ${moment(before)}; nothing was deleted.`,
  json: ({ olderThan, before, conversations, deleted }) => ({
    schema: 'mira.history.prune/1',
    older_than: olderThan,
    before: moment(before),
    conversations,
    deleted,
  }),
});

const HOUR_MS = 3_600_000;
const UNITS: Readonly<Record<string, number>> = {
  h: HOUR_MS,
  d: 24 * HOUR_MS,
  w: 7 * 24 * HOUR_MS,
  y: 365 * 24 * HOUR_MS,
};

function requireAge(typed: string | undefined): { readonly typed: string; readonly ms: number } {
  const hint = 'For example: mira history prune --older-than 30d';
  if (typed === undefined) throw new MiraError('invalid_usage', '--older-than is needed.', { hint });
  const [, count, unit = ''] = /^(\d{1,5})([hdwy])$/.exec(typed.trim().toLowerCase()) ?? [];
  const unitMs = UNITS[unit];
  if (count === undefined || unitMs === undefined) {
    throw new MiraError('invalid_input', '--older-than takes a number of hours, days, weeks or years.', {
      hint,
    });
  }
  return { typed: `${Number(count)}${unit}`, ms: Number(count) * unitMs };
}

function counted(conversations: number): string {
  return conversations === 1 ? '1 conversation' : `${conversations} conversations`;
}
