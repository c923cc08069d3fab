import type { SearchHit } from '../../store/history.ts';
import { MiraError } from '../../errors.ts';
import { valueCommand } from '../define.ts';
import { ago, moment } from '../moments.ts';

const options = {
  limit: {
    kind: 'number',
    flags: '--limit <n>',
    summary: 'how many messages at most (20)',
    least: 1,
    most: 100_000,
    whole: true,
  },
} as const;

interface Found {
  readonly hits: readonly SearchHit[];
  readonly now: number;
}

export const search = valueCommand<typeof options, Found>({
  summary: 'Messages that hold all of the words',
  description:
    'Search all messages for words: all of them must be in a message, in any order, capital or small, with or without accents. Words in quotes must follow each other. Chinese and Japanese need no spaces. The latest come first.',
  arguments: [{ syntax: '<text...>', summary: 'the words' }],
  options,
  examples: [
    { command: 'mira history search device code', shows: 'both words' },
    { command: 'mira history search \'"device code"\'', shows: 'one after the other' },
  ],
  run: async (context, { args, options: { limit = MOST } }) => {
    const text = args.join(' ');
    if (text.trim() === '') {
      throw new MiraError('invalid_usage', 'There is nothing to search for.', {
        hint: 'Give a word: mira history search device',
      });
    }
    const history = await context.history();
    return { hits: await history.search({ text, limit }), now: context.now() };
  },
  human: ({ hits, now }, style) => {
    if (hits.length === 0) return 'No message holds that.';
    return hits
      .map(({ conversationId, message, role, title, at, snippet }) => {
        const { before, match, after } = snippet;
        const where = `${style.strong(conversationId)}  ${style.dim(`${ago(at, now)}, message ${message}, ${role === 'user' ? 'you' : 'answer'}`)}  ${title}`;
        return `${where}\n    ${before}${match === '' ? '' : style.strong(match)}${after}`;
      })
      .join('\n');
  },
  json: ({ hits }) => ({
    schema: 'mira.history.search/1',
    hits: hits.map(({ conversationId, message, role, title, at, snippet }) => ({
      conversation_id: conversationId,
      message,
      snippet: `${snippet.before}${snippet.match}${snippet.after}`,
      role,
      title,
      at: moment(at),
    })),
  }),
});

const MOST = 20;
