/** Whether a run of delimiters may open or close emphasis, by the characters on both sides (CommonMark 6.2). */
export function flanking(run: {
  readonly character: string;
  readonly before: string;
  readonly after: string;
}): {
  readonly canOpen: boolean;
  readonly canClose: boolean;
} {
  const before = sideOf([...run.before].at(-1));
  const after = sideOf([...run.after][0]);
  // Scripts that are written without spaces: a word may follow a closing bracket there with nothing between.
  const isLeft = after !== 'space' && (after !== 'punctuation' || before !== 'letter');
  const isRight = before !== 'space' && (before !== 'punctuation' || after !== 'letter');
  if (run.character !== '_') return { canOpen: isLeft, canClose: isRight };
  return {
    canOpen: isLeft && (!isRight || before === 'punctuation'),
    canClose: isRight && (!isLeft || after === 'punctuation'),
  };
}

type Side = 'space' | 'punctuation' | 'letter' | 'unspaced';

function sideOf(character: string | undefined): Side {
  if (character === undefined || /\s/.test(character)) return 'space';
  if (/[\p{P}\p{S}]/u.test(character)) return 'punctuation';
  return UNSPACED.test(character) ? 'unspaced' : 'letter';
}

const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
