/** An answer under way: what arrives, how it ends, and what becomes of it. */
import type { MiraError } from '../../errors.ts';
import { row, type Row } from '../rows.ts';
import {
  endMarkdown,
  growMarkdown,
  NO_MARKDOWN,
  type MarkdownOptions,
} from '../markdown/growing-markdown.ts';
import { growText, NO_TEXT, remainingRows } from './growing-text.ts';
import { chain, only, print } from './changes.ts';
import { cancelSearch } from './composer/search.ts';
import { withText } from './composer.ts';
import type { Spent } from './errand.ts';
import { parseSlash } from './slash.ts';
import {
  liveRowsOf,
  proseWidth,
  type ChatState,
  type Thought,
  type Turn,
  type TurnEvent,
  type Update,
} from './state.ts';
import { answered } from './talk.ts';
import { wrapWords } from '../text-rows.ts';

export function onEvent(
  state: ChatState,
  { event, turn, at }: { readonly event: TurnEvent; readonly turn: Turn; readonly at: number },
): Update {
  switch (event.kind) {
    case 'text':
      return chain(endThought(state, at), (next) =>
        only({ ...next, turn: { ...(next.turn ?? turn), ...answering(turn, event.text) } }),
      );
    case 'reasoning':
      return only({ ...state, turn: { ...turn, ...thinking(turn, { text: event.text, at }) } });
    case 'tool_call':
      return only(state);
    case 'notice':
      return tell(state, event.text);
    case 'conversation':
      return only({ ...state, talk: { ...state.talk, conversationId: event.id } });
    case 'usage':
    case 'rate_limit':
      return only({ ...state, spent: spentAfter(state.spent, event) });
    case 'retry': {
      const { attempt, afterMs, reason } = event;
      return only({ ...state, turn: { ...turn, retry: { attempt, at: at + afterMs, reason } } });
    }
    case 'finish':
      if (event.finishReason === 'length') {
        return settle(state, [row('(cut at the limit for one answer)', 'warn')]);
      }
      if (event.finishReason === 'content_filter') {
        return giveBack(settle(state, [row('(stopped by the content filter)', 'warn')]));
      }
      if (event.finishReason === 'tool_calls') {
        return settle(state, [row('(the model asks for a tool, and has none here)', 'warn')]);
      }
      return settle(state, []);
  }
}

/** What was used, and what is left, after an event. */
export function spentAfter(spent: Spent, event: TurnEvent): Spent {
  if (event.kind === 'rate_limit') return { ...spent, rateLimit: event };
  if (event.kind !== 'usage') return spent;
  return { ...spent, tokens: spent.tokens + event.usage.inputTokens + event.usage.outputTokens };
}

function answering(turn: Turn, piece: string): Pick<Turn, 'phase' | 'text' | 'arrived' | 'retry'> {
  return {
    phase: 'answering',
    text: turn.text + piece,
    arrived: turn.arrived + piece,
    retry: undefined,
  };
}

/** Some models go back to reasoning in the middle of an answer: that is kept, and not shown. */
function thinking(
  turn: Turn,
  { text, at }: { readonly text: string; readonly at: number },
): Pick<Turn, 'phase' | 'thought' | 'retry'> {
  const before = turn.thought ?? { since: at, text: '', arrived: '', growing: NO_TEXT };
  return {
    phase: turn.phase === 'answering' ? 'answering' : 'thinking',
    thought: { ...before, text: before.text + text, arrived: before.arrived + text },
    retry: undefined,
  };
}

/** The answer begins: the rest of the reasoning is printed, or one line in its place. */
function endThought(state: ChatState, at: number): Update {
  const { turn } = state;
  if (turn?.phase !== 'thinking' || turn.thought === undefined) return only(state);
  const { since, growing } = turn.thought;
  if (!state.showsReasoning) {
    const seconds = Math.max(1, Math.round((at - since) / 1_000));
    return { state, effects: print([row(`∴ thought for ${seconds} s · Ctrl-O shows it`, 'dim'), row('')]) };
  }
  const { text, finished } = growText(growing, turn.thought.arrived, proseWidth(state.columns));
  const rows = [...finished, ...remainingRows(text)].map((line) => row(line, 'dim'));
  return { state, effects: print([...withoutTrailingBlank(rows), row('')]) };
}

function showThought(state: ChatState, turn: Turn): Update {
  const { thought } = turn;
  if (thought === undefined || thought.arrived === '') return only(state);
  if (!state.showsReasoning)
    return only({ ...state, turn: { ...turn, thought: { ...thought, arrived: '' } } });
  const grown = growText(thought.growing, thought.arrived, proseWidth(state.columns));
  return {
    state: { ...state, turn: { ...turn, thought: { ...thought, arrived: '', growing: grown.text } } },
    effects: print(grown.finished.map((line) => row(line, 'dim'))),
  };
}

export function onFailure(
  state: ChatState,
  { error, turn }: { readonly error: MiraError; readonly turn: Turn },
): Update {
  const line = failureRows(error, state);
  if (error.code === 'secret_found' && turn.typed !== undefined)
    return takeBack(state, { typed: turn.typed, line });
  if (turn.text !== '') return giveBack(settle(state, line));
  return giveBack({
    state: { ...state, turn: undefined },
    effects: print([...line, row('')]),
  });
}

/** What was never sent is written as it was, to be changed; what was attached is attached. */
function takeBack(
  state: ChatState,
  { typed, line }: { readonly typed: NonNullable<Turn['typed']>; readonly line: readonly Row[] },
): Update {
  const { queue, talk } = state;
  return giveBack({
    state: {
      ...state,
      turn: undefined,
      queue: [typed.text, ...queue],
      talk: { ...talk, messages: typed.before.messages, attachments: typed.before.attachments },
    },
    effects: print([...line, row('')]),
  });
}

