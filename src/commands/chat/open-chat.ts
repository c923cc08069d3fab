/** The chat on a terminal: the Ink interface where the terminal can carry it, the same conversation as lines elsewhere. */
import type { ChatRequest } from '../../chat/provider.ts';
import type { Context } from '../../context.ts';
import { abortError, toMiraError } from '../../errors.ts';
import type { Conversation } from '../../store/history.ts';
import type { SessionEntry } from '../../store/session-entry.ts';
import type { ChatFacts } from '../../ui/chat/layout.ts';
import type { Attachment } from '../../ui/chat/talk.ts';
import { sanitizeLine } from '../../ui/sanitize.ts';
import { createSend } from './create-send.ts';
import { createErrands } from './errands.ts';
import { connectProvider, openProvider } from './open-provider.ts';
import type { OpenProvider, ProviderChoice } from './open-provider.ts';
import { openGuard } from './outgoing-guard.ts';
import { openRecorder } from './open-recorder.ts';
import { saidSoFar } from './said-so-far.ts';

export interface OpenChat extends ProviderChoice {
  readonly plain: boolean;
  readonly system: string | undefined;
  readonly limits: Pick<ChatRequest, 'maxTokens' | 'temperature'>;
  /** For each answer, seconds. */
  readonly timeoutS: number | undefined;
  /** The one that goes on. */
  readonly conversation: Conversation | undefined;
  /** What the first question takes along. */
  readonly attachments: readonly Attachment[];
  /** False for --no-save. */
  readonly saves: boolean;
}

/** @throws MiraError `not_signed_in` and whatever keeps the chat from beginning; failures of an answer are shown in it */
export async function openChat(context: Context, choice: OpenChat): Promise<void> {
  const opened = await openOrLead(context, choice);
  if (opened === undefined) return;
  let { provider } = opened;
  const { limits, timeoutS, conversation, saves } = choice;
  const earlier = conversation ? saidSoFar(conversation) : [];
  // The screen belongs to the chat: what is to be said besides goes there, or comes after it.
  const said: string[] = [];
  const guard = openGuard(context, {
    allowSecrets: choice.allowSecrets ?? false,
    say: (line) => said.push(line),
  });
  const recorder = await openRecorder(context, {
    conversation,
    saves: saves && (await canSave(context)),
    say: (line) => said.push(line),
  });
  const { send, settled } = createSend({
    provider: () => provider,
    recorder,
    limits,
    guard,
    timeoutS,
    takeNotices: () => said.splice(0),
  });
  const { stdin, stdout, stderr } = context.io.terminal();
  const shared = {
    send,
    runErrand: createErrands({
      context,
      provider: () => provider,
      reconnect: async () => {
        provider = await connectProvider(context, { ...choice, provider: provider.id });
      },
    }),
    talk: {
      messages: earlier.map(({ role, text, stopped }) => ({ role, text, stopped })),
      model: opened.model,
      system: choice.system ?? conversation?.system,
      conversationId: conversation?.id,
      attachments: choice.attachments.map((one) => ({ ...one, name: sanitizeLine(one.name) })),
    },
    stdin,
    stdout,
    stderr,
    style: await context.style(),
    signal: context.signal,
  };
  if (choice.plain || !canDraw(context)) {
    const { runLineChat } = await import('../../ui/chat/line-mode.ts');
    await runLineChat({ ...shared, onInterrupt: context.onInterrupt });
  } else {
    const { runChat } = await import('../../ui/chat/run-chat.ts');
    const { reflowOf } = await import('../../ui/chat/live-region.ts');
    const facts = await chatFacts(context);
    const { createWritingAids } = await import('./writing-aids.ts');
    const aids = createWritingAids(context, await recentQuestions(context));
    // Only now: loading all this needs the room once.
    context.keepMemorySteady('drawing');
    await runChat({
      ...shared,
      ...facts,
      aids,
      reflow: reflowOf(context.env),
      onContinue: context.onContinue,
      now: context.now,
    });
  }
  // Who leaves in the middle of an answer has it saved as far as it came.
  const waiting = new AbortController();
  await Promise.race([settled(), context.sleep(SAVE_MS, waiting.signal)]);
  waiting.abort();
  (await context.history()).close();
  for (const line of said) context.warn(line);
  // A chat that was ended from outside closes as if it had been left; the exit status tells the difference.
  if (context.signal.aborted) throw abortError(context.signal);
}

/** Whoever has no credential yet is led to one; undefined when they would rather leave. */
async function openOrLead(context: Context, choice: OpenChat): Promise<OpenProvider | undefined> {
  try {
    return await openProvider(context, choice);
  } catch (error) {
    if (!context.canPrompt || toMiraError(error).code !== 'not_signed_in') throw error;
    const { firstRun } = await import('./first-run.ts');
    const next = await firstRun(context, choice);
    return next && openProvider(context, next);
  }
}

/** Not where only lines can be read: on a dumb terminal, by a screen reader (Ink's own variable says so), without raw mode. */
function canDraw({ env, canPrompt, io }: Context): boolean {
  if (env['TERM'] === 'dumb' || env['INK_SCREEN_READER'] === 'true') return false;
  return canPrompt && typeof io.terminal().stdin.setRawMode === 'function';
}

const SAVE_MS = 1_000;

/** Looked at while the screen is still free: a database that is damaged is set aside with a line. */
async function canSave(context: Context): Promise<boolean> {
  try {
    const history = await context.history();
    await history.list({ limit: 1 });
    return true;
  } catch (error) {
    context.warn(`${toMiraError(error).message} This conversation is not saved.`);
    return false;
  }
}

/** For recalling with the up key; a history that cannot be read has been told of already. */
async function recentQuestions(context: Context): Promise<readonly string[]> {
  try {
    return await (await context.history()).recentQuestions(RECALLED);
  } catch (error) {
    context.log(`history: ${toMiraError(error).code}`);
    return [];
  }
}

const RECALLED = 200;

async function chatFacts(context: Context): Promise<ChatFacts> {
  const { profile } = await context.settings();
  const entry = await storedEntry(context);
  return {
    profile,
    account: entry?.account?.email ?? entry?.account?.name,
    storage: entry?.storage === 'file' && entry.protection === 'key_file' ? 'key file' : undefined,
  };
}

async function storedEntry(context: Context): Promise<SessionEntry | undefined> {
  const credential = await (await context.credentials()).find();
  return credential && 'entry' in credential ? credential.entry : undefined;
}
