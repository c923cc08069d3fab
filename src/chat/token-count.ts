/** A number of tokens as a service reports it; undefined for anything else, and for what the history could not hold. */
export function tokenCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
