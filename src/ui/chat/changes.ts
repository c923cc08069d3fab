/** The small change of a chat: a new state, effects, and one step after the other. */
import type { Row } from '../rows.ts';
import type { ChatState, Effect, Update } from './state.ts';

export function only(state: ChatState): Update {
  return { state, effects: [] };
}

export function chain(first: Update, next: (state: ChatState) => Update): Update {
  const second = next(first.state);
  return { state: second.state, effects: [...first.effects, ...second.effects] };
}

export function print(rows: readonly Row[]): readonly Effect[] {
  return rows.length === 0 ? [] : [{ kind: 'print', rows }];
}

export function noted(
  state: ChatState,
  { text, at }: { readonly text: string; readonly at: number },
): Update {
  return only({ ...state, notice: { text, until: at + NOTICE_MS } });
}

const NOTICE_MS = 4_000;
