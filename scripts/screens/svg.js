/** A terminal's window as an SVG: text where its cells are, in whatever monospaced font the reader has. */

const CELL = { width: 8.4, height: 18 };
const PADDING = 14;
const BASELINE = 13;
const PAPER = '#16181d';
const INK = '#d7dae0';
/** The sixteen basic colours, as many dark terminals have them. */
const PALETTE = [
  ...['#3b4048', '#e06c75', '#8cc570', '#e5b567', '#61a8ef', '#c678dd', '#4fb8c4', '#c8ccd4'],
  ...['#5c6370', '#ef7f88', '#a0d98a', '#f0c674', '#7cbcff', '#d99aec', '#6fd0da', '#ffffff'],
];

/**
 * @param {readonly (readonly import('../../test/support/screen-runs.ts').Run[])[]} rows
 * @param {{ cols: number, title: string, cursor?: { x: number, y: number } }} window
 */
export function screenSvg(rows, { cols, title, cursor }) {
  const width = Math.ceil(cols * CELL.width + 2 * PADDING);
  const height = Math.ceil(rows.length * CELL.height + 2 * PADDING);
  const parts = rows.flatMap((runs, row) => runs.flatMap((run) => runParts(run, row)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="${PAPER}"/>`,
    `<g font-family="ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="${INK}">`,
    ...(cursor === undefined ? [] : [cursorPart(cursor)]),
    ...parts,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function runParts(run, row) {
  const { text, column, cells, color, paper, looks } = run;
  const y = PADDING + row * CELL.height;
  const box =
    paper === undefined
      ? []
      : [
          `<rect x="${left(column)}" y="${y}" width="${number(cells * CELL.width)}" height="${CELL.height}" fill="${PALETTE[paper] ?? INK}"/>`,
        ];
  const pieces = [...text.matchAll(PIECE)].map(({ 0: shown, index }) => ({ shown, at: index }));
  const style = [
    color === undefined ? '' : ` fill="${PALETTE[color] ?? INK}"`,
    looks.includes('bold') ? ' font-weight="bold"' : '',
    looks.includes('italic') ? ' font-style="italic"' : '',
    looks.includes('dim') ? ' opacity="0.6"' : '',
    looks.includes('underline') ? ' text-decoration="underline"' : '',
    looks.includes('strike') ? ' text-decoration="line-through"' : '',
  ].join('');
  return [
    ...box,
    ...pieces.map(({ shown, at }) =>
      textPart({ shown, x: left(column + at), y, style, cells: cellsOf(shown, run) }),
    ),
  ];
}

/** Text of several words; XML makes one space of many. */
const PIECE = /\S+(?: \S+)*/gu;

function cellsOf(shown, { text, cells }) {
  return shown.length === text.length ? cells : shown.length;
}

/** The width is told, so that columns stand below each other in every font. */
function textPart({ shown, x, y, style, cells }) {
  const wide = number(cells * CELL.width);
  return `<text x="${x}" y="${y + BASELINE}" textLength="${wide}"${style}>${escaped(shown)}</text>`;
}

function cursorPart({ x, y }) {
  return `<rect x="${left(x)}" y="${PADDING + y * CELL.height}" width="${CELL.width}" height="${CELL.height}" fill="${INK}" opacity="0.45"/>`;
}

function left(column) {
  return number(PADDING + column * CELL.width);
}

function number(value) {
  return String(Math.round(value * 10) / 10);
}

function escaped(text) {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
