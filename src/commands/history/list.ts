import type { ConversationSummary } from '../../store/history.ts';
import { valueCommand } from '../define.ts';
import { ago } from '../moments.ts';
import { summaryJson } from './conversation-json.ts';

const options = {
  limit: {
    kind: 'number',
    flags: '--limit <n>',
    summary: 'how many at most (30)',
    least: 1,
    most: 1_000_000,
    whole: true,
  },
} as const;

interface Listing {
  readonly conversations: readonly ConversationSummary[];
  readonly hasMore: boolean;
  readonly now: number;
}

export const list = valueCommand<typeof options, Listing>({
  summary: 'The conversations on this machine, latest first',
  description:
    'List the conversations that are saved on this machine, the latest first; with --profile those of that profile.',
  options,
  examples: [
    { command: 'mira history list', shows: 'the latest 30' },
    { command: 'mira history list --limit 1 --json | jq -r ".conversations[0].id"', shows: 'for a script' },
  ],
  run: async (context, { options: { limit = MOST } }) => {
    const { profile, profileGiven } = await context.settings();
    const history = await context.history();
    // One more than is shown tells whether there are more.
    const found = await history.list({ limit: limit + 1, profile: profileGiven ? profile : undefined });
    return { conversations: found.slice(0, limit), hasMore: found.length > limit, now: context.now() };
  },
  human: ({ conversations, hasMore, now }, style) => {
    if (conversations.length === 0) return 'No conversation is saved yet. Begin one: mira chat';
    const lines = conversations.map(({ id, title, updatedAt, messageCount }) => {
      const when = style.dim(ago(updatedAt, now).padEnd(14));
      return `${style.strong(id)}  ${when}  ${title} ${style.dim(`(${messageCount} messages)`)}`;
    });
    return [...lines, ...(hasMore ? [style.dim('There are more: --limit shows them.')] : [])].join('\n');
  },
  json: ({ conversations }) => ({
    schema: 'mira.history.list/1',
    conversations: conversations.map(summaryJson),
  }),
});

const MOST = 30;
