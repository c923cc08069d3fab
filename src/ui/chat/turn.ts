/** An answer under way: what arrives, how it ends, and what becomes of it. */
import type { MiraError } from '../../errors.ts';
import type { ChatEvent } from '../../chat/provider.ts';
import { row, type Row } from '../rows.ts';
import { growText, remainingRows } from './answer-text.ts';
import { chain, only, print } from './changes.ts';
import { withText } from './composer.ts';
import { proseWidth, type ChatState, type Turn, type Update } from './state.ts';
import { wrapWords } from './text-rows.ts';

export function onEvent(
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
        return settle(state, [row('(cut at the limit for one answer)', 'warn')]);
      }
      if (event.finishReason === 'content_filter') {
        return giveBack(settle(state, [row('(stopped by the content filter)', 'warn')]));
      }
      return settle(state, []);
  }
}

export function onFailure(
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
export function stop(state: ChatState): Update {
  const { turn } = state;
  if (turn === undefined) return only(state);
  const ended = settle(state, [row('(stopped)', 'dim')]);
  return giveBack({
    state: turn.text === '' ? { ...ended.state, messages: state.messages.slice(0, -1) } : ended.state,
    effects: [{ kind: 'stop', turn: turn.id }, ...ended.effects],
  });
}

/** Ends the answer: its last rows are printed, its text joins the conversation. */
export function settle(state: ChatState, marks: readonly Row[]): Update {
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

/** The chat ends; an answer under way is stopped first. */
export function leave(state: ChatState): Update {
  return chain(stop(state), (next) => ({ state: next, effects: [{ kind: 'leave' }] }));
}

/** A frame is about to be drawn: what has arrived is taken in, and finished rows leave. */
export function onFrame(state: ChatState, at: number): Update {
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

/** After a stop or a failure nothing is sent by itself: what was queued can be changed first. */
function giveBack(ended: Update): Update {
  const { queue, composer } = ended.state;
  if (queue.length === 0) return ended;
  const text = [...queue, composer.text].filter((part) => part !== '').join('\n');
  return { ...ended, state: { ...ended.state, queue: [], composer: withText(composer, text) } };
}
