/**
 * What a person calls a token. Plain ASCII, because it is typed on command lines and written into `mira://label`
 * references; a space is allowed inside, since the desktop's own example is `OpenAI API Key`.
 */
import { MiraError } from '../errors.ts';

const PATTERN = /^[A-Za-z0-9](?:[A-Za-z0-9._-]| (?! )){0,62}[A-Za-z0-9._-]$|^[A-Za-z0-9]$/;

/** @throws MiraError `invalid_input`; a label that looks like a key is not repeated */
export function requireLabel(label: string): string {
  if (looksSecret(label)) {
    throw new MiraError('invalid_input', 'That looks like a key, not like the label of one.', {
      hint: 'A label is a name of your choice, such as github-work; the key itself is read from a prompt or from stdin.',
    });
  }
  if (PATTERN.test(label)) return label;
  throw new MiraError('invalid_input', 'That is no label for a token.', {
    hint: 'Use up to 64 letters, digits, dots, dashes, underscores and single spaces, beginning with a letter or digit.',
  });
}

/** Labels that differ in case alone are one: a person does not tell them apart. */
export function foldLabel(label: string): string {
  return label.toLowerCase();
}

/** The label a person may have meant, if one is close. */
export function findSimilarLabel(label: string, among: readonly string[]): string | undefined {
  const wanted = foldLabel(label);
  let best: { readonly label: string; readonly distance: number } | undefined;
  for (const each of among) {
    const candidate = foldLabel(each);
    if (Math.abs(candidate.length - wanted.length) > FARTHEST) continue;
    const distance = editDistance(wanted, candidate);
    if (distance <= farthestFor(wanted) && distance < (best?.distance ?? Infinity))
      best = { label: each, distance };
  }
  return best?.label ?? among.find((each) => wanted.length > 2 && foldLabel(each).startsWith(wanted));
}

const FARTHEST = 3;

function farthestFor(label: string): number {
  return Math.min(FARTHEST, Math.max(1, Math.floor(label.length / 3)));
}

/** Twenty letters and digits in a row with a digit among them: nobody calls a thing that. */
function looksSecret(label: string): boolean {
  return (label.match(/[A-Za-z0-9]{20,}/g) ?? []).some((part) => /\d/.test(part));
}

/** Levenshtein: how many characters have to be put in, taken out or exchanged. */
function editDistance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const exchange = (previous[column - 1] ?? 0) + (one[row - 1] === other[column - 1] ? 0 : 1);
      current.push(Math.min(exchange, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[other.length] ?? 0;
}
