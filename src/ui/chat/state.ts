/**
 * The chat as a value: what was said, what is being written, the answer under way. `update` is pure; what
 * must happen in the world comes back as effects, in order. Times are handed in with the action.
 */
import type { MiraError } from '../../errors.ts';
import type { ChatEvent, ChatMessage } from '../../chat/provider.ts';
import { growText, NO_TEXT, remainingRows, type GrowingText } from './answer-text.ts';
import { edit, EMPTY_COMPOSER, sent, withText, type Composer } from './composer.ts';
import type { ChatKey } from './keys.ts';
import { row, type Row } from '../rows.ts';
import { parseSlash, SLASH_HELP, type Slash } from './slash.ts';
import { expandTabs, wrapWords } from './text-rows.ts';
import { INDENT, PROMPT } from '../theme.ts';

export interface ChatState {
  readonly messages: readonly ChatMessage[];
  readonly model: string;
  readonly composer: Composer;
  /** Sent while an answer streams, oldest first. */
  readonly queue: readonly string[];
  /** The answer under way. */
  readonly turn?: Turn | undefined;
  readonly turns: number;
  readonly notice?: Notice | undefined;
  /** Until then a second Ctrl-C leaves. */
  readonly leaveUntil: number;
  readonly tokens: number;
  readonly requestsLeft?: number | undefined;
  readonly columns: number;
  readonly rows: number;
}

export interface Turn {
  readonly id: number;
  readonly phase: 'waiting' | 'thinking' | 'answering';
  readonly startedAt: number;
  /** All of the answer so far. */
  readonly text: string;
  /** The part of it that no frame has taken in. */
  readonly arrived: string;
  readonly growing: GrowingText;
  readonly retry?: { readonly attempt: number; readonly at: number; readonly reason: string } | undefined;
}

export interface Notice {
  readonly text: string;
  readonly until: number;
}

export type ChatAction =
  | { readonly kind: 'key'; readonly key: ChatKey; readonly at: number }
  | { readonly kind: 'resized'; readonly columns: number; readonly rows: number }
  /** `turn` tells a late event of a stopped answer from one of the next. */
  | { readonly kind: 'event'; readonly turn: number; readonly event: ChatEvent; readonly at: number }
  | { readonly kind: 'ended'; readonly turn: number; readonly at: number }
  | { readonly kind: 'failed'; readonly turn: number; readonly error: MiraError; readonly at: number }
  /** A frame is about to be drawn: finished rows leave. */
  | { readonly kind: 'frame'; readonly at: number }
  /** The program is told to end. */
  | { readonly kind: 'leave'; readonly at: number };

export type Effect =
  | { readonly kind: 'print'; readonly rows: readonly Row[] }
  | {
      readonly kind: 'send';
      readonly turn: number;
      readonly messages: readonly ChatMessage[];
      readonly model: string;
    }
  | { readonly kind: 'stop'; readonly turn: number }
  | { readonly kind: 'leave' };

export interface Update {
  readonly state: ChatState;
  readonly effects: readonly Effect[];
}

export function initialState(start: {
  readonly model: string;
  readonly columns: number;
  readonly rows: number;
}): ChatState {
  return {
    ...start,
    messages: [],
    composer: EMPTY_COMPOSER,
    queue: [],
    turns: 0,
    leaveUntil: 0,
    tokens: 0,
  };
}

export function update(state: ChatState, action: ChatAction): Update {
  switch (action.kind) {
    case 'key':
      return onKey(state, action);
    case 'resized':
      return only({ ...state, columns: action.columns, rows: action.rows });
    case 'event':
      return state.turn?.id === action.turn ? onEvent(state, { ...action, turn: state.turn }) : only(state);
    case 'ended':
      return state.turn?.id === action.turn
        ? chain(settle(state, []), (next) => sendNext(next, action.at))
        : only(state);
    case 'failed':
      return state.turn?.id === action.turn
        ? onFailure(state, { error: action.error, turn: state.turn })
        : only(state);
    case 'frame':
      return onFrame(state, action.at);
    case 'leave':
      return chain(stop(state), (next) => ({ state: next, effects: [{ kind: 'leave' }] }));
  }
}

/** Milliseconds until the picture changes by time alone; undefined when it does not. */
export function nextChange(state: ChatState, now: number): number | undefined {
  const { turn, notice } = state;
  const next: number[] = [];
  if (notice !== undefined) next.push(Math.max(1, notice.until - now));
  if (turn !== undefined && turn.phase !== 'answering') {
    // Seconds are counted up from the start or down to the next attempt; both turn at whole seconds.
    const since = now - (turn.retry?.at ?? turn.startedAt);
    next.push(1_000 - (((since % 1_000) + 1_000) % 1_000));
  }
  return next.length === 0 ? undefined : Math.min(...next);
}

