/** `@path` in what is written: the one being typed, the paths offered for it, and all of a text. */
import type { Composer } from '../composer.ts';
import { replace } from './changes.ts';

export interface Mention {
  /** Place of the `@`. */
  readonly from: number;
  readonly to: number;
  readonly path: string;
  /** Its list was closed. */
  readonly isClosed?: boolean;
}

export interface Completion {
  /** What the paths were looked up for. */
  readonly path: string;
  readonly paths: readonly string[];
  readonly chosen: number;
}

/** The mention that ends at the caret. */
function mentionAt(text: string, caret: number): Mention | undefined {
  const start = Math.max(0, caret - LONGEST_PATH);
  const before = text.slice(start, caret);
  const found = TYPED.exec(before);
  if (found === null) return undefined;
  const [, lead = '', written = ''] = found;
  // At the beginning of the stretch it is not known what comes before.
  if (lead === '' && start > 0 && found.index === 0) return undefined;
  return { from: start + found.index + lead.length, to: caret, path: written.replace(/^"/u, '') };
}

/** Every mention of a text, as paths. */
export function mentionsIn(text: string): readonly string[] {
  return [...text.matchAll(WHOLE)].map(([, quoted, bare = '']) => quoted ?? bare);
}

/** Follows the mention being typed after `next` came of an edit of `composer`. */
export function followMention(composer: Composer, next: Composer, isTyping: boolean): Composer {
  const found = isTyping ? mentionAt(next.text, next.caret) : undefined;
  if (found === undefined) {
    return next.mention === undefined && next.completion === undefined
      ? next
      : { ...next, mention: undefined, completion: undefined };
  }
  const goesOn = composer.mention?.from === found.from;
  const mention = goesOn && composer.mention?.isClosed === true ? { ...found, isClosed: true } : found;
  const completion = goesOn ? next.completion : undefined;
  return { ...withMentioned(next, goesOn, found.path), mention, completion };
}

/** The path that paths are wanted for. */
export function wantedPath({ mention, search }: Composer): string | undefined {
  return mention === undefined || mention.isClosed === true || search !== undefined
    ? undefined
    : mention.path;
}

/** Paths that were found; those for another path than the one typed by now came too late. */
export function offerPaths(
  composer: Composer,
  { path, paths }: { readonly path: string; readonly paths: readonly string[] },
): Composer {
  if (wantedPath(composer) !== path) return composer;
  return { ...composer, completion: paths.length === 0 ? undefined : { path, paths, chosen: 0 } };
}

/** The list that keys choose from: only when it is the one for what is typed. */
export function openCompletion(composer: Composer): Completion | undefined {
  const { completion } = composer;
  return completion !== undefined && completion.path === wantedPath(composer) ? completion : undefined;
}

export function choose(composer: Composer, direction: -1 | 1): Composer {
  const { completion } = composer;
  if (completion === undefined) return composer;
  const count = completion.paths.length;
  return {
    ...composer,
    completion: { ...completion, chosen: (completion.chosen + direction + count) % count },
  };
}

/** Writes the chosen path; a folder stays open for what is in it. */
export function complete(composer: Composer): Composer {
  const { mention, completion } = composer;
  const path = completion?.paths[completion.chosen];
  if (mention === undefined || path === undefined) return composer;
  const isFolder = path.endsWith('/');
  const needsQuotes = /[\s"]/u.test(path);
  const close = needsQuotes && !isFolder ? '"' : '';
  const after = composer.text[mention.to];
  const space = isFolder || (after !== undefined && /\s/u.test(after)) ? '' : ' ';
  const by = `@${needsQuotes ? '"' : ''}${path}${close}${space}`;
  const next = replace(composer, { from: mention.from, to: mention.to, by });
  const known = withMentioned(next, true, path);
  return isFolder
    ? { ...known, mention: { from: mention.from, to: next.caret, path }, completion: undefined }
    : { ...known, mention: undefined, completion: undefined };
}

export function closeCompletion(composer: Composer): Composer {
  const { mention } = composer;
  return mention === undefined
    ? composer
    : { ...composer, mention: { ...mention, isClosed: true }, completion: undefined };
}

/** Remembers paths that this person named. */
export function nameMentions(composer: Composer, text: string): Composer {
  const named = mentionsIn(text);
  if (named.length === 0) return composer;
  return { ...composer, mentioned: [...composer.mentioned, ...named].slice(-MOST_MENTIONED) };
}

/** Remembers paths that are whole within what was just typed; several lines at once are a paste in disguise. */
export function nameTyped(composer: Composer, typed: string): Composer {
  if (!typed.includes(' ') || typed.includes('\n') || typed.length > LONGEST_TYPED) return composer;
  const { text, caret } = composer;
  const from = caret - typed.length;
  const start = Math.max(0, from - LONGEST_PATH);
  const named = [...text.slice(start, caret).matchAll(WHOLE)].filter(
    ({ 0: whole, index }) => start + index + whole.length > from,
  );
  return nameMentions(composer, named.map(([whole]) => whole).join(' '));
}

const LONGEST_TYPED = 200;
const LONGEST_PATH = 1_000;
const MOST_MENTIONED = 200;
const TYPED = /(^|[\s([{"'])@("[^"\n]*|[^\s"]*)$/u;
const WHOLE = /(?<=^|[\s([{"'])@(?:"([^"\n]+)"|([^\s"]+))/gu;

/** The path being typed replaces what it was a key before. */
function withMentioned(composer: Composer, goesOn: boolean, path: string): Composer {
  const { mentioned } = composer;
  const older = goesOn ? mentioned.slice(0, -1) : mentioned;
  return { ...composer, mentioned: [...older, path].slice(-MOST_MENTIONED) };
}
