const LONGEST = 80;

/** What a conversation is called in a list: the first line of its first question, cut. */
export function titleOf(question: string): string {
  const line = question
    .slice(0, LONGEST * 100)
    .split('\n')
    .map((each) => each.replaceAll(/\s+/gu, ' ').trim())
    .find((each) => each !== '');
  const characters = [...(line ?? '')];
  return characters.length <= LONGEST
    ? characters.join('')
    : `${characters
        .slice(0, LONGEST - 1)
        .join('')
        .trimEnd()}…`;
}
