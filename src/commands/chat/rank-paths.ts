/** Which of many paths a few typed letters mean: pure. */

/** At most `most` of the paths that match, best first. */
export function rankPaths(
  paths: readonly string[],
  { typed, most }: { readonly typed: string; readonly most: number },
): readonly string[] {
  const wanted = typed.toLowerCase();
  return paths
    .map((path) => ({ path, rank: rankOf(path.toLowerCase(), wanted) }))
    .filter(({ rank }) => rank < NO_MATCH)
    .toSorted((a, b) => a.rank - b.rank || a.path.length - b.path.length || compare(a.path, b.path))
    .slice(0, most)
    .map(({ path }) => path);
}

const NO_MATCH = 6;

/** The same name first, then names and paths that begin so, that hold it, and those that hold its letters in order. */
function rankOf(path: string, wanted: string): number {
  if (wanted === '') return path.includes('/') && !path.endsWith('/') ? 1 : 0;
  const name = path.slice(path.lastIndexOf('/', path.length - 2) + 1);
  if (path === wanted || name === wanted) return 0;
  if (path.startsWith(wanted)) return 1;
  if (name.startsWith(wanted)) return 2;
  if (name.includes(wanted)) return 3;
  if (path.includes(wanted)) return 4;
  return holdsInOrder(path, wanted) ? 5 : NO_MATCH;
}

function holdsInOrder(path: string, wanted: string): boolean {
  let at = 0;
  for (const letter of wanted) {
    at = path.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
