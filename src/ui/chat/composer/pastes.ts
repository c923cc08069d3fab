/**
 * A long paste is folded: in the text it is one private character, on the screen a label, and when the
 * message is sent what was pasted. Being one character, it is moved over, deleted, killed and brought back
 * like any other.
 */

/** What is to be written for a paste, and the pastes then kept; the number of a paste is its place among them. */
export function foldPaste(
  text: string,
  pastes: readonly string[],
): { readonly text: string; readonly pastes: readonly string[] } {
  const own = withoutFolds(text);
  const isLong = own.length > LONGEST_SHOWN || lineCount(own) > MOST_LINES_SHOWN;
  if (!isLong || pastes.length >= MOST_PASTES) return { text: own, pastes };
  return { text: String.fromCodePoint(FIRST + pastes.length), pastes: [...pastes, own] };
}

/** The text with every paste in full. */
export function unfold(text: string, pastes: readonly string[]): string {
  return text.replace(FOLDS, (fold) => pastes[numberOf(fold)] ?? '');
}

/** The characters that stand for pastes mean nothing from outside. */
export function withoutFolds(text: string): string {
  return text.replace(FOLDS, '');
}

/** Whether the grapheme is a folded paste. */
export function isFolded(grapheme: string): boolean {
  const code = grapheme.codePointAt(0) ?? 0;
  return code >= FIRST && code < FIRST + MOST_PASTES;
}

/** What is shown for a folded paste. */
export function pasteLabel(fold: string, pastes: readonly string[]): string {
  const number = numberOf(fold);
  const text = pastes[number] ?? '';
  const lines = lineCount(text);
  const size =
    lines > 1 ? `${lines.toLocaleString('en')} lines` : `${text.length.toLocaleString('en')} characters`;
  return `[Pasted ${size} #${number + 1}]`;
}

/** A text that was unfolded and then changed elsewhere, with the pastes that are still whole folded again. */
export function refold(
  text: string,
  { pastes, from }: { readonly pastes: readonly string[]; readonly from: string },
): string {
  let folded = withoutFolds(text);
  for (const [fold] of from.matchAll(FOLDS)) {
    const paste = pastes[numberOf(fold)] ?? '';
    if (paste !== '') folded = folded.replace(paste, () => fold);
  }
  return folded;
}

export function holdsFold(text: string, number: number): boolean {
  return text.includes(String.fromCodePoint(FIRST + number));
}

const FIRST = 0x10f000;
const MOST_PASTES = 4_000;
const FOLDS = /[\u{10f000}-\u{10ff9f}]/gu;
const LONGEST_SHOWN = 1_000;
const MOST_LINES_SHOWN = 10;

function numberOf(fold: string): number {
  return (fold.codePointAt(0) ?? 0) - FIRST;
}

function lineCount(text: string): number {
  const whole = text.endsWith('\n') ? text.length - 1 : text.length;
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < whole; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}
