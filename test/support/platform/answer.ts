/** What a handler gives back: a value, so that one place can send it, tamper with it or lose it. */

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** An iterable is streamed, one write a piece. */
  readonly body: string | Buffer | AsyncIterable<string>;
}

export function json(status: number, value: unknown, headers: Answer['headers'] = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

/** The platform's error form (`{"detail": …}`). */
export function detail(status: number, message: string, headers: Answer['headers'] = {}): Answer {
  return json(status, { detail: message }, headers);
}

export function text(status: number, message: string): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: message };
}

export function html(status: number, page: string, headers: Answer['headers'] = {}): Answer {
  return { status, headers: { 'content-type': 'text/html; charset=utf-8', ...headers }, body: page };
}
