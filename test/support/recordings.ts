/**
 * Answers in the five wire formats, byte for byte as the services document them, with every kind of event in them
 * (test/golden/wire): what the codecs, the program, and the vendors' own SDKs read, and what is in them.
 */
import { readFileSync } from 'node:fs';
import { calling } from './odd-streams/odd-stream.ts';
import type { OddStream, Reading } from './odd-streams/odd-stream.ts';

type WireFormat = 'completions' | 'messages' | 'ollama' | 'bedrock';

export interface Recording {
  /** Of the file. */
  readonly name: string;
  readonly format: WireFormat;
  readonly contentType: string;
  readonly expected: Reading;
}

const SSE = 'text/event-stream; charset=utf-8';
const NDJSON = 'application/x-ndjson';
const FRAMES = 'application/vnd.amazon.eventstream';

const said = (text: string): Reading['events'][number] => ({ kind: 'text', text });
const thought = (text: string): Reading['events'][number] => ({ kind: 'reasoning', text });
const used = (inputTokens: number, outputTokens: number): Reading['events'][number] => ({
  kind: 'usage',
  usage: { inputTokens, outputTokens },
});
const ended = (finishReason: 'stop' | 'tool_calls'): Reading['events'][number] => ({
  kind: 'finish',
  finishReason,
});
const failed = (code: string, exit: number, message: string): NonNullable<Reading['error']> => ({
  code,
  exit,
  message,
});

export const RECORDINGS: readonly Recording[] = [
  {
    name: 'openai.sse',
    format: 'completions',
    contentType: SSE,
    expected: {
      events: [
        said('Grüße aus dem Rechenzentrum 🙂.\n\n```sh\nmira --version\n```'),
        { kind: 'usage', usage: { inputTokens: 19, outputTokens: 27, reasoningTokens: 12 } },
        ended('stop'),
      ],
    },
  },
  {
    name: 'openai-tools.sse',
    format: 'completions',
    contentType: SSE,
    expected: calling(
      { events: [used(61, 30), ended('tool_calls')] },
      { id: 'call_Q1xW8', name: 'weather', arguments: { city: 'Köln' } },
      { id: 'call_R2yV7', name: 'now', arguments: {} },
    ),
  },
  {
    name: 'openai-refusal.sse',
    format: 'completions',
    contentType: SSE,
    expected: {
      events: [said('I’m sorry, but I can’t help with that.')],
      error: failed('content_filtered', 8, 'The model at api.example refused to answer.'),
    },
  },
  {
    name: 'platform.sse',
    format: 'completions',
    contentType: SSE,
    expected: {
      events: [thought('Кто пишет? Нужно поздороваться.'), said('Привет, мир 🙂!'), ended('stop')],
    },
  },
  {
    name: 'platform-error.sse',
    format: 'completions',
    contentType: SSE,
    expected: {
      events: [],
      error: failed(
        'server_error',
        9,
        'api.example failed: The service is overloaded, please try again later.',
      ),
    },
  },
  {
    name: 'anthropic.sse',
    format: 'messages',
    contentType: SSE,
    expected: {
      events: [
        thought('The user greets me; I greet back.'),
        said('Grüße zurück 🙂.'),
        used(125, 42),
        ended('stop'),
      ],
    },
  },
  {
    name: 'anthropic-tools.sse',
    format: 'messages',
    contentType: SSE,
    expected: calling(
      { events: [said('Let me look.'), used(377, 65), ended('tool_calls')] },
      { id: 'toolu_01A2b', name: 'weather', arguments: { city: 'Köln' } },
    ),
  },
  {
    name: 'anthropic-error.sse',
    format: 'messages',
    contentType: SSE,
    expected: {
      events: [said('One moment')],
      error: failed('server_error', 9, 'api.example failed: Overloaded.'),
    },
  },
  {
    name: 'ollama.ndjson',
    format: 'ollama',
    contentType: NDJSON,
    expected: {
      events: [
        thought('Okay, a greeting.'),
        said('Grüße vom Schreibtisch 🙂.'),
        used(26, 298),
        ended('stop'),
      ],
    },
  },
  {
    name: 'ollama-tools.ndjson',
    format: 'ollama',
    contentType: NDJSON,
    expected: calling(
      { events: [said('Let me look.'), used(169, 21), ended('tool_calls')] },
      { name: 'weather', arguments: { city: 'Köln' } },
    ),
  },
  {
    name: 'ollama-error.ndjson',
    format: 'ollama',
    contentType: NDJSON,
    expected: {
      events: [said('Let me')],
      error: failed(
        'server_error',
        9,
        'api.example failed: an error was encountered while running the model: unexpected EOF.',
      ),
    },
  },
  {
    name: 'bedrock.eventstream',
    format: 'bedrock',
    contentType: FRAMES,
    expected: {
      events: [
        thought('The user greets; greet back.'),
        said('Grüße aus der Wolke 🙂.'),
        used(25, 42),
        ended('stop'),
      ],
    },
  },
  {
    name: 'bedrock-tools.eventstream',
    format: 'bedrock',
    contentType: FRAMES,
    expected: calling(
      { events: [said('Let me look.'), used(425, 55), ended('tool_calls')] },
      { id: 'tooluse_x1', name: 'weather', arguments: { city: 'Köln' } },
    ),
  },
  {
    name: 'bedrock-error.eventstream',
    format: 'bedrock',
    contentType: FRAMES,
    expected: {
      events: [said('One moment')],
      error: failed(
        'rate_limited',
        7,
        'api.example limits how often it may be asked: Too many tokens, please wait before trying again.',
      ),
    },
  },
];

/** Those of a format, as rows of the tables of odd streams. */
export function recordedStreams(format: WireFormat): readonly OddStream[] {
  return RECORDINGS.filter((one) => one.format === format).map((recording) => ({
    name: `the recording ${recording.name}`,
    body: readRecording(recording),
    type: recording.contentType,
    expected: recording.expected,
  }));
}

export function readRecording({ name }: Recording): Buffer {
  return readFileSync(new URL(`../golden/wire/${name}`, import.meta.url));
}
