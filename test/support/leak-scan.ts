/**
 * Looks for secrets where they do not belong. Whatever is searched is read as the bytes it is and in every way it can
 * be unwrapped (URL-encoding, JSON escapes), and of a secret any twelve bytes in a row count, as they are or as base64
 * or hex: so a secret that was cut, or lies in the middle of something that was encoded as a whole, is found as well.
 */

/** A secret by the name it is reported under. */
export interface Canary {
  readonly name: string;
  readonly value: string;
  /** How many characters at its beginning are no secret: the prefix a key is listed by, the header of a JWT. */
  readonly publicPrefix?: number | undefined;
}

/** A place that was searched: a file, an argument list, a stream. */
export interface Sink {
  readonly name: string;
  readonly content: string | Uint8Array;
}

export interface Leak {
  readonly canary: string;
  readonly form: 'raw' | 'base64' | 'base64url' | 'hex';
  readonly sink: string;
}

export interface LeakScanner {
  /** One leak for each canary, form and sink, however often it is there. */
  scan(sinks: Iterable<Sink>): readonly Leak[];
}

/** As many bytes of a secret as nobody prints by accident. */
const WINDOW = 12;
/** Every twelve bytes in a row hold three whole groups of base64, at whatever byte its encoding began. */
const GROUPS = 9;

export function createLeakScanner(canaries: readonly Canary[]): LeakScanner {
  const needles = {
    raw: createNeedles(WINDOW),
    base64: createNeedles((GROUPS / 3) * 4),
    base64url: createNeedles((GROUPS / 3) * 4),
    hex: createNeedles(WINDOW * 2),
  };
  for (const { name, value, publicPrefix = 0 } of canaries) {
    const bytes = Buffer.from(value);
    if (bytes.length < WINDOW) throw new Error(`The canary ${name} is too short to be told from other text.`);
    for (const part of windows(bytes, { length: WINDOW, publicPrefix })) {
      needles.raw.add(part.toString('latin1'), name);
      needles.hex.add(part.toString('hex'), name);
    }
    for (const part of windows(bytes, { length: GROUPS, publicPrefix })) {
      needles.base64.add(part.toString('base64'), name);
      needles.base64url.add(part.toString('base64url'), name);
    }
  }
  return {
    scan: (sinks) => {
      const leaks = new Map<string, Leak>();
      for (const { name: sink, content } of sinks) {
        for (const text of readings(Buffer.from(content).toString('latin1'))) {
          for (const form of FORMS) {
            for (const canary of needles[form].in(form === 'hex' ? text.toLowerCase() : text)) {
              leaks.set(`${canary} ${form} ${sink}`, { canary, form, sink });
            }
          }
        }
      }
      return [...leaks.values()];
    },
  };
}

const FORMS = ['raw', 'base64', 'base64url', 'hex'] as const;

interface Needles {
  add(needle: string, canary: string): void;
  /** The canaries of which there is a needle in the text. */
  in(text: string): ReadonlySet<string>;
}

/** Thousands of needles of one length; by their first four bytes, nearly every place in a text is passed over. */
function createNeedles(length: number): Needles {
  const canaries = new Map<string, string>();
  const begins = new Uint8Array(1 << 20);
  const beginOf = (text: string, at: number): number => {
    const hash =
      (text.charCodeAt(at) << 15) ^
      (text.charCodeAt(at + 1) << 10) ^
      (text.charCodeAt(at + 2) << 5) ^
      text.charCodeAt(at + 3);
    return hash & (begins.length - 1);
  };
  return {
    add(needle, canary) {
      canaries.set(needle, canary);
      begins[beginOf(needle, 0)] = 1;
    },
    in(text) {
      const found = new Set<string>();
      for (let at = 0; at + length <= text.length; at += 1) {
        const canary =
          begins[beginOf(text, at)] === 1 ? canaries.get(text.slice(at, at + length)) : undefined;
        if (canary !== undefined) found.add(canary);
      }
      return found;
    },
  };
}

/** All stretches of that length; one that ends within the public beginning gives nothing away. */
function windows(
  bytes: Buffer,
  { length, publicPrefix }: { readonly length: number; readonly publicPrefix: number },
): readonly Buffer[] {
  const first = Math.max(0, publicPrefix - length + 1);
  return Array.from({ length: Math.max(0, bytes.length - length + 1 - first) }, (_, at) =>
    bytes.subarray(first + at, first + at + length),
  );
}

/** The text, and what comes out when it is unwrapped once or twice; every character is a byte. */
function readings(text: string): ReadonlySet<string> {
  const once = UNWRAP.map((unwrap) => unwrap(text));
  const twice = once.flatMap((each) => UNWRAP.map((unwrap) => unwrap(each)));
  return new Set([text, ...once, ...twice]);
}

const UNWRAP: readonly ((text: string) => string)[] = [
  // A form writes a space as a plus.
  (text) =>
    text
      .replaceAll('+', ' ')
      .replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  // Parts of base64 keep their plus.
  (text) =>
    text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  (text) => text.replaceAll(/(?:\\u[0-9a-f]{4})+|\\["\\/bfnrt]/gi, unescape),
];

const ESCAPED: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function unescape(escape: string): string {
  if (!/^\\u/i.test(escape)) return ESCAPED[escape.slice(1)] ?? escape.slice(1);
  const units = escape.match(/[0-9a-f]{4}/gi) ?? [];
  const text = String.fromCharCode(...units.map((hex) => Number.parseInt(hex, 16)));
  return Buffer.from(text).toString('latin1');
}
