/** What was written and sent: a question starts an answer, a slash command is obeyed. */
import { row, type Row } from '../rows.ts';
import { INDENT, PROMPT } from '../theme.ts';
import { NO_TEXT } from './answer-text.ts';
import { chain, noted, only, print } from './changes.ts';
import type { ChatMessage } from '../../chat/provider.ts';
import { parseSlash, SLASH_HELP, type Slash } from './slash.ts';
import { proseWidth, type ChatState, type Update } from './state.ts';
import { expandTabs, wrapWords } from './text-rows.ts';
import { leave } from './turn.ts';

export function submit(
  state: ChatState,
  { text, at }: { readonly text: string; readonly at: number },
): Update {
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
      return leave(state);
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

/** The next of what was sent while an answer streamed. */
export function sendNext(state: ChatState, at: number): Update {
  const [text, ...queue] = state.queue;
  if (text === undefined || state.turn !== undefined) return only(state);
  return chain(submit({ ...state, queue }, { text, at }), (next) => sendNext(next, at));
}

function userRows(text: string, columns: number): readonly Row[] {
  return text
    .split('\n')
    .flatMap((line) => wrapWords(expandTabs(line), proseWidth(columns) - PROMPT.length))
    .map((line, index) => row(`${index === 0 ? PROMPT : INDENT}${line}`.trimEnd(), 'user'));
}
