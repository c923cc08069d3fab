/** What the body of an error says, found in whatever shape it comes, safe to put into a sentence. */

import { isRecord, parseJson } from '../json.ts';

export interface ServiceWords {
  /** One line of at most 300 characters without control characters; empty when nothing fit to print was said. */
  readonly text: string;
  readonly code?: string | undefined;
  readonly type?: string | undefined;
  /** Which rule of a content filter it was. */
  readonly category?: string | undefined;
  /** Under which the service finds the request again. */
  readonly requestId?: string | undefined;
}

export function serviceWords(body: string, contentType = ''): ServiceWords {
  const start = body.slice(0, 200).trimStart();
  if (contentType.includes('html') || start.startsWith('<')) return { text: 'it answered with a web page' };
  if (!/^[[{"]/.test(start)) return { text: oneLine(body) };
  const value = parseJson(body);
  return value === undefined
    ? { text: contentType.includes('json') ? '' : oneLine(body) }
    : wordsOf(value, 0);
}

const MAX_DEPTH = 4;

/** `{detail}`, `{error}`, `{message}`, a list of them, or JSON inside any of these strings. */
function wordsOf(value: unknown, depth: number): ServiceWords {
  if (depth > MAX_DEPTH) return { text: '' };
  if (typeof value === 'string') {
    const inner = /^\s*[[{]/.test(value) ? parseJson(value) : undefined;
    return inner === undefined ? { text: oneLine(value) } : wordsOf(inner, depth + 1);
  }
  if (Array.isArray(value)) return wordsOfList(value, depth);
  if (!isRecord(value)) return { text: '' };

  const here = {
    code: codeText(value['code']) ?? codeText(detailsOf(value)['error_code']),
    type: codeText(value['type']),
    category: codeText(value['category']),
    requestId: checkedRequestId(value['request_id']),
  };
  // {"error":"content_blocked","category":"…"}: the error is a name, not a sentence.
  if (typeof value['error'] === 'string' && /^[a-z]+(_[a-z]+)+$/.test(value['error'])) {
    const message = [value['message'], value['error_description'], value['detail']].find(isText);
    return { ...here, code: here.code ?? value['error'], text: oneLine(message ?? value['error']) };
  }
  const said = value['error'] ?? value['detail'] ?? value['errors'] ?? value['message'] ?? value['msg'];
  const inner =
    said === undefined || said === null ? { text: here.code ?? here.type ?? '' } : wordsOf(said, depth + 1);
  const place = typeof value['msg'] === 'string' ? location(value['loc']) : '';
  return {
    text: oneLine(place + inner.text) || here.code || here.type || '',
    code: inner.code ?? here.code,
    type: inner.type ?? here.type,
    category: inner.category ?? here.category,
    requestId: here.requestId ?? inner.requestId,
  };
}

/** One that is fit to be printed and asked for. */
export function checkedRequestId(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value) ? value : undefined;
}

/** Anthropic tells there which limit it was. */
function detailsOf({ details }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return isRecord(details) ? details : {};
}

/** FastAPI's validation errors: the first ones, each with its place. */
function wordsOfList(list: readonly unknown[], depth: number): ServiceWords {
  const all = list.slice(0, 3).map((one) => wordsOf(one, depth + 1));
  const [first] = all;
  const text = all
    .map((words) => words.text)
    .filter((one) => one !== '')
    .join('; ');
  return { ...first, text: oneLine(text) };
}

function location(loc: unknown): string {
  return Array.isArray(loc) && loc.length > 0 ? `${loc.map(String).join('.')}: ` : '';
}

function codeText(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? oneLine(value).slice(0, 64) : undefined;
}

const MAX_TEXT = 300;

/** One line without control, formatting or unpaired characters: other people's text is never trusted with more. */
function oneLine(text: string): string {
  const clean = text
    .slice(0, MAX_TEXT * 8)
    .toWellFormed()
    .replace(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[\p{Cf}\p{Co}\p{Cn}\u115f\u1160\u3164\uffa0\ufe00-\ufe0e]|[\u{e0000}-\u{e01ef}]/gu, '')
    .trim();
  const characters = [...clean];
  return characters.length <= MAX_TEXT ? clean : `${characters.slice(0, MAX_TEXT - 1).join('')}…`;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
