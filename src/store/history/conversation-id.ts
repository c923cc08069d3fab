/**
 * Ids that sort by time and are easy to type: six characters for the second, four of chance, in Crockford's base 32,
 * which has no letter that is mistaken for a digit.
 */
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
const EPOCH_S = Date.UTC(2025, 0, 1) / 1000;
const TIME_CHARACTERS = 6;
const CHANCE_CHARACTERS = 4;

/** @param random 0 to 1 */
export function newConversationId({
  now,
  random,
}: {
  readonly now: number;
  readonly random: number;
}): string {
  const seconds = Math.floor(now / 1000) - EPOCH_S;
  const time = Math.min(Math.max(0, seconds), 32 ** TIME_CHARACTERS - 1);
  const chance = Math.floor(random * 32 ** CHANCE_CHARACTERS);
  return inBase32(time, TIME_CHARACTERS) + inBase32(chance, CHANCE_CHARACTERS);
}

/** What was typed, as the beginning of an id; undefined when no id begins so. */
export function parseIdPrefix(typed: string): string | undefined {
  const prefix = typed.toLowerCase().replaceAll('o', '0').replaceAll(/[il]/g, '1');
  return /^[0-9a-hjkmnp-tv-z]{1,10}$/.test(prefix) ? prefix : undefined;
}

function inBase32(value: number, characters: number): string {
  let rest = value;
  let digits = '';
  for (let place = 0; place < characters; place += 1) {
    digits = `${DIGITS[rest % 32] ?? '0'}${digits}`;
    rest = Math.floor(rest / 32);
  }
  return digits;
}
