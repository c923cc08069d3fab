/** A provider in a test: what it needs of the world, and what it says. */
import type { BearerSource } from '../../../../src/api/bearer.ts';
import type { Patience } from '../../../../src/chat/ask.ts';
import type { ChatEvent } from '../../../../src/chat/provider.ts';
import { MiraError } from '../../../../src/errors.ts';
import { silentLog } from '../../../../src/log.ts';
import { append } from '../wire.ts';

export interface Heard {
  readonly heard: readonly ChatEvent[];
  readonly error: MiraError | undefined;
}

/** Everything an answer gives, and the error it ends with; neighbouring pieces of text are joined. */
export async function hear(events: AsyncIterable<ChatEvent>): Promise<Heard> {
  const heard: ChatEvent[] = [];
  try {
    for await (const event of events) append(heard, event);
    return { heard, error: undefined };
  } catch (error) {
    if (!(error instanceof MiraError)) throw error;
    return { heard, error };
  }
}

/** Waits pass at once, and are written down. */
export function patience(waits: number[] = []): Patience {
  return {
    retries: 4,
    sleep: async (ms) => void waits.push(ms),
    now: Date.now,
    random: () => 0,
    log: silentLog,
  };
}

/** The same credential every time, from a variable. */
export function keyFrom(variable: string, value: string): BearerSource {
  const mend = `read -rs ${variable} && export ${variable}`;
  return { get: async () => ({ value, source: variable, mend, refreshable: false }) };
}

export const { signal: never } = new AbortController();
