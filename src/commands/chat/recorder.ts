/**
 * Writes a conversation down while it is had. Nothing is opened before the request is on its way, what arrives is on
 * disk within a second, and what cannot be saved costs one line and never the answer.
 */
import type { ChatEvent, Usage } from '../../chat/provider.ts';
import type { Context } from '../../context.ts';
import { MiraError, toMiraError } from '../../errors.ts';
import type { Conversation, History, StoredAnswer } from '../../store/history.ts';
import { newConversationId } from '../../store/history/conversation-id.ts';
import { saidSoFar } from './said-so-far.ts';

/** What happens in an answer, and under which id it is saved once that is so. */
export type RecordedEvent = ChatEvent | { readonly kind: 'conversation'; readonly id: string };

export interface RecordedTurn {
  /** Undefined begins a new conversation. */
  readonly conversationId: string | undefined;
  /** How many messages were sent along before the question; what was said after them is replaced. */
  readonly earlier: number;
  readonly question: string;
  readonly provider: string;
  readonly model: string;
  readonly system: string | undefined;
}

export interface Recording {
  /** Under which the conversation will be saved; undefined when it will not. */
  readonly id: string | undefined;
  /** The events that `ask` gives, saved on the way; a failure with a part of an answer tells where that is. */
  save(ask: (onSent: () => void) => AsyncIterable<ChatEvent>): AsyncGenerator<RecordedEvent, void>;
}

export interface Recorder {
  start(turn: RecordedTurn): Recording;
}

export interface RecorderOptions {
  readonly profile: string;
  /** The one that is continued, as it was loaded. */
  readonly conversation?: Conversation | undefined;
  /** One line for a person: what is not saved, and why. */
  readonly say: (line: string) => void;
}

type World = Pick<Context, 'history' | 'now' | 'random'>;

export function createRecorder(world: World, options: RecorderOptions): Recorder {
  const { profile, conversation, say } = options;
  /** The numbers of the messages that are sent along, by conversation. */
  const told = new Map<string, readonly number[]>();
  /** Conversations of which a part could not be saved: the rest of them would make no sense. */
  const lost = new Set<string>();
  /** Conversations that have a name and are not saved yet: a question that is never sent leaves no trace. */
  const named = new Set<string>();
  if (conversation) told.set(conversation.id, numbersOf(conversation));
  /** The next question may come while the answer before it is still being saved. */
  let lastEnded: Promise<void> = Promise.resolve();

  async function addTurn(history: History, turn: RecordedTurn & { readonly id: string }): Promise<Place> {
    const { question, provider, model, system, earlier } = turn;
    const at = world.now();
    const isNew = named.has(turn.id);
    const id = isNew
      ? await history.create({ id: turn.id, question, provider, model, profile, system, at })
      : turn.id;
    named.delete(id);
    const before = isNew ? [] : (told.get(id) ?? numbersOf(await history.find(id)));
    const after = earlier < before.length ? (before[earlier - 1] ?? 0) : undefined;
    const answer = await history.addTurn(id, { question, provider, model, system, after, at });
    told.set(id, before.slice(0, earlier));
    return { id, answer };
  }

  return {
    start(turn) {
      const { conversationId } = turn;
      if (conversationId !== undefined && lost.has(conversationId)) return notRecording;
      const id = conversationId ?? newConversationId({ now: world.now(), random: world.random() });
      if (conversationId === undefined) named.add(id);
      const { promise: ended, resolve: onEnd } = Promise.withResolvers<void>();
      return {
        id,
        save: (ask) => {
          const earlierEnded = lastEnded;
          lastEnded = ended;
          return saved(ask, {
            now: world.now,
            open: async () => {
              await earlierEnded;
              if (lost.has(id)) return undefined;
              return addTurn(await world.history(), { ...turn, id });
            },
            onEnd,
            onSaved: ({ id: place, answer }) => {
              told.set(place, [...(told.get(place) ?? []), answer.number - 1, answer.number]);
            },
            onFailure: (error) => {
              lost.add(id);
              say(`${toMiraError(error).message} This conversation is not saved.`);
            },
          });
        },
      };
    },
  };
}

/** For `--no-save`: everything passes, nothing is kept. */
export const noRecorder: Recorder = { start: () => notRecording };

