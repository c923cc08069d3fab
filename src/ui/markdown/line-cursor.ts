/** A place in a line, counted in columns: a tab stands for the spaces up to the next multiple of four (CommonMark 2.2). */
export interface LineCursor {
  readonly line: string;
  readonly at: number;
  readonly column: number;
  /** Columns of a tab before `at` that nothing has taken. */
  readonly spare: number;
}

export function startOf(line: string): LineCursor {
  return { line, at: 0, column: 0, spare: 0 };
}

/** Columns of white space ahead; not counted further than anything asks. */
export function indentOf(cursor: LineCursor): number {
  let { at, column } = cursor;
  const begin = column - cursor.spare;
  while (column - begin < FAR) {
    const character = cursor.line[at];
    if (character === ' ') column += 1;
    else if (character === '\t') column += TAB - (column % TAB);
    else break;
    at += 1;
  }
  return column - begin;
}

/** Past as many columns of white space, or all there are. */
export function skipColumns(cursor: LineCursor, columns: number): LineCursor {
  let { at, column } = cursor;
  let left = columns - cursor.spare;
  if (left <= 0) return { ...cursor, spare: -left };
  while (left > 0) {
    const character = cursor.line[at];
    if (character !== ' ' && character !== '\t') return { line: cursor.line, at, column, spare: 0 };
    const width = character === ' ' ? 1 : TAB - (column % TAB);
    at += 1;
    column += width;
    left -= width;
  }
  return { line: cursor.line, at, column, spare: -left };
}

/** Past characters that are no white space. */
export function skipCharacters(cursor: LineCursor, count: number): LineCursor {
  return { line: cursor.line, at: cursor.at + count, column: cursor.column + count, spare: 0 };
}

/** What lies ahead, a tab that was taken in part as the spaces that are left of it. */
export function restOf(cursor: LineCursor): string {
  return ' '.repeat(cursor.spare) + cursor.line.slice(cursor.at);
}

/** What lies ahead without the white space it begins with. */
export function textOf(cursor: LineCursor): string {
  return cursor.line.slice(cursor.at).replace(/^[ \t]+/, '');
}

export function isBlank(cursor: LineCursor): boolean {
  BLANK.lastIndex = cursor.at;
  return BLANK.test(cursor.line);
}

const TAB = 4;
const FAR = 1_000;
const BLANK = /[ \t]*$/y;
