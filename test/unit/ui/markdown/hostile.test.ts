/** What attacks a terminal, in every place of a document: nothing but text reaches a row, however it is cut. */
import { describe, expect, it } from 'vitest';
import {
  endMarkdown,
  growMarkdown,
  liveMarkdown,
  NO_MARKDOWN,
} from '../../../../src/ui/markdown/growing-markdown.ts';
import { createSanitizer } from '../../../../src/ui/sanitize.ts';
import type { Row } from '../../../../src/ui/rows.ts';
import { HOSTILE_TEXTS } from '../support/hostile-corpus.ts';

const OPTIONS = { width: 60, liveRows: 12, highlight: () => undefined };

const PLACES: readonly (readonly [string, (hostile: string) => string])[] = [
  ['prose', (hostile) => `before ${hostile} after`],
  ['a heading', (hostile) => `# ${hostile}\n\nnext`],
  ['a list', (hostile) => `- ${hostile}\n- next`],
  ['a quote', (hostile) => `> ${hostile}\n\nnext`],
  ['emphasis', (hostile) => `**${hostile}** and *${hostile}*`],
  ['the text of a link', (hostile) => `[${hostile}](https://example.org)`],
  ['the target of a link', (hostile) => `[text](https://example.org/${hostile}) [text](<${hostile}>)`],
  ['the title of a link', (hostile) => `[text](https://example.org "${hostile}")`],
  ['a reference', (hostile) => `[text][r] [r]\n\n[r]: https://example.org/${hostile} "${hostile}"\n`],
  ['a bare link', (hostile) => `<https://example.org/${hostile}> https://example.org/${hostile}`],
  ['an image', (hostile) => `![${hostile}](https://example.org/${hostile}.png)`],
  ['code in a line', (hostile) => `\`${hostile}\``],
  ['a block of code', (hostile) => `\`\`\`ts\n${hostile}\n\`\`\`\nnext`],
  ['the language of a block of code', (hostile) => `\`\`\`${hostile}\ncode\n\`\`\``],
  ['indented code', (hostile) => `    ${hostile}\n\nnext`],
  ['a cell of a table', (hostile) => `| a | ${hostile} |\n|---|---|\n| ${hostile} | b |\n`],
  ['HTML', (hostile) => `<p title="${hostile}">${hostile}</p>\n<!-- ${hostile} -->`],
];

/** Written as character references, which become characters only when the document is read. */
const REFERENCES = [
  ...[
    '&#27;[2J',
    '&#x1b;]52;c;ZXY=&#7;',
    '&#x1B;[31m',
    '&#0027;c',
    '&#155;2J',
    '&#x9d;0;t&#x9c;',
    '&#0;',
    '&#8;&#8;',
  ],
  ...[
    '&#13;evil',
    '&#127;',
    '&#8238;evil',
    '&#x202e;',
    '&#8232;',
    '&#xe0041;',
    '&#x200b;',
    '&shy;',
    '&rlm;&lrm;',
  ],
  ...[
    '&ZeroWidthSpace;',
    '&NewLine;evil',
    '&Tab;',
    '&#10;evil',
    '&#xd800;',
    '&#xffff;',
    '&#x110000;',
    '&#xfeff;',
  ],
  ...['&NoBreak;', '&InvisibleTimes;', '&amp;#27;[2J', '&#38;#27;[2J', '&#x26;#x1b;[2J'],
];

const CONTROL = new RegExp('[\\x00-\\x1f\\x7f-\\x9f]|\\p{Surrogate}', 'u');
const UNSEEN = new RegExp(
  '[\\xad\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\u{e0000}-\\u{e0fff}]',
  'u',
);

describe.each(PLACES)('in %s', (_, place) => {
  it.each(HOSTILE_TEXTS)('is text alone, however it is cut: $name', ({ input }) => {
    const document = place(input);
    expectTextAlone([document]);
    for (let at = 1; at < Math.min(document.length, MOST_CUTS); at++) {
      expectTextAlone([document.slice(0, at), document.slice(at)]);
    }
  });

  it.each(REFERENCES)('is text alone, however it is cut: %s', (reference) => {
    const document = place(reference);
    expectTextAlone(document.split(''));
    for (let at = 1; at < document.length; at++) expectTextAlone([document.slice(0, at), document.slice(at)]);
  });
});

const MOST_CUTS = 120;

function expectTextAlone(pieces: readonly string[]): void {
  const shown = rowsOf(pieces).map(textOf);
  expect(shown.filter((text) => CONTROL.test(text))).toEqual([]);
  expect(shown.filter((text) => UNSEEN.test(text))).toEqual([]);
}

/** Every row that was ever shown. */
function rowsOf(pieces: readonly string[]): readonly Row[] {
  const sanitizer = createSanitizer();
  const rows: Row[] = [];
  let state = NO_MARKDOWN;
  const take = (text: string): void => {
    const grown = growMarkdown(state, text, OPTIONS);
    state = grown.state;
    rows.push(...grown.finished, ...liveMarkdown(state, { width: OPTIONS.width, most: OPTIONS.liveRows }));
  };
  for (const piece of pieces) take(sanitizer.push(piece));
  take(sanitizer.end());
  return [...rows, ...endMarkdown(state, OPTIONS)];
}

/** What is printed is the spans, where there are any. */
function textOf({ text, spans }: Row): string {
  return text + (spans ?? []).map((span) => span.text).join('');
}
