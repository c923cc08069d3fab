/**
 * A secret as programs print it: as it is, and in the encodings that a program puts it through before it prints it.
 * Base64 depends on where in its groups of three bytes the secret begins, so there it is one text for each of the
 * three, without the characters at either end that also depend on what stands beside it.
 */

/** Below this many bytes a secret cannot be told from ordinary text, and neither can a form of one. */
export const SHORTEST_MASKED = 6;

/** Every text to look for, each once. None for a secret that is too short to be looked for. */
export function secretForms(secret: string): readonly string[] {
  const value = secret.toWellFormed();
  const bytes = Buffer.from(value);
  const hex = bytes.toString('hex');
  const base64 = [0, 1, 2].map((lead) => base64Inside(bytes, lead));
  const forms = [
    value,
    // Most keys are of characters that no encoding of text touches.
    ...(/^[\w.-]+$/.test(value) ? [] : [...linesOf(value), ...jsonForms(value), ...urlForms(value)]),
    ...base64,
    ...base64.map(toBase64Url),
    hex,
    hex.toUpperCase(),
    ...brokenForms({ base64: base64[0] ?? '', hex }),
  ];
  return bytes.length < SHORTEST_MASKED
    ? []
    : [...new Set(forms)].filter((form) => Buffer.byteLength(form) >= SHORTEST_MASKED);
}

const SHORTEST_LINE = 16;

/** Lines are often printed one by one, behind a prefix or with other ends; the frame of a PEM is in every key. */
function linesOf(value: string): readonly string[] {
  if (!value.includes('\n')) return [];
  return value
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.length >= SHORTEST_LINE && !line.startsWith('-----'));
}

/** With what writers of JSON are free to escape: slashes (PHP), what is not ASCII (Python), what HTML reads (Go). */
function jsonForms(value: string): readonly string[] {
  const plain = JSON.stringify(value).slice(1, -1);
  const ascii = escapeCharacters(plain, /[^\x20-\x7e]/g);
  const slashes = [plain, ascii].map((form) => form.replaceAll('/', '\\/'));
  return [plain, ascii, ...slashes, escapeCharacters(plain, /[<>&\u2028\u2029]/g)];
}

function escapeCharacters(text: string, which: RegExp): string {
  return text.replaceAll(which, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** As a part of an address, a path or a whole address, and as a field of a form; either case of the digits. */
function urlForms(value: string): readonly string[] {
  const part = encodeURIComponent(value);
  const strict = part.replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
  const field = new URLSearchParams({ v: value }).toString().slice('v='.length);
  const path = part.replaceAll('%2F', '/');
  return [part, strict, field, path, encodeURI(value)].flatMap((form) => [
    form,
    withDigits(form, 'lower'),
    withDigits(form, 'upper'),
  ]);
}

function withDigits(form: string, letters: 'lower' | 'upper'): string {
  return form.replaceAll(/%[\da-f]{2}/gi, (code) =>
    letters === 'lower' ? code.toLowerCase() : code.toUpperCase(),
  );
}

/** What of the base64 of a longer text is the same whatever stands before and after these bytes. */
function base64Inside(bytes: Buffer, lead: number): string {
  const text = Buffer.concat([Buffer.alloc(lead), bytes]).toString('base64');
  return text.slice(Math.ceil((lead * 8) / 6), Math.floor(((lead + bytes.length) * 8) / 6));
}

function toBase64Url(text: string): string {
  return text.replaceAll('+', '-').replaceAll('/', '_');
}

/** `base64` and MIME, a PEM and `openssl`, `xxd -p` break what is long into lines; each is looked for by itself. */
function brokenForms({ base64, hex }: { readonly base64: string; readonly hex: string }): readonly string[] {
  return [...piecesOf(base64, 76), ...piecesOf(base64, 64), ...piecesOf(hex, 60)];
}

/** Less than that in the last line is left: so short a text is in other output by chance. */
const SHORTEST_PIECE = 8;

function piecesOf(text: string, width: number): readonly string[] {
  if (text.length <= width) return [];
  return Array.from({ length: Math.ceil(text.length / width) }, (_, at) =>
    text.slice(at * width, (at + 1) * width),
  ).filter((piece) => piece.length >= SHORTEST_PIECE);
}