const LEAVE_WITHIN_MS = 1_000;
const NOTICE_MS = 4_000;

function only(state: ChatState): Update {
  return { state, effects: [] };
}

function chain(first: Update, next: (state: ChatState) => Update): Update {
  const second = next(first.state);
  return { state: second.state, effects: [...first.effects, ...second.effects] };
}

function print(rows: readonly Row[]): readonly Effect[] {
  return rows.length === 0 ? [] : [{ kind: 'print', rows }];
}

function onKey(state: ChatState, { key, at }: { readonly key: ChatKey; readonly at: number }): Update {
  switch (key.kind) {
    case 'edit':
      return only({ ...state, composer: edit(state.composer, key.edit) });
    case 'submit':
      return onSubmit(state, at);
    case 'stop':
      return stop(state);
    case 'interrupt':
      return onInterrupt(state, at);
    case 'end_or_delete':
      return state.composer.text === ''
        ? update(state, { kind: 'leave', at })
        : only({ ...state, composer: edit(state.composer, { kind: 'delete' }) });
  }
}

function onInterrupt(state: ChatState, at: number): Update {
  if (at < state.leaveUntil) return update(state, { kind: 'leave', at });
  const armed: ChatState = {
    ...state,
    leaveUntil: at + LEAVE_WITHIN_MS,
    notice: { text: 'Press Ctrl-C again to leave.', until: at + LEAVE_WITHIN_MS },
  };
  if (state.turn !== undefined) return stop(armed);
  return only({ ...armed, composer: withText(state.composer, '') });
}

function onSubmit(state: ChatState, at: number): Update {
  const { text, caret } = state.composer;
  if (text[caret - 1] === '\\') {
    const taken = edit(state.composer, { kind: 'backspace' });
    return only({ ...state, composer: edit(taken, { kind: 'insert', text: '\n' }) });
  }
  if (text.trim() === '') return only(state);
  const written: ChatState = { ...state, composer: sent(state.composer) };
  if (parseSlash(text)?.kind === 'quit') return update(written, { kind: 'leave', at });
  if (state.turn !== undefined) return only({ ...written, queue: [...state.queue, text] });
  return submit(written, { text, at });
}

function submit(state: ChatState, { text, at }: { readonly text: string; readonly at: number }): Update {
  const slash = parseSlash(text);
  if (slash !== undefined) return obey(state, { slash, at });
  const id = state.turns + 1;
  const messages: readonly ChatMessage[] = [...state.messages, { role: 'user', text }];
  return {
    state: {
      ...state,
      messages,
      turns: id,
      notice: undefined,
      turn: { id, phase: 'waiting', startedAt: at, text: '', arrived: '', growing: NO_TEXT },
    },
    effects: [
      ...print([...userRows(text, state.columns), row('')]),
      { kind: 'send', turn: id, messages, model: state.model },
    ],
  };
}

function obey(state: ChatState, { slash, at }: { readonly slash: Slash; readonly at: number }): Update {
  switch (slash.kind) {
    case 'quit':
      return update(state, { kind: 'leave', at });
    case 'help':
      return { state, effects: print([...SLASH_HELP.map((line) => row(line, 'dim')), row('')]) };
    case 'new':
      return {
        state: { ...state, messages: [], tokens: 0 },
        effects: print([row('── A new conversation ──', 'dim'), row('')]),
      };
    case 'model':
      if (slash.name === undefined) return noted(state, { text: `The model is ${state.model}.`, at });
      return noted({ ...state, model: slash.name }, { text: `The model is ${slash.name} from now on.`, at });
    case 'unknown':
      return noted(state, { text: slash.message, at });
  }
}

function noted(state: ChatState, { text, at }: { readonly text: string; readonly at: number }): Update {
  return only({ ...state, notice: { text, until: at + NOTICE_MS } });
}

function userRows(text: string, columns: number): readonly Row[] {
  return text
    .split('\n')
    .flatMap((line) => wrapWords(expandTabs(line), proseWidth(columns) - PROMPT.length))
    .map((line, index) => row(`${index === 0 ? PROMPT : INDENT}${line}`.trimEnd(), 'user'));
}

/** One cell is left free: some terminals break a row that is full to the last. */
export function proseWidth(columns: number): number {
  return Math.max(4, columns - 1);
}

