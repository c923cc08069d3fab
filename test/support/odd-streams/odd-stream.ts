/** One row of the tables of odd streams: the body of an answer with a status of 200, and what is to be made of it. */
import type { ChatEvent } from '../../../src/chat/provider.ts';
import type { ToolCall } from '../../../src/chat/tool-calls.ts';

export interface OddStream {
  readonly name: string;
  readonly body: string | Uint8Array;
  /** Content type; the usual one of the format when left out. */
  readonly type?: string;
  readonly expected: Reading;
}

/** Everything an answer gives, neighbouring pieces of text joined, and the error it ends with; its host is `api.example`. */
export interface Reading {
  readonly events: readonly ChatEvent[];
  readonly error?: { readonly code: string; readonly exit: number; readonly message: string };
}

/** The same answer, which asks for tools after its words. */
export function calling(reading: Reading, ...calls: readonly ToolCall[]): Reading {
  const { events } = reading;
  const end = events.findIndex(({ kind }) => kind === 'usage' || kind === 'finish');
  const asked = calls.map((call) => ({ kind: 'tool_call' as const, ...call }));
  return { ...reading, events: events.toSpliced(end, 0, ...asked) };
}
