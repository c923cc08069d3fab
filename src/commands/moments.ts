/** Moments as the contract writes them (cli.md 1.3): RFC 3339 in UTC, with a companion in whole seconds. */

export function moment(ms: number): string {
  return new Date(ms).toISOString();
}

/** Whole seconds left; negative when the moment is past. */
export function secondsUntil(ms: number, now: number): number {
  return Math.floor((ms - now) / 1000);
}
