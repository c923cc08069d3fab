/** Searching what was sent, letter by letter, from the newest back. Lower case finds both cases. */
import { foldHuge, type Composer } from '../composer.ts';
import { replaceAll } from './changes.ts';
import { graphemeBefore, graphemeBorder } from './graphemes.ts';

export interface Search {
  readonly query: string;
  /** Place in the history that is shown. */
  readonly place: number;
  readonly isFound: boolean;
  /** What was written before. */
  readonly before: { readonly text: string; readonly caret: number };
}

/** Begins a search, or goes on to the next older or newer text that matches. */
export function searchOn(composer: Composer, direction: -1 | 1): Composer {
  const { search, history, text, caret } = composer;
  if (search !== undefined) return show(composer, search, search.place + direction, direction);
  if (direction > 0) return composer;
  const before = { text, caret };
  return { ...composer, search: { query: '', place: history.length, isFound: true, before }, run: undefined };
}

/** More of what is looked for; the match that is shown stays as long as it matches. */
export function searchFor(composer: Composer, typed: string): Composer {
  const { search } = composer;
  if (search === undefined) return composer;
  const query = (search.query + typed.replace(/\s+/gu, ' ')).slice(0, LONGEST_QUERY);
  return show(composer, { ...search, query }, search.place, -1);
}

export function searchForLess(composer: Composer): Composer {
  const { search, history } = composer;
  if (search === undefined) return composer;
  const query = search.query.slice(0, graphemeBefore(search.query, search.query.length));
  return query === ''
    ? { ...composer, ...search.before, search: { ...search, query, place: history.length, isFound: true } }
    : show(composer, { ...search, query }, history.length, -1);
}

/** Back to what was written before. */
export function cancelSearch(composer: Composer): Composer {
  return composer.search === undefined
    ? composer
    : { ...composer, ...composer.search.before, search: undefined, run: undefined };
}

/** What was found is now what is written; undo brings back what was before. */
export function acceptSearch(composer: Composer): Composer {
  const { search, text, caret, history } = composer;
  if (search === undefined) return composer;
  const before = cancelSearch(composer);
  if (search.place >= history.length) return before;
  const accepted = replaceAll(before, { text, caret });
  return { ...accepted, recalled: search.place, draft: search.before.text };
}

const LONGEST_QUERY = 200;
/** Of a huge text only the beginning is searched, so that a key stays quick. */
const SEARCHED = 10_000;

function show(composer: Composer, search: Search, from: number, direction: -1 | 1): Composer {
  const { history } = composer;
  const { query } = search;
  if (query === '') return { ...composer, search };
  const find = finder(query);
  for (let place = from; place >= 0 && place <= history.length; place += direction) {
    const entry = history[place];
    // The same text again would look as if the key did nothing.
    if (entry === undefined || (place !== search.place && entry === history[search.place])) continue;
    const at = find(entry);
    if (at < 0) continue;
    const { text, pastes } = foldHuge(entry, composer.pastes);
    const caret = graphemeBorder(text, Math.min(at, text.length));
    return { ...composer, text, pastes, caret, search: { ...search, place, isFound: true } };
  }
  return { ...composer, search: { ...search, isFound: false } };
}

function finder(query: string): (entry: string) => number {
  if (query !== query.toLowerCase()) return (entry) => entry.slice(0, SEARCHED).indexOf(query);
  return (entry) => {
    const part = entry.slice(0, SEARCHED);
    const lower = part.toLowerCase();
    // A few letters change their length with their case; places in one text then mean nothing in the other.
    return lower.length === part.length ? lower.indexOf(query) : part.indexOf(query);
  };
}
