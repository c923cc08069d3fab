/** What a benchmark found, as lines on stdout and, where bench/run.js listens, as rows of the table in bench/results.md. */

/** @param {{ work: string, found: import('../pairs.js').Found, target?: number }} row a median of pairwise ratios */
export function tellRatio({ work, found, target }) {
  const { ratio, min, max, subjectMs, baseMs, pairs } = found;
  const spread = `${min.toFixed(2)} to ${max.toFixed(2)}`;
  const times = `${subjectMs.toFixed(0)} ms / ${baseMs.toFixed(0)} ms, ${pairs} pairs`;
  console.log(
    `  ${work.padEnd(52)} ${ratio.toFixed(2)}×  (${spread}; ${times})${aim({ target, unit: '×' })}`,
  );
  process.send?.({ work, value: ratio, unit: '×', spread, target });
}

/**
 * @param {{ work: string, value: number, unit: string, of?: readonly number[], target?: number, more?: string }} row
 *   `of` are those that `value` is the median of, where it is one
 */
export function tellFigure({ work, value, unit, of = [], target, more = '' }) {
  const spread = of.length > 1 ? `${digits(Math.min(...of))} to ${digits(Math.max(...of))}` : '';
  const within = spread === '' ? '' : `  (${spread})`;
  console.log(`  ${work.padEnd(52)} ${digits(value)}${unit}${within}${more}${aim({ target, unit })}`);
  process.send?.({ work, value, unit, spread, target });
}

function aim({ target, unit }) {
  return target === undefined ? '' : `  target ≤ ${digits(target)}${unit}`;
}

/** What is small to the hundredth, and no zeros for nothing. */
export function digits(value) {
  return String(Number(value.toFixed(value < 20 ? 2 : 0)));
}
