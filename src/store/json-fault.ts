/**
 * Where a text stops being JSON, as line and column from 1. JSON.parse says so only for some faults, and in words that
 * change with the engine.
 */
export function findJsonFault(text: string): { readonly line: number; readonly column: number } {
  const at = faultAt(text);
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

const SPACE = /[\t\n\r ]*/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
// The control characters that JSON wants escaped are all below U+0020.
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;

/** Walks the text with a stack of open brackets; what may come next is always one of a few tokens. */
function faultAt(text: string): number {
  const open: ('{' | '[')[] = [];
  let position = 0;
  let expect: 'value' | 'first' | 'key' | 'after' = 'value';
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = position;
    if (!pattern.test(text)) return false;
    position = pattern.lastIndex;
    return true;
  };
  const takeKey = (): boolean => take(STRING) && take(SPACE) && take(/:/y);

  for (;;) {
    take(SPACE);
    const character = text[position];
    const inside = open.at(-1);
    if (character === undefined) return position;
    if (expect === 'after') {
      const closes = (inside === '{' && character === '}') || (inside === '[' && character === ']');
      if (closes) open.pop();
      else if (character === ',' && inside !== undefined) expect = inside === '{' ? 'key' : 'value';
      else return position;
      position += 1;
    } else if (expect === 'first' && character === (inside === '{' ? '}' : ']')) {
      open.pop();
      position += 1;
      expect = 'after';
    } else if (expect === 'key' || (expect === 'first' && inside === '{')) {
      if (!takeKey()) return position;
      expect = 'value';
    } else if (character === '{' || character === '[') {
      open.push(character);
      position += 1;
      expect = 'first';
    } else if (take(STRING) || take(SCALAR)) {
      expect = 'after';
    } else {
      return position;
    }
  }
}