/** A line for the person, that stays. */
export function tell(state: ChatState, text: string): Update {
  const rows = wrapWords(text, proseWidth(state.columns)).map((part) => row(part, 'warn'));
  return { state, effects: print([...rows, row('')]) };
}

export function failureRows(error: MiraError, { columns }: Pick<ChatState, 'columns'>): readonly Row[] {
  const hint = error.hint === undefined ? '' : ` ${error.hint}`;
  return wrapWords(`✗ ${error.message}${hint}`, proseWidth(columns)).map((part) => row(part, 'bad'));
}

/** Esc and the first Ctrl-C: what came is kept and marked. */
export function stop(state: ChatState): Update {
  const { turn, errand } = state;
  if (errand !== undefined) {
    return giveBack({
      state: { ...state, errand: undefined },
      effects: [{ kind: 'stop_errand', id: errand.id }],
    });
  }
  if (turn === undefined) return only(state);
  const ended = settle(state, [STOPPED]);
  return giveBack({ ...ended, effects: [{ kind: 'stop', turn: turn.id }, ...ended.effects] });
}

export const STOPPED: Row = row('(stopped)', 'dim');

/** Ends the answer: its last rows are printed, its text joins the conversation. */
export function settle(state: ChatState, marks: readonly Row[]): Update {
  const { turn } = state;
  if (turn === undefined) return only(state);
  const rows = lastRows(turn, state);
  const ends = turn.text === '' && marks.length === 0 ? [row('(an empty answer)', 'dim')] : marks;
  return {
    state: {
      ...state,
      turn: undefined,
      foldedReasoning: state.showsReasoning ? '' : (turn.thought?.text ?? ''),
      talk: answered(state.talk, turn.text),
    },
    effects: print([...withoutTrailingBlank(rows), ...ends, row('')]),
  };
}

function lastRows(
  { growing, arrived }: Pick<Turn, 'growing' | 'arrived'>,
  state: MarkdownPlace,
): readonly Row[] {
  const place = markdownPlace(state);
  const grown = growMarkdown(growing, arrived, place);
  return [...grown.finished, ...endMarkdown(grown.state, place)];
}

/** An answer that is whole, as rows. */
export function answerRows(text: string, state: MarkdownPlace): readonly Row[] {
  return lastRows({ growing: NO_MARKDOWN, arrived: text }, state);
}

export type MarkdownPlace = Pick<ChatState, 'columns' | 'rows' | 'highlight'>;

function markdownPlace({ columns, rows, highlight }: MarkdownPlace): MarkdownOptions {
  const liveRows = liveRowsOf({ rows });
  return { width: proseWidth(columns), liveRows, proseRows: Math.min(liveRows, PROSE_ROWS), highlight };
}

const PROSE_ROWS = 3;

function withoutTrailingBlank(rows: readonly Row[]): readonly Row[] {
  return rows.slice(0, rows.findLastIndex(({ text }) => text !== '') + 1);
}

/** The chat ends; an answer under way is stopped first. */
export function leave(state: ChatState): Update {
  return chain(stop(state), (next) => ({ state: next, effects: [{ kind: 'leave' }] }));
}

/** A frame is about to be drawn: what has arrived is taken in, and finished rows leave. */
export function onFrame(state: ChatState, at: number): Update {
  const notice = state.notice !== undefined && at >= state.notice.until ? undefined : state.notice;
  const rested = notice === state.notice ? state : { ...state, notice };
  const { turn } = rested;
  if (turn === undefined) return only(rested);
  if (turn.phase === 'thinking') return showThought(rested, turn);
  if (turn.phase === 'waiting') return only(rested);
  // Also when nothing arrived: colours may have been loaded, or the window has changed.
  const grown = growMarkdown(turn.growing, turn.arrived, markdownPlace(state));
  return {
    state: { ...rested, turn: { ...turn, arrived: '', growing: grown.state } },
    effects: print(grown.finished),
  };
}

/** Reasoning is shown from now on, or no longer; what was folded last is printed when it is. */
export function toggleReasoning(state: ChatState): Update {
  const { turn } = state;
  const showsReasoning = !state.showsReasoning;
  const folded = turn?.thought?.text ?? state.foldedReasoning;
  if (turn?.phase === 'thinking' && turn.thought !== undefined) {
    const thought: Thought = { ...turn.thought, arrived: showsReasoning ? folded : '', growing: NO_TEXT };
    return only({ ...state, showsReasoning, turn: { ...turn, thought } });
  }
  if (!showsReasoning || folded === '' || turn !== undefined) return only({ ...state, showsReasoning });
  return {
    state: { ...state, showsReasoning, foldedReasoning: '' },
    effects: print(thoughtRows(folded, state)),
  };
}

function thoughtRows(text: string, { columns }: Pick<ChatState, 'columns'>): readonly Row[] {
  const { text: rest, finished } = growText(NO_TEXT, text.trim(), proseWidth(columns));
  return [...[...finished, ...remainingRows(rest)].map((line) => row(line, 'dim')), row('')];
}

/** After a stop or a failure nothing is sent by itself: what was queued can be changed first. */
function giveBack(ended: Update): Update {
  const { queue } = ended.state;
  const composer = cancelSearch(ended.state.composer);
  if (queue.length === 0) return ended;
  // Several commands in one text would be one command; they can be recalled with the up key.
  const questions = queue.filter((text) => parseSlash(text) === undefined);
  const text = [...questions, composer.text].filter((part) => part !== '').join('\n');
  return { ...ended, state: { ...ended.state, queue: [], composer: withText(composer, text) } };
}
