/** How long a silent service is waited for. */
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { HttpResponse } from '../../../src/api/http.ts';
import { createMessagesDecoder } from '../../../src/chat/anthropic-messages.ts';
import type { ChatEvent } from '../../../src/chat/provider.ts';
import { readAnswer } from '../../../src/chat/read-answer.ts';
import { MiraError } from '../../../src/errors.ts';
import { answerOf } from './wire.ts';

const SILENCE_MS = 500;
const PING = Buffer.from('event: ping\ndata: {"type":"ping"}\n\n');
const END = Buffer.from(
  'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"at last"}}\n\n' +
    'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}\n\ndata: {"type":"message_stop"}\n\n',
);

/** Signs of life while `goesOn`, and then an answer. */
function pinging(stop: AbortController, goesOn: () => boolean): HttpResponse {
  return {
    ...answerOf([]),
    async *bytes() {
      while (goesOn()) {
        if (stop.signal.aborted) throw stop.signal.reason;
        yield PING;
        await setImmediate();
      }
      yield END;
    },
  };
}

async function hear(options: {
  readonly goesOn: () => boolean;
  readonly now: () => number;
}): Promise<readonly (ChatEvent | MiraError)[]> {
  const stop = new AbortController();
  const heard: (ChatEvent | MiraError)[] = [];
  try {
    const answer = readAnswer(pinging(stop, options.goesOn), {
      createDecoder: createMessagesDecoder,
      framing: 'events',
      clocks: { silenceMs: SILENCE_MS, quietMs: 5_000 },
      stop,
      now: options.now,
    });
    for await (const event of answer) heard.push(event);
  } catch (error) {
    if (!(error instanceof MiraError)) throw error;
    heard.push(error);
  }
  return heard;
}

it('a service that says it is alive is waited for longer than a silent one', async () => {
  const until = Date.now() + 3 * SILENCE_MS;
  expect(await hear({ goesOn: () => Date.now() < until, now: () => 0 })).toEqual([
    { kind: 'text', text: 'at last' },
    { kind: 'finish', finishReason: 'stop' },
  ]);
});

it('a service that says nothing else for ten minutes is not', async () => {
  let clock = 0;
  const heard = await hear({ goesOn: () => true, now: () => (clock += 600_000) });
  expect(heard).toEqual([expect.objectContaining({ code: 'timeout', exitCode: 6 })]);
});
