/** Prints what a campaign counted, one line a suite: a test says only whether it held. */
export function printFigures(suite: string, figures: Readonly<Record<string, string | number>>): void {
  const told = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  process.stdout.write(`${suite}: ${told.join(', ')}\n`);
}

/** The median and the 95th percentile of durations, as people write them. */
export function spread(durationsMs: readonly number[]): string {
  const sorted = durationsMs.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return `${at(0.5).toFixed(0)}/${at(0.95).toFixed(0)} ms`;
}
