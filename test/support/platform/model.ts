/**
 * The model of the embedded platform is a librarian, and says so: it finds the passage of mira's own documents
 * that answers best, quotes it, and names where it stands. What it does not find it does not invent.
 */
import MiniSearch from 'minisearch';
import type { Passage } from './documentation.ts';

export const MODELS = ['mira', 'mira-pro'] as const;
export type ModelId = (typeof MODELS)[number];

export interface Librarian {
  /** `mira-pro` also names where to read on. */
  answer(question: { readonly text: string; readonly model: ModelId }): string;
}

export function createLibrarian(passages: readonly Passage[]): Librarian {
  const byId = new Map(passages.map((passage) => [passage.id, passage]));
  const index = new MiniSearch<Passage>({
    fields: ['heading', 'trail', 'text'],
    processTerm: meaningfulStem,
    searchOptions: {
      boost: { heading: 4, trail: 2 },
      // The README is written for who asks here; the other documents are for who builds mira.
      boostDocument: (id: number) => (byId.get(id)?.file === 'README.md' ? 2 : 1),
      prefix: (term) => term.length > 4,
      fuzzy: 0.15,
    },
  });
  index.addAll(passages);

  return {
    answer({ text, model }) {
      const question = text.slice(0, LONGEST_QUESTION);
      const synonyms = synonymsFor(question);
      const terms = synonyms === '' ? meaningfulTerms(question) : 1;
      const found = index
        .search(`${question} ${synonyms}`)
        .filter(({ queryTerms }) => queryTerms.length >= terms * LEAST_SHARE)
        .flatMap(({ id }) => byId.get(Number(id)) ?? [])
        .slice(0, 4);
      const [best, ...others] = found;
      if (best === undefined) return nothingFound(passages);
      const quoted = `${shortened(best.text)}\n\n— ${place(best)}`;
      return model === 'mira-pro' && others.length > 0
        ? `${quoted}\n\nSee also: ${others.map(place).join('; ')}.`
        : quoted;
    },
  };
}

const LONGEST_QUESTION = 2_000;
const LONGEST_QUOTE = 1_400;
/** Of the words that matter in a question, how many a passage must have to count as an answer. */
const LEAST_SHARE = 0.4;

const COMMON_WORDS = new Set(
  (
    'a about all an and any are as at be by can could do does explain for from give have how i if in into is it its me ' +
    'mira my of on one or please sentence should show so some tell that the their them then there this to use ' +
    'using want was work works what when where which who why will with would write you your'
  ).split(' '),
);

function meaningfulStem(term: string): string | null {
  const word = term.toLowerCase();
  if (word.length < 2 || COMMON_WORDS.has(word)) return null;
  return word.length > 4 ? word.replace(/ies$/, 'y').replace(/(?:ing|ed|es|s)$/, '') : word;
}

const SYNONYMS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:sign(?:ing)?|log(?:ging)?)[\s-]*out\b|\blogout\b/i, 'logout revoke'],
  [/\b(?:sign(?:ing)?|log(?:ging)?)[\s-]*in\b|\blogin\b/i, 'login device code'],
  [/\buninstall|\bremove everything|\bdelete everything/i, 'remove everything'],
  [/\bpassword|\bsecrets?\b/i, 'keychain passphrase credentials'],
];

function synonymsFor(question: string): string {
  return SYNONYMS.filter(([pattern]) => pattern.test(question))
    .map(([, words]) => words)
    .join(' ');
}

function meaningfulTerms(question: string): number {
  const words = question.split(/[\s\p{P}]+/u).map(meaningfulStem);
  return new Set(words.filter((word) => word !== null)).size;
}

function nothingFound(passages: readonly Passage[]): string {
  const topics = [...new Set(passages.map(({ heading }) => heading))].slice(0, 12);
  const known =
    topics.length === 0
      ? 'There are no documents here yet.'
      : `Ask me about one of these:\n\n${topics.map((topic) => `- ${topic}`).join('\n')}`;
  return `I only know mira's own documents, and found nothing there that answers this. ${known}`;
}

function shortened(text: string): string {
  if (text.length <= LONGEST_QUOTE) return text;
  const end = text.lastIndexOf('\n\n', LONGEST_QUOTE);
  const cut = text.slice(0, end > LONGEST_QUOTE / 3 ? end : text.lastIndexOf(' ', LONGEST_QUOTE));
  const openFence = (cut.match(/^```/gm)?.length ?? 0) % 2 === 1;
  return `${cut}${openFence ? '\n```' : ''}\n\n[…]`;
}

function place({ file, heading }: Passage): string {
  return heading === file ? file : `${file}, “${heading}”`;
}
