/**
 * The tokens as a table no wider than the terminal. Where it is narrow, columns go by how little they are missed; where
 * not even label and variable stand beside each other, each token has lines of its own.
 */
import type { Style } from '../../ui/style.ts';
import type { Token } from '../../vault/vault.ts';
import { ago, until } from '../moments.ts';

interface Look {
  readonly now: number;
  readonly width: number | undefined;
  readonly style: Style;
}

interface Column {
  readonly title: string;
  readonly cell: (token: Token) => string;
  /** Those with the highest number are left out first; without one it always stays. */
  readonly spare?: number;
}

const GAP = '  ';

export function tokenTable(tokens: readonly Token[], { now, width = Infinity, style }: Look): string {
  const columns = fitting(
    columnsAt(now).map((column) => filled(column, tokens)),
    width,
  );
  if (columns === undefined) return tokens.map((token) => stacked(token, { now, style })).join('\n');
  const widths = columns.map((column) => column.width);
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join(GAP)
      .trimEnd();
  const rows = tokens.map((token, row) =>
    toned(line(columns.map(({ cells }) => cells[row] ?? '')), { token, now, style }),
  );
  return [style.dim(line(columns.map(({ title }) => title))), ...rows].join('\n');
}

function columnsAt(now: number): readonly Column[] {
  return [
    { title: 'LABEL', cell: ({ label }) => label },
    { title: 'VARIABLE', cell: ({ env }) => env },
    { title: 'KIND', cell: ({ kind }) => kind, spare: 3 },
    { title: 'ADDED', cell: ({ addedAt }) => ago(addedAt, now), spare: 2 },
    { title: 'LAST USED', cell: (token) => lastUsed(token, now), spare: 1 },
    { title: 'EXPIRES', cell: (token) => expiry(token, now) },
  ];
}

interface FilledColumn extends Pick<Column, 'title' | 'spare'> {
  readonly cells: readonly string[];
  readonly width: number;
}

function filled({ title, cell, spare = 0 }: Column, tokens: readonly Token[]): FilledColumn {
  const cells = tokens.map(cell);
  // Labels, variables and dates are ASCII: a character is a cell.
  const width = cells.reduce((widest, { length }) => Math.max(widest, length), title.length);
  return { title, spare, cells, width };
}

function fitting(columns: readonly FilledColumn[], width: number): readonly FilledColumn[] | undefined {
  for (const least of [4, 3, 2, 1]) {
    const kept = columns.filter(({ spare = 0 }) => spare < least);
    const cells = kept.reduce((sum, column) => sum + column.width + GAP.length, -GAP.length);
    if (cells <= width) return kept;
  }
  return undefined;
}

function stacked(token: Token, { now, style }: Omit<Look, 'width'>): string {
  const expires = expiry(token, now);
  const lines = [style.strong(token.label), `  ${token.env}`, ...(expires === '' ? [] : [`  ${expires}`])];
  return toned(lines.join('\n'), { token, now, style });
}

interface Shown {
  readonly token: Token;
  readonly now: number;
  readonly style: Style;
}

function toned(text: string, { token: { expiresAt }, now, style }: Shown): string {
  if (expiresAt === undefined) return text;
  if (expiresAt <= now) return style.bad(text);
  return expiresAt - now < SOON_MS ? style.warn(text) : text;
}

const SOON_MS = 7 * 86_400_000;

function lastUsed({ lastUsedAt }: Token, now: number): string {
  return lastUsedAt === undefined ? 'never' : ago(lastUsedAt, now);
}

function expiry({ expiresAt, rotatedAt }: Token, now: number): string {
  const kept = rotatedAt === undefined ? [] : ['old value kept'];
  if (expiresAt === undefined) return kept.join('');
  const when = expiresAt <= now ? `expired ${ago(expiresAt, now)}` : until(expiresAt, now);
  return [when, ...kept].join(', ');
}
