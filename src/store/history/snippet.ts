export interface Snippet {
  readonly before: string;
  /** What was found, as it stands in the text; empty where it is not written the same way. */
  readonly match: string;
  readonly after: string;
}

export interface Sought {
  readonly phrases: readonly (readonly string[])[];
  readonly typed: string;
}

/** One line of the text around the first place where something of what was looked for stands. */
export function findSnippet(text: string, sought: Sought): Snippet {
  const found = pattern(sought)?.exec(text);
  const from = found?.index ?? 0;
  const to = from + (found?.[0].length ?? 0);
  const start = Math.max(0, from - BEFORE);
  const end = Math.min(text.length, to + AFTER);
  return {
    before: `${start > 0 ? '…' : ''}${oneLine(fromWord(text.slice(start, from), start > 0))}`,
    match: oneLine(text.slice(from, Math.min(to, from + AFTER))),
    after: `${oneLine(toWord(text.slice(to, end), end < text.length))}${end < text.length ? '…' : ''}`,
  };
}

const BEFORE = 40;
const AFTER = 100;

function pattern({ phrases, typed }: Sought): RegExp | undefined {
  const forms =
    phrases.length === 0
      ? [typed.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)]
      : phrases.map((words) => words.join('[^\\p{L}\\p{N}]*'));
  if (forms.every((form) => form === '')) return undefined;
  return new RegExp(forms.map((form) => `(?<![\\p{L}\\p{N}])${form}|${form}`).join('|'), 'iu');
}

/** White space becomes one space, but a space at an end stays: the parts are put together again. */
function oneLine(text: string): string {
  return text.toWellFormed().replaceAll(/\s+/gu, ' ');
}

/** Without the word that was cut in two. */
function fromWord(text: string, isCut: boolean): string {
  return isCut ? text.replace(/^[^\s]{0,15}\s+/u, '') : text;
}

function toWord(text: string, isCut: boolean): string {
  return isCut ? text.replace(/\s+[^\s]{0,15}$/u, '') : text;
}
