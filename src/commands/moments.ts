/** Moments as the contract writes them (cli.md 1.3): RFC 3339 in UTC, with a companion in whole seconds. */

export function moment(ms: number): string {
  return new Date(ms).toISOString();
}

/** The same for very many: a calendar is asked once for each day. Moments of years up to 9999, as the vault keeps them. */
export function momentWriter(): (ms: number) => string {
  const days = new Map<number, string>();
  return (ms) => {
    const number = Math.floor(ms / DAY_MS);
    let day = days.get(number);
    if (day === undefined) {
      day = new Date(number * DAY_MS).toISOString().slice(0, 'yyyy-mm-ddT'.length);
      days.set(number, day);
    }
    const rest = ms - number * DAY_MS;
    const minutes = Math.floor(rest / 60_000);
    const hour = (minutes / 60) | 0;
    const second = ((rest / 1_000) | 0) % 60;
    return `${day}${TWO[hour]}:${TWO[minutes % 60]}:${TWO[second]}.${three(rest % 1_000)}Z`;
  };
}

const DAY_MS = 86_400_000;
const TWO = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));

function three(number: number): string {
  return number < 100 ? `0${number < 10 ? '0' : ''}${number}` : `${number}`;
}

/** Whole seconds left; negative when the moment is past. */
export function secondsUntil(ms: number, now: number): number {
  return Math.floor((ms - now) / 1000);
}

/** How long ago, in the largest unit that is whole: `3 days ago`. */
export function ago(ms: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - ms) / 1_000));
  return seconds < 10 ? 'just now' : `${inWholeUnits(seconds)} ago`;
}

/** How soon, to the nearest unit: `in 3 days`. */
export function until(ms: number, now: number): string {
  const seconds = Math.max(0, Math.round((ms - now) / 1_000));
  const [size] = UNITS.find(([each]) => seconds >= each) ?? [1];
  return `in ${inWholeUnits(Math.round(seconds / size) * size)}`;
}

function inWholeUnits(seconds: number): string {
  const [size, unit] = UNITS.find(([each]) => seconds >= each) ?? [1, 'second'];
  const count = Math.floor(seconds / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

const UNITS = [
  [31_536_000, 'year'],
  [2_592_000, 'month'],
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
] as const;
