/** What each key does to the chat. */
import { only } from './changes.ts';
import { textWidth } from './composer-rows.ts';
import { wantedPath } from './composer/mentions.ts';
import { composedText, sent, withText, type Composer } from './composer.ts';
import { edit, onEnter, onEscape } from './edit.ts';
import type { ChatKey } from './keys.ts';
import { parseSlash } from './slash.ts';
import { proseWidth, type ChatState, type Update } from './state.ts';
import { submit } from './submit.ts';
import { leave, stop, toggleReasoning } from './turn.ts';

export function onKey(state: ChatState, { key, at }: { readonly key: ChatKey; readonly at: number }): Update {
  const { composer } = state;
  switch (key.kind) {
    case 'edit':
      return write(state, edit(composer, key.edit, textWidth(proseWidth(state.columns))));
    case 'submit':
      return onSubmit(state, at);
    case 'stop': {
      const taken = onEscape(composer);
      return taken === undefined ? stop(state) : write(state, taken);
    }
    case 'interrupt':
      return onInterrupt(state, at);
    case 'reasoning':
      return toggleReasoning(state);
    case 'end_or_delete':
      return composer.text === '' && composer.search === undefined
        ? leave(state)
        : write(state, edit(composer, { kind: 'delete' }));
    case 'editor': {
      const taken = composer.search === undefined ? undefined : onEscape(composer);
      if (taken !== undefined) return write(state, taken);
      return { state, effects: [{ kind: 'editor', text: composedText(composer) }] };
    }
    case 'redraw':
      return { state, effects: [{ kind: 'redraw' }] };
  }
}

/** The composer after an edit; paths are looked for when another one is being typed. */
function write(state: ChatState, composer: Composer): Update {
  const path = wantedPath(composer);
  const isWanted = path !== undefined && path !== wantedPath(state.composer);
  return { state: { ...state, composer }, effects: isWanted ? [{ kind: 'find_paths', path }] : [] };
}

function onInterrupt(state: ChatState, at: number): Update {
  if (at < state.leaveUntil) return leave(state);
  if (state.composer.search !== undefined) return write(state, onEscape(state.composer) ?? state.composer);
  const armed: ChatState = {
    ...state,
    leaveUntil: at + LEAVE_WITHIN_MS,
    notice: { text: 'Press Ctrl-C again to leave.', until: at + LEAVE_WITHIN_MS },
  };
  if (state.turn !== undefined || state.errand !== undefined) return stop(armed);
  return only({ ...armed, composer: withText(state.composer, '') });
}

function onSubmit(state: ChatState, at: number): Update {
  const taken = onEnter(state.composer);
  if (taken !== undefined) return write(state, taken);
  const text = composedText(state.composer);
  if (text.trim() === '') return only(state);
  const written: ChatState = { ...state, composer: sent(state.composer) };
  const slash = parseSlash(text);
  if (slash?.kind === 'own' && slash.name === 'quit') return leave(written);
  if (state.turn !== undefined || state.errand !== undefined)
    return only({ ...written, queue: [...state.queue, text] });
  return submit(written, { text, at });
}

const LEAVE_WITHIN_MS = 1_000;
