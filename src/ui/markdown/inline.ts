/**
 * The text of a paragraph, a heading or a cell as runs that look the same throughout (CommonMark 6, GFM 6).
 *
 * It can be read while it still grows: emphasis and code whose closing has not come are shown as if it came
 * at the end, and the last characters are held back while they could be the beginning of a sign. It can also
 * be read on from the middle, once rows of it have left: what was open there is carried over.
 */
import type { Span, Tone } from '../rows.ts';
import type { Mark, Opener } from './emphasis.ts';
import { openToTheEnd, pairDelimiters } from './emphasis.ts';
import { readInline } from './read-inline.ts';

export interface Inline {
  readonly runs: readonly InlineRun[];
  readonly nodes: readonly InlineNode[];
  readonly marks: readonly Mark[];
  /** Where the shown part of the source ends. */
  readonly end: number;
}

export interface InlineRun extends Span {
  readonly node: number;
}

/** What was read at one place of the source. */
export interface InlineNode {
  text: string;
  readonly from: number;
  readonly to: number;
  readonly kind:
    | 'text'
    /** One thing whose text is not its source: an escape, code, an address. */
    | 'atom'
    /** A run of delimiters; its text is what no emphasis has used. */
    | 'sign'
    | 'carried';
  tones: readonly Tone[];
  /** Code whose end has not come, and how many backticks it will be. */
  readonly backticks?: number;
  /** The link it is a part of. */
  group?: InlineGroup;
}

export interface InlineGroup {
  readonly from: number;
  readonly to: number;
  readonly firstNode: number;
  readonly lastNode: number;
}

/** What the text before has left open: read on with it, the rest looks as it looked as a part of the whole. */
export interface Carried {
  /** Shown before anything of the source: the rest of a link whose beginning has left. */
  readonly spans: readonly Span[];
  readonly openers: readonly Opener[];
  /** How many backticks end the code in which the source begins. */
  readonly backticks: number;
  /** The character before, on which it depends what may open or close. */
  readonly before: string;
}

export const NOTHING_CARRIED: Carried = { spans: [], openers: [], backticks: 0, before: '' };

export interface InlineSource {
  readonly source: string;
  /** Nothing more will come. */
  readonly isEnded: boolean;
  readonly carried: Carried;
}

export function parseInline(input: InlineSource): Inline {
  const { nodes, delimiters, end } = readInline(input);
  pairDelimiters(delimiters, undefined);
  openToTheEnd(delimiters, input.isEnded);
  return { runs: runsOf(nodes, delimiters.marks), nodes, marks: delimiters.marks, end };
}

export interface InlineCut {
  /** Where in the source to read on. */
  readonly at: number;
  readonly carried: Carried;
}

/** Where to read on when all before `place`, a place in the text that is shown, has left. */
export function cutInline(inline: Inline, { source, carried }: InlineSource, place: number): InlineCut {
  const { index, within } = findRun(inline.runs, place);
  const run = inline.runs[index];
  const node = run === undefined ? undefined : inline.nodes[run.node];
  const before = (at: number): string => (at === 0 ? carried.before : source.slice(Math.max(0, at - 2), at));
  const resume = (rest: {
    readonly at: number;
    readonly node: number;
    readonly spans?: readonly Span[];
    readonly backticks?: number | undefined;
  }): InlineCut => ({
    at: rest.at,
    carried: {
      spans: rest.spans ?? [],
      openers: openAt(inline.marks, rest.node),
      backticks: rest.backticks ?? 0,
      before: before(rest.at),
    },
  });

  if (run === undefined || node === undefined) {
    const last = inline.nodes.at(-1);
    const backticks = last?.to === inline.end ? last.backticks : undefined;
    return resume({ at: inline.end, node: inline.nodes.length, backticks });
  }
  const { group } = node;
  if (group === undefined) {
    if (node.kind === 'text')
      return resume({ at: node.from + within, node: run.node, backticks: node.backticks });
    if (node.kind === 'atom' && within === 0) return resume({ at: node.from, node: run.node });
  } else if (within === 0 && inline.nodes[inline.runs[index - 1]?.node ?? -1]?.group !== group) {
    return resume({ at: group.from, node: group.firstNode });
  }
  const isCarried = node.kind === 'carried';
  const lastNode = isCarried
    ? inline.nodes.findLastIndex(({ kind }) => kind === 'carried')
    : (group?.lastNode ?? run.node);
  const spans = inline.runs
    .slice(index)
    .filter((each) => each.node <= lastNode)
    .map(({ text, tones }, nth) => ({ text: nth === 0 ? text.slice(within) : text, tones }));
  return resume({ at: group?.to ?? node.to, node: lastNode + 1, spans });
}

const MOST_OPENERS = 8;

function runsOf(nodes: readonly InlineNode[], marks: readonly Mark[]): readonly InlineRun[] {
  const changes = changesOf(marks);
  const active = new Map<Tone, number>();
  let around: readonly Tone[] = [];
  const runs: InlineRun[] = [];
  for (const [node, { text, kind, tones }] of nodes.entries()) {
    const change = changes.get(node);
    if (change !== undefined) {
      for (const { tone, by } of change) active.set(tone, (active.get(tone) ?? 0) + by);
      around = [...active].filter(([, times]) => times > 0).map(([tone]) => tone);
    }
    if (text === '') continue;
    const own = around.length === 0 || kind === 'carried' ? tones : [...new Set([...around, ...tones])];
    runs.push({ text, tones: own, node });
  }
  return runs;
}

type Changes = ReadonlyMap<number, readonly { readonly tone: Tone; readonly by: number }[]>;

function changesOf(marks: readonly Mark[]): Changes {
  const changes = new Map<number, { readonly tone: Tone; readonly by: number }[]>();
  const add = (node: number, tone: Tone, by: number): void => {
    const known = changes.get(node);
    if (known === undefined) changes.set(node, [{ tone, by }]);
    else known.push({ tone, by });
  };
  for (const { tone, from, to } of marks) {
    add(from, tone, 1);
    add(to, tone, -1);
  }
  return changes;
}

function findRun(
  runs: readonly InlineRun[],
  place: number,
): { readonly index: number; readonly within: number } {
  let start = 0;
  for (const [index, { text }] of runs.entries()) {
    if (place < start + text.length) return { index, within: place - start };
    start += text.length;
  }
  return { index: runs.length, within: 0 };
}

/** Of many openers one within the other, which look like a few, no more are carried than can be told apart. */
function openAt(marks: readonly Mark[], node: number): readonly Opener[] {
  const open = marks.filter(({ from, to }) => from <= node && node < to).sort((a, b) => a.from - b.from);
  return open.slice(-MOST_OPENERS).map(({ opener }) => opener);
}
