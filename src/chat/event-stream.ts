/** Bytes to server-sent events, in the callback: one decoder, one parser, nothing per event but the call. */
import { createParser } from 'eventsource-parser';

import { MiraError } from '../errors.ts';

export interface ServerEvent {
  /** The `event:` field, when there is one. */
  readonly event?: string | undefined;
  readonly data: string;
}

export interface EventStream {
  /** @throws MiraError `response_too_large` when one event exceeds 16 Mi characters, and what `onEvent` throws */
  push(bytes: Uint8Array): void;
  /** The stream ended: an event without its blank line counts, as many servers forget it. */
  end(): void;
}

const MAX_EVENT_LENGTH = 16 * 1024 * 1024;

export function createEventStream(
  onEvent: (event: ServerEvent) => void,
  maxLength: number = MAX_EVENT_LENGTH,
): EventStream {
  const decoder = new TextDecoder();
  let tooLong = false;
  const parser = createParser({
    maxBufferSize: maxLength,
    onEvent,
    onError(error) {
      if (error.type === 'max-buffer-size-exceeded') tooLong = true;
    },
  });
  const feed = (text: string): void => {
    if (text !== '' && !tooLong) parser.feed(text);
    if (tooLong) {
      throw new MiraError('response_too_large', 'The service sent a single event larger than mira reads.', {
        hint: 'Ask for a shorter answer.',
      });
    }
  };
  return {
    push: (bytes) => feed(decoder.decode(bytes, { stream: true })),
    end: () => feed(`${decoder.decode()}\n\n`),
  };
}