function onEvent(
  state: ChatState,
  { event, turn, at }: { readonly event: ChatEvent; readonly turn: Turn; readonly at: number },
): Update {
  switch (event.kind) {
    case 'text': {
      const arrived = turn.arrived + event.text;
      const text = turn.text + event.text;
      return only({ ...state, turn: { ...turn, phase: 'answering', text, arrived, retry: undefined } });
    }
    case 'reasoning':
      return only(
        turn.phase === 'answering'
          ? state
          : { ...state, turn: { ...turn, phase: 'thinking', retry: undefined } },
      );
    case 'usage':
      return only({
        ...state,
        tokens: state.tokens + event.usage.inputTokens + event.usage.outputTokens,
      });
    case 'rate_limit':
      return only({ ...state, requestsLeft: event.remaining });
    case 'retry': {
      const { attempt, afterMs, reason } = event;
      return only({ ...state, turn: { ...turn, retry: { attempt, at: at + afterMs, reason } } });
    }
    case 'finish':
      if (event.finishReason === 'length') {
        return chain(settle(state, [row('(cut at the limit for one answer)', 'warn')]), (next) =>
          sendNext(next, at),
        );
      }
      if (event.finishReason === 'content_filter') {
        return giveBack(settle(state, [row('(stopped by the content filter)', 'warn')]));
      }
      return chain(settle(state, []), (next) => sendNext(next, at));
  }
}

function onFailure(
  state: ChatState,
  { error, turn }: { readonly error: MiraError; readonly turn: Turn },
): Update {
  const hint = error.hint === undefined ? '' : ` ${error.hint}`;
  const line = wrapWords(`✗ ${error.message}${hint}`, proseWidth(state.columns)).map((part) =>
    row(part, 'bad'),
  );
  if (turn.text !== '') return giveBack(settle(state, line));
  // A question without an answer is no part of the conversation; it can be recalled with the up key.
  const asked = state.messages.slice(0, -1);
  return giveBack({
    state: { ...state, turn: undefined, messages: asked },
    effects: print([...line, row('')]),
  });
}

/** Esc and the first Ctrl-C: what came is kept and marked. */
function stop(state: ChatState): Update {
  const { turn } = state;
  if (turn === undefined) return only(state);
  const ended = settle(state, [row('(stopped)', 'dim')]);
  return giveBack({
    state: turn.text === '' ? { ...ended.state, messages: state.messages.slice(0, -1) } : ended.state,
    effects: [{ kind: 'stop', turn: turn.id }, ...ended.effects],
  });
}

/** Ends the answer: its last rows are printed, its text joins the conversation. */
function settle(state: ChatState, marks: readonly Row[]): Update {
  const { turn } = state;
  if (turn === undefined) return only(state);
  const { text, finished } = growText(turn.growing, turn.arrived, proseWidth(state.columns));
  const rows = [...finished, ...remainingRows(text)].map((line) => row(line));
  const ends = turn.text === '' && marks.length === 0 ? [row('(an empty answer)', 'dim')] : marks;
  return {
    state: {
      ...state,
      turn: undefined,
      messages:
        turn.text === '' ? state.messages : [...state.messages, { role: 'assistant', text: turn.text }],
    },
    effects: print([...withoutTrailingBlank(rows), ...ends, row('')]),
  };
}

function withoutTrailingBlank(rows: readonly Row[]): readonly Row[] {
  return rows.slice(0, rows.findLastIndex(({ text }) => text !== '') + 1);
}

function sendNext(state: ChatState, at: number): Update {
  const [text, ...queue] = state.queue;
  if (text === undefined || state.turn !== undefined) return only(state);
  return chain(submit({ ...state, queue }, { text, at }), (next) => sendNext(next, at));
}

/** After a stop or a failure nothing is sent by itself: what was queued can be changed first. */
function giveBack(ended: Update): Update {
  const { queue, composer } = ended.state;
  if (queue.length === 0) return ended;
  const text = [...queue, composer.text].filter((part) => part !== '').join('\n');
  return { ...ended, state: { ...ended.state, queue: [], composer: withText(composer, text) } };
}

function onFrame(state: ChatState, at: number): Update {
  const notice = state.notice !== undefined && at >= state.notice.until ? undefined : state.notice;
  const { turn } = state;
  if (turn === undefined || turn.arrived === '') {
    return only(notice === state.notice ? state : { ...state, notice });
  }
  const grown = growText(turn.growing, turn.arrived, proseWidth(state.columns));
  return {
    state: { ...state, notice, turn: { ...turn, arrived: '', growing: grown.text } },
    effects: print(grown.finished.map((line) => row(line))),
  };
}
