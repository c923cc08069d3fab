/** What SQLite gives, as the types the tables promise: they are STRICT, so nothing else can be in them. */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';

export type Row = Readonly<Record<string, SQLOutputValue>>;

export function firstRow(database: DatabaseSync, sql: string, ...values: SQLInputValue[]): Row | undefined {
  return database.prepare(sql).get(...values);
}

export function allRows(database: DatabaseSync, sql: string, ...values: SQLInputValue[]): readonly Row[] {
  return database.prepare(sql).all(...values);
}

/** @returns how many rows changed, and the key of the last one inserted */
export function change(
  database: DatabaseSync,
  sql: string,
  ...values: SQLInputValue[]
): { readonly rows: number; readonly key: number } {
  const { changes, lastInsertRowid } = database.prepare(sql).run(...values);
  return { rows: Number(changes), key: Number(lastInsertRowid) };
}

/** A column of a SELECT, whole: on Node 22 a text that is not asked for as bytes ends at its first NUL. */
export function whole(column: 'text' | 'reasoning'): string {
  return `CAST(${column} AS BLOB) AS ${column}`;
}

export function text(row: Row, column: string): string {
  const value = row[column];
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.length).toString();
  return typeof value === 'string' ? value : '';
}

export function optionalText(row: Row, column: string): string | undefined {
  const value = row[column];
  return typeof value === 'string' ? value : undefined;
}

export function number(row: Row, column: string): number {
  return Number(row[column] ?? 0);
}

export function optionalNumber(row: Row, column: string): number | undefined {
  const value = row[column];
  return typeof value === 'number' ? value : undefined;
}
