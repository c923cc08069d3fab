/** The blocks of a document: what is open, what still grows, what is finished (CommonMark 3, GFM 4.10). */
import type { Alignment, Fence, HtmlEnd } from './block-starts.ts';
import { NOTHING_CARRIED, type Carried } from './inline.ts';

export interface Blocks {
  /** What has arrived of a line of which it is not known yet what it is. */
  readonly undecided: string;
  /** The rest of the line belongs to the leaf. */
  readonly isInLine: boolean;
  /** Quotes and list items that are open, the outermost first. */
  readonly containers: readonly Container[];
  /** The block that still grows. */
  readonly leaf: Leaf | undefined;
  /** An empty line stands before the next block. */
  readonly owesBlank: boolean;
  /** Something was there before. */
  readonly hasBegun: boolean;
  /** How many blocks of code have begun. */
  readonly codes: number;
}

export const NO_BLOCKS: Blocks = {
  undecided: '',
  isInLine: false,
  containers: [],
  leaf: undefined,
  owesBlank: false,
  hasBegun: false,
  codes: 0,
};

export type Container = QuoteContainer | ItemContainer;

export interface QuoteContainer {
  readonly kind: 'quote';
}

export interface ItemContainer {
  readonly kind: 'item';
  /** Columns from the beginning of the marker to the text. */
  readonly indent: number;
  readonly sign: string;
  readonly number?: number;
  /** What stands in place of the bullet. */
  readonly task?: string;
  /** Its marker has been shown. */
  readonly isShown: boolean;
  /** It has no text yet: the line of its marker was empty. */
  readonly isBare: boolean;
}

/** What stands left of the rows of a block, for each container: before the first row, and before the others. */
export interface Margin {
  readonly first: string;
  readonly rest: string;
}

export type Leaf = TextLeaf | CodeLeaf | TableLeaf;

/** A paragraph, a heading, or a line of HTML. */
export interface TextLeaf {
  readonly kind: 'text';
  readonly look: 'paragraph' | 'heading' | 'subheading' | 'html';
  readonly margins: readonly Margin[];
  /** The lines before the last, each with its line feed. */
  readonly done: string;
  readonly line: string;
  /** `line` is not the rest of a line whose beginning has left. */
  readonly isWholeLine: boolean;
  /** Rows of it have left. */
  readonly hasLeft: boolean;
  readonly carried: Carried;
  readonly until?: HtmlEnd;
}

export interface CodeLeaf {
  readonly kind: 'code';
  readonly code: number;
  readonly language: string;
  /** Without one it is indented code. */
  readonly fence?: Fence & { readonly indent: number };
  readonly line: string;
  /** The end of the line, as far as it can be seen. */
  readonly recent: string;
  /** Empty lines that belong to it if more code follows. */
  readonly blanks: number;
}

export interface TableLeaf {
  readonly kind: 'table';
  readonly margins: readonly Margin[];
  readonly alignments: readonly Alignment[];
  /** Of finished rows, the header first unless it has left. */
  readonly rows: readonly TableCells[];
  readonly hasLeft: boolean;
  /** Once rows have left, how wide the columns are. */
  readonly widths?: readonly number[];
  readonly line: string;
}

export type TableCells = readonly string[];

/** What is finished, in order. */
export type Part =
  | TextLeaf
  | TableLeaf
  | { readonly kind: 'blank'; readonly margins: readonly Margin[] }
  | { readonly kind: 'rule'; readonly margins: readonly Margin[] }
  | { readonly kind: 'marker'; readonly margins: readonly Margin[] }
  /** The line above a block of code; below it, without a language. */
  | { readonly kind: 'fence'; readonly language: string }
  | {
      readonly kind: 'code_line';
      readonly code: number;
      readonly language: string;
      readonly text: string;
    };

/** What is being read: a copy of the blocks, and the parts that were finished. */
export interface BlockReading {
  blocks: Blocks;
  readonly parts: Part[];
}

export function textLeaf(
  leaf: Pick<TextLeaf, 'look' | 'margins' | 'line'> & Pick<Partial<TextLeaf>, 'until'>,
): TextLeaf {
  return {
    kind: 'text',
    done: '',
    isWholeLine: true,
    hasLeft: false,
    carried: NOTHING_CARRIED,
    ...leaf,
  };
}
