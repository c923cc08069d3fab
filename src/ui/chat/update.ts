/** One action on the chat, and when it will change by time alone. */
import { chain, noted, only } from './changes.ts';
import { offerPaths } from './composer/mentions.ts';
import { editedElsewhere } from './edit.ts';
import { onKey } from './on-key.ts';
import type { ChatAction, ChatState, Update } from './state.ts';
import { onAttached, onRefusal, onReply, sendNext } from './submit.ts';
import { leave, onEvent, onFailure, onFrame, settle, tell } from './turn.ts';

export function update(state: ChatState, action: ChatAction): Update {
  switch (action.kind) {
    case 'key':
      return onKey(state, action);
    case 'resized':
      return only({ ...state, columns: action.columns, rows: action.rows });
    case 'event':
      // Of an answer that has ended, too.
      if (action.event.kind === 'notice') return tell(state, action.event.text);
      return state.turn?.id === action.turn
        ? chain(onEvent(state, { ...action, turn: state.turn }), (next) => sendNext(next, action.at))
        : only(state);
    case 'ended':
      return state.turn?.id === action.turn
        ? chain(settle(state, []), (next) => sendNext(next, action.at))
        : only(state);
    case 'failed':
      return state.turn?.id === action.turn
        ? onFailure(state, { error: action.error, turn: state.turn })
        : only(state);
    case 'replied':
      return state.errand?.id === action.errand
        ? chain(onReply(state, action), (next) => sendNext(next, action.at))
        : only(state);
    case 'refused':
      return state.errand?.id === action.errand
        ? chain(onRefusal(state, action), (next) => sendNext(next, action.at))
        : only(state);
    case 'paths':
      return only({ ...state, composer: offerPaths(state.composer, action) });
    case 'attached':
      return state.turn?.id === action.turn ? onAttached(state, action) : only(state);
    case 'edited':
      return only({ ...state, composer: editedElsewhere(state.composer, action.text) });
    case 'noted':
      return noted(state, action);
    case 'frame':
      return onFrame(state, action.at);
    case 'leave':
      return leave(state);
  }
}

/** Milliseconds until the picture changes by time alone; undefined when it does not. */
export function nextChange(state: ChatState, now: number): number | undefined {
  const { turn, errand, notice } = state;
  const next: number[] = [];
  if (notice !== undefined) next.push(Math.max(1, notice.until - now));
  const isWaiting = turn !== undefined && turn.phase !== 'answering';
  if (isWaiting || errand !== undefined) {
    // Seconds are counted up from the start or down to the next attempt; both turn at whole seconds.
    const since = now - (turn?.retry?.at ?? turn?.startedAt ?? errand?.startedAt ?? 0);
    next.push(1_000 - (((since % 1_000) + 1_000) % 1_000));
  }
  return next.length === 0 ? undefined : Math.min(...next);
}
