/**
 * Two things timed in turns (A B A B …), so that what else the machine does falls on both. What is reported is
 * the median of the pairwise ratios with the smallest and the largest; absolute times differ from machine to machine.
 */

const WARM_UPS = 2;
const PAIRS = 15;
/** Of a quick look. */
const MOST_PAIRS = Number(process.env.MIRA_BENCH_PAIRS ?? Infinity);

/**
 * @param {{ subject: () => Promise<void>, base: () => Promise<void>, pairs?: number }} what each runs once
 * @returns {Promise<{ ratio: number, min: number, max: number, subjectMs: number, baseMs: number, pairs: number }>}
 */
export async function measurePairs({ subject, base, pairs: asked = PAIRS }) {
  const pairs = Math.min(asked, MOST_PAIRS);
  const taken = [];
  for (let round = -WARM_UPS; round < pairs; round++) {
    const baseMs = await timed(base);
    const subjectMs = await timed(subject);
    if (round >= 0) taken.push({ baseMs, subjectMs, ratio: subjectMs / baseMs });
  }
  const ratios = taken.map((each) => each.ratio);
  return {
    ratio: median(ratios),
    min: Math.min(...ratios),
    max: Math.max(...ratios),
    subjectMs: median(taken.map((each) => each.subjectMs)),
    baseMs: median(taken.map((each) => each.baseMs)),
    pairs,
  };
}

async function timed(work) {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
