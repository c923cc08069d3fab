/** The cells of a line of a table, as they are written (GFM 4.10): a bar counts unless a backslash stands before it. */
export function splitCells(line: string): readonly string[] {
  const cells: string[] = [];
  const text = line.trim();
  let cell = '';
  let from = text.startsWith('|') ? 1 : 0;
  for (const { 0: sign, index } of text.matchAll(/\\\||\|/g)) {
    if (index < from) continue;
    cell += text.slice(from, index);
    from = index + sign.length;
    if (sign === '|') {
      cells.push(cell.trim());
      cell = '';
    } else cell += '|';
  }
  cell += text.slice(from);
  return cell.trim() === '' && cells.length > 0 ? cells : [...cells, cell.trim()];
}

/** As many cells as there are columns: missing ones are empty, what is too many stays in the last. */
export function fitCells(cells: readonly string[], columns: number): readonly string[] {
  if (cells.length <= columns) return [...cells, ...Array.from({ length: columns - cells.length }, () => '')];
  return [...cells.slice(0, columns - 1), cells.slice(columns - 1).join(' | ')];
}
