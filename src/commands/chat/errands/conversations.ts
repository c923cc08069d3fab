/** Earlier conversations, from inside the chat: finding them, going on with one, and going on in a copy. */
import { MiraError } from '../../../errors.ts';
import type { ConversationSummary, SearchHit } from '../../../store/history.ts';
import type { Reply } from '../../../ui/chat/errand.ts';
import { ago } from '../../moments.ts';
import type { ErrandOptions } from '../errands.ts';
import { saidSoFar } from '../said-so-far.ts';

const MOST_LISTED = 15;

/** The latest conversations, or messages that hold the text. @throws MiraError of the history */
export async function showHistory({ argument, context }: ErrandOptions): Promise<Reply> {
  const history = await context.history();
  const now = context.now();
  const lines =
    argument === undefined
      ? (await history.list({ limit: MOST_LISTED })).map((one) => summaryLine(one, now))
      : (await history.search({ text: argument, limit: MOST_LISTED })).map((hit) => hitLine(hit, now));
  if (lines.length > 0) return { lines: [...lines, '/resume ID goes on with one.'] };
  return { notice: argument === undefined ? 'No conversation is kept yet.' : 'No message holds that.' };
}

/** @throws MiraError `not_found`, `invalid_input` for an id that begins several */
export async function resume({ argument, context, talk }: ErrandOptions): Promise<Reply> {
  const history = await context.history();
  const { profile } = await context.settings();
  const found = argument === undefined ? await history.findLatest({ profile }) : await history.find(argument);
  if (found === undefined) {
    throw new MiraError('not_found', 'No conversation is kept yet.', { hint: 'Ask something to begin one.' });
  }
  if (found.id === talk.conversationId) return { notice: 'That is this conversation.' };
  return {
    talk: {
      ...talk,
      messages: saidSoFar(found).map(({ role, text, stopped }) => ({ role, text, stopped })),
      model: found.model,
      system: found.system,
      conversationId: found.id,
    },
    lines: [`── ${found.title} (${found.id}) ──`],
  };
}

/** What is said from now on goes into a copy. @throws MiraError `not_found` */
export async function fork({ context, talk }: ErrandOptions): Promise<Reply> {
  if (talk.conversationId === undefined) {
    throw new MiraError('not_found', 'There is nothing to copy yet.', {
      hint: 'A conversation is kept from its first answer on.',
    });
  }
  const history = await context.history();
  const copy = await history.fork(talk.conversationId, { at: context.now() });
  return {
    talk: { ...talk, conversationId: copy.id },
    notice: `This goes on in a copy, ${copy.id}; the conversation so far stays ${talk.conversationId}.`,
  };
}

function summaryLine({ id, title, messageCount, updatedAt }: ConversationSummary, now: number): string {
  return `${id}  ${ago(updatedAt, now).padEnd(12)} ${title} (${messageCount} messages)`;
}

function hitLine({ conversationId, at, snippet }: SearchHit, now: number): string {
  return `${conversationId}  ${ago(at, now).padEnd(12)} ${snippet.before}${snippet.match}${snippet.after}`;
}