const notRecording: Recording = {
  id: undefined,
  save: async function* (ask) {
    yield* ask(() => {});
  },
};

interface Place {
  readonly id: string;
  readonly answer: StoredAnswer;
}

interface Notebook {
  readonly now: () => number;
  /** Saves the question; undefined when nothing more of its conversation is saved. */
  open(): Promise<Place | undefined>;
  /** The answer is saved, and something was in it. */
  onSaved(place: Place): void;
  onFailure(error: unknown): void;
  /** All is written that will be. */
  onEnd(): void;
}

async function* saved(
  ask: (onSent: () => void) => AsyncIterable<ChatEvent>,
  notebook: Notebook,
): AsyncGenerator<RecordedEvent, void> {
  const draft = createDraft(notebook);
  let told: string | undefined;
  try {
    for await (const event of ask(draft.begin)) {
      draft.begin();
      draft.add(event);
      const id = draft.id();
      if (id !== told && id !== undefined) yield { kind: 'conversation', id: (told = id) };
      // The end as well: nobody waits for the disk who has all of the answer.
      yield event;
    }
    await draft.end();
    const id = draft.id();
    if (id !== told && id !== undefined) yield { kind: 'conversation', id };
  } catch (error) {
    await draft.end();
    throw withConversation(error, draft.id());
  } finally {
    await draft.end();
    notebook.onEnd();
  }
}

const FLUSH_MS = 500;
/** Another mira may be deleting; each try waits two seconds for it. */
const PATIENCE = 3;

/** An answer on its way to the disk. Nothing here throws: what goes wrong is told once, and then nothing is saved. */
function createDraft(notebook: Notebook) {
  let place: Place | undefined;
  let opening: Promise<void> | undefined;
  let text = '';
  let reasoning = '';
  let hasSome = false;
  let usage: Usage | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  /** Until the end of the answer has come. */
  let stopped = true;
  let isOver = false;

  function begin(): void {
    opening ??= attempt(async () => {
      place = await notebook.open();
    });
  }

  async function attempt(work: () => Promise<void>, tries = PATIENCE): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isBusy(error) && tries > 1) return attempt(work, tries - 1);
      place = undefined;
      isOver = true;
      clearTimeout(timer);
      notebook.onFailure(error);
    }
  }

  function add(event: ChatEvent): void {
    if (isOver) return;
    if (event.kind === 'finish') stopped = event.finishReason === 'content_filter';
    if (event.kind === 'usage') usage = event.usage;
    else if (event.kind === 'text') text += event.text;
    else if (event.kind === 'reasoning') reasoning += event.text;
    else return;
    hasSome ||= text !== '';
    timer ??= setTimeout(() => {
      writing = flush();
    }, FLUSH_MS);
  }

  async function flush(): Promise<void> {
    timer = undefined;
    await opening;
    const { answer } = place ?? {};
    if (isOver || !answer || (text === '' && reasoning === '')) return;
    const piece = take();
    await attempt(async () => {
      try {
        await answer.grow(piece);
      } catch (error) {
        if (!isBusy(error)) throw error;
        // Somebody else deletes a lot; the next piece, or the end, brings this one along.
        text = piece.text + text;
        reasoning = piece.reasoning + reasoning;
      }
    });
  }

  function take() {
    const piece = { text, reasoning, at: notebook.now() };
    text = '';
    reasoning = '';
    return piece;
  }

  async function end(): Promise<void> {
    if (isOver || opening === undefined) return;
    isOver = true;
    clearTimeout(timer);
    await opening;
    await writing;
    const written = place;
    if (written === undefined) return;
    const rest = take();
    await attempt(async () => {
      await written.answer.end({ ...rest, stopped, usage });
      if (hasSome) notebook.onSaved(written);
    });
  }

  return { begin, add, end, id: () => place?.id };
}

function isBusy(error: unknown): boolean {
  return error instanceof MiraError && error.code === 'lock_timeout';
}

function withConversation(error: unknown, conversationId: string | undefined): unknown {
  if (!(error instanceof MiraError) || error.partial === undefined || conversationId === undefined)
    return error;
  return error.with({ partial: { ...error.partial, conversationId } });
}

function numbersOf(conversation: Conversation): readonly number[] {
  return saidSoFar(conversation).map(({ number }) => number);
}
