/**
 * The words of a text as the search compares them: small letters without accents. Chinese, Japanese, Korean and the
 * scripts of South-East Asia are written without spaces (or with endings grown on), so each of their characters is a
 * word of its own, and what is looked for is found as a sequence of them; so is each emoji. SQLite's own tokenizers
 * take a Chinese sentence for one word, or, by trigrams, find nothing of two characters, which most Chinese words have.
 */

/** More of one message is kept but not indexed: a book pasted into a question must not hold the answer up. */
const MOST_CHARACTERS = 256 * 1024;

/** In order; none has a space or a quote in it. */
export function searchWords(text: string): readonly string[] {
  return findWords(text.slice(0, MOST_CHARACTERS));
}

/**
 * A query for FTS5: all of the words, and what stands in quotes or is written together as a sequence. No input is a
 * syntax error. Undefined when there is no word in it.
 * @param ends also words that only begin like those that are looked for
 */
export function matchExpression(
  text: string,
  { beginnings = false }: { readonly beginnings?: boolean } = {},
): string | undefined {
  const phrases = searchPhrases(text);
  if (phrases.length === 0) return undefined;
  return phrases
    .map((words) => {
      const begins = beginnings && (words.at(-1) ?? '').length >= SHORTEST_BEGINNING;
      return `"${words.join(' ')}"${begins ? ' *' : ''}`;
    })
    .join(' ');
}

/** What a query looks for: sequences of words. */
export function searchPhrases(text: string): readonly (readonly string[])[] {
  return [...text.matchAll(/"([^"]*)"?|[^\s"]+/gu)]
    .map(([whole, quoted]) => findWords(quoted ?? whole))
    .filter((words) => words.length > 0);
}

/** The beginning of a word has as many postings as all words that begin so; short ones have too many. */
const SHORTEST_BEGINNING = 4;

function findWords(text: string): readonly string[] {
  if (ASCII.test(text)) return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return withoutAccents(text).match(WORD) ?? [];
}

const ASCII = /^[\0-\x7f]*$/;

function withoutAccents(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]+/g, '')
    .normalize('NFC')
    .toLowerCase();
}

const UNSPACED =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}' +
  '\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}';
const WORD = new RegExp(
  `[[${UNSPACED}]--[\\p{M}]]\\p{M}*|[\\p{Extended_Pictographic}\\p{Regional_Indicator}]|[[\\p{L}\\p{N}\\p{M}]--[${UNSPACED}]]+`,
  'gv',
);
