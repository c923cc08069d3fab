/**
 * Reads an env file the way `op run`, docker and dotenv agree on: `NAME=value` lines, an optional `export`, comments,
 * and quotes, in which a value may go over several lines. Nothing in it is expanded or run. A value that is
 * `mira://LABEL` stands for a token of the vault.
 */
import { MiraError } from '../errors.ts';
import { requireLabel } from './label.ts';
import { isVariableName } from './variable-names.ts';

export interface EnvEntry {
  readonly name: string;
  /** Counted from 1. */
  readonly line: number;
  readonly value:
    { readonly kind: 'text'; readonly text: string } | { readonly kind: 'token'; readonly label: string };
}

/**
 * The entries from the first line to the last, names that occur twice included.
 * @throws MiraError `invalid_input` that names file and line, and never repeats what stands there
 */
export function parseEnvFile({
  text,
  file,
}: {
  readonly text: string;
  readonly file: string;
}): readonly EnvEntry[] {
  const reader = { text: text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n'), file, at: 0, line: 1 };
  const entries: EnvEntry[] = [];
  while (reader.at < reader.text.length) {
    const { line } = reader;
    if (take(reader, BLANK) === undefined) entries.push({ line, ...readEntry(reader) });
  }
  return entries;
}

interface Reader {
  readonly text: string;
  readonly file: string;
  at: number;
  line: number;
}

const BLANK = /[^\S\n]*(?:#[^\n]*)?(?:\n|$)/y;
const NAME = /[^\S\n]*(?:export[^\S\n]+)?([^\s=]+)[^\S\n]*=[^\S\n]*/y;
const SINGLE_QUOTED = /'([^']*)'/y;
const DOUBLE_QUOTED = /"([^"\\]*(?:\\[\s\S][^"\\]*)*)"/y;
const PLAIN = /[^\n]*/y;

function readEntry(reader: Reader): Omit<EnvEntry, 'line'> {
  const place = { file: reader.file, line: reader.line };
  const name = take(reader, NAME);
  if (name === undefined) throw badLine(place, 'is not of the form NAME=value');
  if (!isVariableName(name)) throw badLine(place, 'does not begin with the name of an environment variable');
  const text = readValue(reader, place);
  if (take(reader, BLANK) === undefined) throw badLine(place, 'goes on after the closing quote');
  if (text.includes('\0')) throw badLine(place, 'has a NUL character in it');
  return { name, value: toValue(text, place) };
}

/** Between single quotes everything stands for itself; between double quotes a backslash begins an escape. */
function readValue(reader: Reader, place: Place): string {
  const quote = reader.text[reader.at];
  // A comment behind a value begins with a space, so that a `#` in a password stays.
  if (quote !== '"' && quote !== "'")
    return (take(reader, PLAIN) ?? '').replace(/(?:^|\s+)#.*$/, '').trimEnd();
  const text = take(reader, quote === '"' ? DOUBLE_QUOTED : SINGLE_QUOTED);
  if (text === undefined) throw badLine(place, 'opens a quote that is never closed');
  return quote === '"' ? unescape(text) : text;
}

/** What stands next, if it is of that form: its captured part, or the whole of it. */
function take(reader: Reader, form: RegExp): string | undefined {
  form.lastIndex = reader.at;
  const match = form.exec(reader.text);
  if (match === null) return undefined;
  reader.at = form.lastIndex;
  reader.line += match[0].split('\n').length - 1;
  return match[1] ?? match[0];
}

interface Place {
  readonly file: string;
  readonly line: number;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** An escape that means nothing stays as it is written, as a Windows path would want. */
function unescape(text: string): string {
  return text.replaceAll(/\\([nrt"\\$`])/g, (_, character: string) => ESCAPES[character] ?? character);
}

const SCHEME = 'mira://';

function toValue(text: string, place: Place): EnvEntry['value'] {
  if (!text.includes(SCHEME)) return { kind: 'text', text };
  if (!text.startsWith(SCHEME))
    throw badLine(place, 'has a reference inside its value; a reference is the whole value');
  const label = text.slice(SCHEME.length);
  try {
    return { kind: 'token', label: requireLabel(label) };
  } catch (error) {
    throw error instanceof MiraError ? badLine(place, 'does not name a token after mira://') : error;
  }
}

function badLine({ file, line }: Place, flaw: string): MiraError {
  return new MiraError('invalid_input', `Line ${line} of ${file} ${flaw}.`, {
    hint: 'A line is NAME=value or NAME=mira://LABEL; mira tokens list shows the labels.',
  });
}
