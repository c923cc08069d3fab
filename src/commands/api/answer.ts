/** What came back, as something that can be printed: JSON as it is, text, or bytes that are neither. */
import { STATUS_CODES } from 'node:http';
import type { HttpResponse } from '../../api/http.ts';
import { collected } from '../../api/http/decode.ts';
import { parseJson } from '../../json.ts';
import { escapeUnsafe } from '../../ui/sanitize.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AnswerBody;
}

export type AnswerBody =
  | { readonly kind: 'empty' }
  /** `text` has the same values as what came, and no character that a terminal obeys. */
  | { readonly kind: 'json'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'binary'; readonly base64: string };

/** @param secret the credential that was sent, if one was, which some services quote */
export async function readAnswer(response: HttpResponse, secret: string | undefined): Promise<Answer> {
  const bytes = await collected(response.bytes());
  const hide = (text: string): string =>
    secret === undefined ? text : text.replaceAll(secret, '[redacted]');
  const headers = Object.entries(response.headers).map(([name, value]) => [name, hide(value)]);
  return {
    status: response.status,
    headers: Object.fromEntries(headers),
    body: bodyOf(bytes, hide),
  };
}

function bodyOf(bytes: Uint8Array, hide: (text: string) => string): AnswerBody {
  if (bytes.length === 0) return { kind: 'empty' };
  const plain = textOf(bytes);
  if (plain === undefined) return { kind: 'binary', base64: Buffer.from(bytes).toString('base64') };
  const text = hide(plain);
  if (text.trim() === '') return { kind: 'empty' };
  return parseJson(text) !== undefined
    ? { kind: 'json', text: escapeUnsafe(text).trim() }
    : { kind: 'text', text: text.trimEnd() };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

/** The first line of the answer and its headers, as HTTP writes them. */
export function headOf({ status, headers }: Answer): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd(), ...lines].join('\n');
}
