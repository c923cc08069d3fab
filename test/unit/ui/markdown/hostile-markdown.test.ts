import { describe, expect, it } from 'vitest';
import {
  endMarkdown,
  growMarkdown,
  liveMarkdown,
  NO_MARKDOWN,
  type GrowingMarkdown,
} from '../../../../src/ui/markdown/growing-markdown.ts';
import type { Row } from '../../../../src/ui/rows.ts';

const place = { width: 80, liveRows: 12, highlight: () => undefined };

interface Work {
  readonly rows: readonly Row[];
  /** Characters that the frames had before them: what had arrived, and what of the document was still open. */
  readonly read: number;
}

/** Frame after frame, as an answer streams. */
function stream(text: string, piece: number): Work {
  let state: GrowingMarkdown = NO_MARKDOWN;
  let read = 0;
  const rows: Row[] = [];
  for (let at = 0; at < text.length; at += piece) {
    const next = growMarkdown(state, text.slice(at, at + piece), place);
    state = next.state;
    for (const row of next.finished) rows.push(row);
    liveMarkdown(state, { width: place.width, most: place.liveRows });
    read += piece + openCharacters(state);
  }
  for (const row of endMarkdown(state, place)) rows.push(row);
  return { rows, read };
}

function openCharacters({ blocks: { undecided, leaf, containers }, code }: GrowingMarkdown): number {
  const waiting = JSON.stringify([undecided, containers, code.waiting]).length;
  if (leaf?.kind === 'code') return waiting + leaf.recent.length;
  return waiting + JSON.stringify(leaf ?? '').length;
}

const LONG = 200_000;
const upTo = (unit: string, length: number): string =>
  unit.repeat(Math.ceil(length / unit.length)).slice(0, length);

const LINES: Readonly<Record<string, string>> = {
  'a line of words': 'words and **bold** words, ',
  'a word without end': 'x',
  'a line of stars': '*',
  'stars and letters': '*a **a ',
  'closing stars': 'a* a** ',
  underscores: '_a_ _',
  'a line of backticks': '`',
  'backtick runs of many lengths': '` `` ``` a ```` ',
  brackets: '[',
  'brackets and ends': '[a](',
  'images in images': '![',
  'links in links': '[a](b)[',
  'opening and closing brackets': '[[]]',
  'angle brackets': '<a ',
  'quote marks': '> ',
  'list markers': '- ',
  'numbered markers': '1. ',
  backslashes: '\\',
  ampersands: '&amp;&',
  'references to nothing': '&#27;',
  'combining marks': '\u0301',
  'joined emoji': '👨\u200d',
  bars: '|a',
  hashes: '# ',
  spaces: ' ',
  tabs: '\t',
  'addresses in brackets': 'https://x.example/((((',
  'tildes and tildes': '~~a~~ ~~',
};

/** Blocks without end, or one in the other. */
const BLOCKS: Readonly<Record<string, string>> = {
  'nested quotes': `${'>'.repeat(10_000)} deep\n\n`,
  'nested lists': Array.from({ length: 100 }, (_, depth) => `${'  '.repeat(depth)}- item\n`).join(''),
  'a table without end': `| a | b |\n|---|---|\n${'| cell | **bold** |\n'.repeat(2_000)}`,
  'a wide table': `${'|a'.repeat(400)}\n${'|-'.repeat(400)}\n${`${'|b'.repeat(400)}\n`.repeat(20)}`,
  'a fence without end': `\`\`\`\n${'code that goes on and on\n'.repeat(2_000)}`,
  'fences in turn': '```\n~~~\n',
  'almost a table': '| a |\n|--\n',
  'lines of a paragraph': 'line\n',
  'empty lines': '\n',
  'lazy lines': '> quote\nlazy\n',
  definitions: '[a]: https://x.example\n',
};

describe('what was made to take long', () => {
  it.each(Object.entries({ ...LINES, ...BLOCKS }))('is read to its end, %s', (_, unit) => {
    expect(stream(upTo(unit, LONG), 16_384).rows.length).toBeLessThan(LONG);
    expect(stream(upTo(unit, LONG / 4), LONG).rows.length).toBeLessThan(LONG);
  });

  it.each(Object.entries({ ...LINES, ...BLOCKS }))(
    'is twice the work when it is twice as long, %s',
    (_, unit) => {
      const once = stream(upTo(unit, 30_000), 500).read;
      const twice = stream(upTo(unit, 60_000), 500).read;
      expect(twice / once).toBeLessThan(2.6);
    },
  );
});
