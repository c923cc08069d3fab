/** Slash commands that change the conversation and nothing else, the same in the interface and in lines. */
import { slashHelp, type Slash } from './slash.ts';
import { begunAnew, upToQuestion, type Talk } from './talk.ts';

export interface Obeyed {
  readonly talk: Talk;
  /** Said to the person; one line is a notice, several are a page. */
  readonly lines: readonly string[];
  /** The last question is asked again. */
  readonly asks?: boolean;
  /** Given back to be changed. */
  readonly question?: string;
}

export function obeyInTalk(
  talk: Talk,
  { name, argument }: Pick<Extract<Slash, { readonly kind: 'own' }>, 'name' | 'argument'>,
): Obeyed {
  switch (name) {
    case 'help':
      return { talk, lines: slashHelp() };
    case 'model':
      return argument === undefined
        ? { talk, lines: [`The model is ${talk.model}.`] }
        : { talk: { ...talk, model: argument }, lines: [`The model is ${argument} from now on.`] };
    case 'system':
      return setSystem(talk, argument);
    case 'new':
    case 'clear':
      return { talk: begunAnew(talk), lines: ['── A new conversation ──'] };
    case 'retry': {
      const again = upToQuestion(talk);
      return again === undefined ? { talk, lines: [NOTHING_ASKED] } : { talk: again, lines: [], asks: true };
    }
    case 'edit': {
      const again = upToQuestion(talk);
      const question = again?.messages.at(-1)?.text;
      if (again === undefined || question === undefined) return { talk, lines: [NOTHING_ASKED] };
      const before = { ...again, messages: again.messages.slice(0, -1) };
      return { talk: before, lines: ['── The last question was taken back ──'], question };
    }
    case 'quit':
      return { talk, lines: [] };
  }
}

const NOTHING_ASKED = 'Nothing has been asked yet.';

function setSystem(talk: Talk, argument: string | undefined): Obeyed {
  if (argument === undefined) {
    const { system } = talk;
    return {
      talk,
      lines: [
        system === undefined ? 'The model is told nothing about its task.' : `The model is told: ${system}`,
      ],
    };
  }
  return argument === '-'
    ? { talk: { ...talk, system: undefined }, lines: ['The model is told nothing from now on.'] }
    : { talk: { ...talk, system: argument }, lines: ['The model is told this from now on.'] };
}
