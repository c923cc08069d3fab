/**
 * Is the body of a key one that somebody made up for a document? Services give out keys drawn at random; what repeats,
 * counts or spells something was written by hand. The bounds are such that of a million random keys fewer than
 * ten are taken for made up (measured over the alphabets and lengths in use).
 */
export function isPlaceholder(body: string): boolean {
  return WORDS.test(body) || bitsPerCharacter(body) < LEAST_BITS || repeatsItself(body) || countsAlong(body);
}

const WORDS =
  /example|sample|placeholder|redacted|changeme|change_me|dummy|notreal|insert|replace|goes.?here|your[_-]|[_-]your|fake[_-]|[_-]fake/i;

const LEAST_BITS = 2.5;

/** Shannon's entropy: 4 for hex drawn at random, nearly 5 for letters and digits; 2 and less for `abcabc…`. */
export function bitsPerCharacter(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** The whole is one piece over and over. */
function repeatsItself(body: string): boolean {
  for (let period = 1; period <= body.length / 2; period++) {
    if (body.startsWith(body.slice(period))) return true;
  }
  return false;
}

/** `1234567`, `gfedcba`, `xxxxxxx`, and `1a2b3c4d5` as well. */
function countsAlong(body: string): boolean {
  return (
    [1, -1, 0].some((step) => longestRun(body, { apart: 1, step }) >= 6) ||
    longestRun(body, { apart: 2, step: 1 }) >= 7
  );
}

function longestRun(
  body: string,
  { apart, step }: { readonly apart: number; readonly step: number },
): number {
  let run = 0;
  let longest = 0;
  for (let at = apart; at < body.length; at++) {
    run = isNext(body, { at, from: at - apart, step }) ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

function isNext(
  body: string,
  { at, from, step }: { readonly at: number; readonly from: number; readonly step: number },
): boolean {
  const pair = body.charAt(from) + body.charAt(at);
  // Counting goes on after the nine, in hexadecimal and in tens.
  if (step === 1 && (pair === '90' || pair === '9a' || pair === '9A')) return true;
  return body.charCodeAt(at) - body.charCodeAt(from) === step;
}
