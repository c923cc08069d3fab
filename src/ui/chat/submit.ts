/** What was written and sent: a question starts an answer, a slash command is obeyed. */
import { NO_MARKDOWN } from '../markdown/growing-markdown.ts';
import { row, type Row } from '../rows.ts';
import { sanitize, sanitizeLine } from '../sanitize.ts';
import { INDENT, PROMPT } from '../theme.ts';
import type { MiraError } from '../../errors.ts';
import { chain, noted, only, print } from './changes.ts';
import { attachedPaths, withText } from './composer.ts';
import type { Reply } from './errand.ts';
import { KEY_HELP } from './key-help.ts';
import { obeyInTalk } from './obey-in-talk.ts';
import { parseSlash, type Slash } from './slash.ts';
import { proseWidth, type ChatState, type Update } from './state.ts';
import { asked, withAttachment, withFiles, type Attachment, type Talk } from './talk.ts';
import { expandTabs, wrapWords } from '../text-rows.ts';
import { answerRows, failureRows, leave, STOPPED, type MarkdownPlace } from './turn.ts';

export function submit(
  state: ChatState,
  { text, at }: { readonly text: string; readonly at: number },
): Update {
  const slash = parseSlash(text);
  if (slash !== undefined) return obey(state, { slash, at });
  const paths = attachedPaths(text, state.composer);
  return ask(state, { talk: asked(state.talk, text), shown: text, isTyped: true, paths, at });
}

interface Question {
  /** Ends with the question. */
  readonly talk: Talk;
  /** As it is printed. */
  readonly shown: string;
  readonly isTyped?: boolean;
  /** Files that it names. */
  readonly paths?: readonly string[];
  readonly at: number;
}

function ask(state: ChatState, { talk, shown, isTyped = false, paths = [], at }: Question): Update {
  const id = state.turns + 1;
  const typed = isTyped ? { typed: { text: shown, before: state.talk } } : {};
  const along = alongRows(state.talk.attachments);
  return {
    state: {
      ...state,
      talk,
      turns: id,
      notice: undefined,
      turn: { id, ...typed, phase: 'waiting', startedAt: at, text: '', arrived: '', growing: NO_MARKDOWN },
    },
    effects: [
      ...print([...userRows(shown, state.columns), ...along]),
      ...(paths.length === 0
        ? [...print([row('')]), { kind: 'send', turn: id, talk } as const]
        : [{ kind: 'attach', turn: id, paths } as const]),
    ],
  };
}

/** The files that the question under way names have been read: now it is sent. */
export function onAttached(
  state: ChatState,
  action: {
    readonly turn: number;
    readonly attachments: readonly Attachment[];
    readonly refusals: readonly string[];
  },
): Update {
  const { turn, attachments, refusals } = action;
  const talk = withFiles(state.talk, attachments);
  const width = proseWidth(state.columns);
  const refused = refusals.flatMap((line) => wrapWords(`✗ ${line}`, width).map((part) => row(part, 'bad')));
  return {
    state: { ...state, talk },
    effects: [...print([...alongRows(attachments), ...refused, row('')]), { kind: 'send', turn, talk }],
  };
}

function alongRows(attachments: readonly Attachment[]): readonly Row[] {
  return attachments.map(({ name }) => row(`${INDENT}+ ${name}`, 'dim'));
}

function obey(state: ChatState, { slash, at }: { readonly slash: Slash; readonly at: number }): Update {
  switch (slash.kind) {
    case 'own':
      return obeyOwn(state, { ...slash, at });
    case 'errand': {
      const id = state.errands + 1;
      const { errand } = slash;
      return {
        state: { ...state, errands: id, errand: { id, name: errand.name, startedAt: at } },
        effects: [{ kind: 'errand', id, errand }],
      };
    }
    case 'unknown':
      return noted(state, { text: slash.message, at });
  }
}

function obeyOwn(
  state: ChatState,
  { at, ...slash }: Extract<Slash, { readonly kind: 'own' }> & { readonly at: number },
): Update {
  const { talk, lines, asks = false, question } = obeyInTalk(state.talk, slash);
  switch (slash.name) {
    case 'quit':
      return leave(state);
    case 'help':
      return { state, effects: print([...helpRows(state, lines), row('')]) };
    case 'clear':
    case 'new':
      return {
        state: { ...state, talk, spent: { ...state.spent, tokens: 0 }, foldedReasoning: '' },
        effects: [...(slash.name === 'clear' ? [{ kind: 'clear' } as const] : []), ...announced(lines)],
      };
    case 'edit':
      if (question === undefined) break;
      return {
        state: { ...state, talk, composer: withText(state.composer, question) },
        effects: announced(lines),
      };
    case 'retry':
      if (!asks) break;
      return ask(state, { talk, shown: talk.messages.at(-1)?.text ?? '', at });
    case 'model':
    case 'system':
  }
  return noted({ ...state, talk }, { text: sanitizeLine(lines.join(' ')), at });
}

function announced(lines: readonly string[]): Update['effects'] {
  return print([...lines.map((line) => row(line, 'dim')), row('')]);
}

function helpRows({ columns }: ChatState, lines: readonly string[]): readonly Row[] {
  return [...lines, '', ...KEY_HELP].flatMap((line) =>
    wrapWords(line, proseWidth(columns)).map((part) => row(part, 'dim')),
  );
}

/** What the caller made of a slash command. */
export function onReply(
  state: ChatState,
  { reply, at }: { readonly reply: Reply; readonly at: number },
): Update {
  const { lines = [], notice, talk, attachment, account } = reply;
  const width = proseWidth(state.columns);
  const said = lines.flatMap((line) => wrapWords(expandTabs(line), width).map((part) => row(part, 'dim')));
  const isOther = talk !== undefined && talk.messages !== state.talk.messages;
  const next: ChatState = {
    ...state,
    errand: undefined,
    talk: withAttachment(talk ?? state.talk, attachment),
    ...(account === undefined ? {} : { account }),
  };
  const page = said.length === 0 ? [] : [...said, row('')];
  const printed: Update = {
    state: next,
    effects: print([...page, ...(isOther ? talkRows(talk, state) : [])]),
  };
  return notice === undefined ? printed : chain(printed, (after) => noted(after, { text: notice, at }));
}

export function onRefusal(state: ChatState, { error }: { readonly error: MiraError }): Update {
  return { state: { ...state, errand: undefined }, effects: print([...failureRows(error, state), row('')]) };
}

/** A conversation that was had before, as it would have been printed then. */
export function talkRows({ messages }: Talk, place: MarkdownPlace): readonly Row[] {
  return messages.flatMap(({ role, text, stopped }) => {
    // It is kept as it came, and made safe where it is shown.
    const safe = sanitize(text);
    const mark = stopped ? [STOPPED] : [];
    return [
      ...(role === 'user' ? userRows(safe, place.columns) : [...answerRows(safe, place), ...mark]),
      row(''),
    ];
  });
}

/** The next of what was sent while an answer streamed. */
export function sendNext(state: ChatState, at: number): Update {
  const [text, ...queue] = state.queue;
  if (text === undefined || state.turn !== undefined || state.errand !== undefined) return only(state);
  return chain(submit({ ...state, queue }, { text, at }), (next) => sendNext(next, at));
}

function userRows(text: string, columns: number): readonly Row[] {
  return text
    .split('\n')
    .flatMap((line) => wrapWords(expandTabs(line), proseWidth(columns) - PROMPT.length))
    .map((line, index) => row(`${index === 0 ? PROMPT : INDENT}${line}`.trimEnd(), 'user'));
}
