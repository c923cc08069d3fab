/** What each key does to the chat. */
import { only } from './changes.ts';
import { edit, sent, withText } from './composer.ts';
import type { ChatKey } from './keys.ts';
import { parseSlash } from './slash.ts';
import type { ChatState, Update } from './state.ts';
import { submit } from './submit.ts';
import { leave, stop, toggleReasoning } from './turn.ts';

export function onKey(state: ChatState, { key, at }: { readonly key: ChatKey; readonly at: number }): Update {
  switch (key.kind) {
    case 'edit':
      return only({ ...state, composer: edit(state.composer, key.edit) });
    case 'submit':
      return onSubmit(state, at);
    case 'stop':
      return stop(state);
    case 'interrupt':
      return onInterrupt(state, at);
    case 'reasoning':
      return toggleReasoning(state);
    case 'end_or_delete':
      return state.composer.text === ''
        ? leave(state)
        : only({ ...state, composer: edit(state.composer, { kind: 'delete' }) });
  }
}

function onInterrupt(state: ChatState, at: number): Update {
  if (at < state.leaveUntil) return leave(state);
  const armed: ChatState = {
    ...state,
    leaveUntil: at + LEAVE_WITHIN_MS,
    notice: { text: 'Press Ctrl-C again to leave.', until: at + LEAVE_WITHIN_MS },
  };
  if (state.turn !== undefined || state.errand !== undefined) return stop(armed);
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
  const slash = parseSlash(text);
  if (slash?.kind === 'own' && slash.name === 'quit') return leave(written);
  if (state.turn !== undefined || state.errand !== undefined)
    return only({ ...written, queue: [...state.queue, text] });
  return submit(written, { text, at });
}

const LEAVE_WITHIN_MS = 1_000;
