/**
 * What a line begins, by its first characters (CommonMark 4 and 5, GFM 4.10). A line may be read before all of
 * it is here: then the answer is 'undecided' as long as what follows could change it.
 */

export interface LineText {
  /** What is left of the line, from its first character that is no white space. */
  readonly text: string;
  /** The line ends with it. */
  readonly isWhole: boolean;
  /** More of the line may come, but nobody waits for it: what needs its end to be known is not there. */
  readonly isForced: boolean;
}

export type BlockStart =
  | { readonly kind: 'heading'; readonly level: number; readonly text: string }
  | { readonly kind: 'rule' }
  | { readonly kind: 'fence'; readonly fence: Fence; readonly language: string }
  | { readonly kind: 'html'; readonly until: HtmlEnd }
  | { readonly kind: 'underline'; readonly level: number }
  | ListMarker;

export interface Fence {
  readonly character: string;
  readonly length: number;
}

export interface ListMarker {
  readonly kind: 'item';
  readonly length: number;
  /** The sign that all items of a list share. */
  readonly sign: string;
  readonly number?: number;
}

/** What ends a block of HTML: a text somewhere in a line, or an empty line. */
export type HtmlEnd = string;
export const EMPTY_LINE: HtmlEnd = '';

export function findBlockStart(
  line: LineText,
  { inParagraph }: { readonly inParagraph: boolean },
): BlockStart | 'undecided' | undefined {
  const { text } = line;
  switch (text[0]) {
    case '#':
      return headingStart(line);
    case '`':
    case '~':
      return fenceStart(line);
    case '<':
      return htmlStart(line);
    case '=':
      return inParagraph ? underline(line) : undefined;
    case '-':
      return (inParagraph ? underline(line) : undefined) ?? rule(line) ?? listMarker(line);
    case '*':
    case '_':
      return rule(line) ?? listMarker(line);
    default:
      return listMarker(line);
  }
}

/** Whether a line within a fenced block closes it. */
export function closesFence(fence: Fence, line: LineText): boolean | 'undecided' {
  const run = /^(?:`+|~+)/.exec(line.text)?.[0] ?? '';
  if (!run.startsWith(fence.character) || !/^[ \t]*$/.test(line.text.slice(run.length))) return false;
  if (!line.isWhole) return line.isForced ? false : 'undecided';
  return run.length >= fence.length;
}

/** The alignments in the line under a table's header. */
export type Alignment = 'left' | 'right' | 'center';

export function delimiterRow(line: LineText): readonly Alignment[] | 'undecided' | undefined {
  if (!/^[ \t|:-]+$/.test(line.text)) return undefined;
  if (!line.isWhole) return line.isForced ? undefined : 'undecided';
  if (!line.text.includes('|')) return undefined;
  const cells = line.text.trim().replace(/^\|/, '').replace(/\|$/, '').split('|');
  const trimmed = cells.map((cell) => cell.trim());
  if (!trimmed.every((cell) => /^:?-+:?$/.test(cell))) return undefined;
  return trimmed.map((cell) => (cell.endsWith(':') ? (cell.startsWith(':') ? 'center' : 'right') : 'left'));
}

/** `[ ]` or `[x]` at the beginning of an item. */
export function taskMark(line: LineText): { readonly mark: string } | 'undecided' | undefined {
  const found = /^\[[ xX]\](?=[ \t]+[^ \t])/.exec(line.text);
  if (found !== null) return { mark: found[0] };
  const mayCome = !line.isWhole && !line.isForced && /^\[(?:[ xX](?:\][ \t]*)?)?$/.test(line.text);
  return mayCome ? 'undecided' : undefined;
}

function headingStart({ text, isWhole }: LineText): BlockStart | 'undecided' | undefined {
  const signs = /^#{1,6}(?!#)/.exec(text)?.[0];
  if (signs === undefined) return undefined;
  const next = text[signs.length];
  if (next === undefined && !isWhole) return 'undecided';
  if (next !== undefined && next !== ' ' && next !== '\t') return undefined;
  return { kind: 'heading', level: signs.length, text: text.slice(signs.length) };
}

function fenceStart({ text, isWhole, isForced }: LineText): BlockStart | 'undecided' | undefined {
  const run = /^(?:`+|~+)/.exec(text)?.[0] ?? '';
  if (run.length === text.length && !isWhole && !isForced) return 'undecided';
  const tail = text.slice(run.length);
  if (run.length < 3 || (run.startsWith('`') && tail.includes('`'))) return undefined;
  if (!isWhole) return isForced ? undefined : 'undecided';
  const language = /^[^\s{]*/.exec(tail.trim())?.[0] ?? '';
  return { kind: 'fence', fence: { character: run.charAt(0), length: run.length }, language };
}

function htmlStart({ text, isWhole }: LineText): BlockStart | 'undecided' | undefined {
  const line = isWhole ? `${text}\n` : text;
  for (const [begin, until] of HTML_BLOCKS) if (begin.test(line)) return { kind: 'html', until };
  const mayCome = text.length < LONGEST_TAG_NAME && /^<[!?/]?[A-Za-z0-9[-]*\/?$/.test(text);
  return mayCome && !isWhole ? 'undecided' : undefined;
}

const LONGEST_TAG_NAME = 20;

/** Those that do not need the end of their first line to be known. */
const HTML_BLOCKS: readonly (readonly [RegExp, HtmlEnd])[] = [
  [/^<script[\s>]/i, '</script>'],
  [/^<pre[\s>]/i, '</pre>'],
  [/^<style[\s>]/i, '</style>'],
  [/^<textarea[\s>]/i, '</textarea>'],
  [/^<!--/, '-->'],
  [/^<\?/, '?>'],
  [/^<!\[CDATA\[/, ']]>'],
  [/^<![A-Za-z]/, '>'],
  [
    new RegExp(
      '^</?(?:address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|' +
        'div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|' +
        'li|link|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|' +
        'tfoot|th|thead|title|tr|track|ul)(?=\\s|/?>)',
      'i',
    ),
    EMPTY_LINE,
  ],
];

function underline({ text, isWhole, isForced }: LineText): BlockStart | 'undecided' | undefined {
  if (!/^(?:=+|-+)[ \t]*$/.test(text)) return undefined;
  if (!isWhole) return isForced ? undefined : 'undecided';
  return { kind: 'underline', level: text.startsWith('=') ? 1 : 2 };
}

function rule({ text, isWhole, isForced }: LineText): BlockStart | 'undecided' | undefined {
  if (!/^(?:(?:\*[ \t]*)+|(?:-[ \t]*)+|(?:_[ \t]*)+)$/.test(text)) return undefined;
  if (!isWhole) return isForced ? undefined : 'undecided';
  return text.replace(/[ \t]/g, '').length >= 3 ? { kind: 'rule' } : undefined;
}

function listMarker({ text, isWhole }: LineText): ListMarker | 'undecided' | undefined {
  const found = /^(?:([-+*])|([0-9]{1,9})([.)]))(?=[ \t]|$)/.exec(text);
  if (found === null) return !isWhole && /^[0-9]{1,9}$/.test(text) ? 'undecided' : undefined;
  const [marker, bullet, digits, after] = found;
  if (marker.length === text.length && !isWhole) return 'undecided';
  return {
    kind: 'item',
    length: marker.length,
    sign: bullet ?? after ?? '',
    ...(digits === undefined ? {} : { number: Number(digits) }),
  };
}
